//! Asking for messages, and asking again.
//!
//! A broker forgets the subscriptions of a clean session with its connection; the user keeps them until a
//! `disconnect` step, and makes them again on every new connection, or a long run would go silent after the
//! broker's first restart. One is kept from the moment it is sent, not granted: messages may come before SUBACK
//! (MQTT 3.1.1, section 3.8.4), and a connection may be lost before it. Where the broker goes on with a session
//! that lasts, only those are made again that it had not granted.

use std::sync::Arc;

use tokio::time::Instant;

use crate::client::failure::Failure;
use crate::client::{Connect, Filter, Key, Session, Ticket, Until};
use crate::engine::user::User;
use crate::engine::user::message::text;
use crate::engine::user::steps::Abort;
use crate::plan::{Subscribe, UserClass};

/// A subscription that a user has asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    step: Arc<Subscribe>,
    /// Whether the broker has answered.
    granted: bool,
}

impl<C: Connect> User<C> {
    /// Asks for messages and waits until the broker grants it.
    pub(super) async fn subscribe(&mut self, class: &UserClass, step: &Arc<Subscribe>) -> Result<(), Abort> {
        self.connected(class, &class.reconnect).await?;
        let key = self.ask(step, true).ok_or(Abort::Failed)?;
        // To the broker a second one for the same filter takes the place of the first.
        let subscriptions = self.subscriptions();
        subscriptions.retain(|asked| asked.step.filter != step.filter);
        subscriptions.push(Asked { step: Arc::clone(step), granted: false });
        let result = self.drive_awaited(key).await;
        match result {
            Some(Ok(())) => {
                self.set_granted(step, true);
                Ok(())
            }
            Some(Err(failure)) if failure.is_refused_subscription() => {
                self.subscriptions().retain(|asked| asked.step.filter != step.filter);
                Err(Abort::Failed)
            }
            _ => Err(Abort::Failed),
        }
    }

    fn subscriptions(&mut self) -> &mut Vec<Asked> {
        &mut self.inbound().subscriptions
    }

    /// They end with the connection.
    pub(super) fn forget_subscriptions(&mut self) {
        if let Some(inbound) = &mut self.inbound {
            inbound.subscriptions.clear();
        }
    }

    fn set_granted(&mut self, step: &Subscribe, granted: bool) {
        if let Some(asked) = self.subscriptions().iter_mut().find(|asked| asked.step.filter == step.filter) {
            asked.granted = granted;
        }
    }

    /// Whether a new connection lacks subscriptions; `resumed` says whether it goes on with the session.
    pub(super) fn must_subscribe_again(&self, resumed: bool) -> bool {
        let inbound = self.inbound.as_ref();
        inbound.is_some_and(|inbound| inbound.subscriptions.iter().any(|asked| !(resumed && asked.granted)))
    }

    /// Asks again, on a new connection, for everything that was asked for on the last one. What fails is in the
    /// statistics, and is tried again with the next connection.
    pub(super) async fn subscribe_again(&mut self, resumed: bool) {
        let mut asked = self.subscriptions().clone();
        asked.retain(|asked| !(resumed && asked.granted));
        for Asked { step, .. } in &asked {
            self.set_granted(step, false);
            self.ask(step, false);
        }
        // Nothing else that takes long is open yet. If the connection is lost, there will be another one.
        if self.drive(Until::Idle, None).await.is_ok() {
            for asked in &asked {
                self.set_granted(&asked.step, true);
            }
        }
    }

    /// Queues a SUBSCRIBE; if it cannot be, that is recorded.
    fn ask(&mut self, step: &Subscribe, awaited: bool) -> Option<Key> {
        let due = Instant::now();
        let tag = self.tag(&step.request);
        let ticket = Ticket { tag, awaited, due, late: self.late, deadline: due + step.timeout, length: 0 };
        // A template's text is UTF-8 but for raw bytes, which no filter may hold.
        let filter = str::from_utf8(text(&step.filter, &self.texts, &[])).unwrap_or_default();
        let asked = match &mut self.session {
            Some(session) => {
                session.subscribe(&[Filter { path: filter, qos: step.qos, options: step.options }], ticket)
            }
            None => Err(Failure::Closed),
        };
        asked.map_err(|failure| self.record(tag, due, Instant::now(), Err(failure))).ok()
    }
}
