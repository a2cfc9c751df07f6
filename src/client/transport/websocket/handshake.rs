//! The opening of a WebSocket connection (RFC 6455, section 4): one request of HTTP and its answer.

use std::hash::{BuildHasher, RandomState};
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::client::failure::WebSocketFault;
use crate::client::failure::{Failure, Guess, Protocol};
use crate::client::pool::Pool;
use crate::client::transport::websocket::WebSocket;

const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// What the server's proof is made with.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[derive(Clone)]
pub(crate) struct Upgrade {
    /// The request up to the key and the end.
    request: String,
}

impl std::fmt::Debug for Upgrade {
    /// Without the headers, which can hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upgrade").field("request", &self.request.lines().next()).finish_non_exhaustive()
    }
}

impl Upgrade {
    pub(crate) fn new(host: &str, port: u16, path: &str) -> Self {
        // Through which interface it is reached is of no meaning to a server (RFC 6874, section 4).
        let host = host.split_once('%').map_or(host, |(address, _)| address);
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let path = if path.is_empty() { "/" } else { path };
        let request = format!(
            "GET {path} HTTP/1.1\r\n\
             Host: {host}:{port}\r\n\
             Connection: Upgrade\r\n\
             Upgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: mqtt\r\n"
        );
        Self { request }
    }

    pub(crate) fn add_headers(&mut self, headers: &[(String, String)]) {
        for (name, value) in headers {
            for part in [name, ": ", value, "\r\n"] {
                self.request.push_str(part);
            }
        }
    }

    /// Asks the server to go on in WebSocket.
    pub(crate) async fn perform<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: S,
        pool: Pool,
    ) -> Result<WebSocket<S>, Failure> {
        let random = RandomState::new();
        let nonce = [random.hash_one(0).to_be_bytes(), random.hash_one(1).to_be_bytes()].concat();
        let key = STANDARD.encode(nonce);
        let request = format!("{}Sec-WebSocket-Key: {key}\r\n\r\n", self.request);
        let lost = |error: io::Error| match Failure::lost(&error) {
            Failure::Closed => Failure::WebSocket(WebSocketFault::Unanswered),
            Failure::Lost(os) => Failure::WebSocket(WebSocketFault::Broken(os)),
            other => other,
        };
        stream.write_all(request.as_bytes()).await.map_err(lost)?;
        stream.flush().await.map_err(lost)?;

        let mut answer = Vec::new();
        let end = loop {
            let mut piece = [0; 1024];
            match stream.read(&mut piece).await.map_err(lost)? {
                0 => return Err(Failure::WebSocket(WebSocketFault::Unanswered)),
                length => answer.extend_from_slice(&piece[..length]),
            }
            match Protocol::of(&answer) {
                Guess::Is(Protocol::Tls) => return Err(Failure::WebSocket(WebSocketFault::Tls)),
                Guess::MayBe => continue,
                _ => {}
            }
            let http = b"HTTP/1.".iter().zip(&answer).all(|(expected, got)| expected == got);
            if !http || answer.len() > MAX_ANSWER_BYTES {
                return Err(Failure::WebSocket(WebSocketFault::NotHttp));
            }
            if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        check_answer(&answer[..end], &key).map_err(Failure::WebSocket)?;
        answer.drain(..end);
        Ok(WebSocket::new(stream, answer, pool))
    }
}

/// What the server must answer a key with.
fn proof(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// Whether the answer, which ends with an empty line, is a yes.
fn check_answer(answer: &[u8], key: &str) -> Result<(), WebSocketFault> {
    let answer = std::str::from_utf8(answer).map_err(|_| WebSocketFault::NotHttp)?;
    let mut lines = answer.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    match status.ok_or(WebSocketFault::NotHttp)? {
        101 => {}
        status => return Err(WebSocketFault::Refused(status)),
    }
    let headers = || lines.clone().filter_map(|line| line.split_once(':'));
    let values = |name: &'static str| {
        headers().filter(move |header| header.0.eq_ignore_ascii_case(name)).map(|header| header.1.trim())
    };
    let has = |name, word: &str| {
        values(name).flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    if !has("Upgrade", "websocket") {
        return Err(WebSocketFault::Answer("no `Upgrade: websocket`"));
    }
    if !has("Connection", "Upgrade") {
        return Err(WebSocketFault::Answer("no `Connection: Upgrade`"));
    }
    if !values("Sec-WebSocket-Accept").any(|value| value == proof(key)) {
        return Err(WebSocketFault::Answer("wrong `Sec-WebSocket-Accept`"));
    }
    if values("Sec-WebSocket-Extensions").next().is_some() {
        return Err(WebSocketFault::Answer("an extension that was not asked for"));
    }
    // The standard of MQTT, section 6; without it the server may be one of anything.
    if !values("Sec-WebSocket-Protocol").any(|value| value == "mqtt") {
        return Err(WebSocketFault::Answer("no `Sec-WebSocket-Protocol: mqtt`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
