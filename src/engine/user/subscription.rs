//! One subscription of a user, and its state.

use std::sync::Arc;

use crate::client::Key;
use crate::plan::Subscribe;
use crate::plan::subscription::Subscription;

#[derive(Debug, Clone)]
pub(super) struct UserSubscription {
    pub(super) step: Arc<Subscribe>,
    /// Of the filter, in the step.
    pub(super) index: usize,
    pub(super) state: SubscriptionState,
}

/// What is known of a subscription. The index is that of its filter in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubscriptionState {
    /// This SUBSCRIBE is not answered yet.
    Open(Key, usize),
    /// The broker does not have it, as far as the user knows.
    Lacking,
    /// The broker has it.
    Granted,
    /// This UNSUBSCRIBE is not answered yet.
    Leaving(Key, usize),
    /// It has ended. It is kept since the broker may still send messages that it had for it.
    Left,
}

impl UserSubscription {
    /// Takes the answers of the broker to a request. Returns whether one of them grants a lower quality of service than
    /// was asked for.
    pub(super) fn answered(&mut self, key: Key, answers: &[u8]) -> bool {
        const REFUSED: u8 = 0x80;
        let answer = |index: usize| answers.get(index).copied().unwrap_or(0);
        match self.state {
            SubscriptionState::Open(of, index) if of == key => {
                let answer = answer(index);
                self.state =
                    if answer < REFUSED { SubscriptionState::Granted } else { SubscriptionState::Lacking };
                answer < self.plan().qos.level()
            }
            SubscriptionState::Leaving(of, index) if of == key => {
                self.state = if answer(index) < REFUSED {
                    SubscriptionState::Left
                } else {
                    SubscriptionState::Granted
                };
                false
            }
            _ => false,
        }
    }

    pub(super) fn is_granted(&self, step: &Arc<Subscribe>, index: usize) -> bool {
        self.state == SubscriptionState::Granted && self.index == index && Arc::ptr_eq(&self.step, step)
    }

    pub(super) fn plan(&self) -> &Subscription {
        &self.step.filters[self.index]
    }

    /// Whether a new connection lacks it. `resumed` says whether the connection goes on with the session.
    pub(super) fn is_lacking(&self, resumed: bool) -> bool {
        match self.state {
            SubscriptionState::Open(..) | SubscriptionState::Lacking => true,
            SubscriptionState::Granted => !resumed,
            SubscriptionState::Leaving(..) | SubscriptionState::Left => false,
        }
    }
}
