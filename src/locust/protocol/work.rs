//! What the users of a worker do at the master's word.
//!
//! ```text
//!              Ready             Running          Draining        Stopping        Discarding   Leaving
//! spawn        cleared, told     told             ·               ·               ·            ·
//!              → Running
//! spawning_    ·                 cleared, if the  ·               ·               ·            ·
//!  complete                      test asks for it
//! reset        cleared if it is a new one, told, in every state
//! drain        drained           → Draining       drained, if     ·               ·            ·
//!                                                 users are gone
//! stop         → Stopping        → Stopping       → Stopping      ·               ·            ·
//! quit         reported, → Leaving, in every state but Discarding
//! leave asked  → Leaving         → Leaving        → Leaving       → Leaving       → Leaving    users are cut off
//! users gone   ·                 reported,        reported,       reported,       cleared,     farewell
//!                                told: cannot run drained         client_stopped  → Ready
//!                                                                 → Ready
//! resumed      ·                 as if the users were gone now, if they are        ·            ·
//! identity     → Discarding, in every state but Leaving                                        farewell
//!  lost
//! due:         heartbeat each second, report each 3 s, log each 10 s, in every state while the master is there;
//!              farewell when Leaving has taken too long
//! ```
//! Farewell: a last report, `quit`, and the connection is closed. If users are still there, `quit` is left out: the master misses
//! the worker then, and does not end as if it had heard all. A headless master reads reports for half a second after its
//! own `quit`, whatever its stop timeout. So users are cut off then, and the report of what is done goes first. Our
//! locustfile sends `drain` before, each second until all have answered, so that nothing is left to cut off.
//!
//! A spawn that comes while users stop is not followed: the master has sent it before it read what this worker said, and it
//! gives out the users anew when it does.

use std::time::Duration;

use tokio::time::Instant;

use crate::locust::message::{Spawn, ToMaster, WorkerState};
use crate::locust::protocol::event::{Action, Applied};

const HEARTBEAT: Duration = Duration::from_secs(1);
const REPORT: Duration = Duration::from_secs(3);
const LOGS: Duration = Duration::from_secs(10);

/// A headless master reads for 0.5 s after its `quit`.
const QUIT_TIME: Duration = Duration::from_millis(400);

/// How long users may take to go when the worker was told twice to leave. Its process ends after a second.
const CUT_TIME: Duration = Duration::from_millis(700);

/// How long users may take for `on_stop` and DISCONNECT after their tasks were cut off.
const LEAVE_TIME: Duration = Duration::from_secs(5);

/// The longest stop timeout that is followed: a year.
const MAX_STOP_TIMEOUT_S: f64 = 366.0 * 86_400.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    Running {
        /// The test has ended by itself.
        gone: bool,
    },
    Draining {
        gone: bool,
        number: u64,
    },
    Stopping {
        gone: bool,
    },
    Discarding,
    Leaving {
        until: Instant,
    },
    /// The master has our farewell, and users are still on their way out.
    Left {
        until: Instant,
    },
}

/// What the link has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkChange {
    Nothing,
    /// The test is over, and this worker is ready for another one.
    Stopped,
    /// Nothing is left of a master that is gone.
    Discarded,
}

#[derive(Debug)]
pub(super) struct Work {
    state: State,
    /// The latest spawn of this master, on its clock.
    last_spawn: f64,
    /// Statistics begin anew when all users have started.
    resets_statistics: bool,
    /// The reset that was followed last.
    last_reset: u64,
    stop_timeout: Duration,
    heartbeat_due: Instant,
    report_due: Instant,
    logs_due: Instant,
    /// What the clock of the master is ahead of ours.
    pub(super) shift_s: i64,
}

impl Work {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            state: State::Ready,
            last_spawn: f64::NEG_INFINITY,
            resets_statistics: false,
            last_reset: 0,
            stop_timeout: Duration::ZERO,
            heartbeat_due: now,
            report_due: now,
            logs_due: now,
            shift_s: 0,
        }
    }

    /// When something is due; heartbeats only if `beats`, all the rest only if `joined`.
    pub(super) fn next_due(&self, beats: bool, joined: bool) -> Option<Instant> {
        let farewell = match self.state {
            State::Leaving { until } => Some(until),
            State::Left { until } => return Some(until),
            _ => None,
        };
        let beat = beats.then_some(self.heartbeat_due);
        let others = joined.then(|| self.report_due.min(self.logs_due));
        [farewell, beat, others].into_iter().flatten().min()
    }

    pub(super) fn due(&mut self, now: Instant, beats: bool, joined: bool, actions: &mut Vec<Action>) {
        if let State::Left { until } = self.state {
            if now >= until {
                actions.push(Action::End(Ok(())));
            }
            return;
        }
        if beats && now >= self.heartbeat_due {
            actions.push(Action::Heartbeat(self.told()));
            self.heartbeat_due = now + HEARTBEAT;
        }
        if joined && now >= self.report_due {
            self.report(now, actions);
        }
        if joined && now >= self.logs_due {
            actions.push(Action::SendLogs);
            self.logs_due = now + LOGS;
        }
        if let State::Leaving { until } = self.state
            && now >= until
        {
            self.farewell(now, joined, false, actions);
        }
    }

    /// The next heartbeat is due now.
    pub(super) fn beat(&mut self, now: Instant) {
        self.heartbeat_due = now;
    }

    /// A master has taken the worker in.
    pub(super) fn joined(&mut self, now: Instant) {
        (self.last_spawn, self.last_reset) = (f64::NEG_INFINITY, 0);
        if self.state == (State::Stopping { gone: true }) {
            // A second `stop` came before the master had taken the worker in again.
            self.state = State::Ready;
        }
        (self.heartbeat_due, self.report_due, self.logs_due) = (now, now + REPORT, now);
    }

    pub(super) fn resumed(&mut self, now: Instant, actions: &mut Vec<Action>) -> WorkChange {
        match self.state {
            State::Running { gone: true } => {
                self.failed(now, actions);
                WorkChange::Nothing
            }
            State::Draining { gone: true, number } => {
                self.drained(now, number, actions);
                WorkChange::Nothing
            }
            State::Stopping { gone: true } => self.stopped(now, actions),
            _ => WorkChange::Nothing,
        }
    }

    pub(super) fn spawn(&mut self, spawn: Box<Spawn>, actions: &mut Vec<Action>) {
        // Locust's own workers say it even of an old message.
        actions.push(Action::Send(ToMaster::Spawning));
        let is_newer = spawn.timestamp > self.last_spawn;
        if !is_newer || !matches!(self.state, State::Ready | State::Running { .. }) {
            let why = if is_newer { "users are stopping" } else { "it is older than the one before" };
            actions.push(Action::Say(format!("numbers of users from the master are not followed: {why}")));
            return;
        }
        if self.state == State::Ready {
            actions.push(Action::ClearStatistics);
        }
        self.last_spawn = spawn.timestamp;
        self.resets_statistics = spawn.is_set("reset_stats");
        self.stop_timeout = stop_timeout(spawn.stop_timeout.unwrap_or(0.0));
        self.state = State::Running { gone: false };
        actions.push(Action::Apply(spawn));
    }

    pub(super) fn applied(applied: Applied, actions: &mut Vec<Action>) {
        for problem in applied.problems {
            actions.push(Action::Complain(problem.clone()));
            // The master shows both, side by side.
            let message = problem.lines().next().unwrap_or_default().to_owned();
            actions.push(Action::SendSurely(ToMaster::Exception { message, traceback: problem }));
        }
        if applied.has_failed {
            actions.push(Action::SendSurely(ToMaster::CannotRun));
        }
        actions.push(Action::Send(ToMaster::SpawningComplete(applied.counts)));
    }

    /// All workers have their users.
    pub(super) fn spawning_complete(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.state, State::Running { .. }) && self.resets_statistics {
            self.resets_statistics = false;
            actions.push(Action::ClearStatistics);
        }
    }

    /// Statistics have begun anew at the master. It asks again until it has the answer.
    pub(super) fn reset(&mut self, number: u64, actions: &mut Vec<Action>) {
        if number == self.last_reset {
            actions.push(Action::Send(ToMaster::Reset(number)));
            return;
        }
        self.last_reset = number;
        // Locust's own word for it comes behind, at the end of a ramp.
        self.resets_statistics = false;
        // The master counts no report until it has this answer.
        actions.extend([Action::ClearStatistics, Action::SendSurely(ToMaster::Reset(number))]);
    }

    pub(super) fn drain(&mut self, stop_timeout_s: f64, number: u64, actions: &mut Vec<Action>) {
        match &mut self.state {
            State::Running { .. } => {
                self.state = State::Draining { gone: false, number };
                actions.push(Action::StopUsers { patience: stop_timeout(stop_timeout_s) });
            }
            State::Draining { gone, number: of } => {
                *of = number;
                if *gone {
                    actions.push(Action::Send(ToMaster::Drained(number)));
                }
            }
            State::Ready => actions.push(Action::Send(ToMaster::Drained(number))),
            State::Stopping { .. } | State::Discarding | State::Leaving { .. } | State::Left { .. } => {}
        }
    }

    pub(super) fn stop(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.state, State::Ready | State::Running { .. } | State::Draining { .. }) {
            self.state = State::Stopping { gone: false };
            actions.push(Action::StopUsers { patience: self.stop_timeout });
        }
    }

    pub(super) fn quit(&mut self, now: Instant, actions: &mut Vec<Action>) {
        match self.state {
            State::Left { .. } | State::Discarding => {}
            State::Leaving { until } => self.state = State::Leaving { until: until.min(now + QUIT_TIME) },
            _ => {
                self.report(now, actions);
                self.state = State::Leaving { until: now + QUIT_TIME };
                actions.push(Action::StopUsers { patience: Duration::ZERO });
            }
        }
    }

    pub(super) fn leave_asked(&mut self, now: Instant, actions: &mut Vec<Action>) {
        match self.state {
            State::Leaving { until } => {
                self.state = State::Leaving { until: until.min(now + CUT_TIME) };
                actions.push(Action::StopUsers { patience: Duration::ZERO });
            }
            State::Left { .. } => actions.push(Action::End(Ok(()))),
            _ => {
                self.state = State::Leaving { until: now + self.stop_timeout + LEAVE_TIME };
                actions.push(Action::StopUsers { patience: self.stop_timeout });
            }
        }
    }

    pub(super) fn users_gone(&mut self, now: Instant, joined: bool, actions: &mut Vec<Action>) -> WorkChange {
        match self.state {
            State::Draining { number, .. } => {
                self.state = State::Draining { gone: true, number };
                if joined {
                    self.drained(now, number, actions);
                }
            }
            State::Stopping { .. } => {
                self.state = State::Stopping { gone: true };
                if joined {
                    return self.stopped(now, actions);
                }
            }
            State::Discarding => {
                self.state = State::Ready;
                actions.push(Action::ClearStatistics);
                return WorkChange::Discarded;
            }
            State::Leaving { .. } => {
                self.farewell(now, joined, true, actions);
                actions.push(Action::End(Ok(())));
            }
            State::Left { .. } => actions.push(Action::End(Ok(()))),
            State::Running { .. } => {
                self.state = State::Running { gone: true };
                if joined {
                    self.failed(now, actions);
                }
            }
            State::Ready => {}
        }
        WorkChange::Nothing
    }

    pub(super) fn identity_lost(&mut self, now: Instant, actions: &mut Vec<Action>) {
        match self.state {
            State::Left { .. } => {}
            State::Leaving { .. } => self.farewell(now, false, false, actions),
            _ => {
                self.state = State::Discarding;
                actions.push(Action::StopUsers { patience: Duration::ZERO });
            }
        }
    }

    /// Whether the master has had our farewell.
    pub(super) fn is_left(&self) -> bool {
        matches!(self.state, State::Left { .. })
    }

    fn told(&self) -> WorkerState {
        match self.state {
            State::Ready | State::Discarding => WorkerState::Ready,
            _ => WorkerState::Running,
        }
    }

    fn report(&mut self, now: Instant, actions: &mut Vec<Action>) {
        actions.push(Action::Report { shift_s: self.shift_s });
        self.report_due = now + REPORT;
    }

    /// Tells the master that this worker has no users, although it should: the report has the exception that says why.
    fn failed(&mut self, now: Instant, actions: &mut Vec<Action>) {
        self.report(now, actions);
        actions.push(Action::Send(ToMaster::CannotRun));
    }

    /// Tells the master that nothing of the test is left here.
    fn drained(&mut self, now: Instant, number: u64, actions: &mut Vec<Action>) {
        self.report(now, actions);
        actions.extend([Action::SendLogs, Action::Send(ToMaster::Drained(number))]);
    }

    fn stopped(&mut self, now: Instant, actions: &mut Vec<Action>) -> WorkChange {
        self.report(now, actions);
        actions.push(Action::SendLogs);
        actions.push(Action::Send(ToMaster::ClientStopped));
        self.state = State::Ready;
        WorkChange::Stopped
    }

    fn farewell(&mut self, now: Instant, joined: bool, gone: bool, actions: &mut Vec<Action>) {
        if joined {
            actions.extend([Action::Report { shift_s: self.shift_s }, Action::SendLogs]);
        }
        if joined && gone {
            actions.push(Action::Send(ToMaster::Quit));
        }
        actions.push(Action::HangUp);
        self.state = State::Left { until: now + LEAVE_TIME };
    }
}

fn stop_timeout(seconds: f64) -> Duration {
    let seconds = if seconds.is_finite() { seconds.clamp(0.0, MAX_STOP_TIMEOUT_S) } else { 0.0 };
    Duration::from_secs_f64(seconds)
}
