//! How users come: the ramps of stages and of the person at the keyboard, and the connections that a stage waits for.

use tokio::time::Instant;

use crate::engine::coordinator::event::{Effect, Situation};
use crate::engine::coordinator::lifecycle::Lifecycle;
use crate::engine::coordinator::rate_search::Progress;
use crate::engine::outcome::End;
use crate::engine::run_control::UserChange;

impl Lifecycle {
    /// Drops the connections of as many users as the stage that begins wants.
    pub(super) fn drop_connections(&mut self) {
        let index = self.stages.index();
        if let Some(share) = self.stages.stage().and_then(|stage| stage.mass_disconnect.as_ref()) {
            let commands = self.users.disconnect(
                index,
                share,
                self.stages.roster(),
                self.plan.seed.wrapping_add(index as u64),
            );
            self.send(commands);
        }
    }

    pub(super) fn change_users(&mut self, change: &UserChange, seen: &Situation) {
        if self.rate_search.is_some() {
            self.warn("The number of users stays as it is while the run searches for the highest rate");
        } else if !self.plan.shard.is_whole() {
            let shard = self.plan.shard;
            self.warn(format!(
                "The number of users stays as it is: this is shard {shard} of a run, and the others would not know"
            ));
        } else if let Some(announcement) = self.stages.change_users(change, seen.now) {
            self.info(announcement);
        }
    }

    /// Says for which users a feed has no rows. A scenario has rows for all users of its stages, but not for those that
    /// are started besides.
    pub(super) fn warn_of_missing_rows(&mut self) {
        let warnings = self.row_limits.exceeded(|class| {
            let started = self.stages.roster().started_in_all()[class.0];
            started.checked_sub(1).map_or(0, |last| self.plan.numbering.index(last) + 1)
        });
        self.effects.extend(warnings.into_iter().map(Effect::Warn));
    }

    pub(super) fn all_spawned(&mut self, seen: &Situation) {
        let counts = self.counts();
        let total: u64 = counts.iter().copied().map(u64::from).sum();
        let by_class = self.plan.by_class(counts);
        self.info(format!("All users spawned: {by_class:?} ({total} total users)"));
        if self.resets_statistics {
            self.effects.push(Effect::ResetStatistics);
        }
        if self.stages.starts_with_connections() || self.rate_search.is_some() {
            self.stages.wait(seen.now);
            self.effects.push(Effect::AwaitConnected(self.users.started()));
            self.start_clock_if_connected(seen);
        }
        self.stop_if_all_left(seen);
    }

    fn missing(&self, seen: &Situation) -> u64 {
        self.users.started().saturating_sub(seen.connected)
    }

    pub(super) fn start_clock_if_connected(&mut self, seen: &Situation) {
        if self.missing(seen) == 0 {
            self.info("All users are connected");
            self.start_clock(seen.now);
        }
    }

    /// Starts the clock of a stage that waited for its users.
    fn start_clock(&mut self, now: Instant) {
        self.stages.start_clock(now);
        let begun = self.rate_search.as_mut().map(|search| search.begin(self.clock.at(now)));
        self.follow(begun.unwrap_or_default());
    }

    /// Does what the rate search says. Returns whether it is over.
    pub(super) fn follow(&mut self, progress: Progress) -> bool {
        self.effects.extend(progress.lines.into_iter().map(Effect::Info));
        self.effects.extend(progress.factor.map(Effect::SetRateFactor));
        progress.is_over
    }

    /// A stage still waits for connections.
    pub(super) fn tell_of_missing_connections(&mut self, seen: &Situation) {
        let (missing, all) = (self.missing(seen), self.users.started());
        if !self.stages.is_out_of_patience(missing, seen.now) {
            self.info(format!("Waiting for the connections of {missing} of {all} users"));
        } else if missing == all {
            self.warn(format!("None of {all} users gets a connection, shutting down"));
            self.stop(End::NobodyConnected, seen);
        } else {
            self.warn(format!("{missing} of {all} users get no connection, the stage goes on without them"));
            self.start_clock(seen.now);
        }
    }
}
