//! Where a broker tells of itself.

use std::fmt;
use std::time::Duration;

use crate::plan::target::Header;
use crate::template::Secret;

/// Where a broker tells of itself: at one of these places at least.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// Messages that it publishes.
    pub sys: Option<SysWatch>,
    /// Metrics that it serves.
    pub metrics: Option<MetricsWatch>,
}

/// Figures that a broker publishes.
#[derive(Debug, Clone, PartialEq)]
pub struct SysWatch {
    /// The filter of their topics.
    pub filter: String,
    /// The user name to connect with.
    pub username: Option<String>,
    /// The password to connect with; the same for everybody.
    pub password: Option<Secret>,
}

/// Figures that a broker serves in Prometheus' text format.
#[derive(Clone, PartialEq)]
pub struct MetricsWatch {
    /// Where: a URL with `http` or `https` and without a user name.
    pub url: String,
    /// Headers of each request.
    pub headers: Vec<Header>,
    /// The names to keep, with `*` for any characters; all if there are none.
    pub pick: Vec<String>,
    /// How often they are read, above 0.
    pub every: Duration,
}

impl fmt::Debug for MetricsWatch {
    /// Without the query of the address, in which some pass secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsWatch")
            .field("url", &without_query(&self.url))
            .field("headers", &self.headers)
            .field("pick", &self.pick)
            .field("every", &self.every)
            .finish()
    }
}

/// An address without what some pass secrets in: user name, parameters, query and fragment.
pub fn without_query(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#', ';']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let shown = path.find(['?', '#', ';']).unwrap_or(path.len());
    let rest = if shown < path.len() { "?***" } else { "" };
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{host}{}{rest}", &path[..shown])
}

#[cfg(test)]
mod tests;
