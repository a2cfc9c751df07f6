//! A plan for people and scripts: what a tester wants to see before starting ten thousand users.
//!
//! What the plan leads to (users of each class, traffic, what the run needs) is worked out once, as `Facts`;
//! `text` and `json` only write it down, so that both say the same.

use serde_json::Value;

use crate::plan::mix::Dispatcher;
use crate::plan::rate::{Traffic, traffic};
use crate::plan::{BrokerId, Plan, Target};

mod json;
pub mod ratio;
mod sample;
mod text;

use sample::SampleUser;

/// How many users of a class send sample messages.
const SAMPLES: usize = 2;
/// Local ports that Linux gives to connections by default (32768 to 60999), for each address of a broker.
const LOCAL_PORTS: u32 = 28_232;
/// Files that are open besides connections: outputs, event queues, the terminal.
const OTHER_FILES: u64 = 64;
/// What the program takes before its first user, measured (`docs/performance.md`).
const BASE_BYTES: u64 = 7 << 20;
/// What a connected user takes, measured (`docs/performance.md`).
const CONNECTION_BYTES: u64 = 3_482;
/// What a row of the statistics takes, with a common number of different response times.
const ROW_BYTES: u64 = 2_048;

/// The plan as text of many lines, the last one ended.
pub fn describe(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = text::write(Facts::new(plan), &mut out);
    out
}

/// The plan as one JSON object, of the shape that `docs/plan-json.md` tells.
pub fn describe_json(plan: &Plan) -> Value {
    json::plan(Facts::new(plan))
}

/// A plan with what follows from it.
struct Facts<'a> {
    plan: &'a Plan,
    classes: Vec<ClassFacts>,
    needs: Needs,
}

/// What follows for one class.
struct ClassFacts {
    /// Its users once all have started.
    users: u32,
    /// The first of them.
    samples: Vec<SampleUser>,
    /// What all of them send in a second at most; nothing if no pause bounds it.
    traffic: Option<Traffic>,
}

/// What a run takes from the machine; estimates, but for connections and ports.
struct Needs {
    connections: u64,
    open_files: u64,
    memory_bytes: u64,
}

impl<'a> Facts<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut dispatcher = Dispatcher::for_classes(&plan.classes);
        // The pace does not change who is picked.
        dispatcher.ramp(plan.load.users, 1_000.0);
        let mut samples: Vec<Vec<SampleUser>> = plan.classes.iter().map(|_| Vec::new()).collect();
        let mut number = 0;
        while let Some(batch) = dispatcher.next_batch() {
            for class in batch.start {
                number += 1;
                let of_class = &mut samples[class.0];
                if of_class.len() < SAMPLES {
                    let index = of_class.len() as u64;
                    of_class.push(SampleUser::new(&plan.classes[class.0], plan.seed, number, index));
                }
            }
        }
        let classes = plan.classes.iter().zip(dispatcher.counts()).zip(samples);
        let classes: Vec<_> = classes
            .map(|((class, users), samples)| {
                // A user of its own, so that the samples draw as they would without it.
                let traffic = match samples.first().cloned() {
                    Some(mut user) => traffic(class, |publish| user.packet_bytes(publish)),
                    None => Some(Traffic::default()),
                };
                ClassFacts { users: *users, samples, traffic: traffic.map(|traffic| traffic.times(*users)) }
            })
            .collect();
        let needs = Needs::new(plan, &classes);
        Self { plan, classes, needs }
    }

    fn users(&self) -> u32 {
        self.classes.iter().map(|class| class.users).sum()
    }

    /// Of all classes; nothing if one of them is bounded by nothing.
    fn traffic(&self) -> Option<Traffic> {
        let started = self.classes.iter().filter(|class| class.users > 0);
        started.map(|class| class.traffic).try_fold(Traffic::default(), |sum, class| Some(sum + class?))
    }

    /// Connections to one broker.
    fn connections(&self, broker: BrokerId) -> u32 {
        let classes = self.plan.classes.iter().zip(&self.classes);
        classes.filter(|(class, _)| class.broker == broker).map(|(_, facts)| facts.users).sum()
    }

    /// Rows whose names differ from user to user.
    fn rows_per_user(&self) -> u64 {
        let classes = self.plan.classes.iter().zip(&self.classes);
        classes.map(|(class, facts)| class.user_rows as u64 * u64::from(facts.users)).sum()
    }
}

impl Needs {
    fn new(plan: &Plan, classes: &[ClassFacts]) -> Self {
        let (mut connections, mut ends, mut rows) = (0, 0, plan.rows.len() as u64);
        for (class, facts) in plan.classes.iter().zip(classes) {
            let users = u64::from(facts.users);
            let embedded = matches!(plan.brokers[class.broker.0].target, Target::Embedded { .. });
            connections += users;
            // An embedded broker holds the other end of each.
            ends += if embedded { 2 * users } else { users };
            rows += class.user_rows as u64 * users;
        }
        let memory_bytes = BASE_BYTES + ends * CONNECTION_BYTES + rows * ROW_BYTES;
        Self { connections, open_files: ends + OTHER_FILES, memory_bytes }
    }
}
