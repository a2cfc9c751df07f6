//! Load over time: when each stage begins and ends, and how many users there are at each moment.
//!
//! The engine's roster goes through the batches of each stage once to find the users of the stage. It is assumed
//! that users connect in no time. So times after a stage that waits for connections are the earliest possible ones.

use std::time::Duration;

use crate::plan::dispatcher::{Pace, changes};
use crate::plan::load::{After, Load, Stage};
use crate::plan::plan::Plan;
use crate::plan::roster::{Change, Roster};

/// What the roster of a shard makes of a load, if every user connects at once and no user leaves by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadTimeline {
    /// One for each stage.
    pub stages: Vec<StageTimeline>,
    /// The most users of each class at a time.
    pub most: Vec<u32>,
    /// How many users of each class are started, those included that replace stopped ones.
    pub started: Vec<u64>,
    /// The most users at a time.
    pub most_in_all: u32,
    run_time: Option<Duration>,
}

/// A stage on the timeline of a run. All moments count from the start of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct StageTimeline {
    /// When the stage begins.
    pub begins: Duration,
    /// From its first batch of users to its last; if it is cut off, to the end of the stage.
    pub ramp: Duration,
    /// When it ends; `None` never by itself.
    pub ends: Option<Duration>,
    /// Users of each class after its ramp.
    pub users: Vec<u32>,
    /// Whether it ends before its ramp does.
    pub is_cut: bool,
    /// How long its ramp would be if it were not cut off.
    pub full_ramp: Duration,
    before: u32,
    starts: u32,
    stops: u32,
    pace: Pace,
}

impl LoadTimeline {
    /// Returns the timeline of a plan's shard.
    pub fn of(plan: &Plan) -> Self {
        Self::new(Roster::of(plan), &plan.load)
    }

    /// Returns the timeline of all shards together.
    pub fn of_all(plan: &Plan) -> Self {
        Self::new(Roster::of_all(plan), &plan.load)
    }

    /// Returns the timeline of a load; the roster must have no users yet.
    pub fn new(roster: Roster, load: &Load) -> Self {
        Self::watched(roster, load, &mut |_, _| {})
    }

    /// Like `new`; calls `changed` with each change of the users and its moment, in order.
    pub(crate) fn watched(roster: Roster, load: &Load, changed: &mut dyn FnMut(Duration, &Change)) -> Self {
        Self::through(roster, load, changed, &mut |_, _| {})
    }

    /// The most users that a stage wants at a time, also if it ends before all of them have started; the roster must have no
    /// users yet. It takes as long as all ramps would if none were cut off.
    pub fn most_wanted(roster: Roster, load: &Load) -> u32 {
        let mut most = 0;
        Self::through(roster, load, &mut |_, _| {}, &mut |stage, roster| {
            let users: u32 = if stage.is_cut { roster.goal().iter().sum() } else { stage.users.iter().sum() };
            most = most.max(users);
        });
        most
    }

    /// Like `watched`; calls `over` with each stage and the roster at its end.
    fn through(
        mut roster: Roster,
        load: &Load,
        changed: &mut dyn FnMut(Duration, &Change),
        over: &mut dyn FnMut(&StageTimeline, &Roster),
    ) -> Self {
        let classes = roster.counts().len();
        let mut timeline = Self {
            stages: Vec::new(),
            most: vec![0; classes],
            started: vec![0; classes],
            most_in_all: 0,
            run_time: load.run_time,
        };
        let mut begins = Duration::ZERO;
        for stage in &load.stages {
            let stage_timeline = timeline.pass(stage, begins, &mut roster, changed);
            over(&stage_timeline, &roster);
            let ends = stage_timeline.ends;
            timeline.stages.push(stage_timeline);
            let Some(ends) = ends else { break };
            begins = ends;
        }
        timeline
    }

    fn pass(
        &mut self,
        stage: &Stage,
        begins: Duration,
        roster: &mut Roster,
        changed: &mut dyn FnMut(Duration, &Change),
    ) -> StageTimeline {
        let before: u32 = roster.counts_in_all().iter().sum();
        let pace = Pace::new(stage.spawn_rate);
        let changes = changes(roster.counts_in_all(), &stage.users);
        let limit = stage.duration.filter(|_| stage.after == After::AtOnce);
        let (mut starts, mut stops, mut ramp, mut is_cut) = (0_u32, 0_u32, Duration::ZERO, false);
        roster.ramp_to(&stage.users, stage.spawn_rate);
        while let Some(change) = roster.next_change() {
            // Only what a change starts can be more than there ever was.
            for new in &change.start {
                let class = new.class.0;
                self.most[class] = self.most[class].max(roster.counts()[class]);
                self.started[class] += 1;
            }
            changed(begins.saturating_add(ramp), &change);
            starts += change.starts_in_all;
            stops += change.stops_in_all;
            self.most_in_all = self.most_in_all.max(roster.counts().iter().sum());
            ramp = ramp.saturating_add(change.wait);
            if let Some(limit) = limit.filter(|limit| !change.wait.is_zero() && ramp >= *limit) {
                (ramp, is_cut) = (limit, true);
                break;
            }
        }
        let wait = if stage.after == After::Connected { ramp } else { Duration::ZERO };
        StageTimeline {
            begins,
            ramp,
            ends: stage.duration.map(|duration| begins.saturating_add(wait).saturating_add(duration)),
            users: roster.counts().to_vec(),
            is_cut,
            full_ramp: if is_cut { pace.time_for(changes) } else { ramp },
            before,
            starts,
            stops,
            pace,
        }
    }

    /// How long the run is; `None` if neither stages nor run time end it. Other ends may come first.
    pub fn length(&self) -> Option<Duration> {
        let stages = self.stages.last().and_then(|last| last.ends);
        stages.into_iter().chain(self.run_time).min()
    }

    /// How many users all shards have at a moment of the run; those that are stopped count as gone at once.
    pub fn users_at(&self, moment: Duration) -> u32 {
        if self.length().is_some_and(|length| moment >= length) {
            return 0;
        }
        let begun = self.stages.iter().rev().find(|stage| stage.begins <= moment);
        begun.map_or(0, |stage| stage.users_after(moment.saturating_sub(stage.begins)))
    }
}

impl StageTimeline {
    /// Users so long after its begin, as long as it lasts.
    fn users_after(&self, time: Duration) -> u32 {
        let batches = match self.pace.wait.as_nanos() {
            0 => u128::from(u32::MAX),
            wait => time.as_nanos() / wait + 1,
        };
        let done = u32::try_from(batches.saturating_mul(self.pace.batch.into())).unwrap_or(u32::MAX);
        self.before - self.stops.min(done) + self.starts.min(done)
    }
}

#[cfg(test)]
mod tests;
