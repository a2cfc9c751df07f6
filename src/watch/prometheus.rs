//! Reads the metrics of a broker again and again.
//!
//! Redirects are not followed: they would carry headers with secrets to a place that nobody has named.
#![expect(clippy::disallowed_methods, reason = "a thread that blocks, beside the engine and its clock")]

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use regex::Regex;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::plan::watch::without_query;
use crate::watch::exposition::samples;
use crate::watch::source::Metrics;

/// A page longer than this is not read to its end.
const MAX_PAGE_BYTES: u64 = 16 << 20;

const TIMEOUT: Duration = Duration::from_secs(5);

/// How long the last page may take, since the end of the run waits for it.
const LAST_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) struct Reader {
    agent: Agent,
    metrics: Metrics,
    pick: Vec<Regex>,
    shown: String,
}

impl Reader {
    pub(super) fn new(metrics: Metrics) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("mqtt-scenario/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(authorities(&metrics.url)).build());
        let pick = metrics.pick.iter().filter_map(|pattern| pattern_of(pattern));
        Self {
            agent: config.build().into(),
            pick: pick.collect(),
            shown: without_query(&metrics.url),
            metrics,
        }
    }

    /// Reads until `stop` is told or its other end is gone, and once more then. Values and faults go to `tell`.
    pub(super) fn go_on(
        &self,
        stop: &Receiver<()>,
        mut tell: impl FnMut(Result<Vec<(String, f64)>, String>),
    ) {
        use std::sync::mpsc::RecvTimeoutError::Timeout;

        let mut next = Instant::now();
        loop {
            tell(self.read(TIMEOUT));
            next += self.metrics.every;
            let now = Instant::now();
            if next < now {
                next = now;
            }
            if !matches!(stop.recv_timeout(next - now), Err(Timeout)) {
                tell(self.read(LAST_TIMEOUT));
                return;
            }
        }
    }

    /// The figures of the page, or what is wrong with it.
    fn read(&self, timeout: Duration) -> Result<Vec<(String, f64)>, String> {
        let url = &self.shown;
        let mut request = self.agent.get(&self.metrics.url).header("Accept", "text/plain;version=0.0.4");
        for (name, value) in &self.metrics.headers {
            request = request.header(name, value);
        }
        let request = request.config().timeout_global(Some(timeout)).build();
        let mut response = request
            .call()
            .map_err(|error| format!("The metrics at {url} cannot be read: {}.", fault(&error)))?;
        let status = response.status();
        if !status.is_success() {
            let place = response.headers().get("location").and_then(|place| place.to_str().ok());
            let place = place
                .filter(|_| status.is_redirection())
                .map(|place| format!("; they are at {}", without_query(place)));
            return Err(format!("{url} answers {status}, not metrics{}.", place.unwrap_or_default()));
        }
        let page = response.body_mut().with_config().limit(MAX_PAGE_BYTES).lossy_utf8(true).read_to_string();
        let page =
            page.map_err(|error| format!("The metrics at {url} cannot be read: {}.", fault(&error)))?;
        let mut samples = samples(&page).peekable();
        if samples.peek().is_none() {
            return Err(format!("{url} answers, but not in Prometheus' text format."));
        }
        let picked: Vec<_> = samples
            .filter(|sample| {
                self.pick.is_empty() || self.pick.iter().any(|pick| pick.is_match(sample.metric))
            })
            .map(|sample| (format!("{}{}", sample.metric, sample.labels), sample.value))
            .collect();
        if picked.is_empty() {
            return Err(format!("{url} has metrics, but none that `pick` names."));
        }
        Ok(picked)
    }
}

/// A fault without what changes from time to time.
fn fault(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => without_code(error.to_string()),
        ureq::Error::Timeout(_) => "it takes too long".to_owned(),
        error => error.to_string(),
    }
}

/// The text of a fault of the system without its number, as in the failures of users.
fn without_code(text: String) -> String {
    match text.find(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

fn pattern_of(pattern: &str) -> Option<Regex> {
    let parts: Vec<_> = pattern.split('*').map(regex::escape).collect();
    Regex::new(&format!("^{}$", parts.join(".*"))).ok()
}

/// Whom to trust: the authorities of the system, which are read only if they are needed.
fn authorities(url: &str) -> RootCerts {
    let is_secure = url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    let found = if is_secure { rustls_native_certs::load_native_certs().certs } else { Vec::new() };
    let certificates = found.iter().map(|der| Certificate::from_der(der).to_owned());
    RootCerts::Specific(Arc::new(certificates.collect()))
}

#[cfg(test)]
mod tests;
