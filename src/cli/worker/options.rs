//! The options of `worker`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use tracing::Level;

use crate::cli::run::parse_level;
use crate::cli::web::listen::{parse_address, parse_name};
use crate::web::address::Address;
use crate::web::token::Token;

const AFTER_HELP: &str = "\
The master distributes the users, adds up the numbers and shows its web interface; this worker sends the MQTT messages. \
It gets the scenario from the master, whose locustfile carries it, so it needs no file, except for those that the \
scenario reads (feeds, payloads, certificates): their paths count from the folder in which the worker runs. \
${env.NAME} is looked up in the environment of the worker.

Whoever answers at the master's address decides what this worker sends, and where to. So use the port of a master in a \
network that you trust, or through a tunnel.

With --worker on the line, as for Locust's own workers, all flags of Locust are taken: those that are for the master are \
named in the log, since the master's values hold.

SIGTERM or Ctrl-C hands the users back to the master: they finish their tasks first (-s of the master). A second one \
leaves at once.

Exit codes:
  0    the master has ended the test, or the worker was told to leave
  2    wrong usage
  4    there is no Locust master, or it has been gone for a minute; or the request log is not whole
  130  the worker was interrupted twice

Examples:
  mqtt-scenario worker
  mqtt-scenario worker --master-host loadtest.lan
  PASSWORD=… mqtt-scenario worker --master-host loadtest.lan
  mqtt-scenario worker --master-host loadtest.lan --join-timeout 30s
  mqtt-scenario worker --master-port 5600 --threads 4 --logfile worker.log
  mqtt-scenario worker --request-log requests.jsonl
  mqtt-scenario worker --master-host loadtest.lan --prometheus
  mqtt-scenario worker -f locustfile.py --worker --master-host loadtest.lan";

/// Work for a Locust master: it says how many users there are, and this worker runs them
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct WorkerOptions {
    /// Name or IP address of the machine on which the master runs
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    #[arg(env = "LOCUST_MASTER_NODE_HOST", hide_env_values = true, value_parser = parse_host)]
    pub(super) master_host: String,

    /// The port of the master for its workers: its --master-bind-port
    #[arg(long, value_name = "PORT", default_value_t = 5557)]
    #[arg(env = "LOCUST_MASTER_NODE_PORT", hide_env_values = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) master_port: u16,

    /// How long to look for the master when the worker starts, such as 30s
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = humantime::parse_duration)]
    pub(super) join_timeout: Duration,

    /// Number of threads that run the users; by default one per core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(allow_negative_numbers = true)]
    pub(super) threads: Option<u16>,

    /// Write every request of this worker as a line of JSON, as `run` does; a new test begins with a line `reset`
    #[arg(long, value_name = "FILE")]
    pub(super) request_log: Option<PathBuf>,

    /// How much to log: error, warning, info, debug
    #[arg(short = 'L', long, value_name = "LEVEL", value_parser = parse_level)]
    #[arg(env = "LOCUST_LOGLEVEL", hide_env_values = true)]
    #[arg(help = "How much to log: error, warning, info, debug [default: info]")]
    pub(super) loglevel: Option<Level>,

    /// Write the log to this file instead of standard error
    #[arg(long, value_name = "FILE", env = "LOCUST_LOGFILE", hide_env_values = true)]
    pub(super) logfile: Option<PathBuf>,

    /// Serve the numbers of this worker to Prometheus at ADDR/metrics
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:9646")]
    #[arg(value_parser = parse_address)]
    #[arg(help = "Serve the numbers of this worker to Prometheus at ADDR/metrics [ADDR: 127.0.0.1:9646]")]
    pub(super) prometheus: Option<Address>,

    /// What Prometheus has to say, as its credentials
    #[arg(long, value_name = "TOKEN", value_parser = Token::from_str)]
    #[arg(
        help = "What Prometheus has to say as its credentials. If other machines can reach ADDR and this is missing, one \
                  is made and printed [env: MQTT_SCENARIO_WEB_TOKEN]"
    )]
    pub(super) web_token: Option<Token>,

    /// A name that Prometheus uses for this machine, besides its own; can be repeated
    #[arg(long = "web-name", value_name = "NAME", value_parser = parse_name, requires = "prometheus")]
    #[arg(
        help = "A name that Prometheus uses for this machine, besides its own; can be repeated. Other names are refused"
    )]
    pub(super) web_names: Vec<String>,

    /// What of the command line was for the master.
    #[arg(skip)]
    pub(in crate::cli) set_aside: Vec<String>,
}

/// Reads the name of a machine. What can never be one is not looked for.
fn parse_host(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let is_label = |label: &str| {
        let has_end = label.starts_with('-') || label.ends_with('-');
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        (1..=63).contains(&label.chars().count()) && !has_end && label.chars().all(is_part)
    };
    let labels = bare.strip_suffix('.').unwrap_or(bare);
    // A last label of digits is that of an IPv4 address.
    let is_numeric =
        labels.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let is_name = labels.len() <= 253 && labels.split('.').all(is_label) && !is_numeric;
    let is_ip4 = bare.parse::<Ipv4Addr>().is_ok();
    // The part after `%` names a network card of this machine.
    let is_ip6 = bare.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    if is_name || is_ip4 || is_ip6 {
        return Ok(bare.to_owned());
    }
    let help = match bare.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() && !host.contains('[') | host.ends_with(']') => {
            format!(", and --master-port {port}")
        }
        _ => String::new(),
    };
    Err(format!(
        "this is not a name of a machine, and no IP address; write the name alone, as in loadtest.lan{help}"
    ))
}

#[cfg(test)]
mod tests;
