//! Where the sessions of a shard put their finished requests: the shard's recorder.

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Completion, Connect, Incoming, Key, Late, Sink};
use crate::engine::shard::Shard;
use crate::engine::user::inbound::Inbound;
use crate::plan::UserClass;
use crate::plan::wait::WaitTime;
use crate::stats::RowId;

/// A row, whether its successes count, whether the message is stamped and whether it asks for a reply, in the one word
/// that a ticket carries.
pub(crate) fn tag(row: RowId, record: bool) -> u32 {
    row.0 << 3 | u32::from(record)
}

const STAMPED: u32 = 2;
const ASKS: u32 = 4;

/// The same for a message that is stamped.
pub(crate) fn stamped(tag: u32) -> u32 {
    tag | STAMPED
}

/// The same for a message that asks for a reply: the step records it with that, or with what has failed of it.
pub(crate) fn asks(tag: u32) -> u32 {
    tag | ASKS
}

/// The row of a tag.
pub(crate) fn row(tag: u32) -> RowId {
    RowId(tag >> 3)
}

/// Whether successes of a tag count.
pub(crate) fn records(tag: u32) -> bool {
    tag & 1 == 1
}

/// From when the requests of a class are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    /// From when their step began, as in Locust.
    Plain,
    /// Likewise, and beside that from the moments that their pace intends.
    Paced,
    /// From the moments of their schedule, and beside that from when their step began.
    Scheduled,
}

impl Timing {
    pub(crate) fn of(class: &UserClass) -> Self {
        match (class.schedule, class.wait_time) {
            (Some(_), _) => Self::Scheduled,
            (None, WaitTime::ConstantPacing(_)) => Self::Paced,
            (None, _) => Self::Plain,
        }
    }
}

/// How long a request took, and from when that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// When its step began.
    pub(crate) began: Instant,
    /// By how much that was later than intended.
    pub(crate) late: Late,
    /// When it came to its end.
    pub(crate) finished: Instant,
    /// What counts.
    pub(crate) timing: Timing,
}

/// Records what one drive of a session brings.
pub(crate) struct Recording<'a, C: Connect> {
    shard: &'a Shard<C>,
    /// What the user does with messages, if it has asked for any.
    inbound: Option<&'a mut Inbound>,
    /// The same where no message can come.
    silent: Option<&'a Inbound>,
    /// Whether requests that end with the session are unfinished: see [`Recording::leaving`].
    leaving: bool,
    timing: Timing,
    /// How the request went that the user waits for, and when it ended.
    pub(crate) awaited: Option<(Result<(), Failure>, Instant)>,
    /// How many other things have happened.
    pub(crate) others: usize,
    /// How many requests failed.
    pub(crate) failures: u32,
}

impl<'a, C: Connect> Recording<'a, C> {
    /// For a user that has asked for messages, or has not.
    pub(crate) fn new(shard: &'a Shard<C>, inbound: Option<&'a mut Inbound>, timing: Timing) -> Self {
        Self { shard, inbound, silent: None, leaving: false, timing, awaited: None, others: 0, failures: 0 }
    }

    /// For what no message can come with, of a user that may have published with stamps.
    pub(crate) fn of_requests(shard: &'a Shard<C>, inbound: Option<&'a Inbound>, timing: Timing) -> Self {
        Self { silent: inbound, ..Self::new(shard, None, timing) }
    }

    /// For a user that leaves: what is still open then was cut off by the end of the run, not by the broker. It has
    /// not failed, but it is not finished either.
    pub(crate) fn leaving(self) -> Self {
        Self { leaving: true, ..self }
    }

    /// Out of the way of plain messages: one that is stamped or asks for a reply has come to its end. Whether it is to
    /// be recorded here.
    #[inline(never)]
    fn completed_marked(&self, completion: &Completion) -> bool {
        let Completion { ticket, finished, result } = completion;
        let inbound = self.inbound.as_deref().or(self.silent);
        if ticket.tag & STAMPED != 0
            && let Some(inbound) = inbound
        {
            inbound.completed(ticket.due, result.is_err());
        }
        let asks = ticket.tag & ASKS != 0;
        if let (true, Some(inbound), Err(failure)) = (asks, inbound, result) {
            inbound.not_asked(*failure, *finished);
        }
        !asks
    }
}

impl<C: Connect> Sink for Recording<'_, C> {
    #[inline]
    fn completed(&mut self, completion: Completion) {
        let is_plain = completion.ticket.tag & (STAMPED | ASKS) == 0;
        let is_recorded = is_plain || self.completed_marked(&completion);
        let Completion { ticket, finished, result } = completion;
        if self.leaving && result == Err(Failure::Closing) {
            if is_recorded {
                self.shard.unfinished(ticket.tag, ticket.due, ticket.deadline);
            }
            return;
        }
        if is_recorded {
            let length = if result.is_ok() { ticket.length } else { 0 };
            let span = Span { began: ticket.due, late: ticket.late, finished, timing: self.timing };
            self.shard.record(ticket.tag, span, length, result);
        }
        self.failures += u32::from(result.is_err());
        if ticket.awaited {
            self.awaited = Some((result, finished));
        } else {
            self.others += 1;
        }
    }

    fn received(&mut self, message: Incoming<'_>, at: Instant) {
        self.others += 1;
        match self.inbound.as_mut().filter(|inbound| inbound.is_subscribed()) {
            Some(inbound) => inbound.take_in(self.shard, &message, at),
            None => self.unexpected("message that was not subscribed to"),
        }
    }

    fn answered(&mut self, key: Key, answers: &[u8]) {
        let Some(inbound) = &mut self.inbound else { return };
        let lowered = inbound.answered(key, answers);
        if inbound.measures() {
            inbound.grants_are_known(self.shard.clock.unix_ns(Instant::now()));
        }
        if lowered {
            self.unexpected("subscription granted with a lower quality of service than was asked for");
        }
    }

    fn satisfied(&self) -> bool {
        self.inbound.as_ref().is_some_and(|inbound| inbound.is_satisfied())
    }

    fn unexpected(&mut self, what: &'static str) {
        self.shard.unexpected(what);
    }
}
