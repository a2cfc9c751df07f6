//! The life of one user: on_start, tasks and pauses until it is told to stop, on_stop.
//!
//! A user is one task on one thread. It owns its session and drives it whenever it waits for anything, so
//! that acknowledgements are read and the connection is kept alive in pauses too. What it may not do is fail:
//! whatever a broker does ends as a recorded request, and the user goes on.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Close, Connect, Session, Until};
use crate::engine::backoff::{Backoff, GOOD_LIFE};
use crate::engine::shard::{NewUser, Shard};
use crate::engine::sink::Recording;
use crate::engine::stop::{Leash, Phase};
use crate::plan::random::Random;
use crate::plan::template::{Scope, UserScope};
use crate::plan::wait::{WaitState, WaitTime};
use crate::plan::{Plan, Publish, Request, Row, Step, Steps, Text, UserClass};
use crate::stats::{RowId, RowKey};

/// Why a list of steps ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abort {
    /// A step failed: the task is over, the user goes on.
    Failed,
    /// The user was told to stop while it paused.
    Stopped,
}

/// One live instance of a user class.
pub(crate) struct User<C: Connect> {
    pub(crate) shard: Rc<Shard<C>>,
    plan: Arc<Plan>,
    class: usize,
    leash: Rc<Leash>,
    pub(crate) scope: UserScope,
    username: Option<String>,
    password: Option<String>,
    /// Draws of waits, task picks and messages: the same in every run of one seed.
    pub(crate) random: Random,
    /// Draws that depend on what the broker does, kept apart from the others for that reason.
    jitter: Random,
    created: Instant,
    wait: WaitState,
    pub(crate) iteration: u64,
    /// How often each publish step has run.
    pub(crate) counters: Box<[u64]>,
    /// Texts that were rendered once.
    pub(crate) texts: Box<[Box<[u8]>]>,
    rows: Box<[RowId]>,
    /// How often each open `repeat` still runs.
    levels: Box<[u32]>,
    pub(crate) session: Option<C::Session>,
    connected_at: Instant,
    backoff: Backoff,
    /// Not before this may the user connect again.
    connect_after: Option<Instant>,
    /// How long after its intended moment the current task run started; `None` without pacing.
    late: Option<Duration>,
}

impl<C: Connect> User<C> {
    pub(crate) fn new(shard: Rc<Shard<C>>, leash: Rc<Leash>, new: NewUser) -> Self {
        let plan = Arc::clone(&shard.plan);
        let class = &plan.classes[new.class.0];
        let mut user = Self {
            scope: UserScope { number: new.number, index: new.index, client_id: Vec::new() },
            random: Random::for_user(plan.seed, &class.name, new.index),
            jitter: Random::for_user(!plan.seed, &class.name, new.index),
            created: Instant::now(),
            connected_at: Instant::now(),
            wait: WaitState::default(),
            iteration: 0,
            counters: vec![0; class.counters].into(),
            texts: vec![Box::default(); class.user_texts].into(),
            rows: vec![RowId(0); class.user_rows].into(),
            levels: vec![0; class.repeat_depth].into(),
            session: None,
            username: None,
            password: None,
            backoff: Backoff::default(),
            connect_after: None,
            late: None,
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
        self.username = class.username.as_ref().map(|template| self.render_once(template));
        self.password = class.password.as_ref().map(|secret| self.render_once(&secret.0));
        let lists = [&class.on_start, &class.on_stop].into_iter().chain(class.tasks.iter().map(|t| &t.steps));
        self.keep_row(&class.reconnect.row);
        for step in lists.flat_map(|steps| &steps.0) {
            match step {
                Step::Connect(request) | Step::Disconnect { request, .. } => self.keep_row(&request.row),
                Step::Publish(publish) => {
                    self.keep_row(&publish.request.row);
                    for text in [&publish.topic, &publish.payload] {
                        if let Text::PerUser { slot, template } = text {
                            let mut out = Vec::new();
                            self.render(template, 0, 0, &mut out);
                            self.texts[*slot] = out.into();
                        }
                    }
                }
                Step::Wait(_) | Step::Repeat { .. } | Step::EndRepeat { .. } => {}
            }
        }
    }

    fn keep_row(&mut self, row: &Row) {
        if let Row::PerUser { slot, request_type, name } = row {
            let name = self.render_once(name);
            let key = RowKey { request_type: request_type.clone(), name };
            self.rows[*slot] = self.shard.recorder.borrow_mut().row(&key);
        }
    }

    fn render_once(&mut self, template: &crate::plan::template::Template) -> String {
        let mut out = Vec::new();
        self.render(template, 0, 0, &mut out);
        // Raw bytes are only allowed in payloads; compile has seen to it.
        String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }

    pub(crate) fn render(
        &mut self,
        template: &crate::plan::template::Template,
        seq: u64,
        now_ns: u64,
        out: &mut Vec<u8>,
    ) {
        let mut scope =
            Scope { user: &self.scope, iteration: self.iteration, seq, now_ns, random: &mut self.random };
        template.render(&mut scope, out);
    }

    /// Lives until it is told to stop, then leaves.
    pub(crate) async fn live(mut self) {
        let plan = Arc::clone(&self.plan);
        let class = &plan.classes[self.class];
        let leash = Rc::clone(&self.leash);
        tokio::select! {
            biased;
            () = leash.told(Phase::Leaving) => {}
            () = self.work(class) => {}
        }
        self.leave(class).await;
    }

    async fn work(&mut self, class: &UserClass) {
        if self.run(class, &class.on_start).await == Err(Abort::Stopped) {
            return;
        }
        let total = class.tasks.iter().map(|task| u64::from(task.weight)).sum();
        let pace = match class.wait_time {
            WaitTime::ConstantPacing(pace) => Some(pace),
            WaitTime::Zero | WaitTime::Constant(_) | WaitTime::Between(..) => None,
        };
        let mut intended = Instant::now();
        while !self.leash.reached(Phase::Stopping) {
            self.late = pace.map(|_| intended.elapsed());
            let mut pick = self.random.below(total);
            let picked = class.tasks.iter().find(|task| {
                let found = pick < u64::from(task.weight);
                pick = pick.wrapping_sub(u64::from(task.weight));
                found
            });
            let Some(task) = picked else { return };
            if self.run(class, &task.steps).await == Err(Abort::Stopped) {
                return;
            }
            self.iteration += 1;
            let ended = Instant::now();
            if let Some(pace) = pace {
                self.shard.missed_starts(ended - intended, pace);
            }
            let pause = class.wait_time.next(&mut self.wait, ended - self.created, &mut self.random);
            intended = ended + pause;
            if !pause.is_zero() {
                let leash = Rc::clone(&self.leash);
                tokio::select! {
                    biased;
                    () = leash.told(Phase::Stopping) => return,
                    () = self.pause(class, intended) => {}
                }
            }
            // A user that never has to wait must still let the others run.
            tokio::task::coop::consume_budget().await;
        }
    }

    /// on_stop, then the acknowledgements that are still open, then DISCONNECT.
    async fn leave(&mut self, class: &UserClass) {
        // How a step of on_stop went is in the statistics; there is nobody left to care.
        let _ = self.run(class, &class.on_stop).await;
        let leash = Rc::clone(&self.leash);
        if self.session.is_some() {
            tokio::select! {
                biased;
                () = leash.told(Phase::Leaving) => {}
                _ = self.drive(Until::Idle, None) => {}
            }
        }
        if let Some(mut session) = self.session.take() {
            let timeout = self.plan.brokers[class.broker.0].connect_timeout;
            // Not a step of the scenario, so not a request.
            let _ = session.close(Close::Clean, timeout, &mut Recording::leaving(&self.shard)).await;
        }
    }

    /// Runs steps in order.
    async fn run(&mut self, class: &UserClass, steps: &Steps) -> Result<(), Abort> {
        let mut position = 0;
        while let Some(step) = steps.0.get(position) {
            position += 1;
            match step {
                Step::Connect(request) => self.connected(class, request).await?,
                Step::Disconnect { abrupt, request } => self.disconnect(class, *abrupt, request).await?,
                Step::Publish(publish) => self.publish(class, publish).await?,
                Step::Wait(pause) => self.pause(class, Instant::now() + *pause).await,
                Step::Repeat { level, times } => self.levels[*level] = *times,
                Step::EndRepeat { level, first } => {
                    self.levels[*level] -= 1;
                    if self.levels[*level] > 0 {
                        position = *first;
                    }
                    tokio::task::coop::consume_budget().await;
                }
            }
        }
        Ok(())
    }

    /// Makes sure that there is a connection: tries until it succeeds, with growing pauses.
    pub(crate) async fn connected(&mut self, class: &UserClass, request: &Request) -> Result<(), Abort> {
        while self.session.is_none() {
            if let Some(at) = self.connect_after {
                tokio::select! {
                    biased;
                    () = self.leash.told(Phase::Stopping) => return Err(Abort::Stopped),
                    () = tokio::time::sleep_until(at) => {}
                }
                self.connect_after = None;
            }
            let due = Instant::now();
            match self.try_connect(class).await {
                Ok(session) => {
                    let finished = Instant::now();
                    self.shard.record(self.tag(request), due, finished, 0, Ok(()), self.late);
                    self.session = Some(session);
                    self.connected_at = finished;
                }
                Err(failure) => {
                    let finished = Instant::now();
                    self.shard.record(self.tag(request), due, finished, 0, Err(failure), self.late);
                    self.connect_after = Some(finished + self.backoff.next(&mut self.jitter));
                }
            }
        }
        Ok(())
    }

    async fn try_connect(&mut self, class: &UserClass) -> Result<C::Session, Failure> {
        let broker = &self.plan.brokers[class.broker.0];
        let login = self.username.as_deref().map(|name| (name, self.password.as_deref().unwrap_or_default()));
        let request = crate::client::ConnectRequest {
            broker: class.broker.0,
            client_id: str::from_utf8(&self.scope.client_id).unwrap_or_default(),
            login,
            keep_alive_s: broker.keep_alive_s,
            inflight: broker.inflight,
            timeout: broker.connect_timeout,
        };
        self.shard.connector.connect(&request).await
    }

    /// Closes the connection; a clean close first lets open requests come to their end.
    async fn disconnect(&mut self, class: &UserClass, abrupt: bool, request: &Request) -> Result<(), Abort> {
        if !abrupt && self.session.is_some() && self.drive(Until::Idle, None).await.is_err() {
            return Err(Abort::Failed);
        }
        let Some(mut session) = self.session.take() else { return Ok(()) };
        let how = if abrupt { Close::Abrupt } else { Close::Clean };
        let timeout = self.plan.brokers[class.broker.0].connect_timeout;
        let due = Instant::now();
        let mut sink = Recording::new(&self.shard, self.late);
        let result = session.close(how, timeout, &mut sink).await;
        self.shard.record(self.tag(request), due, Instant::now(), 0, result, self.late);
        self.backoff.reset();
        result.map_err(|_| Abort::Failed)
    }

    /// Sends a message and waits for its acknowledgement, if the step says so.
    async fn publish(&mut self, class: &UserClass, step: &Publish) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let due = Instant::now();
        let tag = self.tag(&step.request);
        let deadline = due + step.timeout;
        if let Some(until) = self.must_wait(step) {
            let failure = match self.drive(until, Some(deadline)).await {
                Ok(true) => None,
                Ok(false) if until == Until::Room => Some(Failure::NoRoom(step.timeout)),
                Ok(false) => Some(Failure::WriteTimeout(step.timeout)),
                Err(failure) => Some(failure),
            };
            if let Some(failure) = failure {
                self.shard.record(tag, due, Instant::now(), 0, Err(failure), self.late);
                return Err(Abort::Failed);
            }
        }
        let key = match self.hand_over(step, tag, due, deadline) {
            Ok(key) => key,
            Err(failure) => {
                self.shard.record(tag, due, Instant::now(), 0, Err(failure), self.late);
                return Err(Abort::Failed);
            }
        };
        if !step.await_ack {
            return Ok(());
        }
        match self.drive_awaited(key).await {
            Some(Ok(())) => Ok(()),
            _ => Err(Abort::Failed),
        }
    }

    /// Pauses until the deadline. A connection that is lost meanwhile is opened again.
    async fn pause(&mut self, class: &UserClass, deadline: Instant) {
        while self.session.is_some() {
            if self.drive(Until::Deadline, Some(deadline)).await.is_ok() {
                return self.shard.woke(deadline);
            }
            let connected = self.connected(class, &class.reconnect).await;
            // What is over by then is late through the broker, which is no lag of ours.
            if connected.is_err() || deadline <= Instant::now() {
                return;
            }
        }
        tokio::time::sleep_until(deadline).await;
        self.shard.woke(deadline);
    }

    /// Drives the session; a lost connection is noted and gone afterwards.
    pub(crate) async fn drive(&mut self, until: Until, deadline: Option<Instant>) -> Result<bool, Failure> {
        let Some(session) = &mut self.session else { return Err(Failure::Closed) };
        let mut sink = Recording::new(&self.shard, self.late);
        let result = session.drive(until, deadline, &mut sink).await;
        let told = sink.failures > 0;
        if let Err(failure) = result {
            self.lost(failure, told);
        }
        result
    }

    /// Drives the session until the awaited request is finished, and tells how it went.
    async fn drive_awaited(&mut self, key: crate::client::Key) -> Option<Result<(), Failure>> {
        let session = self.session.as_mut()?;
        let mut sink = Recording::new(&self.shard, self.late);
        let result = session.drive(Until::Done(key), None, &mut sink).await;
        let (awaited, told) = (sink.awaited, sink.failures > 0);
        if let Err(failure) = result {
            self.lost(failure, told);
        }
        awaited
    }

    /// The connection is gone, and not because the user closed it.
    ///
    /// The requests that were open have failed with it. If none was (`told` is false), the loss would show
    /// nowhere, so it is counted as a failed `disconnect`, without a response time.
    fn lost(&mut self, failure: Failure, told: bool) {
        self.session = None;
        let now = Instant::now();
        if !told {
            self.shard.record_loss(now, failure);
        }
        if now - self.connected_at >= GOOD_LIFE {
            self.backoff.reset();
        }
        self.connect_after = Some(now + self.backoff.next(&mut self.jitter));
    }

    fn tag(&self, request: &Request) -> u32 {
        let row = match &request.row {
            Row::Static(row) => *row,
            Row::PerUser { slot, .. } => self.rows[*slot],
        };
        crate::engine::sink::tag(row, request.record)
    }
}
