//! One thread's share of a run: its users, their connector and their recorder.
//!
//! Users of a shard share everything through plain cells, since they live on one thread and nothing here is
//! held over an await. What leaves the thread are the batches that the coordinator asks for once a second.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::Instant;
use tracing::error;

use crate::client::Connect;
use crate::client::failure::Failure;
use crate::engine::alarm::Alarm;
use crate::engine::clock::{Clock, nanos};
use crate::engine::delivery::Delivery;
use crate::engine::messages::{BothEnds, Command, NewUser, Report, Reports, StopAction, Taken};
use crate::engine::outcome::Unexpected;
use crate::engine::resources::ResourceMeter;
use crate::engine::shared::Shared;
use crate::engine::sink::{self, Span, Timing};
use crate::engine::stop::Leash;
use crate::engine::user::User;
use crate::plan::{ClassId, Plan};
use crate::stats::recorder::{Recorder, ScheduledNs};
use crate::stats::{RowId, RowKey, UnixMicros};

/// What waits for longer than this, though the run gave its users time to finish, has waited for too long.
const A_SECOND: Duration = Duration::from_secs(1);

/// Buffers that users render into, one message at a time.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) topic: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) properties: Vec<u8>,
}

/// What the users of a shard share.
pub(crate) struct Shard<C> {
    pub(crate) plan: Arc<Plan>,
    pub(crate) connector: C,
    pub(crate) alarm: Alarm,
    pub(crate) clock: Clock,
    pub(crate) shared: Shared,
    pub(crate) recorder: RefCell<Recorder>,
    pub(crate) scratch: RefCell<Scratch>,
    pub(crate) resources: RefCell<ResourceMeter>,
    /// Task runs that were begun since the last time, as far as a search counts them.
    begun: Cell<u64>,
    /// What is measured from end to end.
    pub(crate) delivery: Delivery,
    /// Whether all users have been told to stop.
    ending: Cell<bool>,
    /// When that was, if it was because a limit of the load is reached.
    limit_reached: Cell<Option<Instant>>,
    /// Where the loss of an idle connection counts.
    loss_row: RowId,
    /// What brokers sent that fits no request.
    unexpected: RefCell<BTreeMap<&'static str, u64>>,
}

impl<C: Connect> Shard<C> {
    pub(crate) fn new(
        plan: Arc<Plan>,
        connector: C,
        alarm: Alarm,
        clock: Clock,
        shared: Shared,
        keep_log: bool,
    ) -> Self {
        let mut recorder = Recorder::sharing(shared.rows.clone(), clock.started_at(), &plan.rows, keep_log);
        let loss_row = recorder.row(&RowKey { request_type: "MQTT".into(), name: "disconnect".into() });
        Self {
            plan,
            connector,
            alarm,
            clock,
            shared,
            recorder: RefCell::new(recorder),
            scratch: RefCell::default(),
            resources: RefCell::new(ResourceMeter::new()),
            begun: Cell::new(0),
            delivery: Delivery::new(),
            ending: Cell::new(false),
            limit_reached: Cell::new(None),
            loss_row,
            unexpected: RefCell::default(),
        }
    }

    /// Records a request that came to its end, unless it succeeded and successes of its row are left out.
    pub(crate) fn record(&self, tag: u32, span: Span, length: u32, result: Result<(), Failure>) {
        if result.is_ok() && !sink::records(tag) {
            return;
        }
        let error = result.err().map(|failure| failure.to_string());
        self.record_as(tag, span, length, error.as_deref());
    }

    /// Records a request that failed for a reason that is none of its session's.
    #[cold]
    pub(crate) fn record_failure(&self, tag: u32, span: Span, error: &str) {
        self.record_as(tag, span, 0, Some(error));
    }

    /// Records a request that has not come to its end now that its user is gone, or has been told to leave.
    #[cold]
    pub(crate) fn unfinished(&self, tag: u32, due: Instant, deadline: Instant) {
        // Users are dropped while a panic unwinds, too: there must be no second one.
        let Ok(mut recorder) = self.recorder.try_borrow_mut() else { return };
        let now = Instant::now();
        let age = now.saturating_duration_since(due);
        let had_time = !self.plan.load.stop_timeout.is_zero();
        let overdue = deadline < now || (had_time && age > A_SECOND);
        recorder.unfinished(sink::row(tag), self.clock.at(now), nanos(age), overdue);
    }

    #[inline]
    fn record_as(&self, tag: u32, span: Span, length: u32, error: Option<&str>) {
        let (row, at) = (sink::row(tag), self.clock.at(span.finished));
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

    /// Counts a task run of a schedule, and whether it was late because its user was busy.
    pub(crate) fn scheduled_start(&self, late: bool) {
        self.recorder.borrow_mut().scheduled_start(late);
    }

    /// Records the starts that a task run of such a length kept from happening.
    pub(crate) fn missed_starts(&self, length: Duration, pace: Duration) {
        if length > pace {
            self.recorder.borrow_mut().missed_starts(nanos(length), nanos(pace));
        }
    }

    /// A pause that should have ended at `deadline` has ended.
    pub(crate) fn woke(&self, deadline: Instant) {
        self.resources.borrow_mut().woke(deadline.elapsed());
    }

    /// Records the loss of a connection on which nothing was open.
    pub(crate) fn record_loss(&self, at: Instant, failure: Failure) {
        let at = self.clock.at(at);
        self.recorder.borrow_mut().record_failure(self.loss_row, at, None, 0, &failure.to_string());
    }

    /// Whether a task run of a class may begin, as far as the limits of the load go; if so, it counts.
    pub(crate) fn begin_task_run(&self, class: usize) -> bool {
        if !self.shared.quota.take_iteration() {
            return false;
        }
        if self.plan.load.search.as_ref().is_some_and(|search| search.is_rated(ClassId(class))) {
            self.begun.update(|begun| begun + 1);
        }
        true
    }

    /// Whether a user may send a message, as far as the limits of the load go; if so, it counts. What a user
    /// sends on its way out is no part of the load.
    pub(crate) fn begin_message(&self, leash: &Leash) -> bool {
        leash.is_on_its_way_out() || self.shared.quota.take_message()
    }

    /// The user of this leash has a connection, or is gone.
    pub(crate) fn arrived(&self, leash: &Leash) {
        if leash.arrive() {
            self.shared.arrivals.arrive();
        }
    }

    /// The user of this leash does nothing more, but for what it receives.
    pub(crate) fn quiet(&self, leash: &Leash) {
        if leash.become_quiet() {
            self.shared.done_sending.arrive();
        }
    }

    /// Whether the run comes to its end: by a word to all users, or since nothing is left to do.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.get() || self.shared.quota.is_used_up()
    }

    /// When a limit of the load was reached, if one was before the run ended for another reason.
    pub(crate) fn limit_reached(&self) -> Option<Instant> {
        self.limit_reached.get()
    }

    pub(crate) fn unexpected(&self, what: &'static str) {
        *self.unexpected.borrow_mut().entry(what).or_default() += 1;
    }

    /// Carries out commands until there will be no more.
    pub(crate) async fn run(
        self: Rc<Self>,
        mut commands: UnboundedReceiver<Command>,
        reports: Reports,
    ) -> Unexpected {
        let mut users = JoinSet::new();
        let mut living: HashMap<u64, (Rc<Leash>, AbortHandle)> = HashMap::new();
        let mut numbers: HashMap<Id, u64> = HashMap::new();
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    None => break,
                    Some(Command::Start(new)) => {
                        for new in new {
                            let leash = Rc::new(Leash::new());
                            self.users_changed(1);
                            let Some(user) = self.make(&leash, new) else {
                                self.gone(&leash, new.number, &reports);
                                continue;
                            };
                            let handle = users.spawn_local(user.live());
                            numbers.insert(handle.id(), new.number);
                            living.insert(new.number, (leash, handle));
                        }
                    }
                    Some(Command::Stop(phase)) => {
                        if !self.ending.replace(true) && self.shared.quota.is_used_up() {
                            self.limit_reached.set(Some(Instant::now()));
                        }
                        for (leash, _) in living.values() {
                            leash.pull(phase);
                        }
                    }
                    Some(Command::EndDrain) => living.values().for_each(|(leash, _)| leash.settle()),
                    Some(Command::StopUsers(action, numbers)) => {
                        for (leash, handle) in numbers.iter().filter_map(|number| living.get(number)) {
                            match action {
                                StopAction::Tell(phase) => leash.pull(phase),
                                StopAction::Drop => handle.abort(),
                            }
                        }
                    }
                    Some(Command::Disconnect(stage, numbers)) => {
                        let leashes = numbers.iter().filter_map(|number| living.get(number));
                        let cut = leashes.filter(|(leash, _)| leash.cut()).count();
                        reports.send(Report::Disconnected(stage, cut as u64));
                    }
                    Some(Command::DropAll) => users.abort_all(),
                    Some(Command::Take(until)) => {
                        reports.send(Report::Taken(Box::new(self.take(until, BothEnds::default()))));
                    }
                    Some(Command::TakeAll(until)) => {
                        reports.send(Report::Taken(Box::new(self.take(until, self.delivery.take_all()))));
                    }
                },
                rung = self.alarm.ring() => {
                    if let Err(error) = rung {
                        // Only a closed timer could; without it no pause would ever end.
                        error!("The timer of a runner thread failed: {error}");
                        break;
                    }
                }
                Some(gone) = users.join_next_with_id() => {
                    let id = match gone {
                        Ok((id, ())) => id,
                        Err(error) => {
                            let id = error.id();
                            if let Ok(panic) = error.try_into_panic() {
                                self.panicked(&*panic);
                            }
                            id
                        }
                    };
                    let number = numbers.remove(&id).unwrap_or_default();
                    if let Some((leash, _)) = living.remove(&number) {
                        self.gone(&leash, number, &reports);
                    }
                }
            }
        }
        self.unexpected.take()
    }

    fn take(&self, until: UnixMicros, ends: BothEnds) -> Taken {
        Taken {
            batch: self.recorder.borrow_mut().take(until),
            usage: self.resources.borrow_mut().take(),
            begun: self.begun.take(),
            shared: self.delivery.take_shared(),
            ends,
        }
    }

    fn users_changed(&self, by: i32) {
        self.recorder.borrow_mut().users_changed(self.clock.at(Instant::now()), by);
    }

    /// Makes a user; nothing if that panicked, which is what it is in a user's life.
    fn make(self: &Rc<Self>, leash: &Rc<Leash>, new: NewUser) -> Option<User<C>> {
        let make = || User::new(Rc::clone(self), Rc::clone(leash), new);
        // What it may leave half done is its own, and goes with it.
        catch_unwind(AssertUnwindSafe(make)).inspect_err(|panic| self.panicked(&**panic)).ok()
    }

    /// A user is gone, however it went.
    fn gone(&self, leash: &Leash, number: u64, reports: &Reports) {
        self.arrived(leash);
        self.quiet(leash);
        self.users_changed(-1);
        reports.send(Report::Gone(number));
    }

    /// A user's panic is a fault of this program: one row among the exceptions, while the other users go on.
    fn panicked(&self, panic: &(dyn Any + Send)) {
        let literal = panic.downcast_ref::<&str>().copied();
        let text = literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("a user panicked");
        let at = self.clock.at(Instant::now());
        // There is no traceback; the text in its place keeps different panics apart.
        self.recorder.borrow_mut().exception(at, text, text);
    }
}
