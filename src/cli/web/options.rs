//! The options of the live page.

use std::str::FromStr;
use std::time::Duration;

use clap::{ArgGroup, Args};

use crate::cli::mistake::Mistake;
use crate::cli::web::listen::{parse_address, parse_name, token_of_environment};
use crate::units::parse_run_time;
use crate::web::address::Address;
use crate::web::token::Token;

/// Such runs have no page.
const NO_PAGE: [&str; 6] = ["repeat", "versus", "versus_host", "versus_set", "shard", "start_at"];

/// Reads Locust's address of the page, where `*` is every address of the machine.
fn parse_web_host(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok("0.0.0.0".to_owned());
    }
    let address = parse_address(&if text.contains(':') { format!("[{text}]") } else { text.to_owned() });
    address.map(|address| address.host).map_err(|_| {
        "an IP address or a name of this machine, without a port, such as 0.0.0.0 or `*` for all addresses".to_owned()
    })
}

/// How a run is watched.
#[derive(Debug, Clone, Default, Args)]
#[command(group = ArgGroup::new("served").args(["web", "web_host", "web_port", "prometheus"]).multiple(true))]
#[command(group = ArgGroup::new("page").args(["web", "web_host", "web_port"]).multiple(true))]
pub(in crate::cli) struct WebOptions {
    /// Serve a live page of the run, and start and stop runs from it
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:8089")]
    #[arg(value_parser = parse_address, conflicts_with_all = NO_PAGE)]
    #[arg(
        help = "Serve a live page, which starts, changes and stops runs, and Locust's JSON at Locust's paths \
                  [ADDR: 127.0.0.1:8089]"
    )]
    pub(in crate::cli) web: Option<Address>,

    /// Serve the page at this address, by Locust's flag for it
    #[arg(long, value_name = "HOST", value_parser = parse_web_host, conflicts_with_all = NO_PAGE)]
    #[arg(
        help = "Serve the page at this IP address or name; `*` is every address of this machine [default: 127.0.0.1]"
    )]
    web_host: Option<String>,

    /// Serve the page at this port, by Locust's flag for it
    #[arg(short = 'P', long, value_name = "PORT", conflicts_with_all = NO_PAGE)]
    #[arg(help = "Serve the page at this port; 0 is any free one [default: 8089]")]
    web_port: Option<u16>,

    /// What visitors of the page have to know: they open ADDR/?token=TOKEN once
    #[arg(long, value_name = "TOKEN", value_parser = Token::from_str)]
    #[arg(
        help = "What visitors of the page have to know: they open ADDR/?token=TOKEN once. If the page can be reached \
                  from other machines and this is missing, one is made and printed [env: MQTT_SCENARIO_WEB_TOKEN]"
    )]
    pub(in crate::cli) web_token: Option<Token>,

    /// A name that visitors use for this machine, besides its own; can be repeated
    #[arg(long = "web-name", value_name = "NAME", value_parser = parse_name, requires = "served")]
    #[arg(
        help = "A name that visitors and Prometheus use for this machine, besides its own, as in --web-name loadgen for \
                  http://loadgen:8089/; can be repeated. Other names are refused"
    )]
    pub(in crate::cli) web_names: Vec<String>,

    /// Serve the numbers of the run to Prometheus at ADDR/metrics, with or without a page
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    #[arg(conflicts_with_all = ["repeat", "versus", "versus_host", "versus_set"])]
    #[arg(
        help = "Serve the numbers of the run to Prometheus at ADDR/metrics, as in 127.0.0.1:9646; --web has them at \
                  its own address too"
    )]
    pub(in crate::cli) prometheus: Option<Address>,

    /// With --web, begin the run at once, without waiting for `Start` on the page
    #[arg(long, requires = "page")]
    pub(in crate::cli) autostart: bool,

    /// With --autostart, quit so long after the run has ended: 10s, 1m or plain seconds
    #[arg(long, value_name = "TIME", requires = "autostart", value_parser = parse_run_time)]
    pub(in crate::cli) autoquit: Option<Duration>,
}

impl WebOptions {
    /// Brings Locust's flags for the address of the page into that of `--web`, and finds the token.
    pub(in crate::cli) fn settle(&mut self) -> Result<(), Mistake> {
        let (host, port) = (self.web_host.take(), self.web_port.take());
        if host.is_some() || port.is_some() {
            let address = self.web.get_or_insert_default();
            address.host = host.unwrap_or_else(|| std::mem::take(&mut address.host));
            address.port = port.unwrap_or(address.port);
        }
        if self.is_asked() && self.web_token.is_none() {
            self.web_token = token_of_environment()?;
        }
        Ok(())
    }

    /// Whether somebody shall watch the run over HTTP.
    pub(in crate::cli) fn is_asked(&self) -> bool {
        self.web.is_some() || self.prometheus.is_some()
    }
}
