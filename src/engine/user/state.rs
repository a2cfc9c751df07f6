//! The state of a user, which the files beside this one act on.

use std::rc::Rc;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Close, Connect, Late, Session};
use crate::engine::context::Context;
use crate::engine::losses::Closings;
use crate::engine::span::{Span, Timing};
use crate::engine::tag::tag;
use crate::engine::user::backoff::Backoff;
use crate::engine::user::cached_now::CachedNow;
use crate::engine::user::failures::Failures;
use crate::engine::user::inbound::Inbound;
use crate::engine::user::link::{Link, Recovery};
use crate::engine::user::recording::{Recording, UserRecords};
use crate::engine::user::schedule::UserSchedule;
use crate::engine::user::stop_signal::StopSignal;
use crate::plan::persona::Persona;
use crate::plan::roster::NewUser;
use crate::plan::wait::WaitState;
use crate::plan::{Broker, OnError, Request, Row, UserClass};
use crate::stats::RowId;
use crate::template::random::Random;

/// Why a list of steps ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abort {
    Failed,
    /// The user was told to stop while it paused, or has nothing left to send.
    Stopped,
    /// The user has done everything that it should, and leaves by itself.
    Done,
}

/// The part of a user's life to which a list of steps belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Start,
    /// A task run, and what a failed step of it ends.
    Task(OnError),
    Stop,
}

/// What a user with a pace remembers of its task runs.
pub(super) struct Pacing {
    pub(super) created: Instant,
    pub(super) state: WaitState,
}

/// Chooses the server of a user, for a broker with several. By class too: two classes of one user each shall not meet at
/// one server.
pub(super) fn turn(index: u64, class: usize) -> usize {
    usize::try_from(index).unwrap_or(0).wrapping_add(class)
}

/// One live instance of a user class.
///
/// Each byte counts ten thousand times, so what few users need is boxed.
pub(crate) struct User<C: Connect> {
    pub(super) context: Rc<Context<C>>,
    pub(super) stop: Rc<StopSignal>,
    pub(super) class: usize,
    pub(super) persona: Persona,
    /// Rows of the statistics that are the user's own, by slot.
    pub(super) row_ids: Box<[RowId]>,
    /// Rounds left of each open `repeat`, by level.
    pub(super) repeats: Box<[u32]>,
    pub(super) part: Part,
    pub(super) sent: u64,
    pub(super) has_sent: bool,
    pub(super) link: Link<C::Session>,
    /// What it does with messages, once it has asked for some or sent one with a stamp.
    pub(super) inbound: Option<Box<Inbound>>,
    pub(super) failures: Option<Box<Failures>>,
    pub(super) pacing: Option<Box<Pacing>>,
    pub(super) schedule: Option<Box<UserSchedule>>,
    pub(super) records: UserRecords,
    /// How much later than intended the current task run started.
    pub(super) late: Late,
    pub(super) now: CachedNow,
}

impl<C: Connect> User<C> {
    pub(crate) fn new(context: Rc<Context<C>>, stop: Rc<StopSignal>, new: NewUser) -> Self {
        let class = &context.plan.classes[new.class.0];
        let numbering = context.plan.numbering;
        let (number, index) = (numbering.number(new.number), numbering.index(new.index));
        let mut persona = Persona::new(class, context.plan.seed, number, index);
        let mut row_ids: Box<[RowId]> = vec![RowId(0); class.user_rows].into();
        if !row_ids.is_empty() {
            let mut recorder = context.recorder.borrow_mut();
            persona.row_names(class, |slot, key| row_ids[slot] = recorder.row(key));
        }
        let timing = Timing::of(class);
        let server = context.servers.of_turn(class.broker.0, turn(index, new.class.0));
        let pacing = || Box::new(Pacing { created: Instant::now(), state: WaitState::default() });
        Self {
            stop,
            class: new.class.0,
            persona,
            row_ids,
            repeats: vec![0; class.repeat_depth].into(),
            part: Part::Start,
            sent: 0,
            has_sent: false,
            link: Link::new(),
            inbound: None,
            failures: None,
            pacing: (timing == Timing::Paced).then(pacing),
            schedule: None,
            records: UserRecords { timing, server },
            late: Late::NONE,
            now: CachedNow::default(),
            context,
        }
    }

    pub(super) fn broker(&self, class: &UserClass) -> &Broker {
        &self.context.plan.brokers[class.broker.0]
    }

    /// It exists from the first call on.
    pub(super) fn inbound(&mut self) -> &mut Inbound {
        let Self { inbound, context, class, persona, .. } = self;
        let keeps = &context.plan.classes[*class].keeps;
        inbound.get_or_insert_with(|| Box::new(Inbound::new(keeps, persona)))
    }

    /// It exists from the first call on.
    pub(super) fn recovery(&mut self) -> &mut Recovery {
        let Self { link, context, class, persona, .. } = self;
        link.recovery.get_or_insert_with(|| {
            let (plan, index) = (&context.plan, persona.index());
            let random = Random::for_user(!plan.seed, &plan.classes[*class].name, index);
            Box::new(Recovery {
                backoff: Backoff::default(),
                closings: Closings::default(),
                connect_after: None,
                random,
            })
        })
    }

    /// Records the requests of a user without a connection.
    pub(super) fn recording(&self) -> Recording<'_, C> {
        Recording::of_requests(&self.context, self.inbound.as_deref(), self.records)
    }

    /// Records a request that the session did not take or does not know of.
    pub(super) fn record(&self, tag: u32, began: Instant, finished: Instant, result: Result<(), Failure>) {
        self.context.record(tag, self.span(began, finished), 0, result, self.records.server);
    }

    pub(super) fn span(&self, began: Instant, finished: Instant) -> Span {
        Span { began, late: self.late, finished, timing: self.records.timing }
    }

    pub(super) fn tag(&self, request: &Request) -> u32 {
        self.tag_of(&request.row, request.record)
    }

    pub(super) fn tag_of(&self, row: &Row, record: bool) -> u32 {
        let row = match row {
            Row::Static(row) => *row,
            Row::PerUser { slot, .. } => self.row_ids[*slot],
        };
        tag(row, record)
    }

    pub(super) fn done_sending(&self) {
        if self.stop.finish_sending() {
            self.context.shared.done_sending.arrive();
        }
    }

    /// Drops the connection. Requests that are still open on it will not be finished.
    pub(super) fn drop_session(&mut self) {
        if let Some(session) = &mut self.link.session {
            let sink = Recording::new(&self.context, self.inbound.as_deref_mut(), self.records);
            session.give_up(&mut sink.leaving());
        }
        drop(self.take_session());
    }

    /// Takes the connection from the user. Every connection that was opened ends here.
    pub(super) fn take_session(&mut self) -> Option<C::Session> {
        let session = self.link.session.take()?;
        self.context.connection_ended();
        Some(session)
    }

    pub(super) async fn close_session(&mut self, how: Close, leaving: bool) -> Result<(), Failure> {
        let broker = self.context.plan.classes[self.class].broker.0;
        let timeout = self.context.plan.brokers[broker].connect_timeout;
        let Some(session) = &mut self.link.session else { return Ok(()) };
        let sink = Recording::new(&self.context, self.inbound.as_deref_mut(), self.records);
        let mut sink = if leaving { sink.leaving() } else { sink };
        session.close(how, timeout, &mut sink).await
    }
}

/// Wherever a user is dropped, requests that are open on its session, or were on its last one, will not be finished.
impl<C: Connect> Drop for User<C> {
    fn drop(&mut self) {
        self.drop_session();
        self.link.kept.fail(Failure::Closing, &mut self.recording().leaving());
    }
}
