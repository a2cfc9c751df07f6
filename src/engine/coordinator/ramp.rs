//! Users come: the ramp of a stage, who has arrived, and the storm that a stage may begin with.

use tokio::time::Instant;
use tracing::info;

use crate::engine::coordinator::{Coordinator, State};
use crate::engine::messages::Command;
use crate::engine::observer::Observer;
use crate::engine::outcome::End;
use crate::plan::dispatcher::Batch;
use crate::plan::load::StageClock;

impl<O: Observer> Coordinator<'_, O> {
    /// Drops the connections of as many users as the stage that begins wants.
    pub(super) fn drop_connections(&mut self) {
        let place = self.stages.place();
        let Some(share) = self.stages.stage().and_then(|stage| stage.mass_disconnect.as_ref()) else {
            return;
        };
        let users = self.registry.draw(share, self.plan.seed.wrapping_add(place as u64));
        self.disconnects.begin(place, &users, &self.lines);
    }

    /// A shard has dropped so many connections.
    pub(super) fn dropped(&mut self, stage: usize, connections: u64) {
        if let Some((dropped, drawn)) = self.disconnects.answer(stage, connections) {
            let title = self.plan.load.stage_title(stage);
            info!("The begin of {title} dropped the connections of {dropped} of {drawn} users");
        }
    }

    /// Starts and stops the users of one step of the ramp.
    pub(super) fn change_users(&mut self, batch: &Batch, now: Instant) {
        if let Some((action, users)) = self.registry.stop(&batch.stop, now) {
            self.decide(action, &users);
        }
        self.living += batch.start.len() as u64;
        for (line, share) in self.lines.iter().zip(self.registry.start(&batch.start)) {
            if !share.is_empty() {
                line.send(Command::Start(share));
            }
        }
    }

    /// The ramp of a stage is over.
    pub(super) fn spawned(&mut self, now: Instant) {
        let counts = self.registry.counts();
        let total: u64 = counts.iter().sum();
        info!("All users spawned: {:?} ({total} total users)", self.plan.by_class(&counts));
        self.reset_due = self.options.reset_stats;
        let waits = self.stages.stage().is_some_and(|stage| stage.clock == StageClock::Connected);
        if waits || self.rate_search.is_some() {
            self.stages.wait(now);
            self.shared.arrivals.expect(self.registry.started());
            self.look_who_arrived();
        }
        self.end_if_all_left();
    }

    /// How many users have not had a connection yet.
    pub(super) fn missing(&self) -> u64 {
        self.shared.arrivals.missing(self.registry.started())
    }

    /// Starts the clock of a stage that waited for its users, if all of them are there.
    pub(super) fn look_who_arrived(&mut self) {
        if self.missing() == 0 {
            info!("All users are connected");
            self.start_stage();
        }
    }

    /// Starts the clock of a stage that waited for its users.
    pub(super) fn start_stage(&mut self) {
        self.stages.start_clock(Instant::now());
        if let Some(rate_search) = &mut self.rate_search {
            rate_search.begin(self.clock.at(Instant::now()));
        }
    }

    /// Without users, and with none to come, there is nothing to wait for.
    pub(super) fn end_if_all_left(&mut self) {
        if self.state == State::Running && self.living == 0 && self.stages.all_started() {
            info!("All users have left, shutting down");
            self.stop(End::UsersGone);
        }
    }
}
