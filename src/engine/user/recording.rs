//! The sink of a user's session: it passes events to the recorder of the thread, and messages to the user if it wants
//! them.

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Completion, Incoming, Key, Sink};
use crate::engine::context::Context;
use crate::engine::servers::ServerId;
use crate::engine::span::{Span, Timing};
use crate::engine::tag;
use crate::engine::user::inbound::Inbound;

/// What the user does with messages, as far as this drive of its session may change it.
enum Asked<'a> {
    Nothing,
    /// No message can come, but requests that it sent can end.
    Requests(&'a Inbound),
    Messages(&'a mut Inbound),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct UserRecords {
    pub(super) timing: Timing,
    pub(super) server: Option<ServerId>,
}

pub(super) struct Recording<'a, C> {
    context: &'a Context<C>,
    asked: Asked<'a>,
    /// The result of the request that the user waits for, and when it ended.
    pub(super) awaited: Option<(Result<(), Failure>, Instant)>,
    /// How many other requests ended and messages came.
    pub(super) others: u32,
    pub(super) has_failures: bool,
    /// Whether requests that end with the session are unfinished: see [`Recording::leaving`].
    is_leaving: bool,
    records: UserRecords,
}

impl<'a, C> Recording<'a, C> {
    /// For a user that may have asked for messages.
    pub(super) fn new(
        context: &'a Context<C>,
        inbound: Option<&'a mut Inbound>,
        records: UserRecords,
    ) -> Self {
        Self::with(context, inbound.map_or(Asked::Nothing, Asked::Messages), records)
    }

    /// For a user without a connection, to which no message can come.
    pub(super) fn of_requests(
        context: &'a Context<C>,
        inbound: Option<&'a Inbound>,
        records: UserRecords,
    ) -> Self {
        Self::with(context, inbound.map_or(Asked::Nothing, Asked::Requests), records)
    }

    fn with(context: &'a Context<C>, asked: Asked<'a>, records: UserRecords) -> Self {
        let (awaited, others, has_failures, is_leaving) = (None, 0, false, false);
        Self { context, asked, awaited, others, has_failures, is_leaving, records }
    }

    /// For a user that leaves: the end of the run cuts off its open requests, not the broker. So they have not failed,
    /// but they are not finished either.
    pub(super) fn leaving(self) -> Self {
        Self { is_leaving: true, ..self }
    }

    fn inbound(&self) -> Option<&Inbound> {
        match &self.asked {
            Asked::Nothing => None,
            Asked::Requests(inbound) => Some(inbound),
            Asked::Messages(inbound) => Some(inbound),
        }
    }

    fn inbound_mut(&mut self) -> Option<&mut Inbound> {
        match &mut self.asked {
            Asked::Nothing | Asked::Requests(_) => None,
            Asked::Messages(inbound) => Some(inbound),
        }
    }

    /// Handles the end of a message that is stamped or asks for a reply, out of the way of plain ones. Returns whether
    /// it is recorded here.
    #[inline(never)]
    fn completed_marked(&self, completion: &Completion) -> bool {
        let Completion { ticket, finished, result } = completion;
        if tag::is_stamped(ticket.tag)
            && let Some(inbound) = self.inbound()
        {
            inbound.completed(ticket.due, result.is_err());
        }
        let asks = tag::asks_for_reply(ticket.tag);
        if let (true, Some(inbound), Err(failure)) = (asks, self.inbound(), result) {
            inbound.request_failed(*failure, *finished);
        }
        !asks
    }
}

impl<C> Sink for Recording<'_, C> {
    #[inline]
    fn completed(&mut self, completion: Completion) {
        let is_recorded = tag::is_plain(completion.ticket.tag) || self.completed_marked(&completion);
        let Completion { ticket, finished, result } = completion;
        if self.is_leaving && result == Err(Failure::Closing) {
            if is_recorded {
                self.context.record_unfinished(ticket.tag, ticket.due, ticket.deadline);
            }
            return;
        }
        if is_recorded {
            let length = if result.is_ok() { ticket.length } else { 0 };
            let span = Span { began: ticket.due, late: ticket.late, finished, timing: self.records.timing };
            self.context.record(ticket.tag, span, length, result, self.records.server);
        }
        self.has_failures |= result.is_err();
        if ticket.awaited {
            self.awaited = Some((result, finished));
        } else {
            self.others += 1;
        }
    }

    fn received(&mut self, message: Incoming<'_>, at: Instant) {
        self.others += 1;
        let context = self.context;
        match self.inbound_mut().filter(|inbound| inbound.is_subscribed()) {
            Some(inbound) => inbound.receive(context, &message, at),
            None => context.ignored("message that was not subscribed to"),
        }
    }

    fn answered(&mut self, key: Key, answers: &[u8]) {
        let context = self.context;
        let Some(inbound) = self.inbound_mut() else { return };
        let lowered = inbound.answered(key, answers);
        if inbound.measures() {
            inbound.note_grants(context.clock.unix_ns(Instant::now()));
        }
        if lowered {
            context.noticed("subscription granted with a lower quality of service than was asked for");
        }
    }

    fn satisfied(&self) -> bool {
        self.inbound().is_some_and(Inbound::is_satisfied)
    }

    fn unexpected(&mut self, what: &'static str) {
        self.context.ignored(what);
    }
}
