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

/// An address without its query, in which some pass secrets.
pub fn without_query(url: &str) -> String {
    match url.split_once('?') {
        Some((before, _)) => format!("{before}?***"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_an_address_is_not_shown() {
        assert_eq!(without_query("http://h/m?token=x"), "http://h/m?***");
        assert_eq!(without_query("http://h/m"), "http://h/m");
    }
}
