//! The life of one user: on_start, tasks and pauses until it is told to stop, on_stop.
//!
//! A user is one task on one thread. It owns its session and drives it whenever it waits for anything, so
//! that acknowledgements are read and the connection is kept alive in pauses too. What it may not do is fail:
//! whatever a broker does ends as a recorded request, and the user goes on.

mod connection;
pub(crate) mod inbound;
mod inbox;
mod limit;
mod measured;
mod message;
mod moment;
pub(crate) mod outbound;
mod parts;
mod receive;
mod rhythm;
mod steps;
mod stumble;
mod subscription;
mod will;

use std::rc::Rc;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Close, Connect, Late, Session, SessionState, Until};
use crate::engine::backoff::Backoff;
use crate::engine::losses::Closings;
use crate::engine::messages::NewUser;
use crate::engine::shard::Shard;
use crate::engine::sink::{Recording, Timing};
use crate::engine::stop::{Leash, Phase};
use crate::engine::user::inbound::Inbound;
use crate::engine::user::moment::Moment;
use crate::engine::user::rhythm::Rhythm;
use crate::engine::user::steps::{Abort, Part};
use crate::engine::user::stumble::Stumbles;
use crate::engine::user::will::WillTexts;
use crate::plan::feed::Rows;
use crate::plan::payload::Payload;
use crate::plan::wait::{WaitState, WaitTime};
use crate::plan::{ConnectPhases, OnError, Plan, Publish, Row, Step, Task, TaskOrder, UserClass};
use crate::stats::{RowId, RowKey};
use crate::template::random::Random;
use crate::template::{NOT_BEGUN, NOTHING, Scope, UserScope};

/// One live instance of a user class.
pub(crate) struct User<C: Connect> {
    shard: Rc<Shard<C>>,
    plan: Arc<Plan>,
    class: usize,
    leash: Rc<Leash>,
    scope: UserScope,
    username: Option<Box<str>>,
    password: Option<Box<str>>,
    /// Files of its certificate and key.
    certificate: Option<Box<(String, String)>>,
    /// Draws of waits, task picks and messages: the same in every run of one seed.
    random: Random,
    /// Its rows of feeds.
    rows: Rows,
    /// Where its `walk`s stand.
    walks: Box<[i64]>,
    /// Draws that depend on what the broker does, kept apart from the others for that reason.
    jitter: Random,
    created: Instant,
    wait: WaitState,
    /// Its schedule, once it has begun.
    rhythm: Option<Box<Rhythm>>,
    /// How many task runs have ended.
    iteration: u64,
    /// How many messages were handed over.
    sent: u64,
    /// How many of them before this list of steps.
    sent_before: u64,
    /// Which list of steps that is.
    part: Part,
    /// What it remembers of failures, if there is anything.
    stumbles: Option<Box<Stumbles>>,
    /// How often each publish step has run.
    counters: Box<[u64]>,
    /// Texts that were rendered once.
    texts: Box<[Box<[u8]>]>,
    /// Rows of the statistics that are the user's own.
    row_ids: Box<[RowId]>,
    /// How often each open `repeat` still runs.
    levels: Box<[u32]>,
    session: Option<C::Session>,
    /// What is still done for the last connection, which has ended: see [`Session::farewell`].
    farewells: Option<Box<JoinSet<()>>>,
    /// Whether it has lost a connection that it did not mean to end.
    is_cut_off: bool,
    connected_at: Instant,
    backoff: Backoff,
    /// How often the broker has closed its connection.
    closings: Closings,
    /// Not before this may the user connect again.
    connect_after: Option<Instant>,
    /// What it does with messages, once it has asked for some.
    inbound: Option<Box<Inbound>>,
    /// What the last connection of a session that lasts has left.
    kept: SessionState,
    /// What the broker publishes when it loses the user.
    will: Option<Box<WillTexts>>,
    timing: Timing,
    /// How long after its intended moment the current task run started.
    late: Late,
    moment: Moment,
}

impl<C: Connect> User<C> {
    pub(crate) fn new(shard: Rc<Shard<C>>, leash: Rc<Leash>, new: NewUser) -> Self {
        let plan = Arc::clone(&shard.plan);
        let class = &plan.classes[new.class.0];
        let mut random = Random::for_user(plan.seed, &class.name, new.index);
        let mut user = Self {
            scope: UserScope { number: new.number, index: new.index, client_id: Vec::new() },
            rows: Rows::new(&class.feeds, new.index, &mut random),
            walks: vec![NOT_BEGUN; class.walks].into(),
            random,
            jitter: Random::for_user(!plan.seed, &class.name, new.index),
            created: Instant::now(),
            connected_at: Instant::now(),
            wait: WaitState::default(),
            rhythm: None,
            iteration: 0,
            sent: 0,
            sent_before: 0,
            part: Part::Start,
            stumbles: None,
            counters: vec![0; class.counters].into(),
            texts: vec![Box::default(); class.user_texts].into(),
            row_ids: vec![RowId(0); class.user_rows].into(),
            levels: vec![0; class.repeat_depth].into(),
            session: None,
            farewells: None,
            is_cut_off: false,
            username: None,
            password: None,
            certificate: None,
            backoff: Backoff::default(),
            closings: Closings::default(),
            connect_after: None,
            inbound: None,
            kept: SessionState::default(),
            will: None,
            timing: Timing::of(class),
            late: Late::NONE,
            moment: Moment::default(),
            class: new.class.0,
            plan: Arc::clone(&plan),
            shard,
            leash,
        };
        user.personalise(class);
        user
    }

    /// Renders once what does not change while the user lives.
    fn personalise(&mut self, class: &UserClass) {
        self.scope.client_id = self.render_once(&class.client_id).into_bytes();
        self.certificate = class
            .certificate
            .as_ref()
            .map(|files| Box::new((self.render_once(&files.certificate), self.render_once(&files.key))));
        self.username = class.username.as_ref().map(|template| self.render_once(template).into());
        self.password = class.password.as_ref().map(|secret| self.render_once(&secret.0).into());
        self.will = class.will.as_ref().map(|will| Box::new(self.will_texts(will)));
        let lists = [&class.on_start, &class.on_stop].into_iter().chain(class.tasks.iter().map(|t| &t.steps));
        self.keep_row(&class.reconnect.row);
        for row in class.connect_phases.iter().flat_map(ConnectPhases::rows) {
            self.keep_row(row);
        }
        for step in lists.flat_map(|steps| &steps.0) {
            match step {
                Step::Connect(request) | Step::Disconnect { request, .. } => self.keep_row(&request.row),
                Step::Publish(publish) => self.keep_message(publish),
                Step::Subscribe(subscribe) => {
                    self.keep_row(&subscribe.request.row);
                    subscribe.filters.iter().for_each(|wanted| self.keep_text(&wanted.filter));
                }
                Step::Unsubscribe(unsubscribe) => {
                    self.keep_row(&unsubscribe.request.row);
                    unsubscribe.filters.iter().for_each(|filter| self.keep_text(filter));
                }
                Step::Receive(receive) => {
                    self.keep_row(&receive.request.row);
                    self.keep_text(&receive.filter);
                    self.keep_condition(&receive.takes);
                    self.keep_condition(&receive.expect);
                }
                Step::Request(exchange) => {
                    self.keep_message(&exchange.publish);
                    self.keep_text(&exchange.reply_topic);
                    self.keep_condition(&exchange.expect);
                }
                Step::Wait(_) | Step::Repeat { .. } | Step::EndRepeat { .. } => {}
            }
        }
    }

    fn keep_message(&mut self, publish: &Publish) {
        self.keep_row(&publish.request.row);
        self.keep_text(&publish.topic);
        if let Payload::Text(payload) = &publish.payload {
            self.keep_text(payload);
        }
    }

    fn keep_row(&mut self, row: &Row) {
        if let Row::PerUser { slot, request_type, name } = row {
            let name = self.render_once(name);
            let key = RowKey { request_type: request_type.clone(), name };
            self.row_ids[*slot] = self.shard.recorder.borrow_mut().row(&key);
        }
    }

    fn render_once(&mut self, template: &crate::template::Template) -> String {
        let mut out = Vec::new();
        self.render(template, 0, 0, &mut out);
        // Raw bytes are only allowed in payloads; compile has seen to it.
        String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }

    fn render(&mut self, template: &crate::template::Template, seq: u64, now_ns: u64, out: &mut Vec<u8>) {
        let mut scope = Scope {
            user: &self.scope,
            rows: self.rows.current(),
            iteration: self.iteration,
            seq,
            now_ns,
            random: &mut self.random,
            walks: &mut self.walks,
            received: self.inbound.as_ref().and_then(|inbound| inbound.last_received()).unwrap_or(&NOTHING),
        };
        template.render(&mut scope, out);
    }

    /// Lives until it is told to stop, then leaves.
    ///
    /// Not an `async fn`: that would keep two copies of the user, one as it was passed in.
    pub(crate) fn live(self) -> impl Future<Output = ()> {
        let mut user = self;
        async move {
            // Born without a row of a feed that gives none twice: it has nothing to be.
            if user.rows.are_used_up() {
                return;
            }
            let plan = Arc::clone(&user.plan);
            let class = &plan.classes[user.class];
            let leash = Rc::clone(&user.leash);
            tokio::select! {
                biased;
                () = leash.told(Phase::Leaving) => {}
                () = user.work(class) => {}
            }
            Box::pin(user.leave(class)).await;
        }
    }

    /// on_start, then task runs, until it is told to stop or has done all that it should.
    async fn work(&mut self, class: &UserClass) {
        let started = self.run(class, &class.on_start, Part::Start).await;
        self.end_list();
        match started {
            Ok(()) => {}
            Err(Abort::Failed) => {
                if Box::pin(self.make_up(class, &class.on_start)).await.is_err() {
                    return;
                }
            }
            Err(Abort::Stopped | Abort::Done) => return,
        }
        let total = class.tasks.iter().map(|task| u64::from(task.weight)).sum();
        let mut intended = Instant::now();
        while !self.leash.reached(Phase::Stopping) && !self.rows.are_used_up() {
            if let Some(schedule) = &class.schedule {
                let Ok(()) = self.until_due(class, schedule).await else { return };
            } else if self.timing == Timing::Paced {
                self.late = Late::by(intended.elapsed());
            }
            if !self.shard.begin_task_run(self.class) {
                return;
            }
            let Some(task) = self.next_task(class, total) else { return };
            let on_error = class.on_error_of(task);
            let ran = self.run(class, &task.steps, Part::Task(on_error)).await;
            self.end_list();
            // What happens in a pause, such as another connect, was due at no moment.
            self.late = Late::NONE;
            let failed = match ran {
                Ok(()) => false,
                Err(Abort::Failed) if on_error != OnError::StopUser => true,
                Err(_) => return,
            };
            self.iteration += 1;
            if class.iterations.is_some_and(|most| self.iteration >= most) || self.rows.are_used_up() {
                return;
            }
            if failed && Box::pin(self.make_up(class, &task.steps)).await.is_err() {
                return;
            }
            let Ok(next) = self.wait_time(class, intended).await else { return };
            intended = next;
            self.let_others_run().await;
        }
    }

    fn next_task<'a>(&mut self, class: &'a UserClass, total: u64) -> Option<&'a Task> {
        match class.order {
            TaskOrder::Sequence => {
                let place = self.iteration.checked_rem(class.tasks.len() as u64)?;
                class.tasks.get(usize::try_from(place).ok()?)
            }
            TaskOrder::Weighted => {
                let mut pick = self.random.below(total);
                class.tasks.iter().find(|task| {
                    let found = pick < u64::from(task.weight);
                    pick = pick.wrapping_sub(u64::from(task.weight));
                    found
                })
            }
        }
    }

    /// The pause after a task run that was intended to start at `intended`. Returns when it should have ended, which
    /// is when the next one should start.
    async fn wait_time(&mut self, class: &UserClass, intended: Instant) -> Result<Instant, Abort> {
        // Without a pause nothing needs the time, and a closed loop does not read it.
        if class.wait_time == WaitTime::ZERO {
            return Ok(intended);
        }
        let ended = Instant::now();
        if let WaitTime::ConstantPacing(pace) = class.wait_time {
            self.shard.missed_starts(ended - intended, pace);
        }
        let pause = class.wait_time.next(&mut self.wait, ended - self.created, &mut self.random);
        let until = ended + pause;
        if !pause.is_zero() {
            self.think(class, until).await?;
        }
        Ok(until)
    }

    /// A user that never has to wait must still let the others run.
    async fn let_others_run(&mut self) {
        if !tokio::task::coop::has_budget_remaining() {
            self.moment.pass();
        }
        tokio::task::coop::consume_budget().await;
    }

    /// Pauses between two tasks: here a stop may take the user away at once. Returns whether the user was free when
    /// the pause should have ended.
    async fn think(&mut self, class: &UserClass, until: Instant) -> Result<bool, Abort> {
        let leash = Rc::clone(&self.leash);
        let free = tokio::select! {
            biased;
            () = leash.told(Phase::Stopping) => return Err(Abort::Stopped),
            free = self.pause(class, until) => free,
        };
        if self.backoff.gave_up() { Err(Abort::Done) } else { Ok(free) }
    }

    /// Drops the connection; what is still open on it will not be finished.
    fn drop_session(&mut self) {
        if let Some(session) = &mut self.session {
            let sink = Recording::new(&self.shard, self.inbound.as_deref_mut(), self.timing);
            session.give_up(&mut sink.leaving());
        }
        self.session = None;
    }

    /// Whether the user leaves since the run, or its part of it, comes to its end.
    fn is_told_to_stop(&self) -> bool {
        self.leash.reached(Phase::Stopping) || self.shard.is_ending()
    }

    /// on_stop, then the acknowledgements that are still open, then DISCONNECT.
    async fn leave(&mut self, class: &UserClass) {
        self.leash.leave();
        // A stop may have cut off a `disconnect`: its connection is not one to go on with.
        if !self.leash.is_connected() {
            self.drop_session();
        }
        Box::pin(self.linger()).await;
        // What a stop cut off may have left it.
        self.late = Late::NONE;
        // How a step of on_stop went is in the statistics; there is nobody left to care.
        let _ = self.run(class, &class.on_stop, Part::Stop).await;
        let leash = Rc::clone(&self.leash);
        if self.session.is_some() {
            tokio::select! {
                biased;
                () = leash.told(Phase::Leaving) => {}
                _ = self.drive(Until::Idle, None) => {}
            }
        }
        let ends = Instant::now();
        // What a lost connection left open has nobody to finish it any more: it has failed, unless the run ended
        // before the user could come back.
        if self.is_told_to_stop() {
            self.kept.fail(Failure::Closing, &mut self.recording().leaving());
        } else {
            self.kept.fail(Failure::Closing, &mut self.recording());
        }
        if let Some(session) = &mut self.session {
            let timeout = self.plan.brokers[class.broker.0].connect_timeout;
            // Not a step of the scenario, so not a request.
            let sink = Recording::new(&self.shard, self.inbound.as_deref_mut(), self.timing);
            let _ = session.close(Close::ForGood, timeout, &mut sink.leaving()).await;
            self.part();
        }
        self.parted().await;
        if let Some(inbound) = &self.inbound {
            inbound.all_ended(self.shard.clock.unix_ns(ends));
        }
    }
}

/// A user is gone, wherever it stood: what is open on its session, or was on its last one, will not be finished.
impl<C: Connect> Drop for User<C> {
    fn drop(&mut self) {
        self.drop_session();
        self.kept.fail(Failure::Closing, &mut self.recording().leaving());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::transport::Connector;

    fn size_of_output<A, B>(_: fn(A) -> B) -> usize {
        size_of::<B>()
    }

    /// What an idle user weighs is mostly this future; what does not live as long as the user is boxed.
    #[test]
    fn the_state_of_a_user_is_small() {
        let size = size_of_output(User::<Connector>::live);
        assert!(size <= 1664, "{size}");
        assert!(size_of::<<Connector as Connect>::Session>() <= 384);
    }
}
