//! What a floor client does: one of a few fixed jobs, without statistics, timeouts or templates.
//!
//! A floor shows what the kernel (and, for [`tokio_floor`](crate::tokio_floor), the runtime) takes for the same
//! traffic. It is a process of its own like every client, and ends after a minute if nobody ends it.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use crate::wire;

/// What to do, on how many connections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Job {
    /// Publish at QoS 1, so many unacknowledged messages per connection.
    Window(u16),
    /// Publish at QoS 0, as fast as it goes.
    Flood,
    /// Publish at QoS 1, so many messages per second over all connections.
    Paced(f64),
    /// Stay connected.
    Idle,
    /// Connect, publish at QoS 1, disconnect.
    Cycle,
    /// Subscribe and read.
    Receive,
}

/// Longest life of a floor.
pub(crate) const LIFE: Duration = Duration::from_mins(1);

/// Cycles after which a floor stops connecting: each leaves a port that cannot be used for a minute.
pub(crate) const MOST_CYCLES: u64 = 8_000;

/// Messages per write of a QoS 0 flood: 16 KiB, as in the product.
pub(crate) const FLOOD_BATCH: usize = 350;

/// Who opens connections at once.
pub(crate) const OPENING: usize = 100;

impl FromStr for Job {
    type Err = Box<dyn Error>;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        Ok(match name {
            "window" => Self::Window(value.parse()?),
            "flood" => Self::Flood,
            "paced" => Self::Paced(value.parse()?),
            "idle" => Self::Idle,
            "cycle" => Self::Cycle,
            "receive" => Self::Receive,
            _ => return Err(format!("no such job: {text}").into()),
        })
    }
}

impl std::fmt::Display for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Window(size) => write!(f, "window={size}"),
            Self::Flood => f.write_str("flood"),
            Self::Paced(rate) => write!(f, "paced={rate}"),
            Self::Idle => f.write_str("idle"),
            Self::Cycle => f.write_str("cycle"),
            Self::Receive => f.write_str("receive"),
        }
    }
}

/// CONNECT with a keep-alive of a minute.
pub(crate) fn connect(number: usize) -> Vec<u8> {
    let mut body = b"\x00\x04MQTT\x04\x02\x00\x3C".to_vec();
    body.extend(wire::text(&format!("floor{number:05}")));
    wire::packed(0x10, &body)
}

/// SUBSCRIBE to a filter at QoS 0.
pub(crate) fn subscribe(filter: &str) -> Vec<u8> {
    let mut body = vec![0, 1];
    body.extend(wire::text(filter));
    body.push(0);
    wire::packed(0x82, &body)
}

/// The message of a connection, of the size that the scenarios' have, and where its packet id is.
pub(crate) fn message(job: Job, number: usize) -> (Vec<u8>, usize) {
    wire::publish(&format!("bench/{number:05}"), b"01234567890123456789", u8::from(job != Job::Flood))
}

pub(crate) const DISCONNECT: [u8; 2] = [0xE0, 0];
