//! When to send a PINGREQ, and when its answer has failed to come. No I/O, no clock of its own.
//!
//! A PINGREQ is sent when nothing was sent for the keep-alive time, because the standard demands it (MQTT 3.1.1,
//! section 3.1.2.10). It is also sent when nothing was received for that long, because the kernel accepts bytes for a
//! dead broker for minutes. The wait for the answer begins when the PINGREQ has arrived, and goes on as long as bytes
//! move: bytes sent before it may take long to arrive, and the broker's own bytes may take long to read.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::{Ack, Failure};

/// How long a broker may take to answer a PINGREQ, or the keep-alive time if that is shorter.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one connection has been silent in each direction.
#[derive(Debug)]
pub(super) struct KeepAlive {
    /// The keep-alive time in seconds, above 0.
    seconds: u16,
    /// A moment no later than the last time a packet was sent.
    last_sent: Instant,
    last_received: Instant,
    /// It is boxed, because it is rare.
    waiting: Option<Box<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    pings: u32,
    /// The offset in the outgoing stream at which the first of them begins.
    begin: u64,
    /// How many of the bytes before it had not arrived at the last look.
    ahead: u64,
    since: Instant,
}

/// The progress of the outgoing stream in bytes.
pub(super) trait Way {
    fn end(&self) -> u64;

    /// How many bytes have arrived at the broker's machine, as far as it is known.
    fn arrived(&self) -> u64;
}

impl KeepAlive {
    /// Begins to watch a connection; `None` for 0 seconds, which means that no PINGREQ is sent.
    pub(super) fn new(seconds: u16, now: Instant) -> Option<Self> {
        (seconds > 0).then_some(Self { seconds, last_sent: now, last_received: now, waiting: None })
    }

    pub(super) fn due(&self) -> Instant {
        match &self.waiting {
            Some(waiting) => self.overdue(waiting).min(self.last_sent + self.interval()),
            None => self.last_sent.min(self.last_received) + self.interval(),
        }
    }

    /// When the broker has not answered in time.
    fn overdue(&self, waiting: &Waiting) -> Instant {
        waiting.since.max(self.last_received) + self.timeout()
    }

    pub(super) fn sent(&mut self, at: Instant) {
        self.last_sent = at.max(self.last_sent);
    }

    pub(super) fn heard(&mut self, at: Instant) {
        self.last_received = at;
    }

    /// Returns whether a PINGREQ must be sent now. Fails if the last one was not answered in time.
    pub(super) fn must_ping(&mut self, now: Instant, way: &impl Way) -> Result<bool, Failure> {
        if self.due() > now {
            return Ok(false);
        }
        let timeout = self.timeout();
        let is_overdue = self.waiting.as_ref().is_some_and(|waiting| self.overdue(waiting) <= now);
        match &mut self.waiting {
            Some(waiting) if is_overdue => {
                let ahead = waiting.begin.saturating_sub(way.arrived());
                if ahead >= waiting.ahead {
                    return Err(Failure::AckTimeout(Ack::Pingresp, timeout));
                }
                (waiting.ahead, waiting.since) = (ahead, now);
                self.last_sent = now;
                Ok(false)
            }
            // The broker sends, but does not answer. It must not close the connection for silence.
            Some(waiting) => {
                waiting.pings += 1;
                self.last_sent = now;
                Ok(true)
            }
            None => {
                let begin = way.end();
                let ahead = begin.saturating_sub(way.arrived());
                self.waiting = Some(Box::new(Waiting { pings: 1, begin, ahead, since: now }));
                self.last_sent = now;
                Ok(true)
            }
        }
    }

    /// Notes a PINGRESP. Returns whether there was a PINGREQ for it.
    pub(super) fn answered(&mut self) -> bool {
        let Some(waiting) = &mut self.waiting else { return false };
        waiting.pings -= 1;
        if waiting.pings == 0 {
            self.waiting = None;
        }
        true
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    fn timeout(&self) -> Duration {
        self.interval().min(PING_TIMEOUT)
    }
}

#[cfg(test)]
mod tests;
