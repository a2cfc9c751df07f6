//! How a user gets its connection, keeps it while it waits for anything, and loses it.
//!
//! Futures that run once in a connection's life are boxed by their callers: their state would otherwise be part of
//! every idle user.

#![expect(clippy::manual_async_fn, reason = "an `async fn` keeps its arguments twice, in each idle user")]

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{
    Certificate, Close, Connect, ConnectRequest, ConnectTimings, Key, Late, Patience, Session, Until, Will,
};
use crate::engine::clock::nanos;
use crate::engine::span::{Span, Timing};
use crate::engine::user::backoff::GOOD_LIFE;
use crate::engine::user::cached_now::FEW;
use crate::engine::user::open_request::OpenRequest;
use crate::engine::user::recording::Recording;
use crate::engine::user::state::{Abort, User, turn};
use crate::engine::user::stop_signal::StopPhase;
use crate::plan::persona::CertificateFiles;
use crate::plan::{ConnectPhases, Request, UserClass};

/// How long the user waits for a broker to close a connection after DISCONNECT. It must be over before users are
/// dropped at the end of a run.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(2), most: Duration::from_secs(4) };

impl<C: Connect> User<C> {
    pub(super) fn connected(
        &mut self,
        class: &UserClass,
        request: &Request,
    ) -> impl Future<Output = Result<(), Abort>> {
        async move {
            if self.link.session.is_some() { Ok(()) } else { Box::pin(self.connect(class, request)).await }
        }
    }

    /// Tries until it succeeds, with growing pauses, or gives up.
    async fn connect(&mut self, class: &UserClass, request: &Request) -> Result<(), Abort> {
        self.now.forget();
        while self.link.session.is_none() {
            if self.link.gave_up() {
                return Err(Abort::Done);
            }
            if let Some(at) = self.link.recovery.as_mut().and_then(|recovery| recovery.connect_after) {
                tokio::select! {
                    biased;
                    () = self.stop.wait_for(StopPhase::Stopping) => return Err(Abort::Stopped),
                    () = self.wait_to_connect(at) => {}
                }
                self.recovery().connect_after = None;
            }
            // To the broker, a second connection with one client id ends the first, also if it has not read all of it.
            self.parted().await;
            let phases = class.connect_phases.iter().find(|phases| phases.whole == request.row);
            // Boxed, as few users want them: ten thousand connects that run at once hold theirs at once.
            let timings = phases.map(|_| Box::new(Cell::new(ConnectTimings::default())));
            let due = Instant::now();
            let timeout = self.broker(class).connect_timeout;
            let mut open = OpenRequest::new(&self.context, self.tag(request), due, timeout);
            let out_of_time = self.out_of_time();
            let connected = tokio::select! {
                biased;
                () = out_of_time => return Err(Abort::Stopped),
                connected = self.try_connect(class, timings.as_deref()) => connected,
            };
            open.end();
            let finished = Instant::now();
            if let (Some(phases), Some(timings)) = (phases, timings) {
                self.record_phases(phases, due, timings.get(), request.record);
            }
            match connected {
                Ok(session) => {
                    self.record(self.tag(request), due, finished, Ok(()));
                    self.use_connection(session, finished).await;
                }
                Err(failure) => {
                    self.record(self.tag(request), due, finished, Err(failure));
                    let recovery = self.recovery();
                    recovery.closings.refused();
                    let pause = recovery.backoff.failed(&class.reconnection, &mut recovery.random);
                    recovery.connect_after = pause.map(|pause| finished + pause);
                }
            }
        }
        Ok(())
    }

    async fn use_connection(&mut self, session: C::Session, now: Instant) {
        let resumed = session.resumed();
        if !resumed {
            // The broker has forgotten the last session, so nobody finishes what is open on it.
            self.link.kept.fail(Failure::SessionLost, &mut self.recording());
        } else if let Some((inbound, now_ns)) = self.measuring() {
            inbound.resumed(now_ns);
        }
        self.link.session = Some(session);
        self.context.connection_opened();
        self.link.is_lost = false;
        self.link.connected_ns = nanos(now - self.context.clock.started());
        self.stop.set_connected(true);
        if let Some(recovery) = &mut self.link.recovery {
            recovery.backoff.connected();
        }
        if self.stop.arrive() {
            self.context.shared.arrivals.arrive();
        }
        if self.must_subscribe_again(resumed) {
            Box::pin(self.subscribe_again(resumed)).await;
        }
    }

    /// Waits before a connect. Meanwhile, requests that the last connection left open run out of time.
    async fn wait_to_connect(&self, at: Instant) {
        while let Some(deadline) = self.link.kept.next_deadline().filter(|deadline| *deadline < at) {
            tokio::time::sleep_until(deadline).await;
            self.link.kept.expire(Instant::now(), &mut self.recording());
        }
        tokio::time::sleep_until(at).await;
    }

    async fn try_connect(
        &mut self,
        class: &UserClass,
        timings: Option<&Cell<ConnectTimings>>,
    ) -> Result<C::Session, Failure> {
        let (broker, persona) = (self.broker(class), &self.persona);
        let will = persona.will().zip(class.will.as_deref());
        let request = ConnectRequest {
            broker: class.broker.0,
            turn: turn(persona.index(), self.class),
            certificate: persona
                .certificate()
                .map(|CertificateFiles { certificate, key }| Certificate { certificate, key }),
            client_id: str::from_utf8(persona.client_id()).unwrap_or_default(),
            username: persona.username(),
            password: persona.password(),
            keep_alive_s: broker.keep_alive_s,
            inflight: broker.inflight,
            timeout: broker.connect_timeout,
            settings: broker.settings,
            will: will.map(|(texts, will)| Will {
                topic: &texts.topic,
                payload: &texts.payload,
                qos: will.qos,
                retain: will.retain,
                delay_s: will.delay_s,
                properties: &texts.properties,
            }),
            session: Some(&self.link.kept),
            timings,
        };
        self.context.connector.connect(&request).await
    }

    /// Closes the connection. A clean close first waits for open requests.
    pub(super) async fn disconnect(
        &mut self,
        class: &UserClass,
        abrupt: bool,
        request: &Request,
    ) -> Result<(), Abort> {
        if !abrupt && self.link.session.is_some() && self.drive(Until::Idle, None).await.is_err() {
            self.link.is_lost = false;
            return Err(Abort::Failed);
        }
        // A connection that was lost before is not opened again, since the step asks for none.
        self.link.is_lost = false;
        if self.link.session.is_none() {
            return Ok(());
        }
        self.stop.set_connected(false);
        self.now.forget();
        let how = if abrupt { Close::Abrupt } else { Close::Clean };
        let due = Instant::now();
        let tag = self.tag(request);
        let mut open = OpenRequest::new(&self.context, tag, due, self.broker(class).connect_timeout);
        let result = self.close_session(how, false).await;
        open.end();
        self.record(tag, due, Instant::now(), result);
        self.part();
        self.link.reset_backoff();
        result.map_err(|_| Abort::Failed)
    }

    /// Pauses until the deadline. Opens the connection again if it is lost meanwhile, or was lost in the step before.
    /// Returns whether the user was not busy with that when the pause should have ended.
    pub(super) fn pause(&mut self, class: &UserClass, deadline: Instant) -> impl Future<Output = bool> {
        self.now.forget();
        let context = Rc::clone(&self.context);
        async move {
            while self.link.session.is_some() || (self.link.is_lost && !self.link.gave_up()) {
                if self.link.session.is_some() {
                    tokio::select! {
                        biased;
                        () = context.timer.until(deadline) => {
                            context.pause_ended(deadline);
                            return true;
                        }
                        // Without a deadline, this only ends when the connection is lost.
                        _ = self.drive(Until::Deadline, None) => {}
                    }
                }
                let connected = self.connected(class, &class.reconnect).await;
                // If the pause is over by now, the broker has made it late and not the generator.
                if connected.is_err() || deadline <= Instant::now() {
                    return false;
                }
            }
            context.timer.until(deadline).await;
            context.pause_ended(deadline);
            true
        }
    }

    /// Drives the session. If the connection is lost, that is noted, and the session is gone afterwards.
    pub(super) fn drive(
        &mut self,
        until: Until,
        deadline: Option<Instant>,
    ) -> impl Future<Output = Result<bool, Failure>> {
        self.now.forget();
        async move {
            let Some(session) = &mut self.link.session else { return Err(Failure::Closed) };
            let mut sink = Recording::new(&self.context, self.inbound.as_deref_mut(), self.records);
            let result = {
                let mut driving = pin!(session.drive(until, deadline, &mut sink));
                poll_fn(|cx| self.stop.poll_unless_disconnected(cx, driving.as_mut())).await
            };
            if result == Err(Failure::Dropped) {
                session.sever(Failure::Dropped, &mut sink);
            }
            let recorded = sink.has_failures;
            if let Err(failure) = result {
                self.lost(failure, recorded);
            }
            result
        }
    }

    /// Drives the session until the awaited request is finished, and returns its result.
    pub(super) fn drive_awaited(&mut self, key: Key) -> impl Future<Output = Option<Result<(), Failure>>> {
        self.now.forget();
        async move {
            let session = self.link.session.as_mut()?;
            let mut sink = Recording::new(&self.context, self.inbound.as_deref_mut(), self.records);
            let result = {
                let mut driving = pin!(session.drive(Until::Done(key), None, &mut sink));
                poll_fn(|cx| self.stop.poll_unless_disconnected(cx, driving.as_mut())).await
            };
            if result == Err(Failure::Dropped) {
                session.sever(Failure::Dropped, &mut sink);
            }
            let (awaited, recorded) = (sink.awaited, sink.has_failures);
            match (result, awaited) {
                (Err(failure), _) => self.lost(failure, recorded),
                (Ok(_), Some((_, finished))) if sink.others <= FEW.into() => self.now.set(finished),
                (Ok(_), _) => {}
            }
            awaited.map(|(result, _)| result)
        }
    }

    /// Gives up a connection that has ended. What is still to be done for it runs in the background, and is part of no
    /// request.
    pub(super) fn part(&mut self) {
        let Some(mut session) = self.take_session() else { return };
        self.link.kept = session.take_state();
        if let Some(farewell) = session.farewell(PATIENCE) {
            let losses = self.context.shared.losses.clone();
            self.link.farewells.get_or_insert_default().spawn_local(async move {
                if !farewell.await {
                    losses.left_unread();
                }
            });
        }
    }

    /// Waits until nothing is left to do for connections that have ended.
    pub(super) async fn parted(&mut self) {
        if let Some(farewells) = &mut self.link.farewells {
            // A task that panicked has ended, too.
            while farewells.join_next().await.is_some() {}
        }
    }

    /// Notes that the connection is gone although the user has not closed it.
    ///
    /// The requests that were open have failed with it. If no failure was `recorded`, the loss would show nowhere, so
    /// it counts as a failed `disconnect` without a response time, unless the scenario has caused it.
    fn lost(&mut self, failure: Failure, recorded: bool) {
        self.part();
        self.link.is_lost = true;
        if let Some((inbound, now_ns)) = self.measuring() {
            inbound.away(now_ns);
        }
        self.stop.set_connected(false);
        let now = Instant::now();
        if failure != Failure::Dropped && !recorded {
            self.context.record_loss(now, failure, self.records.server);
        }
        let context = Rc::clone(&self.context);
        let connected = context.clock.started() + Duration::from_nanos(self.link.connected_ns);
        let lived = now.saturating_duration_since(connected);
        let reconnection = &context.plan.classes[self.class].reconnection;
        let recovery = self.recovery();
        if failure != Failure::Dropped {
            context.shared.losses.lost(failure, &mut recovery.closings);
        }
        if lived >= GOOD_LIFE {
            recovery.backoff.reset();
        }
        let pause = recovery.backoff.lost(reconnection, &mut recovery.random);
        recovery.connect_after = pause.map(|pause| now + pause);
    }
}

impl<C: Connect> User<C> {
    /// Records the phases that a connect has finished. It began at `began`.
    ///
    /// Each phase is due when the phase before has ended, also in a class with a schedule: its lateness is in the
    /// whole.
    pub(super) fn record_phases(
        &self,
        phases: &ConnectPhases,
        began: Instant,
        timings: ConnectTimings,
        record: bool,
    ) {
        let ends = [
            (Some(&phases.tcp), timings.tcp),
            (phases.tls.as_ref(), timings.tls),
            (phases.websocket.as_ref(), timings.websocket),
            (Some(&phases.connack), timings.connack),
        ];
        let mut began = began;
        for (row, finished) in ends {
            let (Some(row), Some(finished)) = (row, finished) else { continue };
            let span = Span { began, late: Late::NONE, finished, timing: Timing::Plain };
            self.context.record(self.tag_of(row, record), span, 0, Ok(()), self.records.server);
            began = finished;
        }
    }
}

#[cfg(test)]
mod tests;
