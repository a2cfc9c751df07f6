//! Waiting for the next task run by the clock, and whose fault it is when its moment is over.
//!
//! A late start has one of two causes. The user was busy: with the run before, whose answers took too long, or with a
//! connection that was lost. Or the user was free, and the generator woke it late. The first is what the broker does
//! to a rate and counts as a late start; the second is the generator's send lag. A lag can outlast the period, so
//! that the next start is late too although the user was busy only because it had begun late: that is still the lag.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::{Connect, Late};
use crate::engine::user::User;
use crate::engine::user::steps::Abort;
use crate::plan::UserClass;
use crate::plan::schedule::{ArrivalTimes, Schedule};

/// The schedule of one user.
#[derive(Debug)]
pub(super) struct Rhythm {
    timetable: ArrivalTimes,
    /// By how much the generator alone made the last start late.
    lag: Duration,
}

impl Rhythm {
    /// Whether a start that is overdue by so much, at the moment at which its user could begin, was held up by more
    /// than the generator's lag at the start before.
    fn held_up(&self, overdue: Duration) -> bool {
        overdue > self.lag
    }
}

impl<C: Connect> User<C> {
    /// Waits until the next task run is due, if its moment is not over, and notes by how much it is late.
    pub(super) async fn until_due(&mut self, class: &UserClass, schedule: &Schedule) -> Result<(), Abort> {
        let (started, tempo) = (self.shard.clock.started(), self.shard.shared.rate_factor.factor());
        let ready = Instant::now();
        let now = ready - started;
        let random = &mut self.random;
        let rhythm = self.rhythm.get_or_insert_with(|| {
            let timetable = ArrivalTimes::new(schedule, now, tempo, random);
            Box::new(Rhythm { timetable, lag: Duration::ZERO })
        });
        let due = started + rhythm.timetable.next(schedule, now, tempo, random);
        let held_up = if due < ready {
            let held_up = rhythm.held_up(ready - due);
            if !held_up {
                self.shard.woke(due);
            }
            held_up
        } else {
            !self.think(class, due).await?
        };
        self.shard.scheduled_start(held_up);
        let late = due.elapsed();
        self.late = Late::by(late);
        if let Some(rhythm) = &mut self.rhythm {
            rhythm.lag = if held_up { Duration::ZERO } else { late };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};
    use std::rc::Rc;
    use std::sync::Arc;

    use tokio::time::sleep;

    use super::*;
    use crate::client::scripted::{Script, ScriptedConnector};
    use crate::engine::alarm::Alarm;
    use crate::engine::clock::Clock;
    use crate::engine::messages::NewUser;
    use crate::engine::shard::Shard;
    use crate::engine::shared::Shared;
    use crate::engine::stop::{self, Leash};
    use crate::mqtt::{Qos, Settings};
    use crate::plan::load::{Load, Stage, StageClock, Users};
    use crate::plan::payload::Payload;
    use crate::plan::properties::Properties;
    use crate::plan::receive::Keeps;
    use crate::plan::reconnect::Reconnect;
    use crate::plan::schedule::Phase;
    use crate::plan::target::Target;
    use crate::plan::wait::WaitTime;
    use crate::plan::{
        Broker, BrokerId, ClassId, OnError, Plan, Publish, Request, Row, Step, Steps, Task, TaskOrder, Text,
    };
    use crate::stats::{RowId, RowKey};
    use crate::template::Template;
    use crate::template::names::{Columns, Names, Place};
    use crate::template::random::Random;

    /// Runs of these lengths in milliseconds, 100 apart, woken late by so much: which starts were held up.
    fn held_up(lengths: &[u64], woken_late: &[u64]) -> Vec<bool> {
        let ms = Duration::from_millis;
        let schedule = Schedule { per_user: 10.0, jitter: Duration::ZERO, phase: Phase::Aligned };
        let mut random = Random::for_user(0, "test", 0);
        let timetable = ArrivalTimes::new(&schedule, Duration::ZERO, 1.0, &mut random);
        let mut rhythm = Rhythm { timetable, lag: Duration::ZERO };
        let mut ready = Duration::ZERO;
        let start = |(length, late): (&u64, &u64)| {
            let due = rhythm.timetable.next(&schedule, ready, 1.0, &mut random);
            let held_up = due < ready && rhythm.held_up(ready.saturating_sub(due));
            let begun = ready.max(due + ms(if due < ready { 0 } else { *late }));
            rhythm.lag = if held_up { Duration::ZERO } else { begun.saturating_sub(due) };
            ready = begun + ms(*length);
            held_up
        };
        lengths.iter().zip(woken_late).map(start).collect()
    }

    #[test]
    fn the_broker_is_blamed_for_what_the_generator_did_not_cause() {
        for (lengths, woken_late, expected) in [
            // Nobody is late.
            ([10, 10, 10, 10, 10], [0, 0, 0, 0, 0], [false, false, false, false, false]),
            // A long run holds up the next two.
            ([10, 250, 10, 10, 10], [0; 5], [false, false, true, true, false]),
            // The generator oversleeps by more than a period; the runs themselves are short.
            ([10, 10, 10, 10, 10], [0, 150, 0, 0, 0], [false; 5]),
            // It oversleeps, and then the runs take longer than a period.
            ([10, 120, 120, 10, 10], [0, 150, 0, 0, 0], [false, false, true, true, true]),
        ] {
            assert_eq!(held_up(&lengths, &woken_late), expected, "{lengths:?} {woken_late:?}");
        }
    }

    /// One user that sends a message ten times a second, at multiples of 100 ms.
    fn ten_a_second() -> Arc<Plan> {
        let (vars, used_vars, env) = (BTreeMap::new(), RefCell::new(BTreeSet::new()), |_: &str| None);
        let columns = Columns::default();
        let names = Names {
            class: Some("device"),
            vars: &vars,
            used_vars: &used_vars,
            columns: &columns,
            env: &env,
            hostname: "rig",
            run_id: None,
        };
        let request = Request { row: Row::Static(RowId(0)), record: true };
        let publish = Step::Publish(Box::new(Publish {
            topic: Text::Constant(b"t"[..].into()),
            payload: Payload::Text(Text::Constant(b""[..].into())),
            feeds: Vec::new(),
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: Properties::default(),
            timeout: Duration::from_secs(10),
            await_ack: true,
            request: request.clone(),
            counter: 0,
            stamp: None,
        }));
        let class = UserClass {
            name: "device".to_owned(),
            broker: BrokerId(0),
            weight: 1.0,
            fixed_count: 0,
            client_id: Template::parse("device", Place::ClientId, &names).unwrap(),
            username: None,
            password: None,
            certificate: None,
            will: None,
            wait_time: WaitTime::ZERO,
            schedule: Some(Schedule { per_user: 10.0, jitter: Duration::ZERO, phase: Phase::Aligned }),
            iterations: None,
            messages: None,
            on_error: OnError::AbortTask,
            on_start: Steps::default(),
            order: TaskOrder::Weighted,
            tasks: vec![Task {
                name: "t".to_owned(),
                weight: 1,
                on_error: None,
                steps: Steps(vec![publish]),
            }],
            on_stop: Steps::default(),
            reconnect: request,
            reconnection: Reconnect::default(),
            connect_phases: Vec::new(),
            user_texts: 0,
            user_rows: 0,
            counters: 1,
            repeat_depth: 0,
            keeps: Keeps::default(),
            feeds: Vec::new(),
            walks: 0,
        };
        Arc::new(Plan {
            name: "test".to_owned(),
            seed: 1,
            brokers: vec![Broker {
                name: "local".to_owned(),
                target: Target::Embedded { options: String::new() },
                connect_timeout: Duration::from_secs(5),
                keep_alive_s: 0,
                inflight: 1,
                source_addresses: Vec::new(),
                tls: None,
                headers: Vec::new(),
                settings: Settings::default(),
                connect_detail: false,
            }],
            classes: vec![class],
            rows: vec![RowKey { request_type: "MQTT".to_owned(), name: "all".to_owned() }],
            load: Load {
                stages: vec![Stage {
                    name: None,
                    users: Users::Total(1),
                    spawn_rate: 1.0,
                    duration: None,
                    clock: StageClock::Begin,
                    mass_disconnect: None,
                }],
                run_time: None,
                stop_timeout: Duration::ZERO,
                iterations: None,
                messages: None,
                search: None,
            },
            thresholds: Vec::new(),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn another_tempo_holds_from_the_next_start() {
        let ms = Duration::from_millis;
        let plan = ten_a_second();
        let shared = Shared::new(&plan.load, usize::MAX);
        let tempo = shared.rate_factor.clone();
        let connector = ScriptedConnector::new(Script::default());
        let (clock, alarm) = (Clock::start(), Alarm::Tokio);
        let shard = Shard::new(plan, connector.clone(), alarm, clock, shared, false);
        let leash = Rc::new(Leash::new());
        let new = NewUser { class: ClassId(0), number: 1, index: 0 };
        let user = User::new(Rc::new(shard), Rc::clone(&leash), new);
        let search = async {
            sleep(ms(250)).await;
            tempo.set(4.0);
            sleep(ms(125)).await;
            tempo.set(0.5);
            sleep(ms(500)).await;
            leash.pull(stop::Phase::Leaving);
        };
        tokio::join!(user.live(), search);
        let entries = connector.entries();
        let published = entries.iter().filter(|entry| entry.action.starts_with("publish"));
        let times: Vec<_> = published.map(|entry| entry.at.as_millis()).collect();
        // The connect takes a millisecond of the first run.
        assert_eq!(times, [1, 100, 200, 300, 325, 350, 375, 400, 600, 800]);
    }
}
