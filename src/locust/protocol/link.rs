//! The connection to the master: when it is opened, whether the master knows us, and when it counts as gone.
//!
//! ```text
//!                Held       Waiting       Dialing       Joining          Resuming         Joined
//! released       → Dialing  ·             ·             ·                ·                ·
//! Due            ·          → Dialing     ·             client_ready     no answer:       silence:
//!                                                       once more        identity lost    identity lost
//! Connected      ·          ·             → Joining, or → Resuming if the master knows us
//! NotConnected   ·          ·             → Waiting     ·                ·                ·
//! Lost           ·          ·             ·             → Waiting        → Waiting        → Waiting
//! ack            ·          ·             ·             → Joined         → Joined         ·
//! heartbeat      ·          ·             ·             ·                → Joined         heard
//! away too long  ·          identity lost if the master knew us          identity lost    ·
//! limit          ·          End           End           End              End              ·
//! ```
//! Why a lost connection is resumed with a heartbeat and not with `client_ready`: a master that still has the worker would
//! count it twice, and give it two shares. Only a master that knows the worker answers a heartbeat. If no answer comes, the
//! master is another one, or the old connection still counts as alive there: then it ignores this identity for ever. Another
//! identity cures both. The users must be gone first, so the caller holds the link until they are.

use std::time::Duration;

use tokio::time::Instant;

use crate::locust::message::ToMaster;
use crate::locust::protocol::event::{Action, WorkerError};

/// Between two attempts to join.
pub(super) const JOIN_INTERVAL: Duration = Duration::from_secs(5);

/// How long the master has to answer after a connection was lost.
pub(super) const RESUME_TIME: Duration = Duration::from_secs(5);

/// How long users work on without a master, which answers each heartbeat, one a second. It gives them to others after some five
/// seconds. The connection is kept meanwhile: a second one with this identity is ignored as long as the master has the first.
pub(super) const AWAY_LIMIT: Duration = Duration::from_secs(10);

/// How long a worker looks for a master that it had, as in Locust.
pub(super) const GONE_LIMIT: Duration = Duration::from_mins(1);

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Users of a master that is gone are still there.
    Held,
    Waiting {
        until: Instant,
    },
    Dialing,
    Joining {
        again: Instant,
    },
    Resuming {
        until: Instant,
    },
    Joined,
}

/// What is new for the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkChange {
    Nothing,
    /// A master has taken us in.
    Joined,
    /// The same master is there again.
    Resumed,
    /// Whatever the master wanted, it does not want it any more. The link is held.
    IdentityLost,
}

#[derive(Debug)]
pub(super) struct Link {
    state: State,
    /// Whether a master has this identity among its workers.
    is_known: bool,
    /// Whether any master ever had.
    was_joined: bool,
    /// When the master last said something, or when the search for it began.
    heard: Instant,
    pause: Duration,
    join_limit: Duration,
    /// What the last attempt said.
    reason: String,
}

impl Link {
    /// A link that is about to dial. `join_limit` is how long the first master is looked for.
    pub(super) fn new(now: Instant, join_limit: Duration) -> Self {
        Self {
            state: State::Dialing,
            is_known: false,
            was_joined: false,
            heard: now,
            pause: SHORTEST_PAUSE,
            join_limit,
            reason: "it did not answer".to_owned(),
        }
    }

    /// Whether messages about users can be sent.
    pub(super) fn is_joined(&self) -> bool {
        self.state == State::Joined
    }

    /// Whether heartbeats can be sent.
    pub(super) fn beats(&self) -> bool {
        matches!(self.state, State::Joined | State::Resuming { .. })
    }

    /// Whether a master has ever taken this worker in.
    pub(super) fn was_joined(&self) -> bool {
        self.was_joined
    }

    /// When something is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let away = self.is_known.then(|| self.heard + AWAY_LIMIT);
        let limit = Some(self.heard + self.limit());
        match self.state {
            State::Held => None,
            State::Waiting { until } => [Some(until), away, limit].into_iter().flatten().min(),
            State::Dialing => [away, limit].into_iter().flatten().min(),
            State::Joining { again } => [Some(again), limit].into_iter().flatten().min(),
            State::Resuming { until } => Some(until),
            State::Joined => Some(self.heard + AWAY_LIMIT),
        }
    }

    pub(super) fn due(&mut self, now: Instant, actions: &mut Vec<Action>) -> LinkChange {
        let silent = now.saturating_duration_since(self.heard);
        if !matches!(self.state, State::Held | State::Joined) && silent >= self.limit() {
            actions.push(Action::End(Err(self.given_up())));
            return LinkChange::Nothing;
        }
        match self.state {
            State::Waiting { .. } | State::Dialing if self.is_known && silent >= AWAY_LIMIT => {
                return self.lose_identity(actions);
            }
            State::Resuming { until } if now >= until => {
                actions.push(Action::Say("the master does not know this worker any more".to_owned()));
                return self.lose_identity(actions);
            }
            State::Waiting { until } if now >= until => self.dial(actions),
            State::Joining { again } if now >= again => self.ask(now, actions),
            State::Joined if silent >= AWAY_LIMIT => {
                actions.push(Action::Say(format!(
                    "the master has said nothing for {} s: users stop, and the worker joins as a new one",
                    AWAY_LIMIT.as_secs()
                )));
                return self.lose_identity(actions);
            }
            _ => {}
        }
        LinkChange::Nothing
    }

    pub(super) fn connected(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.pause = SHORTEST_PAUSE;
        if self.is_known {
            self.state = State::Resuming { until: now + RESUME_TIME };
        } else {
            "it does not answer client_ready".clone_into(&mut self.reason);
            self.ask(now, actions);
        }
    }

    /// The connection could not be opened, or has ended.
    pub(super) fn lost(&mut self, now: Instant, reason: String, actions: &mut Vec<Action>) {
        if self.state == State::Held {
            return;
        }
        if reason != self.reason {
            actions.push(Action::Say(format!("no connection to the master: {reason}")));
            self.reason = reason;
        }
        if let State::Joining { .. } = self.state {
            // Nobody knows whether the master has read client_ready, so this identity is not used again.
            actions.push(Action::NewIdentity);
        }
        self.state = State::Waiting { until: now + self.pause };
        self.pause = (2 * self.pause).min(LONGEST_PAUSE);
    }

    /// The master said something.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// The master has taken us in.
    pub(super) fn acknowledged(&mut self) -> LinkChange {
        (self.is_known, self.was_joined) = (true, true);
        match self.state {
            State::Joining { .. } => {
                self.state = State::Joined;
                LinkChange::Joined
            }
            _ => self.answered(),
        }
    }

    /// The master has answered a heartbeat.
    pub(super) fn answered(&mut self) -> LinkChange {
        match self.state {
            State::Resuming { .. } => {
                self.state = State::Joined;
                LinkChange::Resumed
            }
            _ => LinkChange::Nothing,
        }
    }

    /// Joins again after a stop, with the same identity: the master has just forgotten it.
    pub(super) fn join_again(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.is_known = false;
        self.ask(now, actions);
    }

    /// Connects again, since the master wants it.
    pub(super) fn reconnect(&mut self, actions: &mut Vec<Action>) {
        if self.beats() {
            actions.push(Action::HangUp);
            self.dial(actions);
        }
    }

    /// The users of the lost identity are gone.
    pub(super) fn release(&mut self, actions: &mut Vec<Action>) {
        if self.state == State::Held {
            actions.push(Action::NewIdentity);
            self.dial(actions);
        }
    }

    fn limit(&self) -> Duration {
        if self.was_joined { GONE_LIMIT } else { self.join_limit }
    }

    fn given_up(&self) -> WorkerError {
        let (seconds, reason) = (self.limit().as_secs(), self.reason.clone());
        if self.was_joined {
            WorkerError::MasterGone { after_s: seconds, reason }
        } else {
            WorkerError::NoMaster { within_s: seconds, reason }
        }
    }

    fn ask(&mut self, now: Instant, actions: &mut Vec<Action>) {
        actions.push(Action::Send(ToMaster::ClientReady));
        self.state = State::Joining { again: now + JOIN_INTERVAL };
    }

    fn dial(&mut self, actions: &mut Vec<Action>) {
        actions.push(Action::Dial);
        self.state = State::Dialing;
    }

    fn lose_identity(&mut self, actions: &mut Vec<Action>) -> LinkChange {
        actions.push(Action::HangUp);
        self.is_known = false;
        self.state = State::Held;
        LinkChange::IdentityLost
    }
}
