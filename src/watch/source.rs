//! Where figures come from, with all that is needed to get them.

use std::fmt;
use std::time::Duration;

use crate::client::transport::Endpoint;
use crate::mqtt::Settings;
use crate::plan::certificates::certificates;
use crate::plan::target::Header;
use crate::plan::watch::without_query;
use crate::plan::{Broker, Plan};
use crate::template::{Secret, Template};

/// Where figures of a broker come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Messages that it publishes.
    Sys(Box<Sys>),
    /// Metrics that it serves.
    Metrics(Metrics),
}

/// A connection that subscribes to what a server publishes of itself.
#[derive(Clone)]
pub struct Sys {
    /// The name of the broker in the scenario.
    pub broker: String,
    /// How to reach it.
    pub endpoint: Endpoint,
    /// Which of its servers, counted from 0.
    pub server: usize,
    /// The filter of the topics.
    pub filter: String,
    /// The client id; it must be nobody else's.
    pub client_id: String,
    /// The user name, if it needs one.
    pub username: Option<String>,
    /// The password, if it needs one.
    pub password: Option<String>,
    /// The files of a client certificate and its key, if it needs one.
    pub certificate: Option<(String, String)>,
    /// The protocol version and what belongs to it.
    pub settings: Settings,
    /// How long connecting and subscribing may take, each.
    pub timeout: Duration,
    /// Seconds of silence before a PINGREQ; 0 for never.
    pub keep_alive_s: u16,
}

/// An address that is read again and again.
#[derive(Clone)]
pub struct Metrics {
    /// The name of the broker in the scenario.
    pub broker: String,
    /// The address: `http` or `https`.
    pub url: String,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
    /// The names to keep, with `*` for any characters; all if there are none.
    pub pick: Vec<String>,
    /// How often it is read, above 0.
    pub every: Duration,
}

impl fmt::Debug for Sys {
    /// Without user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broker, filter, server, .. } = self;
        write!(f, "{filter} of server {server} of {broker}")
    }
}

impl fmt::Debug for Metrics {
    /// Without headers and the query of the address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", without_query(&self.url), self.broker)
    }
}

impl Source {
    pub(super) fn broker(&self) -> &str {
        match self {
            Self::Sys(sys) => &sys.broker,
            Self::Metrics(metrics) => &metrics.broker,
        }
    }
}

/// All that the plan wants to watch. `endpoints[i]` is where its broker `i` is.
pub fn sources(plan: &Plan, endpoints: &[Endpoint], run_id: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let shard = plan.shard.index();
    for (index, (broker, endpoint)) in plan.brokers.iter().zip(endpoints).enumerate() {
        let Some(watch) = &broker.watch else { continue };
        if let Some(sys) = &watch.sys {
            // The certificate of the first user who has one.
            let certificate = certificates(plan)
                .into_iter()
                .find_map(|(of, files)| if of.0 == index { files } else { None });
            let servers = 0..broker.target.servers();
            sources.extend(servers.map(|server| {
                Source::Sys(Box::new(Sys {
                    broker: broker.name.clone(),
                    endpoint: endpoint.clone(),
                    server,
                    filter: sys.filter.clone(),
                    client_id: format!("watch-{run_id}-{shard}-{index}-{server}"),
                    username: sys.username.clone(),
                    password: sys.password.as_ref().map(text),
                    certificate: certificate.clone(),
                    settings: settings(broker),
                    timeout: broker.connect_timeout,
                    keep_alive_s: broker.keep_alive_s,
                }))
            }));
        }
        if let Some(metrics) = &watch.metrics {
            let header = |header: &Header| (header.name.clone(), text(&header.value));
            sources.push(Source::Metrics(Metrics {
                broker: broker.name.clone(),
                url: metrics.url.clone(),
                headers: metrics.headers.iter().map(header).collect(),
                pick: metrics.pick.clone(),
                every: metrics.every,
            }));
        }
    }
    sources
}

/// Those of the users, but for a session that ends with its connection.
fn settings(broker: &Broker) -> Settings {
    Settings { clean_session: true, session_expiry_s: 0, ..broker.settings }
}

fn text(Secret(template): &Secret) -> String {
    String::from_utf8_lossy(Template::literal(template).unwrap_or_default()).into_owned()
}
