//! The users of a worker, on the engine: what the room `locust` asks for becomes a test with numbers of users.
//!
//! A test that cannot begin, or has ended by itself, has no users until the master stops it: with the next numbers nothing would
//! be better, and the master would get the same exception each second of its ramp.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use tracing::{info, warn};

use crate::cli::worker::metrics::Metrics;
use crate::cli::worker::test::{Recorded, Test};
use crate::cli::worker::told;
use crate::engine::limits::raise_open_files;
use crate::locust::message::{ClassChange, Spawn};
use crate::locust::protocol::Applied;
use crate::locust::report::ClassCounts;
use crate::locust::worker::Users;
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
    /// This one does. The places of its classes in the plan are by their names.
    Running { test: Test, classes: BTreeMap<String, usize> },
    /// The master believes that one goes on, but it cannot.
    Failed,
}

impl EngineUsers {
    /// No users yet. They will be on so many threads.
    pub(super) fn new(threads: usize, identity: Rc<RefCell<String>>, metrics: Option<Metrics>) -> Self {
        Self {
            threads,
            identity,
            index: 0,
            recorded: Recorded::new(),
            test: State::Ready,
            counts: ClassCounts::new(),
            told: BTreeSet::new(),
            metrics,
        }
    }

    fn begin(&self, spawn: &Spawn) -> Result<State, String> {
        let run_id: String = self.identity.borrow().chars().take(RUN_ID_LENGTH).collect();
        let told = told::read(spawn, self.index, &run_id)?;
        for line in told.warnings {
            warn!("{line}");
        }
        info!("Running {}, as worker {} of the master", told.plan.name, self.index);
        let names = told.plan.classes.iter().map(|class| class.name.clone());
        let classes = names.enumerate().map(|(place, name)| (name, place)).collect();
        let metrics = self.metrics.as_ref().map(|metrics| metrics.begin(&told.plan, &run_id));
        let begun = Test::begin(told.plan, told.folder, self.threads, self.recorded.clone(), metrics);
        let test = begun.map_err(|error| format!("no thread can be started: {error}"))?;
        Ok(State::Running { test, classes })
    }
}

impl Users for EngineUsers {
    fn take_index(&mut self, index: u64) {
        self.index = index;
    }

    fn apply(&mut self, spawn: &Spawn) -> Applied {
        let mut problems = Vec::new();
        if matches!(self.test, State::Ready) {
            self.test = self.begin(spawn).unwrap_or_else(|problem| {
                problems.push(problem);
                State::Failed
            });
        }
        self.counts = spawn.user_classes_count.keys().map(|class| (class.clone(), 0)).collect();
        match &self.test {
            State::Running { test, .. } if test.has_ended() => self.test = State::Failed,
            State::Running { test, classes } => {
                let mut by_class = vec![0; classes.len()];
                for (class, &users) in &spawn.user_classes_count {
                    if let Some(&place) = classes.get(class) {
                        by_class[place] = u32::try_from(users).unwrap_or(u32::MAX);
                        self.counts.insert(class.clone(), u64::from(by_class[place]));
                    } else if users > 0 {
                        problems
                            .push(format!("the scenario has no class `{class}`, or no task of it is left"));
                    }
                }
                let all = by_class.iter().copied().map(u64::from).sum();
                problems.extend(raise_open_files(all).err().map(|error| error.to_string()));
                test.go_to(by_class);
            }
            State::Ready | State::Failed => {}
        }
        problems.retain(|problem| self.told.insert(problem.clone()));
        Applied { counts: self.counts.clone(), problems }
    }

    fn change_class(&mut self, _: &ClassChange) -> Result<(), String> {
        Err("a class is changed by the fields of the scenario when a test starts".to_owned())
    }

    /// Users that have left by themselves count, as they do in the engine's ramps: no other user replaces them.
    fn counts(&self) -> ClassCounts {
        match &self.test {
            State::Running { test, .. } if !test.has_ended() => self.counts.clone(),
            _ => self.counts.keys().map(|class| (class.clone(), 0)).collect(),
        }
    }

    fn take(&mut self) -> Interval {
        self.recorded.take()
    }

    fn stop(&mut self, patience: Duration) {
        match &self.test {
            State::Running { test, .. } => test.stop(patience),
            State::Ready | State::Failed => self.test = State::Ready,
        }
        self.told.clear();
    }

    async fn gone(&mut self) {
        if let State::Running { test, .. } = &self.test {
            test.ended().await;
        }
        self.test = State::Ready;
    }
}
