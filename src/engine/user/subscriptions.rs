//! Steps `subscribe` and `unsubscribe`, and subscribing again on a new connection.
//!
//! A broker forgets the subscriptions of a clean session with its connection. The user keeps them until a `disconnect`
//! step, and subscribes again on every new connection: without that, a long run would receive nothing after the
//! broker's first restart. A subscription is kept from the moment at which it is sent, not granted: messages may come
//! before SUBACK (MQTT 3.1.1, section 3.8.4), and a connection may be lost before it. It ends at the moment at which an
//! UNSUBSCRIBE for it is sent, unless the broker refuses that. If the broker goes on with a session that lasts, the
//! user only repeats the subscriptions that were not granted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Filter, Key, Session, Ticket, Until};
use crate::engine::user::open_request::OpenRequest;
use crate::engine::user::state::{Abort, User};
use crate::engine::user::subscription::{SubscriptionState, UserSubscription};
use crate::plan::subscription::{Subscription, Unsubscribe};
use crate::plan::{Request, Subscribe, Text, UserClass};

impl<C: Connect> User<C> {
    /// Subscribes and waits until the broker grants it.
    pub(super) async fn subscribe(&mut self, class: &UserClass, step: &Arc<Subscribe>) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let indices: Vec<_> = (0..step.filters.len()).collect();
        let due = self.packet_id(&step.request, step.timeout).await.ok_or(Abort::Failed)?;
        let Some(key) = self.ask(step, &indices, due, true) else {
            self.failed_at_once();
            return Err(Abort::Failed);
        };
        for index in indices {
            // To the broker, a second subscription to one filter replaces the first.
            self.retain_of(&step.filters[index].filter, |_| false);
            let state = SubscriptionState::Open(key, index);
            self.subscriptions().push(UserSubscription { step: Arc::clone(step), index, state });
        }
        let result = self.drive_awaited(key).await;
        self.give_up_answers();
        match result {
            Some(Ok(())) => Ok(()),
            Some(Err(failure)) if failure.is_refused_subscription() => {
                let is_refused = |asked: &UserSubscription| {
                    Arc::ptr_eq(&asked.step, step) && asked.state == SubscriptionState::Lacking
                };
                if let Some((inbound, now_ns)) = self.measuring() {
                    let refused = inbound.subscriptions.iter().filter(|asked| is_refused(asked));
                    refused.for_each(|asked| inbound.ended(&asked.step, asked.index, now_ns));
                }
                self.subscriptions().retain(|asked| !is_refused(asked));
                Err(Abort::Failed)
            }
            _ => Err(Abort::Failed),
        }
    }

    /// Unsubscribes and waits until the broker has answered.
    pub(super) async fn unsubscribe(&mut self, class: &UserClass, step: &Unsubscribe) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let due = self.packet_id(&step.request, step.timeout).await.ok_or(Abort::Failed)?;
        let filters: Vec<_> = step.filters.iter().map(|filter| self.persona.filter(filter)).collect();
        let ticket = self.ticket(&step.request, due, step.timeout, true);
        let sent = match &mut self.link.session {
            Some(session) => session.unsubscribe(&filters, ticket),
            None => Err(Failure::Closed),
        };
        let Some(key) = self.sent(ticket, sent) else {
            self.failed_at_once();
            return Err(Abort::Failed);
        };
        for (index, filter) in step.filters.iter().enumerate() {
            if let Some((inbound, now_ns)) = self.measuring() {
                inbound.filter_ended(self.persona.filter(filter), now_ns);
            }
            self.retain_of(filter, |asked| {
                asked.state = SubscriptionState::Leaving(key, index);
                true
            });
        }
        let result = self.drive_awaited(key).await;
        self.give_up_answers();
        if result == Some(Ok(())) { Ok(()) } else { Err(Abort::Failed) }
    }

    fn subscriptions(&mut self) -> &mut Vec<UserSubscription> {
        &mut self.inbound().subscriptions
    }

    fn retain_of(&mut self, filter: &Text, mut keep: impl FnMut(&mut UserSubscription) -> bool) {
        let Self { inbound, persona, .. } = self;
        let Some(inbound) = inbound else { return };
        let filter = persona.text(filter);
        inbound.subscriptions.retain_mut(|asked| persona.text(&asked.plan().filter) != filter || keep(asked));
    }

    pub(super) fn forget_subscriptions(&mut self) {
        if let Some((inbound, now_ns)) = self.measuring() {
            inbound.all_ended(now_ns);
        }
        if let Some(inbound) = &mut self.inbound {
            inbound.subscriptions.clear();
        }
    }

    /// Notes that requests without an answer by now will not get one.
    fn give_up_answers(&mut self) {
        let Some(inbound) = &mut self.inbound else { return };
        for asked in &mut inbound.subscriptions {
            match asked.state {
                SubscriptionState::Open(..) => asked.state = SubscriptionState::Lacking,
                SubscriptionState::Leaving(..) => asked.state = SubscriptionState::Left,
                SubscriptionState::Lacking | SubscriptionState::Granted | SubscriptionState::Left => {}
            }
        }
    }

    /// Whether a new connection lacks subscriptions. `resumed` says whether it goes on with the session.
    pub(super) fn must_subscribe_again(&self, resumed: bool) -> bool {
        let inbound = self.inbound.as_ref();
        inbound.is_some_and(|inbound| inbound.subscriptions.iter().any(|asked| asked.is_lacking(resumed)))
    }

    /// Subscribes again, on a new connection, to everything that it lacks: one packet for each step. Failures are in
    /// the statistics, and are tried again with the next connection.
    pub(super) async fn subscribe_again(&mut self, resumed: bool) {
        let mut packets: Vec<(Arc<Subscribe>, Vec<usize>)> = Vec::new();
        for asked in self.subscriptions().iter_mut().filter(|asked| asked.is_lacking(resumed)) {
            asked.state = SubscriptionState::Lacking;
            match packets.last_mut() {
                Some((step, indices)) if Arc::ptr_eq(step, &asked.step) => indices.push(asked.index),
                _ => packets.push((Arc::clone(&asked.step), vec![asked.index])),
            }
        }
        for (step, indices) in packets {
            let Some(due) = self.packet_id(&step.request, step.timeout).await else { continue };
            let Some(key) = self.ask(&step, &indices, due, false) else { continue };
            for asked in self.subscriptions().iter_mut().filter(|asked| Arc::ptr_eq(&asked.step, &step)) {
                if let Some(index) = indices.iter().position(|index| *index == asked.index) {
                    asked.state = SubscriptionState::Open(key, index);
                }
            }
        }
        // Nothing else that takes long is open yet. If the connection is lost, the next one tries again.
        let _ = self.drive(Until::Idle, None).await;
        self.give_up_answers();
    }

    /// Waits until a packet id is free. Returns the moment at which the request is due. If no id gets free in time,
    /// that failure is recorded.
    async fn packet_id(&mut self, step: &Request, timeout: Duration) -> Option<Instant> {
        let due = Instant::now();
        if self.link.session.as_ref().is_none_or(Session::has_id) {
            return Some(due);
        }
        let mut request = OpenRequest::new(&self.context, self.tag(step), due, timeout);
        let driven = Box::pin(self.drive(Until::Id, Some(request.deadline))).await;
        request.end();
        let failure = match driven {
            Ok(true) => return Some(due),
            Ok(false) => self.link.session.as_ref().map_or(Failure::NoPacketId, Session::no_id),
            Err(failure) => failure,
        };
        self.record(request.tag, due, Instant::now(), Err(failure));
        None
    }

    /// Queues a SUBSCRIBE for these filters of a step. Records a failure to do so.
    fn ask(&mut self, step: &Arc<Subscribe>, indices: &[usize], due: Instant, awaited: bool) -> Option<Key> {
        let ticket = self.ticket(&step.request, due, step.timeout, awaited);
        let filters: Vec<_> = indices
            .iter()
            .map(|index| {
                let Subscription { filter, qos, options } = &step.filters[*index];
                Filter { path: self.persona.filter(filter), qos: *qos, options: *options }
            })
            .collect();
        let sent = match &mut self.link.session {
            Some(session) => session.subscribe_with(&filters, step.identifier, ticket),
            None => Err(Failure::Closed),
        };
        if sent.is_ok() {
            self.measure_subscribed(step, indices, ticket.due);
        }
        self.sent(ticket, sent)
    }

    fn ticket(&self, request: &Request, due: Instant, timeout: Duration, awaited: bool) -> Ticket {
        let tag = self.tag(request);
        Ticket { tag, awaited, due, late: self.late, deadline: due + timeout, length: 0 }
    }

    /// Returns the key of the request. Records it if it could not be queued.
    fn sent(&self, ticket: Ticket, sent: Result<Key, Failure>) -> Option<Key> {
        sent.map_err(|failure| self.record(ticket.tag, ticket.due, Instant::now(), Err(failure))).ok()
    }
}
