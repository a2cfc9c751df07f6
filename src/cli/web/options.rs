//! The options of the live page.

use std::str::FromStr;
use std::time::Duration;

use clap::{ArgGroup, Args};

use crate::cli::web::listen::{parse_address, parse_name};
use crate::units::parse_run_time;
use crate::web::address::Address;
use crate::web::token::Token;

/// How a run is watched.
#[derive(Debug, Clone, Default, Args)]
#[command(group = ArgGroup::new("served").args(["web", "prometheus"]).multiple(true))]
pub(in crate::cli) struct WebOptions {
    /// Serve a live page of the run, and start and stop runs from it
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:8089")]
    #[arg(value_parser = parse_address, conflicts_with_all = ["repeat", "versus", "versus_host", "versus_set", "shard", "start_at"])]
    #[arg(
        help = "Serve a live page, which starts, changes and stops runs, and Locust's JSON at Locust's paths \
                  [ADDR: 127.0.0.1:8089]"
    )]
    pub(in crate::cli) web: Option<Address>,

    /// What visitors of the page have to know: they open ADDR/?token=TOKEN once
    #[arg(long, value_name = "TOKEN", value_parser = Token::from_str)]
    #[arg(env = "MQTT_SCENARIO_WEB_TOKEN", hide_env_values = true)]
    #[arg(
        help = "What visitors of the page have to know: they open ADDR/?token=TOKEN once. If the page can be reached \
                  from other machines and this is missing, one is made and printed"
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
    #[arg(long, requires = "web")]
    pub(in crate::cli) autostart: bool,

    /// With --autostart, quit so long after the run has ended: 10s, 1m or plain seconds
    #[arg(long, value_name = "TIME", requires = "autostart", value_parser = parse_run_time)]
    pub(in crate::cli) autoquit: Option<Duration>,
}

impl WebOptions {
    /// Whether somebody shall watch the run over HTTP.
    pub(in crate::cli) fn is_asked(&self) -> bool {
        self.web.is_some() || self.prometheus.is_some()
    }
}
