//! Asking for messages, and asking again.
//!
//! A session is clean, so a broker forgets its subscriptions with the connection; the user keeps them until a
//! `disconnect` step, and makes them again on every new connection, or a long run would go silent after the
//! broker's first restart. One is kept from the moment it is sent, not granted: messages may come before SUBACK
//! (MQTT 3.1.1, section 3.8.4), and a connection may be lost before it.

use std::sync::Arc;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Filter, Key, Session, Ticket, Until};
use crate::engine::user::User;
use crate::engine::user::message::text;
use crate::engine::user::steps::Abort;
use crate::plan::{Subscribe, UserClass};

impl<C: Connect> User<C> {
    /// Asks for messages and waits until the broker grants it.
    pub(super) async fn subscribe(&mut self, class: &UserClass, step: &Arc<Subscribe>) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let key = self.ask(step, true).ok_or(Abort::Failed)?;
        // To the broker a second one for the same filter takes the place of the first.
        self.subscriptions.retain(|kept| kept.filter != step.filter);
        self.subscriptions.push(Arc::clone(step));
        let result = self.drive_awaited(key).await;
        if result == Some(Err(Failure::SubscriptionRefused)) {
            self.subscriptions.retain(|kept| kept.filter != step.filter);
        }
        match result {
            Some(Ok(())) => Ok(()),
            _ => Err(Abort::Failed),
        }
    }

    /// Asks again, on a new connection, for everything that was asked for on the last one. What fails is in the
    /// statistics, and is tried again with the next connection.
    pub(super) async fn subscribe_again(&mut self) {
        for step in self.subscriptions.clone() {
            self.ask(&step, false);
        }
        // Nothing else is open yet. If the connection is lost, there will be another one.
        let _ = self.drive(Until::Idle, None).await;
    }

    /// Queues a SUBSCRIBE; if it cannot be, that is recorded.
    fn ask(&mut self, step: &Subscribe, awaited: bool) -> Option<Key> {
        let due = Instant::now();
        let tag = self.tag(&step.request);
        let ticket = Ticket { tag, awaited, due, deadline: due + step.timeout, length: 0 };
        // A template's text is UTF-8 but for raw bytes, which no filter may hold.
        let filter = str::from_utf8(text(&step.filter, &self.texts, &[])).unwrap_or_default();
        let asked = match &mut self.session {
            Some(session) => session.subscribe(&[Filter::new(filter, step.qos)], ticket),
            None => Err(Failure::Closed),
        };
        asked.map_err(|failure| self.shard.record(tag, due, Instant::now(), 0, Err(failure), None)).ok()
    }
}
