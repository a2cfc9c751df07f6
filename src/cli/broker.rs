//! `mqtt-scenario broker`: the embedded broker on its own, to point other tools at and to rehearse with.
//!
//! It listens on the loopback address unless asked, since it lets everybody in.

use crate::broker::faults::{Faults, Stall, parse_probability};
use crate::broker::{Broker, BrokerConfig};
use std::future;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// The runner could not go on.
const CANNOT_RUN: u8 = 4;

/// Run an MQTT broker in memory, if you like with planted faults
#[derive(Debug, clap::Args)]
pub struct BrokerOptions {
    /// Port to listen on; 0 takes a free one
    #[arg(long, short, default_value_t = 1883)]
    pub port: u16,

    /// Address to listen on; the broker lets everybody in
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    pub bind: IpAddr,

    /// Stop after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub run_for: Option<Duration>,

    /// Every answer waits this long
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = humantime::parse_duration)]
    #[arg(help_heading = "Planted faults")]
    pub delay: Duration,

    /// And up to this much longer, drawn for every answer
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = humantime::parse_duration)]
    #[arg(help_heading = "Planted faults")]
    pub jitter: Duration,

    /// A publish is received but neither acknowledged nor forwarded
    #[arg(long, default_value = "0", value_name = "PROBABILITY", value_parser = probability)]
    #[arg(help_heading = "Planted faults")]
    pub loss: f64,

    /// An acknowledgement or a forwarded message is sent twice
    #[arg(long, default_value = "0", value_name = "PROBABILITY", value_parser = probability)]
    #[arg(help_heading = "Planted faults")]
    pub repeat: f64,

    /// A message is acknowledged but not forwarded to a subscriber, drawn for each of them
    #[arg(long, default_value = "0", value_name = "PROBABILITY", value_parser = probability)]
    #[arg(help_heading = "Planted faults")]
    pub drop: f64,

    /// A message changes places with the next one for the same subscriber, if that comes within 50ms
    #[arg(long, default_value = "0", value_name = "PROBABILITY", value_parser = probability)]
    #[arg(help_heading = "Planted faults")]
    pub swap: f64,

    /// A CONNECT is refused with "server unavailable"
    #[arg(long, default_value = "0", value_name = "PROBABILITY", value_parser = probability)]
    #[arg(help_heading = "Planted faults")]
    pub refuse: f64,

    /// The broker stops reading and writing for this long, once
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    #[arg(help_heading = "Planted faults")]
    pub stall: Option<Duration>,

    /// Time from the start until the stall
    #[arg(long, default_value = "0s", requires = "stall", value_name = "DURATION")]
    #[arg(value_parser = humantime::parse_duration, help_heading = "Planted faults")]
    pub stall_after: Duration,

    /// Publishes are never acknowledged
    #[arg(long, help_heading = "Planted faults")]
    pub never_ack: bool,

    /// Seed of the draws
    #[arg(long, default_value_t = 0, help_heading = "Planted faults")]
    pub seed: u64,
}

impl BrokerOptions {
    fn config(&self) -> BrokerConfig {
        let faults = Faults {
            delay: self.delay,
            jitter: self.jitter,
            loss: self.loss,
            repeat: self.repeat,
            drop: self.drop,
            swap: self.swap,
            refuse: self.refuse,
            stall: self.stall.map(|length| Stall { after: self.stall_after, length }),
            never_ack: self.never_ack,
            seed: self.seed,
        };
        BrokerConfig { bind: SocketAddr::new(self.bind, self.port), faults, ..BrokerConfig::default() }
    }
}

/// Runs the broker until Ctrl-C, SIGTERM or the end of `--for`, then prints what it has counted.
///
/// Exit code 4 if it cannot listen.
pub fn run(options: &BrokerOptions) -> ExitCode {
    match serve(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nobody is left to tell if this fails too.
            drop(writeln!(anstream::stderr(), "error: {message}"));
            ExitCode::from(CANNOT_RUN)
        }
    }
}

fn serve(options: &BrokerOptions) -> Result<(), String> {
    let runtime =
        Builder::new_current_thread().enable_all().build().map_err(|error| format!("no runtime: {error}"))?;
    let broker = Broker::start(options.config()).map_err(|error| error.to_string())?;
    let output = |error: io::Error| format!("cannot write to standard output: {error}");
    runtime.block_on(async {
        // Before the line that says so: whoever reads it may send a signal at once.
        let end = end(options.run_for).map_err(|error| format!("cannot wait for signals: {error}"))?;
        writeln!(anstream::stdout(), "listening on {}", broker.addr()).map_err(output)?;
        end.await;
        Ok::<_, String>(())
    })?;
    let mut out = anstream::stdout().lock();
    for (name, count) in broker.stop().rows() {
        writeln!(out, "{name:<36}{count:>14}").map_err(output)?;
    }
    Ok(())
}

/// Resolves at Ctrl-C, SIGTERM or when the time is over.
fn end(run_for: Option<Duration>) -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        let time_is_over = async {
            match run_for {
                Some(time) => tokio::time::sleep(time).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = time_is_over => {}
        }
    })
}

fn probability(text: &str) -> Result<f64, String> {
    parse_probability(text).ok_or_else(|| "a probability from 0 to 1 is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::faults::OPTIONS;
    use clap::{Args, Command, FromArgMatches};

    #[test]
    fn every_fault_of_a_url_is_a_flag_and_means_the_same() {
        let command = || BrokerOptions::augment_args(Command::new("broker"));
        for option in OPTIONS {
            let flag = option.name.replace('_', "-");
            assert!(command().get_arguments().any(|arg| arg.get_long() == Some(&flag)), "--{flag}");
        }
        let query = "delay=5ms&jitter=1ms&loss=0.1&repeat=0.2&drop=0.4&swap=0.5&refuse=0.3&stall=1s&stall_after=2s&\
                     never_ack&seed=9";
        let flags = query.split('&').map(|pair| format!("--{}", pair.replacen('_', "-", 1)));
        let matches = command().get_matches_from(["broker".to_owned()].into_iter().chain(flags));
        let options = BrokerOptions::from_arg_matches(&matches).unwrap();
        assert_eq!(options.config().faults, Faults::from_query(query).unwrap());
        assert_eq!(options.config().bind.to_string(), "127.0.0.1:1883");
    }
}
