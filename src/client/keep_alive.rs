//! When to send a PINGREQ, and when its answer has failed to come. No I/O, no clock of its own.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::{Ack, Failure};

/// How long a broker may take to answer a PINGREQ, or the keep-alive time if that is shorter.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The silence of one connection.
#[derive(Debug)]
pub(super) struct KeepAlive {
    /// Longest silence, above 0.
    seconds: u16,
    /// No later than the last time something was sent.
    last_sent: Instant,
    /// When the outstanding PINGREQ was sent.
    pinged: Option<Instant>,
}

impl KeepAlive {
    /// Seconds of silence before a PINGREQ; `None` for 0, which means never.
    pub(super) fn new(seconds: u16, now: Instant) -> Option<Self> {
        (seconds > 0).then_some(Self { seconds, last_sent: now, pinged: None })
    }

    /// When to look at it next.
    pub(super) fn due(&self) -> Instant {
        match self.pinged {
            Some(at) => at + self.timeout(),
            None => self.last_sent + self.interval(),
        }
    }

    /// Something was sent, about then.
    pub(super) fn sent(&mut self, at: Instant) {
        self.last_sent = at.max(self.last_sent);
    }

    /// Whether a PINGREQ must be sent now; fails if the last one was not answered in time.
    pub(super) fn must_ping(&mut self, now: Instant) -> Result<bool, Failure> {
        if self.due() > now {
            return Ok(false);
        }
        if self.pinged.is_some() {
            return Err(Failure::AckTimeout(Ack::Pingresp, self.timeout()));
        }
        self.pinged = Some(now);
        self.last_sent = now;
        Ok(true)
    }

    /// A PINGRESP has come. Whether it was asked for.
    pub(super) fn answered(&mut self) -> bool {
        self.pinged.take().is_some()
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    fn timeout(&self) -> Duration {
        self.interval().min(PING_TIMEOUT)
    }
}
