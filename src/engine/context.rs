//! What the users of one thread share: plan, connector, clock, recorder, quotas and buffers.
//!
//! No user leaves its thread, so everything here is in plain cells, and nothing is borrowed across an
//! await. The context knows no user: it gets tags, spans and numbers.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Connect;
use crate::client::failure::Failure;
use crate::engine::clock::{Clock, nanos};
use crate::engine::delivery::Delivery;
use crate::engine::outcome::{Origin, Unexpected, UnexpectedCounts};
use crate::engine::resources::ResourceMeter;
use crate::engine::servers::{ServerId, Servers};
use crate::engine::shared::Shared;
use crate::engine::span::{Span, Timing};
use crate::engine::tag;
use crate::engine::user_thread::pause_timer::PauseTimer;
use crate::plan::persona::Buffers;
use crate::plan::{ClassId, Plan};
use crate::stats::recorder::{Recorder, ScheduledNs};
use crate::stats::{RowId, RowKey};

/// A request that is unfinished after this time is overdue, if users had time to finish at the end of the run.
const OVERDUE: Duration = Duration::from_secs(1);

pub(crate) struct Context<C> {
    pub(crate) plan: Arc<Plan>,
    pub(crate) connector: C,
    pub(crate) servers: Servers,
    pub(crate) timer: PauseTimer,
    pub(crate) clock: Clock,
    pub(crate) shared: Shared,
    pub(crate) recorder: RefCell<Recorder>,
    pub(crate) buffers: RefCell<Buffers>,
    pub(crate) resources: RefCell<ResourceMeter>,
    pub(crate) delivery: Delivery,
    /// Task runs that began since they were last taken, as far as a rate search counts them.
    rated_runs: Cell<u64>,
    is_ending: Cell<bool>,
    /// When users were told to stop, if it was because a limit of the load was reached.
    limit_reached: Cell<Option<Instant>>,
    loss_row: RowId,
    unexpected: RefCell<UnexpectedCounts>,
}

impl<C: Connect> Context<C> {
    pub(crate) fn new(
        plan: Arc<Plan>,
        connector: C,
        timer: PauseTimer,
        clock: Clock,
        shared: Shared,
        keep_log: bool,
    ) -> Self {
        let mut recorder = Recorder::sharing(shared.rows.clone(), clock.started_at(), &plan.rows, keep_log);
        let loss_row = recorder.row(&RowKey { request_type: "MQTT".into(), name: "disconnect".into() });
        Self {
            servers: Servers::of(&connector, plan.brokers.len()),
            plan,
            connector,
            timer,
            clock,
            shared,
            recorder: RefCell::new(recorder),
            buffers: RefCell::default(),
            resources: RefCell::new(ResourceMeter::new()),
            delivery: Delivery::new(),
            rated_runs: Cell::new(0),
            is_ending: Cell::new(false),
            limit_reached: Cell::new(None),
            loss_row,
            unexpected: RefCell::default(),
        }
    }
}

impl<C> Context<C> {
    /// Records a finished request. Successes are left out if its tag says so.
    pub(crate) fn record(
        &self,
        tag: u32,
        span: Span,
        length: u32,
        result: Result<(), Failure>,
        server: Option<ServerId>,
    ) {
        if result.is_ok() && !tag::records(tag) {
            return;
        }
        let error = result.err().map(|failure| self.text_of(failure, server));
        self.record_as(tag, span, length, error.as_deref());
    }

    #[cold]
    pub(crate) fn text_of(&self, failure: Failure, server: Option<ServerId>) -> String {
        failure.at(self.servers.name(server)).to_string()
    }

    /// Records a request that failed for a reason outside of its session.
    #[cold]
    pub(crate) fn record_failure(&self, tag: u32, span: Span, error: &str) {
        self.record_as(tag, span, 0, Some(error));
    }

    /// Records a request that is still open while its user is dropped or leaves.
    #[cold]
    pub(crate) fn record_unfinished(&self, tag: u32, due: Instant, deadline: Instant) {
        // Users are also dropped while a panic unwinds. A second panic would abort the program.
        let Ok(mut recorder) = self.recorder.try_borrow_mut() else { return };
        let now = Instant::now();
        let age = now.saturating_duration_since(due);
        let had_time = !self.plan.load.stop_timeout.is_zero();
        let overdue = deadline < now || (had_time && age > OVERDUE);
        recorder.unfinished(tag::row(tag), self.clock.at(now), nanos(age), overdue);
    }

    #[inline]
    fn record_as(&self, tag: u32, span: Span, length: u32, error: Option<&str>) {
        let (row, at) = (tag::row(tag), self.clock.at(span.finished));
        let began_ns = nanos(span.finished.saturating_duration_since(span.began));
        let intended_ns = span.late.get().map(|late| began_ns + nanos(late));
        let mut recorder = self.recorder.borrow_mut();
        match (span.timing, intended_ns, error) {
            (Timing::Scheduled, Some(intended_ns), error) => {
                let times = ScheduledNs { intended: intended_ns, began: began_ns };
                return recorder.record_scheduled(row, at, times, length.into(), error);
            }
            (Timing::Paced, Some(intended_ns), _) => recorder.record_intended(intended_ns),
            _ => {}
        }
        match error {
            None => recorder.record(row, at, Some(began_ns), length.into()),
            Some(error) => recorder.record_failure(row, at, Some(began_ns), length.into(), error),
        }
    }

    /// Records the loss of a connection on which nothing was open.
    pub(crate) fn record_loss(&self, at: Instant, failure: Failure, server: Option<ServerId>) {
        let (at, text) = (self.clock.at(at), self.text_of(failure, server));
        self.recorder.borrow_mut().record_failure(self.loss_row, at, None, 0, &text);
    }

    pub(crate) fn connection_opened(&self) {
        let at = self.clock.at(Instant::now());
        self.recorder.borrow_mut().connection_opened(at);
    }

    /// Counts the end of a connection that was counted when it was opened.
    pub(crate) fn connection_ended(&self) {
        // As in `record_unfinished`.
        let Ok(mut recorder) = self.recorder.try_borrow_mut() else { return };
        recorder.connection_ended(self.clock.at(Instant::now()));
    }

    /// Records a panic of a user as an exception. There is no traceback, so the text takes its place.
    pub(crate) fn record_panic(&self, text: &str) {
        let at = self.clock.at(Instant::now());
        self.recorder.borrow_mut().exception(at, text, text);
    }

    /// Counts a task run of a schedule, and whether it was late because its user was busy.
    pub(crate) fn count_scheduled_start(&self, late: bool) {
        self.recorder.borrow_mut().scheduled_start(late);
    }

    /// Records the starts of a pace that were skipped because a task run took longer than the pace.
    pub(crate) fn record_missed_starts(&self, length: Duration, pace: Duration) {
        if length > pace {
            self.recorder.borrow_mut().missed_starts(nanos(length), nanos(pace));
        }
    }

    pub(crate) fn pause_ended(&self, deadline: Instant) {
        self.resources.borrow_mut().woke(deadline.elapsed());
    }

    pub(crate) fn users_changed(&self, by: i32) {
        self.recorder.borrow_mut().users_changed(self.clock.at(Instant::now()), by);
    }

    /// Returns whether the limits of the load allow one more task run of a class. If so, it counts.
    pub(crate) fn begin_task_run(&self, class: usize) -> bool {
        if !self.shared.quota.take_iteration() {
            return false;
        }
        if self.plan.load.search.as_ref().is_some_and(|search| search.is_rated(ClassId(class))) {
            self.rated_runs.update(|begun| begun + 1);
        }
        true
    }

    /// Task runs since the last call that a rate search counts.
    pub(crate) fn take_rated_runs(&self) -> u64 {
        self.rated_runs.take()
    }

    pub(crate) fn begin_ending(&self) {
        if !self.is_ending.replace(true) && self.shared.quota.is_used_up() {
            self.limit_reached.set(Some(Instant::now()));
        }
    }

    /// Whether the run comes to its end: all users were told to stop, or a limit of the load is used up.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.get() || self.shared.quota.is_used_up()
    }

    /// When users were told to stop, if it was because a limit of the load was reached.
    pub(crate) fn limit_reached(&self) -> Option<Instant> {
        self.limit_reached.get()
    }

    /// Counts something that the broker sent, and that fits no request.
    pub(crate) fn ignored(&self, what: &'static str) {
        self.unexpected(Unexpected { what, origin: Origin::Broker });
    }

    /// Counts something that the generator noticed by itself.
    pub(crate) fn noticed(&self, what: &'static str) {
        self.unexpected(Unexpected { what, origin: Origin::Generator });
    }

    fn unexpected(&self, unexpected: Unexpected) {
        *self.unexpected.borrow_mut().entry(unexpected).or_default() += 1;
    }

    pub(crate) fn take_unexpected(&self) -> UnexpectedCounts {
        self.unexpected.take()
    }
}
