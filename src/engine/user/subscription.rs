//! Asking for messages, asking again, and asking for no more.
//!
//! A broker forgets the subscriptions of a clean session with its connection; the user keeps them until a
//! `disconnect` step, and makes them again on every new connection, or a long run would go silent after the
//! broker's first restart. One is kept from the moment it is sent, not granted: messages may come before SUBACK
//! (MQTT 3.1.1, section 3.8.4), and a connection may be lost before it. It is given up from the moment an
//! UNSUBSCRIBE for it is sent, unless the broker refuses that. Where the broker goes on with a session that lasts,
//! only those are made again that it had not granted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Filter, Key, Session, Ticket, Until};
use crate::engine::begun::Begun;
use crate::engine::user::User;
use crate::engine::user::message::text;
use crate::engine::user::steps::Abort;
use crate::plan::subscription::{Subscription, Unsubscribe};
use crate::plan::{Request, Subscribe, Text, UserClass};

/// A subscription that a user has asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    step: Arc<Subscribe>,
    /// Which filter of the step.
    place: usize,
    standing: Standing,
}

/// What is known of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Asked for in this request, at this place of its filters; not answered yet.
    Open(Key, usize),
    /// The broker does not have it, as far as anybody knows.
    Lacking,
    /// The broker has it.
    Granted,
    /// To be ended by this request, at this place of its filters; not answered yet.
    Leaving(Key, usize),
    /// Not wanted any more. It stays here since the broker may still send what it had for it.
    Left,
}

impl Asked {
    /// An answer has come. Whether it grants a lower quality of service than was asked for.
    pub(super) fn answered(&mut self, key: Key, answers: &[u8]) -> bool {
        const REFUSED: u8 = 0x80;
        let answer = |place: usize| answers.get(place).copied().unwrap_or(0);
        match self.standing {
            Standing::Open(of, place) if of == key => {
                let answer = answer(place);
                self.standing = if answer < REFUSED { Standing::Granted } else { Standing::Lacking };
                answer < self.wanted().qos.level()
            }
            Standing::Leaving(of, place) if of == key => {
                self.standing = if answer(place) < REFUSED { Standing::Left } else { Standing::Granted };
                false
            }
            _ => false,
        }
    }

    /// Whether it is this filter of this step, and the broker has it.
    pub(super) fn is_granted(&self, step: &Arc<Subscribe>, place: usize) -> bool {
        self.standing == Standing::Granted && self.place == place && Arc::ptr_eq(&self.step, step)
    }

    fn wanted(&self) -> &Subscription {
        &self.step.filters[self.place]
    }

    /// Whether a new connection lacks it; `resumed` says whether that goes on with the session.
    fn is_lacking(&self, resumed: bool) -> bool {
        match self.standing {
            Standing::Open(..) | Standing::Lacking => true,
            Standing::Granted => !resumed,
            Standing::Leaving(..) | Standing::Left => false,
        }
    }
}

impl<C: Connect> User<C> {
    /// Asks for messages and waits until the broker grants it.
    pub(super) async fn subscribe(&mut self, class: &UserClass, step: &Arc<Subscribe>) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let places: Vec<_> = (0..step.filters.len()).collect();
        let due = self.packet_id(&step.request, step.timeout).await.ok_or(Abort::Failed)?;
        let Some(key) = self.ask(step, &places, due, true) else {
            self.failed_at_once();
            return Err(Abort::Failed);
        };
        for place in places {
            // To the broker a second one for the same filter takes the place of the first.
            self.each_of(&step.filters[place].filter, |_| false);
            let standing = Standing::Open(key, place);
            self.subscriptions().push(Asked { step: Arc::clone(step), place, standing });
        }
        let result = self.drive_awaited(key).await;
        self.give_up_waiting();
        match result {
            Some(Ok(())) => Ok(()),
            Some(Err(failure)) if failure.is_refused_subscription() => {
                let is_refused =
                    |asked: &Asked| Arc::ptr_eq(&asked.step, step) && asked.standing == Standing::Lacking;
                if let Some((inbound, now_ns)) = self.measuring() {
                    let refused = inbound.subscriptions.iter().filter(|asked| is_refused(asked));
                    refused.for_each(|asked| inbound.ended(&asked.step, asked.place, now_ns));
                }
                self.subscriptions().retain(|asked| !is_refused(asked));
                Err(Abort::Failed)
            }
            _ => Err(Abort::Failed),
        }
    }

    /// Asks for no more messages and waits until the broker has answered.
    pub(super) async fn unsubscribe(&mut self, class: &UserClass, step: &Unsubscribe) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let due = self.packet_id(&step.request, step.timeout).await.ok_or(Abort::Failed)?;
        let filters: Vec<_> = step.filters.iter().map(|filter| path(filter, &self.texts)).collect();
        let ticket = self.ticket(&step.request, due, step.timeout, true);
        let sent = match &mut self.session {
            Some(session) => session.unsubscribe(&filters, ticket),
            None => Err(Failure::Closed),
        };
        let Some(key) = self.sent(ticket, sent) else {
            self.failed_at_once();
            return Err(Abort::Failed);
        };
        for (place, filter) in step.filters.iter().enumerate() {
            if let Some((inbound, now_ns)) = self.measuring() {
                inbound.filter_ended(path(filter, &self.texts), now_ns);
            }
            self.each_of(filter, |asked| {
                asked.standing = Standing::Leaving(key, place);
                true
            });
        }
        let result = self.drive_awaited(key).await;
        self.give_up_waiting();
        if result == Some(Ok(())) { Ok(()) } else { Err(Abort::Failed) }
    }

    fn subscriptions(&mut self) -> &mut Vec<Asked> {
        &mut self.inbound().subscriptions
    }

    /// Those for this filter: `keep` tells whether they stay.
    fn each_of(&mut self, filter: &Text, mut keep: impl FnMut(&mut Asked) -> bool) {
        let Self { inbound, texts, .. } = self;
        let Some(inbound) = inbound else { return };
        let filter = text(filter, texts, &[]);
        inbound
            .subscriptions
            .retain_mut(|asked| text(&asked.wanted().filter, texts, &[]) != filter || keep(asked));
    }

    /// They end with the connection.
    pub(super) fn forget_subscriptions(&mut self) {
        if let Some((inbound, now_ns)) = self.measuring() {
            inbound.all_ended(now_ns);
        }
        if let Some(inbound) = &mut self.inbound {
            inbound.subscriptions.clear();
        }
    }

    /// What is not answered by now will not be, or nobody will hear of it.
    fn give_up_waiting(&mut self) {
        let Some(inbound) = &mut self.inbound else { return };
        for asked in &mut inbound.subscriptions {
            match asked.standing {
                Standing::Open(..) => asked.standing = Standing::Lacking,
                Standing::Leaving(..) => asked.standing = Standing::Left,
                Standing::Lacking | Standing::Granted | Standing::Left => {}
            }
        }
    }

    /// Whether a new connection lacks subscriptions; `resumed` says whether it goes on with the session.
    pub(super) fn must_subscribe_again(&self, resumed: bool) -> bool {
        let inbound = self.inbound.as_ref();
        inbound.is_some_and(|inbound| inbound.subscriptions.iter().any(|asked| asked.is_lacking(resumed)))
    }

    /// Asks again, on a new connection, for everything that was asked for on the last one, what belongs to one step
    /// in one packet. What fails is in the statistics, and is tried again with the next connection.
    pub(super) async fn subscribe_again(&mut self, resumed: bool) {
        let mut packets: Vec<(Arc<Subscribe>, Vec<usize>)> = Vec::new();
        for asked in self.subscriptions().iter_mut().filter(|asked| asked.is_lacking(resumed)) {
            asked.standing = Standing::Lacking;
            match packets.last_mut() {
                Some((step, places)) if Arc::ptr_eq(step, &asked.step) => places.push(asked.place),
                _ => packets.push((Arc::clone(&asked.step), vec![asked.place])),
            }
        }
        for (step, places) in packets {
            let Some(due) = self.packet_id(&step.request, step.timeout).await else { continue };
            let Some(key) = self.ask(&step, &places, due, false) else { continue };
            for asked in self.subscriptions().iter_mut().filter(|asked| Arc::ptr_eq(&asked.step, &step)) {
                if let Some(place) = places.iter().position(|place| *place == asked.place) {
                    asked.standing = Standing::Open(key, place);
                }
            }
        }
        // Nothing else that takes long is open yet. If the connection is lost, there will be another one.
        let _ = self.drive(Until::Idle, None).await;
        self.give_up_waiting();
    }

    /// Waits until a packet id is free, if none is, and gives the moment at which the request is due; if none is free
    /// in time, that is recorded.
    async fn packet_id(&mut self, request: &Request, timeout: Duration) -> Option<Instant> {
        let due = Instant::now();
        if self.session.as_ref().is_none_or(Session::has_id) {
            return Some(due);
        }
        let mut begun = Begun::new(&self.shard, self.tag(request), due, timeout);
        let driven = Box::pin(self.drive(Until::Id, Some(begun.deadline))).await;
        begun.end();
        let failure = match driven {
            Ok(true) => return Some(due),
            Ok(false) => Failure::NoPacketId,
            Err(failure) => failure,
        };
        self.record(begun.tag, due, Instant::now(), Err(failure));
        None
    }

    /// Queues a SUBSCRIBE for these filters of a step; if it cannot be, that is recorded.
    fn ask(&mut self, step: &Arc<Subscribe>, places: &[usize], due: Instant, awaited: bool) -> Option<Key> {
        let ticket = self.ticket(&step.request, due, step.timeout, awaited);
        let filters: Vec<_> = places
            .iter()
            .map(|place| {
                let Subscription { filter, qos, options } = &step.filters[*place];
                Filter { path: path(filter, &self.texts), qos: *qos, options: *options }
            })
            .collect();
        let sent = match &mut self.session {
            Some(session) => session.subscribe_with(&filters, step.identifier, ticket),
            None => Err(Failure::Closed),
        };
        if sent.is_ok() {
            self.measure_asked(step, places, ticket.due);
        }
        self.sent(ticket, sent)
    }

    fn ticket(&self, request: &Request, due: Instant, timeout: Duration, awaited: bool) -> Ticket {
        let tag = self.tag(request);
        Ticket { tag, awaited, due, late: self.late, deadline: due + timeout, length: 0 }
    }

    /// The request that was queued; one that could not be is recorded.
    fn sent(&self, ticket: Ticket, sent: Result<Key, Failure>) -> Option<Key> {
        sent.map_err(|failure| self.record(ticket.tag, ticket.due, Instant::now(), Err(failure))).ok()
    }
}

/// A filter as it goes on the wire. A template's text is UTF-8 but for raw bytes, which no filter may hold.
pub(super) fn path<'a>(filter: &'a Text, texts: &'a [Box<[u8]>]) -> &'a str {
    str::from_utf8(text(filter, texts, &[])).unwrap_or_default()
}
