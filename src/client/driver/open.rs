//! The beginning of a connection: CONNECT, CONNACK, and what the broker grants with it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;
use tokio::time::Instant;

use crate::client::driver::aliases::Aliases;
use crate::client::driver::keep_alive::KeepAlive;
use crate::client::driver::outgoing::Outgoing;
use crate::client::driver::{Driver, Granted, Parting};
use crate::client::failure::{Failure, Guess, Port, Protocol};
use crate::client::pool::Pool;
use crate::client::seam::{ConnectRequest, Stream};
use crate::client::session::inflight::Inflight;
use crate::client::session::state::{DetachedSession, SessionState};
use crate::client::wire::{self, Connack, MAX_CONNACK_BYTES};
use crate::mqtt::{Settings, Version};

impl<S: Stream> Driver<S> {
    /// Sends CONNECT on a fresh stream and waits for CONNACK. The time limit is the caller's, and so is the stream's
    /// kind: what the request says of broker, turn and certificate is of no meaning here.
    ///
    /// Fails as [`Connect::connect`](crate::client::Connect::connect) does once there is a stream.
    pub async fn open(stream: S, pool: Pool, request: &ConnectRequest<'_>) -> Result<Self, Failure> {
        let settings = &request.settings;
        let mut driver = Self {
            stream,
            partial: pool.take(),
            out: Outgoing::new(pool),
            inflight: Inflight::new(request.inflight, !settings.clean_session),
            unreleased: None,
            receive_maximum: settings.receive_maximum,
            version: settings.version,
            parting: Parting::None,
            expects_messages: false,
            is_missed: request.will.is_some(),
            resumed: false,
            most_bytes: settings.max_packet_bytes,
            answers: 0,
            granted: None,
            persistent: (!settings.clean_session).then(Box::default),
            timer: None,
            keep_alive: KeepAlive::new(request.keep_alive_s, Instant::now()),
            lost: None,
        };
        // A session is resumed by the name that the broker gave it.
        let given =
            request.session.filter(|_| request.client_id.is_empty()).and_then(SessionState::client_id);
        let client_id = given.as_deref().unwrap_or(request.client_id);
        wire::write_connect(request, client_id, driver.out.queue())?;
        let connack = poll_fn(|cx| driver.poll_connack(cx, settings)).await;
        let has_begun = !driver.partial.is_empty();
        let connack = connack
            .map_err(|failure| if has_begun { failure.before_connack(Port::Agreed) } else { failure })?;
        driver.out.pool().put(std::mem::take(&mut driver.partial));
        driver.begin(request, connack, given);
        Ok(driver)
    }

    /// Goes by what the broker granted, and on with what the last connection has left.
    fn begin(&mut self, request: &ConnectRequest<'_>, connack: Connack, given: Option<Box<str>>) {
        self.resumed = connack.session_present;
        self.expects_messages = self.resumed;
        if let Some(seconds) = connack.keep_alive_s {
            self.keep_alive = KeepAlive::new(seconds, Instant::now());
        }
        if self.version == Version::V5 {
            let aliases = request.settings.topic_alias.then(|| Aliases::new(connack.aliases));
            self.granted = Some(Box::new(Granted { limits: connack.limits, aliases }));
        }
        self.inflight.set_limits(request.inflight, connack.receive_maximum);
        if self.resumed
            && let Some(state) = request.session.and_then(SessionState::take)
        {
            let DetachedSession { inflight, unreleased, persistent } = *state;
            (self.inflight, self.unreleased, self.persistent) = (inflight, unreleased, Some(persistent));
            self.inflight.set_limits(request.inflight, connack.receive_maximum);
            self.send_again();
        }
        if let Some(persistent) = &mut self.persistent {
            persistent.client_id = connack.client_id.or(given);
        }
    }

    fn poll_connack(&mut self, cx: &mut Context<'_>, settings: &Settings) -> Poll<Result<Connack, Failure>> {
        // Broker and client may both have sent their last word: what came is read even if writing failed.
        let written = self.out.poll_write(&mut self.stream, cx);
        loop {
            let missing = match missing_of_connack(self.version, &self.partial)? {
                0 => {
                    let body = wire::frame(&self.partial)?.map_or(0, |frame| frame.body);
                    let connack = wire::read_connack(settings, &self.partial[body..]);
                    self.partial.clear();
                    return Poll::Ready(connack);
                }
                missing => missing,
            };
            let mut bytes = [0; 256];
            let mut buffer = ReadBuf::new(&mut bytes[..missing.min(256)]);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    return Poll::Ready(Err(Failure::Closed));
                }
                Poll::Ready(Ok(())) => {
                    self.out.pool().received(buffer.filled().len());
                    self.partial.extend_from_slice(buffer.filled());
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::lost(&error))),
                Poll::Pending => {
                    written.map_err(|error| Failure::lost(&error))?;
                    return Poll::Pending;
                }
            }
        }
    }
}

/// How many bytes of a CONNACK are still to come, if that is what this is the beginning of. No more is read than
/// it has, since there is nobody yet to take what comes after it.
fn missing_of_connack(version: Version, bytes: &[u8]) -> Result<usize, Failure> {
    const OTHER: Failure = Failure::Protocol("no CONNACK as its first packet");
    if bytes.first().is_some_and(|first| *first != 0x20) {
        return match Protocol::of(bytes) {
            Guess::MayBe => Ok(1),
            Guess::Is(protocol) => Err(Failure::Speaks(protocol)),
            Guess::No => Err(OTHER),
        };
    }
    match wire::frame(bytes)? {
        // The shortest one has four bytes.
        None if bytes.len() < 2 => Ok(4 - bytes.len()),
        None => Ok(1),
        Some(frame) if frame.end < 4 || (version == Version::V311 && frame.end > 4) => Err(OTHER),
        Some(frame) if frame.end > MAX_CONNACK_BYTES => Err(Failure::Protocol("CONNACK is too large")),
        Some(frame) => Ok(frame.end.saturating_sub(bytes.len())),
    }
}
