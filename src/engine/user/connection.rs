//! How a user gets its connection, keeps it while it waits for anything, and loses it.
//!
//! What happens once in a connection's life is boxed by those who call it: its state would otherwise be part of
//! every idle user.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{
    Certificate, Close, Connect, ConnectRequest, ConnectTimings, Key, Patience, Session, Until,
};
use crate::engine::backoff::GOOD_LIFE;
use crate::engine::begun::Begun;
use crate::engine::sink::Recording;
use crate::engine::stop::Phase;
use crate::engine::user::User;
use crate::engine::user::moment::FEW;
use crate::engine::user::steps::Abort;
use crate::plan::{Request, UserClass};

/// How long a broker is heard out that does not close a connection that the user has left. All in all it must be over
/// before users are dropped at the end of a run.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(2), most: Duration::from_secs(4) };

impl<C: Connect> User<C> {
    /// Makes sure that there is a connection.
    ///
    /// What happens once in a connection's life is boxed, here and in the other steps: its state would
    /// otherwise be part of every idle user.
    pub(super) async fn connected(&mut self, class: &UserClass, request: &Request) -> Result<(), Abort> {
        if self.session.is_some() { Ok(()) } else { Box::pin(self.connect(class, request)).await }
    }

    /// Tries until it succeeds, with growing pauses, or gives up.
    async fn connect(&mut self, class: &UserClass, request: &Request) -> Result<(), Abort> {
        self.moment.pass();
        while self.session.is_none() {
            if self.backoff.gave_up() {
                return Err(Abort::Done);
            }
            if let Some(at) = self.connect_after {
                tokio::select! {
                    biased;
                    () = self.leash.told(Phase::Stopping) => return Err(Abort::Stopped),
                    () = self.wait_to_connect(at) => {}
                }
                self.connect_after = None;
            }
            // To the broker a second connection of one client is the end of the first, whatever it has not read.
            self.parted().await;
            let parts = class.connect_phases.iter().find(|parts| parts.whole == request.row);
            // Boxed, as few want them: ten thousand connects under way at once hold theirs at once.
            let timings = parts.map(|_| Box::new(Cell::new(ConnectTimings::default())));
            let due = Instant::now();
            let timeout = self.plan.brokers[class.broker.0].connect_timeout;
            let mut begun = Begun::new(&self.shard, self.tag(request), due, timeout);
            let out_of_time = self.out_of_time();
            let connected = tokio::select! {
                biased;
                () = out_of_time => return Err(Abort::Stopped),
                connected = self.try_connect(class, timings.as_deref()) => connected,
            };
            begun.end();
            let finished = Instant::now();
            if let (Some(parts), Some(timings)) = (parts, timings) {
                self.record_parts(parts, due, timings.get(), request.record);
            }
            match connected {
                Ok(session) => {
                    self.record(self.tag(request), due, finished, Ok(()));
                    if !session.resumed() {
                        // What the last connection left open has nobody to finish it any more.
                        self.kept.fail(Failure::SessionLost, &mut self.recording());
                    }
                    let resumed = session.resumed();
                    if resumed && let Some((inbound, now_ns)) = self.measuring() {
                        inbound.resumed(now_ns);
                    }
                    self.session = Some(session);
                    self.is_cut_off = false;
                    self.leash.set_connected(true);
                    self.backoff.connected();
                    self.shard.arrived(&self.leash);
                    self.connected_at = finished;
                    if self.must_subscribe_again(resumed) {
                        Box::pin(self.subscribe_again(resumed)).await;
                    }
                }
                Err(failure) => {
                    self.closings.refused();
                    self.record(self.tag(request), due, finished, Err(failure));
                    let pause = self.backoff.failed(&class.reconnection, &mut self.jitter);
                    self.connect_after = pause.map(|pause| finished + pause);
                }
            }
        }
        Ok(())
    }

    /// Waits; what the last connection left open goes on to run out of time.
    async fn wait_to_connect(&self, at: Instant) {
        while let Some(deadline) = self.kept.next_deadline().filter(|deadline| *deadline < at) {
            tokio::time::sleep_until(deadline).await;
            self.kept.expire(Instant::now(), &mut self.recording());
        }
        tokio::time::sleep_until(at).await;
    }

    /// For what no message can come with.
    pub(super) fn recording(&self) -> Recording<'_, C> {
        Recording::of_requests(&self.shard, self.inbound.as_deref(), self.timing)
    }

    async fn try_connect(
        &mut self,
        class: &UserClass,
        timings: Option<&Cell<ConnectTimings>>,
    ) -> Result<C::Session, Failure> {
        let broker = &self.plan.brokers[class.broker.0];
        let request = ConnectRequest {
            broker: class.broker.0,
            // By class too: two classes of one user each shall not meet at one server.
            turn: usize::try_from(self.scope.index).unwrap_or(0).wrapping_add(self.class),
            certificate: self
                .certificate
                .as_deref()
                .map(|(certificate, key)| Certificate { certificate, key }),
            client_id: str::from_utf8(&self.scope.client_id).unwrap_or_default(),
            username: self.username.as_deref(),
            password: self.password.as_deref(),
            keep_alive_s: broker.keep_alive_s,
            inflight: broker.inflight,
            timeout: broker.connect_timeout,
            settings: broker.settings,
            will: self.will.as_ref().zip(class.will.as_ref()).map(|(texts, will)| texts.with(will)),
            session: Some(&self.kept),
            timings,
        };
        self.shard.connector.connect(&request).await
    }

    /// Closes the connection; a clean close first lets open requests come to their end.
    pub(super) async fn disconnect(
        &mut self,
        class: &UserClass,
        abrupt: bool,
        request: &Request,
    ) -> Result<(), Abort> {
        let tag = self.tag(request);
        if !abrupt && self.session.is_some() && self.drive(Until::Idle, None).await.is_err() {
            self.is_cut_off = false;
            return Err(Abort::Failed);
        }
        // One that was lost before is not opened again: that is what the step asks for.
        self.is_cut_off = false;
        let Some(session) = &mut self.session else { return Ok(()) };
        self.leash.set_connected(false);
        self.moment.pass();
        let how = if abrupt { Close::Abrupt } else { Close::Clean };
        let timeout = self.plan.brokers[class.broker.0].connect_timeout;
        let due = Instant::now();
        let mut begun = Begun::new(&self.shard, tag, due, timeout);
        let mut sink = Recording::new(&self.shard, self.inbound.as_deref_mut(), self.timing);
        let result = session.close(how, timeout, &mut sink).await;
        begun.end();
        self.record(tag, due, Instant::now(), result);
        self.part();
        self.backoff.reset();
        result.map_err(|_| Abort::Failed)
    }

    /// Pauses until the deadline. A connection that is lost meanwhile, or was in the step before, is opened again; returns whether nothing like
    /// that was going on when the pause should have ended.
    pub(super) async fn pause(&mut self, class: &UserClass, deadline: Instant) -> bool {
        self.moment.pass();
        let shard = Rc::clone(&self.shard);
        while self.session.is_some() || (self.is_cut_off && !self.backoff.gave_up()) {
            if self.session.is_some() {
                tokio::select! {
                    biased;
                    () = shard.alarm.until(deadline) => {
                        shard.woke(deadline);
                        return true;
                    }
                    // Driven without a deadline it only ends with the connection.
                    _ = self.drive(Until::Deadline, None) => {}
                }
            }
            let connected = self.connected(class, &class.reconnect).await;
            // What is over by then is late through the broker, which is no lag of ours.
            if connected.is_err() || deadline <= Instant::now() {
                return false;
            }
        }
        shard.alarm.until(deadline).await;
        shard.woke(deadline);
        true
    }

    /// Drives the session; a lost connection is noted and gone afterwards.
    pub(super) async fn drive(&mut self, until: Until, deadline: Option<Instant>) -> Result<bool, Failure> {
        self.moment.pass();
        let Some(session) = &mut self.session else { return Err(Failure::Closed) };
        let mut sink = Recording::new(&self.shard, self.inbound.as_deref_mut(), self.timing);
        let result = {
            let mut driving = pin!(session.drive(until, deadline, &mut sink));
            poll_fn(|cx| self.leash.poll_uncut(cx, driving.as_mut())).await
        };
        if result == Err(Failure::Dropped) {
            session.sever(Failure::Dropped, &mut sink);
        }
        let told = sink.failures > 0;
        if let Err(failure) = result {
            self.lost(failure, told);
        }
        result
    }

    /// Drives the session until the awaited request is finished, and tells how it went.
    pub(super) async fn drive_awaited(&mut self, key: Key) -> Option<Result<(), Failure>> {
        self.moment.pass();
        let session = self.session.as_mut()?;
        let mut sink = Recording::new(&self.shard, self.inbound.as_deref_mut(), self.timing);
        let result = {
            let mut driving = pin!(session.drive(Until::Done(key), None, &mut sink));
            poll_fn(|cx| self.leash.poll_uncut(cx, driving.as_mut())).await
        };
        if result == Err(Failure::Dropped) {
            session.sever(Failure::Dropped, &mut sink);
        }
        let (awaited, told) = (sink.awaited, sink.failures > 0);
        match (result, awaited) {
            (Err(failure), _) => self.lost(failure, told),
            (Ok(_), Some((_, finished))) if sink.others <= FEW => self.moment.read(finished),
            (Ok(_), _) => {}
        }
        awaited.map(|(result, _)| result)
    }

    /// Lets go of a connection that has ended. What there is still to do for it is done beside what the user does
    /// next, and is part of no request.
    pub(super) fn part(&mut self) {
        let Some(mut session) = self.session.take() else { return };
        self.kept = session.take_state();
        if let Some(farewell) = session.farewell(PATIENCE) {
            let losses = self.shard.shared.losses.clone();
            self.farewells.get_or_insert_default().spawn_local(async move {
                if !farewell.await {
                    losses.left_unread();
                }
            });
        }
    }

    /// Waits until nothing is left to do for the last connection.
    pub(super) async fn parted(&mut self) {
        if let Some(farewells) = &mut self.farewells {
            // What panicked is over, too.
            while farewells.join_next().await.is_some() {}
        }
    }

    /// The connection is gone, and not because the user closed it.
    ///
    /// The requests that were open have failed with it. If none was (`told` is false), the loss would show
    /// nowhere, so it is counted as a failed `disconnect`, without a response time; unless the scenario did it.
    fn lost(&mut self, failure: Failure, told: bool) {
        self.part();
        self.is_cut_off = true;
        if let Some((inbound, now_ns)) = self.measuring() {
            inbound.away(now_ns);
        }
        self.leash.set_connected(false);
        let now = Instant::now();
        if failure != Failure::Dropped {
            self.shard.shared.losses.lost(failure, &mut self.closings);
        }
        if !told && failure != Failure::Dropped {
            self.shard.record_loss(now, failure);
        }
        if now - self.connected_at >= GOOD_LIFE {
            self.backoff.reset();
        }
        let reconnection = &self.plan.classes[self.class].reconnection;
        let pause = self.backoff.lost(reconnection, &mut self.jitter);
        self.connect_after = pause.map(|pause| now + pause);
    }
}
