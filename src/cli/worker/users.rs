//! The users of a worker, on the engine: what the room `locust` asks for becomes a test with numbers of users.
//!
//! A test that cannot begin, or has ended by itself, has no users until the master stops it: with the next numbers nothing would
//! be better, and the master would get the same exception each second of its ramp.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::pending;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use crate::cli::render::Stops;
use crate::cli::worker::metrics::Metrics;
use crate::cli::worker::test::{Recorded, Surroundings, Test};
use crate::cli::worker::told::{self, Terms};
use crate::engine::limits::raise_open_files;
use crate::locust::message::{ClassChange, Spawn};
use crate::locust::protocol::Applied;
use crate::locust::report::ClassCounts;
use crate::locust::worker::Users;
use crate::plan::Plan;
use crate::plan::load::MAX_USERS;
use crate::stats::interval::Interval;

/// How much of the identity of a worker is its run id, which stands in client ids. Some brokers take few characters.
const RUN_ID_LENGTH: usize = 4;

/// The users of this process.
#[derive(Debug)]
pub(super) struct EngineUsers {
    threads: usize,
    /// What makes the present node id unique.
    identity: Rc<RefCell<String>>,
    index: u64,
    recorded: Recorded,
    test: State,
    counts: ClassCounts,
    /// What the master was told of this test, so that it is told once.
    told: BTreeSet<String>,
    metrics: Option<Metrics>,
}

#[derive(Debug)]
enum State {
    /// No test goes on.
    Ready,
    /// This one does.
    Running(Running),
    /// The master believes that one goes on, but it cannot.
    Failed,
}

#[derive(Debug)]
struct Running {
    test: Test,
    plan: Arc<Plan>,
    /// What the plan was made of.
    terms: Terms,
    /// The master has stopped it.
    is_stopped: bool,
}

impl EngineUsers {
    /// No users yet. They will be on so many threads.
    pub(super) fn new(
        threads: usize,
        identity: Rc<RefCell<String>>,
        recorded: Recorded,
        metrics: Option<Metrics>,
    ) -> Self {
        Self {
            threads,
            identity,
            index: 0,
            recorded,
            test: State::Ready,
            counts: ClassCounts::new(),
            told: BTreeSet::new(),
            metrics,
        }
    }

    fn run_id(&self) -> String {
        self.identity.borrow().chars().take(RUN_ID_LENGTH).collect()
    }

    fn read(&self, spawn: &Spawn, stops: Stops) -> Result<(Arc<Plan>, PathBuf), String> {
        let told = told::read(spawn, self.index, &self.run_id(), stops)?;
        for line in told.warnings {
            warn!("{line}");
        }
        Ok((Arc::new(told.plan), told.folder))
    }

    fn begin(&self, spawn: &Spawn) -> Result<State, String> {
        let (plan, folder) = self.read(spawn, Stops::Start)?;
        info!("Running {}, as worker {} of the master", plan.name, self.index);
        let surroundings = Surroundings {
            threads: self.threads,
            recorded: self.recorded.clone(),
            metrics: self.metrics.clone(),
            run_id: self.run_id(),
        };
        let test = Test::begin(Arc::clone(&plan), folder, surroundings)
            .map_err(|error| format!("no thread can be started: {error}"))?;
        Ok(State::Running(Running { test, plan, terms: Terms::of(spawn), is_stopped: false }))
    }

    /// Lets a test that goes on follow what was changed at the master, if anything was. If that is wrong, all stays as it is.
    fn follow(&mut self, spawn: &Spawn) -> Result<(), String> {
        let State::Running(running) = &self.test else { return Ok(()) };
        let terms = Terms::of(spawn);
        if running.terms == terms {
            return Ok(());
        }
        let read = self.read(spawn, Stops::Change);
        let State::Running(running) = &mut self.test else { return Ok(()) };
        // Once: a mistake is not told with each number of users.
        running.terms = terms;
        let (plan, folder) =
            read.map_err(|problem| format!("what was changed at the master is not followed: {problem}"))?;
        if plan != running.plan {
            info!("The master has changed the test: all users stop and start anew");
            running.test.go_on_with(Arc::clone(&plan), folder, plan.load.stop_timeout);
            running.plan = plan;
        }
        Ok(())
    }
}

impl Users for EngineUsers {
    fn take_index(&mut self, index: u64) {
        self.index = index;
    }

    fn apply(&mut self, spawn: &Spawn) -> Applied {
        let (mut problems, mut has_failed) = (Vec::new(), false);
        match &self.test {
            State::Ready => {
                self.test = self.begin(spawn).unwrap_or_else(|problem| {
                    problems.push(problem);
                    has_failed = true;
                    State::Failed
                });
            }
            State::Running(running) if running.test.has_ended() => self.test = State::Failed,
            State::Running(_) => problems.extend(self.follow(spawn).err()),
            State::Failed => {}
        }
        let before = std::mem::take(&mut self.counts);
        self.counts = spawn.user_classes_count.keys().map(|class| (class.clone(), 0)).collect();
        if let State::Running(Running { test, plan, .. }) = &self.test {
            let mut by_class = vec![0; plan.classes.len()];
            for (class, &users) in &spawn.user_classes_count {
                if let Some(place) = plan.classes.iter().position(|of| of.name == *class) {
                    by_class[place] = u32::try_from(users).unwrap_or(u32::MAX);
                    self.counts.insert(class.clone(), u64::from(by_class[place]));
                } else if users > 0 {
                    problems.push(format!("the scenario has no class `{class}`, or no task of it is left"));
                }
            }
            let all = by_class.iter().copied().map(u64::from).sum();
            if all > u64::from(MAX_USERS) {
                problems.push(format!("{all} users are more than the {MAX_USERS} that a worker can have"));
                self.counts = before;
            } else {
                problems.extend(raise_open_files(all).err().map(|error| error.to_string()));
                test.go_to(by_class);
            }
        }
        problems.retain(|problem| self.told.insert(problem.clone()));
        Applied { counts: self.counts.clone(), problems, has_failed }
    }

    fn change_class(&mut self, _: &ClassChange) -> Result<(), String> {
        Err("a class is changed by the fields of the scenario when a test starts".to_owned())
    }

    /// Users that have left by themselves count, as they do in the engine's ramps: no other user replaces them.
    fn counts(&self) -> ClassCounts {
        match &self.test {
            State::Running(running) if !running.test.has_ended() => self.counts.clone(),
            _ => self.counts.keys().map(|class| (class.clone(), 0)).collect(),
        }
    }

    fn take(&mut self) -> Interval {
        self.recorded.take()
    }

    fn clear(&mut self) {
        self.recorded.clear();
    }

    fn stop(&mut self, patience: Duration) {
        match &mut self.test {
            State::Running(running) => {
                running.is_stopped = true;
                running.test.stop(patience);
            }
            State::Ready | State::Failed => self.test = State::Ready,
        }
        self.told.clear();
    }

    async fn gone(&mut self) {
        match &self.test {
            State::Ready => {}
            State::Running(running) => {
                running.test.ended().await;
                self.test = if running.is_stopped { State::Ready } else { State::Failed };
            }
            // Its end has been told.
            State::Failed => pending().await,
        }
    }
}

#[cfg(test)]
mod tests;
