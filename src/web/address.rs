//! Where the server listens, and why it cannot.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{TcpListener, ToSocketAddrs};
use std::str::FromStr;

/// Locust's port.
pub const PORT: u16 = 8089;

/// Reachable from this machine alone.
const LOOPBACK: &str = "127.0.0.1";

/// Where to listen: a name or an IP address, and a port. Port 0 is any free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Default for Address {
    /// 127.0.0.1:8089, where Locust's users look.
    fn default() -> Self {
        Self { host: LOOPBACK.to_owned(), port: PORT }
    }
}

impl FromStr for Address {
    type Err = String;

    /// Reads `HOST:PORT`, `HOST`, `:PORT` and `[::1]:PORT`; the error is a sentence.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no address to listen on: write HOST:PORT, as in {LOOPBACK}:{PORT}, or :PORT for \
                 this machine alone"
            )
        };
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
                let port = match rest.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if rest.is_empty() => None,
                    None => return Err(wrong()),
                };
                (host, port)
            }
            // Of several colons none stands before a port: an address of IPv6 without brackets.
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("`{text}` is a number: write :{text} for this port, or HOST:PORT"));
        }
        if text.is_empty() || !host.chars().all(is_name) {
            return Err(wrong());
        }
        Ok(Self {
            host: if host.is_empty() { LOOPBACK } else { host }.to_owned(),
            port: port.map_or(Ok(PORT), |port| port.parse().map_err(|_| wrong()))?,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Why the server cannot listen, with the address and the cure.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", cause(.source))]
pub struct CannotListen {
    address: Address,
    source: io::Error,
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there. Stop it, or choose another port (0 is any free one)".to_owned()
        }
        ErrorKind::PermissionDenied => "the system reserves this port. Choose one from 1024 up".to_owned(),
        ErrorKind::AddrNotAvailable => {
            format!("this machine does not have the address. Choose {LOOPBACK}, or 0.0.0.0 for all it has")
        }
        _ => error.to_string(),
    }
}

/// Takes the port, so that it is sure before a run that the page can be shown. Nothing is answered until a
/// [`Server`](crate::web::server::Server) begins; who connects before waits.
///
/// # Errors
/// A port in use, an address that is not this machine's, and what else the system says.
pub fn bind(address: &Address) -> Result<TcpListener, CannotListen> {
    let failed = |source| CannotListen { address: address.clone(), source };
    let found = (address.host.as_str(), address.port).to_socket_addrs().map_err(failed)?;
    let found: Vec<_> = found.collect();
    TcpListener::bind(&*found).map_err(failed)
}

#[cfg(test)]
mod tests;
