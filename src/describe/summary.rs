//! The results of a plan: users of each class, their first messages, traffic, and the needs of the run.

use std::time::Duration;

use crate::describe::sample::SampleUser;
use crate::describe::secrets::Secrets;
use crate::mqtt::Client;
use crate::plan::rate::{Traffic, traffic};
use crate::plan::roster::{NewUser, Roster};
use crate::plan::target::Target;
use crate::plan::timeline::LoadTimeline;
use crate::plan::{Broker, BrokerId, Plan};

const SAMPLES: usize = 2;
/// Local ports that Linux gives to connections by default (32768 to 60999), for each address of a broker.
pub(super) const LOCAL_PORTS: u32 = 28_232;
/// Files that are open besides connections: outputs, event queues, the terminal.
const OTHER_FILES: u64 = 64;
/// What the program takes before its first user, measured (`docs/performance.md`).
const BASE_BYTES: u64 = 7 << 20;
/// What a connected user takes, measured (`docs/performance.md`).
const CONNECTION_BYTES: u64 = 3_482;
/// What a connected user takes through rumqttc, measured (`docs/performance.md`).
const RUMQTTC_CONNECTION_BYTES: u64 = 28 << 10;
/// What a row of the statistics takes, with a common number of different response times.
const ROW_BYTES: u64 = 2_048;

pub(super) struct PlanSummary<'a> {
    pub(super) plan: &'a Plan,
    pub(super) timeline: LoadTimeline,
    /// The most users at a time in all shards together.
    pub(super) users_in_all: u32,
    pub(super) stages: Vec<StageSummary>,
    pub(super) classes: Vec<ClassSummary>,
    pub(super) needs: Needs,
    pub(super) secrets: Secrets,
}

pub(super) struct ClassSummary {
    pub(super) users: u32,
    /// The first of them.
    pub(super) samples: Vec<SampleUser>,
    /// The most that one user sends in a second; `None` if no pause limits it.
    pub(super) of_one: Option<Traffic>,
    /// The most that all users send in a second; `None` if no pause limits it.
    pub(super) traffic: Option<Traffic>,
}

pub(super) struct StageSummary {
    pub(super) users: Vec<u32>,
    /// The most that they send in a second; `None` if nothing limits one of the classes.
    pub(super) traffic: Option<Traffic>,
}

/// What a run takes from the machine; estimates, but for connections and ports.
pub(super) struct Needs {
    pub(super) connections: u64,
    pub(super) open_files: u64,
    pub(super) memory_bytes: u64,
}

impl<'a> PlanSummary<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let timeline = LoadTimeline::of(plan);
        let classes: Vec<_> = plan
            .classes
            .iter()
            .zip(&timeline.most)
            .zip(samples(plan, &timeline))
            .map(|((class, users), samples)| {
                // A user of its own, so that the samples draw as they would without it.
                let of_one = match samples.first().cloned() {
                    Some(mut user) => {
                        let version = plan.brokers[class.broker.0].settings.version;
                        traffic(class, |publish| user.packet_bytes(version, class, publish))
                    }
                    None => Some(Traffic::default()),
                };
                let traffic = of_one.map(|traffic| traffic.times(*users));
                ClassSummary { users: *users, samples, of_one, traffic }
            })
            .collect();
        let stages = timeline
            .stages
            .iter()
            .map(|stage_timeline| {
                let users = stage_timeline.users.clone();
                let sums = classes.iter().zip(&users).filter(|(_, users)| **users > 0);
                let traffic = sums
                    .map(|(class, users)| class.of_one.map(|traffic| traffic.times(*users)))
                    .try_fold(Traffic::default(), |sum, class| Some(sum + class?));
                StageSummary { users, traffic }
            })
            .collect();
        let needs = Needs::new(plan, &timeline);
        let secrets = Secrets::of(classes.iter().flat_map(|class| &class.samples));
        let whole = (!plan.shard.is_whole()).then(|| LoadTimeline::of_all(plan));
        let users_in_all = whole.as_ref().unwrap_or(&timeline).most_in_all;
        Self { plan, timeline, users_in_all, stages, classes, needs, secrets }
    }

    pub(super) fn users(&self) -> u32 {
        self.timeline.most_in_all
    }

    /// The traffic of the stage that sends most; `None` if nothing limits one of the stages.
    pub(super) fn traffic(&self) -> Option<Traffic> {
        let stages = self.stages.iter().map(|stage| stage.traffic);
        stages.reduce(|most, stage| {
            let (most, stage) = (most?, stage?);
            Some(if stage.messages > most.messages { stage } else { most })
        })?
    }

    pub(super) fn connections(&self, broker: BrokerId) -> u32 {
        let classes = self.plan.classes.iter().zip(&self.classes);
        classes.filter(|(class, _)| class.broker == broker).map(|(_, summary)| summary.users).sum()
    }

    pub(super) fn rows_per_user(&self) -> u64 {
        rows_per_user(self.plan, &self.timeline)
    }
}

/// The first users of each class, with the numbers that they have in the run.
fn samples(plan: &Plan, timeline: &LoadTimeline) -> Vec<Vec<SampleUser>> {
    let mut roster = Roster::of(plan);
    let mut samples: Vec<Vec<SampleUser>> = plan.classes.iter().map(|_| Vec::new()).collect();
    let wanted = timeline.started.iter().map(|started| (*started).min(SAMPLES as u64));
    let mut missing: u64 = wanted.sum();
    for (stage, stage_timeline) in plan.load.stages.iter().zip(&timeline.stages) {
        roster.ramp_to(&stage.users, stage.spawn_rate);
        let mut time = Duration::ZERO;
        while missing > 0
            && !(stage_timeline.is_cut && time >= stage_timeline.ramp)
            && let Some(change) = roster.next_change()
        {
            time = time.saturating_add(change.wait);
            for NewUser { class, number, index } in change.start {
                let of_class = &mut samples[class.0];
                if of_class.len() < SAMPLES {
                    of_class.push(SampleUser::new(&plan.classes[class.0], plan.seed, number, index));
                    missing = missing.saturating_sub(1);
                }
            }
        }
    }
    samples
}

/// Of all users that are started, since a row stays when its user leaves.
fn rows_per_user(plan: &Plan, timeline: &LoadTimeline) -> u64 {
    plan.classes.iter().zip(&timeline.started).map(|(class, started)| class.user_rows as u64 * started).sum()
}

impl Needs {
    fn new(plan: &Plan, timeline: &LoadTimeline) -> Self {
        let connections = u64::from(timeline.most_in_all);
        // The most users at a time of brokers of some kind.
        let users_of = |is_such: &dyn Fn(&Broker) -> bool| -> u64 {
            let classes = plan.classes.iter().zip(&timeline.most);
            let of_such = classes.filter(|(class, _)| is_such(&plan.brokers[class.broker.0]));
            of_such.map(|(_, most)| u64::from(*most)).sum::<u64>().min(connections)
        };
        // An embedded broker holds the other end of each connection.
        let ends = connections + users_of(&|broker| matches!(broker.target, Target::Embedded { .. }));
        let through_rumqttc = users_of(&|broker| broker.client == Client::Rumqttc);
        let rows = plan.rows.len() as u64 + rows_per_user(plan, timeline);
        let memory_bytes = BASE_BYTES
            + ends * CONNECTION_BYTES
            + through_rumqttc * (RUMQTTC_CONNECTION_BYTES - CONNECTION_BYTES)
            + rows * ROW_BYTES;
        Self { connections, open_files: ends + OTHER_FILES, memory_bytes }
    }
}
