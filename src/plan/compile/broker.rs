//! Brokers: their URLs and limits.
//!
//! URLs are read by hand: we need a host and a port, accept `host:port` without a scheme as Locust's `--host`
//! users write it, and want to say for each other part of a URL where it belongs instead.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::diagnostic::{Diagnostic, FieldPath, nearest};
use crate::plan::codes;
use crate::plan::compile::problems::Problems;
use crate::plan::compile::protocol::compile_settings;
use crate::plan::compile::{Context, Names, Place};
use crate::plan::{Broker, Target};
use crate::scenario::model;

const DEFAULT_PORT: u16 = 1883;
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_KEEP_ALIVE_S: u16 = 60;
const DEFAULT_INFLIGHT: u16 = 20;

/// What is wrong with the URL of a broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

fn url_error(message: impl Into<String>, help: impl Into<String>) -> UrlError {
    UrlError { message: message.into(), help: help.into() }
}

/// Where a URL leads: `mqtt://HOST[:PORT]`, `HOST[:PORT]` or `embedded:[?OPTIONS]`; port 1883 if it has none,
/// IPv6 addresses in brackets. `embedded_options` checks the options of an embedded broker.
pub fn parse_url(
    url: &str,
    embedded_options: &dyn Fn(&str) -> Result<(), String>,
) -> Result<Target, UrlError> {
    if let Some(rest) = url.strip_prefix("embedded:") {
        let options = rest.strip_prefix('?').unwrap_or_default();
        if !rest.is_empty() && !rest.starts_with('?') {
            return Err(url_error(
                "an embedded broker has no address, only options",
                "write `embedded:` or, with options, `embedded:?delay=5ms`",
            ));
        }
        return match embedded_options(options) {
            Ok(()) => Ok(Target::Embedded { options: options.to_owned() }),
            Err(message) => Err(url_error(message, "options are written `embedded:?NAME=VALUE&NAME=VALUE`")),
        };
    }
    let address = match url.split_once("://") {
        None => url,
        Some(("mqtt", address)) => address,
        Some((scheme, _)) => return Err(unknown_scheme(scheme)),
    };
    tcp_target(address)
}

impl fmt::Display for Target {
    /// As a URL that [`parse_url`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "mqtt://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "mqtt://{host}:{port}"),
            Self::Embedded { options } if options.is_empty() => f.write_str("embedded:"),
            Self::Embedded { options } => write!(f, "embedded:?{options}"),
        }
    }
}

fn unknown_scheme(scheme: &str) -> UrlError {
    const SUPPORTED: &str = "supported are `mqtt://HOST[:PORT]` and `embedded:`";
    match scheme {
        "mqtts" | "ssl" | "tls" => url_error(format!("`{scheme}://` (TLS) is not supported yet"), SUPPORTED),
        "ws" | "wss" => url_error(format!("`{scheme}://` (WebSocket) is not supported yet"), SUPPORTED),
        "tcp" => url_error("`tcp://` is not a scheme of this language", "write `mqtt://HOST[:PORT]`"),
        _ => match nearest(scheme, ["mqtt", "embedded"]) {
            Some(near) => url_error(format!("unknown scheme `{scheme}`"), format!("did you mean `{near}`?")),
            None => url_error(format!("unknown scheme `{scheme}`"), SUPPORTED),
        },
    }
}

/// `HOST[:PORT]`, with at most a slash after it.
fn tcp_target(address: &str) -> Result<Target, UrlError> {
    const FORM: &str = "write `mqtt://HOST[:PORT]`, such as `mqtt://localhost:1883`";
    let (address, rest) = address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
    if address.contains('@') {
        // The text is not repeated: it may hold a password.
        let help = "move them to `username` and `password` of the user class";
        return Err(url_error("user name and password do not belong into the URL", help));
    }
    if !matches!(rest, "" | "/") {
        return Err(url_error(format!("MQTT over TCP has no path or query, but here is `{rest}`"), FORM));
    }
    let (host, port) = if let Some(bracketed) = address.strip_prefix('[') {
        let Some((host, port)) = bracketed.split_once(']') else {
            return Err(url_error("the bracket of this IPv6 address is not closed", "write `[::1]:1883`"));
        };
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(url_error(format!("`{host}` is not an IPv6 address"), "write `[::1]:1883`"));
        }
        match port.strip_prefix(':') {
            None if !port.is_empty() => {
                return Err(url_error(
                    format!("`{port}` stands between the IPv6 address and the port"),
                    "write `[::1]:1883`",
                ));
            }
            port => (host, port),
        }
    } else {
        match address.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                return Err(url_error(
                    "this host has several colons",
                    "put an IPv6 address into brackets: `[::1]:1883`",
                ));
            }
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        }
    };
    if host.is_empty() {
        return Err(url_error("there is no host in this URL", FORM));
    }
    let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':'));
    if let Some(odd) = host.chars().find(|c| odd(*c)) {
        return Err(url_error(format!("the host `{host}` holds the character {odd:?}"), FORM));
    }
    let port = match port.map(str::parse) {
        None => DEFAULT_PORT,
        Some(Ok(number)) if number > 0 => number,
        Some(_) => {
            let message = format!("`{}` is not a port", port.unwrap_or_default());
            return Err(url_error(message, "ports are whole numbers from 1 to 65535"));
        }
    };
    Ok(Target::Tcp { host: host.to_owned(), port })
}

/// All brokers, in the byte order of their names; a broker that is wrong takes no place.
pub(super) fn compile_brokers(
    brokers: &BTreeMap<String, model::Broker>,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Broker> {
    let at = FieldPath::root().key("brokers");
    if brokers.is_empty() {
        let message = "the scenario has no broker";
        problems
            .add_absence(Diagnostic::error(codes::EMPTY, at.clone(), message).help(
                "add one under `brokers`, by any name, with a `url` such as \"mqtt://localhost:1883\"",
            ));
    }
    if brokers.len() > 1 && context.overrides.host.is_some() {
        let message = "a host was given, but the scenario has several brokers";
        let help = "leave the host out, and use `${env.NAME}` in the URLs of the brokers";
        problems.add(Diagnostic::error(codes::CONFLICT, at.clone(), message).help(help));
    }
    brokers
        .iter()
        .filter_map(|(name, broker)| compile_broker(name, broker, &at.key(name), names, context, problems))
        .collect()
}

fn compile_source_addresses(
    addresses: &[String],
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Vec<IpAddr> {
    let at = at.key("source_addresses");
    let mut parse = |(i, text): (usize, &String)| {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let message = format!("`{text}` is not an address");
            let help = "write an address of this machine, such as \"127.0.0.2\" or \"::1\"";
            problems.add(Diagnostic::error(codes::RANGE, at.index(i), message).help(help));
        }
        parsed
    };
    addresses.iter().enumerate().filter_map(&mut parse).collect()
}

fn compile_broker(
    name: &str,
    broker: &model::Broker,
    at: &FieldPath,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Option<Broker> {
    let connect_timeout = broker.connect_timeout.map_or(DEFAULT_CONNECT_TIMEOUT, |timeout| {
        problems.positive_duration(timeout, "a timeout", &at.key("connect_timeout"))
    });
    let keep_alive_s = broker.keep_alive.map_or(DEFAULT_KEEP_ALIVE_S, |keep_alive| {
        let seconds = u16::try_from(keep_alive.0.as_secs()).ok().filter(|_| keep_alive.0.subsec_nanos() == 0);
        seconds.unwrap_or_else(|| {
            let help = "write a length of time such as \"60s\", or \"0s\" for never";
            problems.range(&at.key("keep_alive"), "`keep_alive` must be whole seconds, at most 65535", help);
            DEFAULT_KEEP_ALIVE_S
        })
    });
    let inflight = broker.inflight.unwrap_or(DEFAULT_INFLIGHT);
    if inflight == 0 {
        let help = "1 sends one message after the other";
        problems.range(&at.key("inflight"), "`inflight` must be at least 1", help);
    }
    let settings = compile_settings(name, broker, at, problems);
    let source_addresses = compile_source_addresses(&broker.source_addresses, at, problems);
    let target = match &context.overrides.host {
        Some(target) => Some(target.clone()),
        None => compile_url(broker.url.as_deref(), &at.key("url"), names, context, problems),
    };
    Some(Broker {
        name: name.to_owned(),
        target: target?,
        connect_timeout,
        keep_alive_s,
        inflight,
        source_addresses,
        settings,
    })
}

fn compile_url(
    url: Option<&str>,
    at: &FieldPath,
    names: &Names<'_>,
    context: &Context<'_>,
    problems: &mut Problems<'_>,
) -> Option<Target> {
    let Some(url) = url else {
        problems.add_absence(Diagnostic::error(codes::MISSING, at.clone(), "this broker has no `url`").help(
            "add one, such as \"mqtt://HOST:PORT\", or \"embedded:\" for a broker inside this process",
        ));
        return None;
    };
    let template = problems.template(url, Place::Url, names, at)?;
    let url = String::from_utf8_lossy(template.literal()?);
    match parse_url(&url, context.embedded_options) {
        Ok(target) => Some(target),
        Err(UrlError { message, help }) => {
            problems.add(Diagnostic::error(codes::URL, at.clone(), message).help(help));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_options(options: &str) -> Result<(), String> {
        if options == "bad" { Err("no such option".to_owned()) } else { Ok(()) }
    }

    #[test]
    fn urls_lead_to_targets() {
        for (url, host, port) in [
            ("mqtt://broker", "broker", 1883),
            ("mqtt://broker:1884/", "broker", 1884),
            ("broker", "broker", 1883),
            ("10.0.0.1:99", "10.0.0.1", 99),
            ("mqtt://[::1]", "::1", 1883),
            ("[fe80::2]:1884", "fe80::2", 1884),
        ] {
            let expected = Target::Tcp { host: host.to_owned(), port };
            assert_eq!(parse_url(&expected.to_string(), &no_options), Ok(expected.clone()));
            assert_eq!(parse_url(url, &no_options), Ok(expected), "{url}");
        }
        for (url, options) in
            [("embedded:", ""), ("embedded:?", ""), ("embedded:?delay=5ms&x", "delay=5ms&x")]
        {
            let expected = Target::Embedded { options: options.to_owned() };
            assert_eq!(parse_url(&expected.to_string(), &no_options), Ok(expected.clone()));
            assert_eq!(parse_url(url, &no_options), Ok(expected), "{url}");
        }
    }

    #[test]
    fn wrong_urls_are_refused_with_a_cure() {
        let urls = [
            "",
            "mqtt://",
            ":1883",
            "mqtts://h",
            "wss://h",
            "tcp://h",
            "mqt://h",
            "http://h",
            "mqtt://u:secret@h",
            "mqtt://h/path",
            "mqtt://h:0",
            "mqtt://h:65536",
            "mqtt://h:x",
            "mqtt://h:",
            "::1",
            "[::1",
            "[x]:1",
            "[::1]1883",
            "mqtt://a b",
            "embedded:local",
            "embedded:?bad",
        ];
        let lines = urls.map(|url| {
            let UrlError { message, help } = parse_url(url, &no_options).unwrap_err();
            format!("{url:20} {message} ({help})")
        });
        insta::assert_snapshot!(lines.join("\n"));
        assert!(!lines.iter().any(|line| line.contains("secret ")));
    }
}
