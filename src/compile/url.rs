//! URLs of brokers.
//!
//! Read by hand: we need a host, a port and a path, accept `host:port` without a scheme as Locust's `--host`
//! users write it, and want to say for each other part of a URL where it belongs instead.

use std::net::Ipv6Addr;

use crate::diagnostic::nearest;
use crate::plan::target::{Server, Target, Transport};

/// Path of a WebSocket URL that has none: what brokers listen on and paho, Locust and MQTTX ask for.
const DEFAULT_PATH: &str = "/mqtt";

const FORM: &str = "write `mqtt://HOST[:PORT]`, such as `mqtt://localhost:1883`";

/// What is wrong with the URL of a broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlError {
    /// The message: what is wrong.
    pub message: String,
    /// The help: what to do about it.
    pub help: String,
}

fn url_error(message: impl Into<String>, help: impl Into<String>) -> UrlError {
    UrlError { message: message.into(), help: help.into() }
}

/// Where a URL leads: `SCHEME://HOST[:PORT]` with one of [`Transport`]'s schemes, `ws` and `wss` with a path,
/// `HOST[:PORT]` for `mqtt`, or `embedded:[?OPTIONS]`; IPv6 addresses in brackets. `embedded_options` checks
/// the options of an embedded broker. Schemes are the same in any case (RFC 3986, section 3.1). The target has one
/// server.
pub fn parse_url(
    url: &str,
    embedded_options: &dyn Fn(&str) -> Result<(), String>,
) -> Result<Target, UrlError> {
    if let Some((scheme, rest)) = url.split_once(':')
        && scheme.eq_ignore_ascii_case("embedded")
    {
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
    if has_credentials(url) {
        // Nothing of the text is repeated: it may hold a password.
        let help = "move them to `username` and `password` of the user class";
        return Err(url_error("a URL cannot hold a user name and a password", help));
    }
    let (transport, rest) = match url.split_once("://") {
        None => {
            // `mqtt:1883` is a host of that name.
            if let Some((scheme, rest)) = url.split_once(':')
                && let Some(transport) = transport_of(scheme)
                && !rest.bytes().all(|byte| byte.is_ascii_digit())
            {
                let scheme = transport.scheme();
                return Err(url_error(
                    format!("`{scheme}:` is not followed by `//`"),
                    format!("write `{scheme}://HOST[:PORT]`"),
                ));
            }
            (Transport::Tcp, url)
        }
        Some((scheme, rest)) => {
            let transport = transport_of(scheme);
            (transport.ok_or_else(|| unknown_scheme(&scheme.to_ascii_lowercase()))?, rest)
        }
    };
    Ok(Target::Remote { transport, servers: vec![server(rest, transport)?] })
}

/// All servers as one target. The index is that of the first that does not go with those before it.
pub fn one_target(targets: Vec<Target>) -> Result<Option<Target>, (usize, UrlError)> {
    let mut all: Option<Target> = None;
    for (i, target) in targets.into_iter().enumerate() {
        match (&mut all, target) {
            (None, target) => all = Some(target),
            (
                Some(Target::Remote { transport, servers }),
                Target::Remote { transport: other, servers: more },
            ) => {
                if *transport != other {
                    let message = format!(
                        "this is `{}://`, but the first URL is `{}://`",
                        other.scheme(),
                        transport.scheme()
                    );
                    let help = "connect times of two transports would share one row: give each transport a \
                                broker of its own";
                    return Err((i, url_error(message, help)));
                }
                servers.extend(more);
            }
            (Some(_), _) => {
                let message = "an embedded broker cannot be one of several";
                return Err((i, url_error(message, "use it alone, or leave it out")));
            }
        }
    }
    Ok(all)
}

fn transport_of(scheme: &str) -> Option<Transport> {
    Transport::ALL.into_iter().find(|transport| transport.scheme().eq_ignore_ascii_case(scheme))
}

fn unknown_scheme(scheme: &str) -> UrlError {
    const SUPPORTED: &str =
        "the supported schemes are `mqtt://`, `mqtts://`, `ws://`, `wss://` and `embedded:`";
    match scheme {
        "tcp" => url_error("`tcp://` is not a scheme of this language", "write `mqtt://HOST[:PORT]`"),
        "ssl" | "tls" => url_error(
            format!("`{scheme}://` is not a scheme of this language"),
            "MQTT over TLS is `mqtts://HOST[:PORT]`",
        ),
        "http" | "https" => url_error(
            format!("`{scheme}://` is not a scheme of this language"),
            "MQTT over WebSocket is `ws://HOST[:PORT]/PATH`, over TLS `wss://`",
        ),
        _ => match nearest(scheme, Transport::ALL.iter().map(|t| t.scheme()).chain(["embedded"])) {
            Some(near) => url_error(format!("unknown scheme `{scheme}`"), format!("did you mean `{near}`?")),
            None => url_error(format!("unknown scheme `{scheme}`"), SUPPORTED),
        },
    }
}

/// Whether a URL holds a user name or a password, in which somebody may have written a `/` or `?` as it is. In the path
/// of a WebSocket an `@` is nothing of that kind.
fn has_credentials(url: &str) -> bool {
    let Some(sign) = url.find('@') else { return false };
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let Some(before) = sign.checked_sub(url.len() - rest.len()).map(|sign| &rest[..sign]) else {
        return true;
    };
    let (address, path) = before.split_at(before.find(['/', '?', '#']).unwrap_or(before.len()));
    let port = address.rsplit_once(':').map_or("", |(_, port)| port);
    let is_address = address.starts_with('[') || port.bytes().all(|byte| byte.is_ascii_digit());
    !(scheme.to_ascii_lowercase().starts_with("ws") && !path.is_empty() && is_address)
}

/// `HOST[:PORT]`, a WebSocket's with a path and query after it, the others with at most a slash.
fn server(rest: &str, transport: Transport) -> Result<Server, UrlError> {
    let (address, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = if transport.is_websocket() { websocket_path(path)? } else { no_path(path, transport)? };
    let (host, port) = host_and_port(address)?;
    if host.is_empty() {
        return Err(url_error("there is no host in this URL", FORM));
    }
    let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':'));
    if !address.starts_with('[')
        && let Some(odd) = host.chars().find(|c| odd(*c))
    {
        return Err(url_error(format!("the host `{host}` holds the character {odd:?}"), FORM));
    }
    let port = match port.map(str::parse) {
        None => transport.default_port(),
        Some(Ok(number)) if number > 0 => number,
        Some(_) => {
            // A password, if somebody has left out the host behind it.
            let is_number = |port: &&str| port.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            let message = match port.filter(is_number) {
                Some(port) => format!("`{port}` is not a port"),
                None => "the text after the `:` of the host is not a port".to_owned(),
            };
            return Err(url_error(message, "ports are whole numbers from 1 to 65535"));
        }
    };
    Ok(Server { host, port, path })
}

fn no_path(path: &str, transport: Transport) -> Result<String, UrlError> {
    if matches!(path, "" | "/") {
        return Ok(String::new());
    }
    let over = if transport == Transport::Tls { "TLS" } else { "TCP" };
    // A query may hold a signature.
    let shown = path.split('?').next().filter(|path| !path.is_empty()).unwrap_or("?…");
    Err(url_error(format!("MQTT over {over} has no path or query, but here is `{shown}`"), FORM))
}

fn websocket_path(path: &str) -> Result<String, UrlError> {
    if path.contains('#') {
        return Err(url_error("a request to a broker cannot hold what stands after `#`", "leave it out"));
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let help = "write spaces and characters beyond ASCII in percent encoding, such as `%20`";
        return Err(url_error("the path holds a character that a URL cannot", help));
    }
    Ok(match path {
        "" => DEFAULT_PATH.to_owned(),
        path if path.starts_with('?') => format!("{DEFAULT_PATH}{path}"),
        path => path.to_owned(),
    })
}

/// The host without brackets, and what is written after the colon.
fn host_and_port(address: &str) -> Result<(String, Option<&str>), UrlError> {
    const BRACKETS: &str = "write `[::1]:1883`";
    let Some(bracketed) = address.strip_prefix('[') else {
        return match address.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                // The interface of `fe80::1%eth0:1883` ends where a port begins.
                let zone = address.find('%').unwrap_or(address.len());
                let is_port =
                    |port: &&str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
                let (host, port) = match address[zone..].rsplit_once(':').filter(|(_, port)| is_port(port)) {
                    Some((interface, port)) => (&address[..zone + interface.len()], port),
                    None => (address, "1883"),
                };
                let help = match ipv6(host) {
                    Ok(host) => format!("put an IPv6 address into brackets: `[{host}]:{port}`"),
                    Err(_) => "put an IPv6 address into brackets: `[::1]:1883`".to_owned(),
                };
                Err(url_error("this host has several colons", help))
            }
            Some((host, port)) => Ok((host.to_owned(), Some(port))),
            None => Ok((address.to_owned(), None)),
        };
    };
    let Some((host, port)) = bracketed.split_once(']') else {
        return Err(url_error("the bracket of this IPv6 address is not closed", BRACKETS));
    };
    let host = ipv6(host)?;
    match port.strip_prefix(':') {
        None if !port.is_empty() => {
            Err(url_error(format!("`{port}` stands between the IPv6 address and the port"), BRACKETS))
        }
        port => Ok((host, port)),
    }
}

/// An IPv6 address, if it is one; a link-local one with the interface through which it is reached, as it is written
/// everywhere (`fe80::1%eth0`) or as in a URI (RFC 6874: `fe80::1%25eth0`).
fn ipv6(host: &str) -> Result<String, UrlError> {
    let (address, zone) = match host.split_once('%') {
        None => (host, None),
        Some((address, zone)) => {
            (address, Some(zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone)))
        }
    };
    if address.parse::<Ipv6Addr>().is_err() {
        return Err(url_error(format!("`{host}` is not an IPv6 address"), "write `[::1]:1883`"));
    }
    let Some(zone) = zone else { return Ok(address.to_owned()) };
    if zone.is_empty() || !zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~@:".contains(&byte))
    {
        let help = "write the interface after the `%`: `[fe80::1%eth0]:1883`";
        return Err(url_error(format!("`{host}` names no interface"), help));
    }
    Ok(format!("{address}%{zone}"))
}

#[cfg(test)]
mod tests;
