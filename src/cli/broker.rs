//! `mqtt-scenario broker`: the embedded broker on its own, to point other tools at and to rehearse with.
//!
//! It listens on the loopback address unless told otherwise, since it accepts every client.

use crate::broker::faults::{Faults, Stall, parse_probability};
use crate::broker::{Broker, BrokerConfig};
use crate::cli::{exit, signals};
use crate::engine::Interrupts;
use std::future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;
use tokio::runtime::Builder;

/// Run an MQTT broker in memory, with planted faults if you want them
#[derive(Debug, clap::Args)]
pub struct BrokerOptions {
    /// Port to listen on; 0 means any free port
    #[arg(long, short, default_value_t = 1883)]
    pub port: u16,

    /// Address to listen on; the broker accepts every client
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    pub bind: IpAddr,

    /// Stop after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub run_for: Option<Duration>,

    /// Every answer waits this long
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = humantime::parse_duration)]
    #[arg(help_heading = "Planted faults")]
    pub delay: Duration,

    /// Every answer waits up to this much longer, drawn at random
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

    /// A message is acknowledged but not forwarded to a subscriber, drawn for each subscriber
    #[arg(long, default_value = "0", value_name = "PROBABILITY", value_parser = probability)]
    #[arg(help_heading = "Planted faults")]
    pub drop: f64,

    /// A message is forwarded after the next one for the same subscriber, if that comes within 50ms
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

    /// Seed of all random draws
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

/// Runs the broker until Ctrl-C, SIGTERM, SIGHUP or the end of `--for`, then prints what it has counted. A second
/// signal ends it at once.
///
/// Exit code 4 if it cannot listen, or if standard output cannot be written.
pub fn run(options: &BrokerOptions) -> ExitCode {
    serve(options).unwrap_or_else(|message| exit::error(exit::CANNOT_GO_ON, message))
}

fn serve(options: &BrokerOptions) -> Result<ExitCode, String> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    let broker = Broker::start(options.config()).map_err(|error| error.to_string())?;
    let interrupts = Interrupts::default();
    // Before the line that says so: whoever reads it may send a signal at once.
    signals::watch(interrupts.clone(), signals::GRACE)
        .map_err(|error| format!("cannot wait for signals: {error}"))?;
    let first = format!("listening on {}\n", broker.addr());
    // A standard output that nobody reads must not keep the broker from its work, or from its end.
    let said = thread::Builder::new()
        .name("output".to_owned())
        .spawn(move || exit::print(&first))
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    runtime.block_on(async {
        let time_is_over = async {
            match options.run_for {
                Some(time) => tokio::time::sleep(time).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            () = interrupts.stop.cancelled() => {}
            () = time_is_over => {}
        }
    });
    let rows = broker.stop().rows().into_iter().map(|(name, count)| format!("{name:<36}{count:>14}\n"));
    let rows: String = rows.collect();
    let first = said.join().unwrap_or(Ok(()));
    Ok(exit::written(first.and_then(|()| exit::print(&rows))))
}

fn probability(text: &str) -> Result<f64, String> {
    parse_probability(text).ok_or_else(|| "expected a probability from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests;
