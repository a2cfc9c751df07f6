//! A test for each row of the table, without a runtime: moments are given in.

use super::*;
use crate::engine::coordinator::rate_search::Second;
use crate::engine::delivery::SETTLE_TIME;
use crate::engine::messages::StopAction;
use crate::engine::run_control::UserChange;
use crate::engine::testing;
use crate::plan::load::{
    After, ClassRate, Load, MassDisconnect, RateSearchSettings, Stage, Users as StageUsers,
};
use crate::plan::reconnect::Reconnect;
use crate::plan::roster::NewUser;
use crate::plan::{ClassId, UserClass};
use crate::stats::statistics::Statistics;
use crate::stats::threshold::Threshold;

const SECOND: Duration = Duration::from_secs(1);

/// A stage that leads to this many users at once, and lasts this long.
fn stage(users: u32, seconds: Option<u64>) -> Stage {
    Stage {
        name: None,
        users: StageUsers::Total(users),
        spawn_rate: 100.0,
        duration: seconds.map(Duration::from_secs),
        after: After::AtOnce,
        mass_disconnect: None,
    }
}

/// Four users, without an end, and ten seconds for them to stop.
fn load() -> Load {
    Load {
        stages: vec![stage(4, None)],
        run_time: None,
        stop_timeout: 10 * SECOND,
        iterations: None,
        messages: None,
        search: None,
    }
}

fn plan(load: Load) -> Plan {
    let class = UserClass { reconnection: Reconnect::Never, ..testing::class() };
    Plan { load, ..testing::plan(class) }
}

/// A run on two threads, and how many of its users have arrived.
struct Run {
    lifecycle: Lifecycle,
    started: Instant,
    connected: u64,
    done_sending: u64,
}

impl Run {
    /// A run whose first users have not started.
    fn new(load: Load) -> Self {
        let clock = Clock::start();
        let mut lifecycle = Lifecycle::new(Arc::new(plan(load)), clock, 2, false);
        lifecycle.begin();
        Self { lifecycle, started: clock.started(), connected: 0, done_sending: 0 }
    }

    /// A run whose users have all started, in its first half second.
    fn spawned(load: Load) -> Self {
        let mut run = Self::new(load);
        for tenth in 0..5 {
            run.at(0.1 * f64::from(tenth), Event::Due);
        }
        assert!(run.lifecycle.users.living() > 0);
        run
    }

    /// What an event leads to that comes so many seconds after the start.
    fn at(&mut self, seconds: f64, event: Event<'_>) -> Vec<Effect> {
        let now = self.started + Duration::from_secs_f64(seconds);
        let seen = Situation { now, connected: self.connected, done_sending: self.done_sending };
        self.lifecycle.handle(event, &seen)
    }

    /// The same without the ticks that are due.
    fn due_at(&mut self, seconds: f64) -> Vec<Effect> {
        let mut effects = self.at(seconds, Event::Due);
        effects.retain(|effect| !matches!(effect, Effect::Take(_)));
        effects
    }

    fn state(&self) -> (State, End) {
        (self.lifecycle.state, self.lifecycle.end)
    }

    /// Seconds after the start at which something is due, other than a tick.
    fn due(&self) -> Option<f64> {
        let Lifecycle { run_end, state_end, stages, users, drain, .. } = &self.lifecycle;
        let due = [*run_end, *state_end, stages.due(), users.due(), drain.due()];
        due.into_iter().flatten().min().map(|at| (at - self.started).as_secs_f64())
    }
}

/// A run in each state but the last, five seconds after its start.
fn in_each_state() -> [(State, Run); 4] {
    let run = || Run::spawned(load());
    let (running, mut finishing, mut stopping, mut leaving) = (run(), run(), run(), run());
    finishing.at(5.0, Event::LimitReached);
    stopping.at(5.0, Event::StopRequested);
    leaving.at(1.0, Event::StopRequested);
    leaving.at(11.0, Event::Due);
    let runs = [
        (State::Running, running),
        (State::Finishing, finishing),
        (State::Stopping, stopping),
        (State::Leaving, leaving),
    ];
    assert!(runs.iter().all(|(state, run)| run.lifecycle.state == *state));
    runs
}

fn info(text: &str) -> Effect {
    Effect::Info(text.to_owned())
}

fn stop_all(phase: StopPhase) -> Effect {
    Effect::SendAll(Command::Stop(phase))
}

#[test]
fn an_abort_drops_all_users_once() {
    for (state, mut run) in in_each_state() {
        assert_eq!(run.at(12.0, Event::Abort), [Effect::SendAll(Command::DropAll)], "{state:?}");
        assert_eq!(run.state(), (State::Dropped, End::Aborted));
        assert!(run.lifecycle.ignores(&Event::Abort) && run.at(12.0, Event::Abort).is_empty(), "{state:?}");
    }
}

#[test]
fn a_request_to_stop_lets_users_finish_their_tasks_once() {
    for (state, mut run) in in_each_state() {
        let effects = run.at(12.0, Event::StopRequested);
        if state < State::Stopping {
            let told = info("Stopping: users may finish their tasks, 10s at most");
            assert_eq!(effects, [told, stop_all(StopPhase::Stopping)], "{state:?}");
            assert_eq!((run.state(), run.due()), ((State::Stopping, End::Stopped), Some(22.0)));
        } else {
            assert_eq!(effects, [], "{state:?}");
        }
    }
}

#[test]
fn a_threshold_that_ends_the_run_lets_users_finish_their_tasks_once() {
    for (state, mut run) in in_each_state() {
        let before = run.state();
        let effects = run.at(12.0, Event::ThresholdMissed);
        if state < State::Stopping {
            let told = info("A threshold that ends the run is missed, shutting down");
            assert_eq!(effects, [told, stop_all(StopPhase::Stopping)], "{state:?}");
            assert_eq!((run.state(), run.due()), ((State::Stopping, End::Threshold), Some(22.0)));
        } else {
            assert_eq!((effects, run.state()), (vec![], before), "{state:?}");
        }
    }
    let mut run = Run::spawned(load());
    run.at(5.0, Event::LimitReached);
    (1..=4).for_each(|number| drop(run.at(6.0, Event::UserGone(number))));
    assert!(run.lifecycle.is_over() && run.at(6.0, Event::ThresholdMissed).is_empty());
}

#[test]
fn without_a_stop_timeout_a_stop_cuts_tasks_off() {
    let mut run = Run::spawned(Load { stop_timeout: Duration::ZERO, ..load() });
    assert_eq!(run.at(1.0, Event::StopRequested)[1..], [stop_all(StopPhase::Leaving)]);
    assert_eq!((run.state(), run.due()), ((State::Leaving, End::Stopped), Some(6.0)));
}

#[test]
fn at_a_limit_users_finish_what_they_have_begun() {
    for (state, mut run) in in_each_state() {
        let effects = run.at(12.0, Event::LimitReached);
        if state == State::Running {
            let told = "All task runs or messages of the load are used up: users finish what they have begun";
            assert_eq!(effects, [info(told), stop_all(StopPhase::Stopping)]);
            assert_eq!(run.state(), (State::Finishing, End::Limit));
            assert_eq!(run.due(), None, "however long they take");
        } else {
            assert_eq!(effects, [], "{state:?}");
        }
    }
}

#[test]
fn the_end_of_the_run_time_stops_users_that_work_or_finish() {
    for limit_reached in [false, true] {
        let mut run = Run::spawned(Load { run_time: Some(8 * SECOND), ..load() });
        if limit_reached {
            run.at(5.0, Event::LimitReached);
        }
        assert_eq!(run.due(), Some(8.0));
        let told = info("--run-time limit reached, shutting down");
        assert_eq!(run.due_at(8.0), [told, stop_all(StopPhase::Stopping)]);
        assert_eq!((run.state(), run.due()), ((State::Stopping, End::RunTime), Some(18.0)));
    }
}

#[test]
fn who_does_not_stop_in_time_is_cut_off_and_then_dropped() {
    let mut run = Run::spawned(load());
    run.at(1.0, Event::StopRequested);
    assert_eq!(run.due_at(10.9), []);
    let told = info("Not all users finished their tasks & terminated in 10s. Stopping them...");
    assert_eq!(run.due_at(11.0), [told, stop_all(StopPhase::Leaving)]);
    assert_eq!((run.lifecycle.state, run.due()), (State::Leaving, Some(16.0)));
    let told = Effect::Warn("4 users did not come to the end of on_stop and DISCONNECT; dropped".to_owned());
    assert_eq!(run.due_at(16.0), [told, Effect::SendAll(Command::DropAll)]);
    assert_eq!((run.state(), run.due()), ((State::Dropped, End::Stopped), None));
    assert!(!run.lifecycle.is_over(), "their threads have not said that they are gone");
}

#[test]
fn the_run_is_over_when_the_last_user_is_gone() {
    for (state, mut run) in in_each_state() {
        for number in 1..=3 {
            assert_eq!(run.at(12.0, Event::UserGone(number)), [], "{state:?}");
        }
        assert!(!run.lifecycle.is_over(), "{state:?}");
        let effects = run.at(12.0, Event::UserGone(4));
        if state == State::Running {
            let told = info("All users have left, shutting down");
            assert_eq!(effects, [told, stop_all(StopPhase::Stopping)]);
            assert_eq!(run.lifecycle.end, End::UsersGone);
        } else {
            assert_eq!(effects, [], "{state:?}");
        }
        assert!(run.lifecycle.is_over(), "{state:?}");
    }
}

#[test]
fn a_run_without_users_goes_on_while_more_are_to_come() {
    let mut run = Run::spawned(Load { stages: vec![stage(1, Some(5)), stage(2, Some(5))], ..load() });
    assert_eq!(run.at(1.0, Event::UserGone(1)), []);
    assert_eq!(run.state().0, State::Running);
}

#[test]
fn users_start_by_the_ramp_on_one_thread_after_the_other() {
    let mut run = Run::new(Load { stages: vec![Stage { spawn_rate: 1.0, ..stage(3, None) }], ..load() });
    let start = |thread, number| {
        let new = NewUser { class: ClassId(0), number, index: number - 1 };
        Effect::Send(thread, Command::Start(vec![new]))
    };
    assert_eq!(run.due_at(0.0), [start(0, 1)]);
    assert_eq!(run.due_at(0.5), []);
    assert_eq!(run.due_at(1.0), [start(1, 2)]);
    let told = info("All users spawned: {\"device\": 3} (3 total users)");
    assert_eq!(run.due_at(2.0), [start(0, 3), told]);
    assert_eq!(run.due(), None);
}

#[test]
fn statistics_begin_anew_when_all_users_have_started_if_that_is_asked_for() {
    for asked in [false, true] {
        let mut run = Run::new(load());
        run.lifecycle.resets_statistics = asked;
        let effects = run.at(0.0, Event::Due);
        assert_eq!(effects.contains(&Effect::ResetStatistics), asked);
    }
}

#[test]
fn a_stage_that_is_over_gives_way_to_the_next_one_and_the_last_one_ends_the_run() {
    let stages = vec![stage(4, Some(5)), stage(2, Some(5))];
    let mut run = Run::spawned(Load { stages, ..load() });
    assert_eq!(run.due(), Some(5.0));
    let effects = run.due_at(5.0);
    assert_eq!(effects[0], info("Stage 2 of 2: ramping to 2 users at a rate of 100.00 per second"));
    let newest = |thread, number| {
        Effect::Send(thread, Command::StopUsers(StopAction::Tell(StopPhase::Stopping), vec![number]))
    };
    assert_eq!(effects[1..3], [newest(0, 3), newest(1, 4)]);
    for number in 3..=4 {
        run.at(6.0, Event::UserGone(number));
    }
    // It is noticed late.
    let told = info("The last stage is over, shutting down");
    assert_eq!(run.due_at(10.5), [told, stop_all(StopPhase::Stopping)]);
    assert_eq!(run.state(), (State::Stopping, End::Stages));
}

/// The stage of the second before a tick: index, begin and end in milliseconds since the start, users.
fn stage_before(run: &Run, tick_ms: u64) -> (usize, u64, Option<u64>, u32) {
    let start = run.lifecycle.clock.started_at();
    let ms = |at: UnixMicros| (at.0 - start.0) / 1000;
    let stage = run.lifecycle.stage_before(UnixMicros(start.0 + 1000 * tick_ms));
    (stage.index, ms(stage.begins), stage.ends.map(ms), stage.users_wanted)
}

#[test]
fn a_second_belongs_to_the_stage_in_which_it_ends() {
    let stages = vec![
        stage(4, Some(2)),
        Stage { duration: Some(SECOND / 2), name: Some("peak".to_owned()), ..stage(6, None) },
        Stage { users: StageUsers::PerClass(vec![3]), ..stage(0, Some(9)) },
    ];
    let mut run = Run::spawned(Load { stages, run_time: Some(9 * SECOND), ..load() });
    assert_eq!(stage_before(&run, 0), (0, 0, Some(2000), 4), "before the first second");
    assert_eq!(stage_before(&run, 1000), (0, 0, Some(2000), 4));
    // Two stages too late.
    run.due_at(2.6);
    assert_eq!(stage_before(&run, 2000), (0, 0, Some(2000), 4), "the next stage begins at its end");
    assert_eq!(stage_before(&run, 2400), (1, 2000, Some(2500), 6));
    assert_eq!(stage_before(&run, 3000), (2, 2500, Some(9000), 3), "the run time comes before its end");
    let start = run.lifecycle.clock.started_at().0;
    let names = [2000, 2400, 3000].map(|ms| run.lifecycle.stage_before(UnixMicros(start + 1000 * ms)).name);
    assert_eq!(names, ["stage 1", "peak", "stage 3"]);
    run.at(4.0, Event::StopRequested);
    assert_eq!(stage_before(&run, 5000), (2, 2500, Some(4000), 3), "it ended when users were told to stop");
}

#[test]
fn the_end_of_a_stage_is_known_once_its_users_are_connected() {
    let mut run = Run::spawned(waiting());
    assert_eq!(stage_before(&run, 1000), (0, 0, None, 4));
    run.connected = 4;
    run.at(7.0, Event::UsersConnected);
    assert_eq!(stage_before(&run, 8000), (0, 0, Some(12_000), 4));
}

#[test]
fn users_of_a_ramp_down_that_do_not_stop_are_cut_off_and_dropped_in_every_state() {
    let stages = || vec![stage(4, Some(5)), stage(3, Some(100))];
    for ending in [false, true] {
        let mut run = Run::spawned(Load { stages: stages(), ..load() });
        run.due_at(5.0);
        if ending {
            run.at(6.0, Event::LimitReached);
        }
        let stopped = |action| [Effect::Send(1, Command::StopUsers(action, vec![4]))];
        assert_eq!(run.due_at(14.9), []);
        assert_eq!(run.due_at(15.0), stopped(StopAction::Tell(StopPhase::Leaving)));
        assert_eq!(run.due_at(20.0), stopped(StopAction::Drop));
    }
}

#[test]
fn a_stage_that_drops_connections_tells_each_thread_and_logs_their_answers() {
    let share = MassDisconnect { share: 0.5, of: vec![ClassId(0)] };
    let second = Stage { mass_disconnect: Some(share), ..stage(4, Some(5)) };
    let mut run = Run::spawned(Load { stages: vec![stage(4, Some(5)), second], ..load() });
    let effects = run.due_at(5.0);
    let drawn = |effect: &Effect| match effect {
        Effect::Send(_, Command::Disconnect(1, numbers)) => Some(numbers.len()),
        _ => None,
    };
    let told: Vec<_> = effects.iter().filter_map(drawn).collect();
    assert_eq!((told.len(), told.iter().sum::<usize>()), (2, 2), "{effects:?}");
    assert_eq!(run.at(5.0, Event::Disconnected { stage: 1, connections: 1 }), []);
    assert_eq!(
        run.at(5.1, Event::Disconnected { stage: 1, connections: 0 }),
        [info("Dropped the connections of 1 of 4 users as stage 2 begins")]
    );
}

/// A load whose first stage lasts for five seconds from when its four users are connected.
fn waiting() -> Load {
    let first = Stage { after: After::Connected, ..stage(4, Some(5)) };
    Load { stages: vec![first, stage(4, Some(5))], ..load() }
}

#[test]
fn the_clock_of_a_stage_that_waits_starts_with_the_last_connection() {
    let mut run = Run::new(waiting());
    let asked = run.due_at(0.0).contains(&Effect::AwaitConnected(4));
    assert!(asked && !run.lifecycle.ignores(&Event::UsersConnected));
    run.connected = 3;
    assert_eq!(run.at(3.0, Event::UsersConnected), [], "one is missing");
    run.connected = 4;
    assert_eq!(run.at(4.0, Event::UsersConnected), [info("All users are connected")]);
    assert_eq!(run.due(), Some(9.0));
    assert!(run.lifecycle.ignores(&Event::UsersConnected), "once");
}

#[test]
fn no_stage_waits_any_more_when_the_run_stops() {
    let mut run = Run::spawned(waiting());
    run.at(1.0, Event::StopRequested);
    run.connected = 4;
    assert_eq!(run.at(2.0, Event::UsersConnected), []);
}

#[test]
fn a_stage_that_waits_says_so_and_goes_on_without_those_that_do_not_come() {
    for (connected, end, told) in [
        (1, (State::Running, End::RunTime), "3 of 4 users get no connection, the stage goes on without them"),
        (0, (State::Stopping, End::NobodyConnected), "None of 4 users gets a connection, shutting down"),
    ] {
        let mut run = Run::spawned(waiting());
        run.connected = connected;
        let waits = info(&format!("Waiting for the connections of {} of 4 users", 4 - connected));
        for seconds in [10.5, 20.5, 30.5, 40.5, 50.5, 60.5] {
            assert_eq!(run.due_at(seconds - 0.6), []);
            assert_eq!(run.due_at(seconds), std::slice::from_ref(&waits));
        }
        assert_eq!(run.due_at(70.5)[0], Effect::Warn(told.to_owned()), "a minute after the first time");
        assert_eq!(run.state(), end);
    }
}

/// The numbers of the users that these effects start and tell to stop.
fn changes(effects: &[Effect]) -> (Vec<u64>, Vec<u64>) {
    let (mut started, mut stopped) = (Vec::new(), Vec::new());
    for effect in effects {
        match effect {
            Effect::Send(_, Command::Start(users)) => started.extend(users.iter().map(|user| user.number)),
            Effect::Send(_, Command::StopUsers(_, numbers)) => stopped.extend(numbers),
            _ => {}
        }
    }
    (started, stopped)
}

fn ramping(users: u32) -> [Effect; 1] {
    [info(&format!("Ramping to {users} users at a rate of 100.00 per second"))]
}

#[test]
fn a_number_of_users_that_is_asked_for_is_ramped_to_in_a_run_that_goes_on() {
    for (state, mut run) in in_each_state() {
        let effects = run.at(12.0, Event::UsersAsked(UserChange::By(2)));
        if state != State::Running {
            assert_eq!((effects, run.due_at(12.0)), (vec![], vec![]), "{state:?}");
            continue;
        }
        assert_eq!(effects, ramping(6));
        assert_eq!(run.due(), Some(12.0), "at once");
        let effects = run.due_at(12.0);
        assert_eq!(changes(&effects), (vec![5, 6], vec![]));
        assert_eq!(effects.last(), Some(&info("All users spawned: {\"device\": 6} (6 total users)")));
        assert_eq!(run.at(13.0, Event::UsersAsked(UserChange::By(-3))), ramping(3));
        assert_eq!(changes(&run.due_at(13.0)), (vec![], vec![5, 6, 4]), "the newest, by thread");
        assert_eq!(stage_before(&run, 14_000), (0, 0, None, 3));
    }
}

#[test]
fn users_that_are_asked_for_during_a_ramp_come_at_its_pace() {
    let mut run = Run::new(Load { stages: vec![Stage { spawn_rate: 1.0, ..stage(3, None) }], ..load() });
    run.due_at(0.0);
    let told = info("Ramping to 4 users at a rate of 1.00 per second");
    assert_eq!(run.at(0.5, Event::UsersAsked(UserChange::By(1))), [told]);
    assert_eq!(run.due(), Some(1.0));
    let started = [1.0, 2.0, 3.0].map(|at| changes(&run.due_at(at)).0);
    assert_eq!((started, run.due()), ([vec![2], vec![3], vec![4]], None));
    // It turns round, and the ramp that was left behind does not go on.
    let mut run = Run::new(Load { stages: vec![Stage { spawn_rate: 1.0, ..stage(9, None) }], ..load() });
    (0..4).for_each(|at| drop(run.due_at(f64::from(at))));
    run.at(3.5, Event::UsersAsked(UserChange::By(-7)));
    let effects = [4.0, 5.0, 6.0].map(|at| changes(&run.due_at(at)));
    assert_eq!(effects, [(vec![], vec![4]), (vec![], vec![3]), (vec![], vec![])]);
}

#[test]
fn a_number_and_a_pace_that_are_asked_for_hold_in_the_middle_of_a_ramp_too() {
    let mut run = Run::new(Load { stages: vec![Stage { spawn_rate: 1.0, ..stage(9, None) }], ..load() });
    run.due_at(0.0);
    let to = |users, spawn_rate| Event::UsersAsked(UserChange::To { users, by: 0, spawn_rate });
    let told = info("Ramping to 5 users at a rate of 2.00 per second");
    assert_eq!(run.at(0.5, to(5, 2.0)), [told]);
    assert_eq!(run.lifecycle.users_by_class(), [ClassUsers { wanted: 5, alive: 1 }]);
    let told = info("Ramping to 5 users at a rate of 4.00 per second");
    assert_eq!(run.at(0.6, to(5, 4.0)), [told], "another pace to the same number");
    assert_eq!(changes(&run.due_at(1.0)).0, [3, 5, 2, 4], "by thread");
    assert_eq!(run.at(2.0, to(5, 1.0)), [], "nothing to do");
    assert_eq!(run.at(2.0, Event::UserGone(3)), []);
    assert_eq!(run.lifecycle.users_by_class(), [ClassUsers { wanted: 5, alive: 4 }]);
}

#[test]
fn statistics_begin_anew_when_somebody_asks_in_a_run_that_goes_on() {
    for (state, mut run) in in_each_state() {
        let effects = run.at(12.0, Event::ResetAsked);
        let anew = vec![info("The statistics begin anew"), Effect::ResetStatistics, Effect::ForgetExceptions];
        assert_eq!(effects, if state == State::Running { anew } else { vec![] }, "{state:?}");
    }
}

#[test]
fn a_run_without_users_goes_on_if_somebody_has_taken_them_away() {
    let mut run = Run::spawned(load());
    assert_eq!(run.at(1.0, Event::UsersAsked(UserChange::By(-9))), ramping(0));
    assert_eq!(run.at(1.0, Event::UsersAsked(UserChange::By(-1))), [], "there are none to take away");
    assert_eq!(changes(&run.due_at(1.0)).1.len(), 4);
    (1..=4).for_each(|number| assert_eq!(run.at(2.0, Event::UserGone(number)), []));
    assert_eq!(run.at(60.0, Event::UsersAsked(UserChange::By(1))), ramping(1));
    assert_eq!(changes(&run.due_at(60.0)).0, [5]);
    // One that leaves by itself ends the run, as ever.
    assert_eq!(run.at(61.0, Event::UserGone(5))[0], info("All users have left, shutting down"));
    assert_eq!(run.state(), (State::Stopping, End::UsersGone));
}

/// A run that is told the numbers of its users, and has none yet.
fn driven() -> Run {
    Run::new(load().driven(1, 10 * SECOND))
}

#[test]
fn a_run_that_is_told_its_users_has_none_before_and_goes_on_without_any() {
    let mut run = driven();
    assert_eq!((run.due(), run.due_at(60.0)), (None, vec![]));
    let told = info("Going to {\"device\": 1} users");
    assert_eq!(run.at(61.0, Event::UsersAsked(UserChange::Classes(vec![1]))), [told]);
    assert_eq!(changes(&run.due_at(61.0)).0, [1]);
    assert_eq!(run.at(62.0, Event::UserGone(1)), [], "its users may leave by themselves");
    assert_eq!(run.state(), (State::Running, End::RunTime));
    assert_eq!(run.at(63.0, Event::UsersAsked(UserChange::Classes(vec![1]))), [], "nothing to do");
}

#[test]
fn numbers_of_classes_are_reached_evenly_within_a_second() {
    let mut run = driven();
    run.at(1.0, Event::UsersAsked(UserChange::Classes(vec![4])));
    let batches = [1.0, 1.25, 1.5, 1.75].map(|at| changes(&run.due_at(at)).0);
    assert_eq!((batches, run.due()), ([vec![1], vec![2], vec![3], vec![4]], None));
    run.at(2.0, Event::UsersAsked(UserChange::Classes(vec![104])));
    assert_eq!((changes(&run.due_at(2.0)).0.len(), run.due()), (5, Some(2.05)));
    // Others that come meanwhile replace them.
    run.at(2.02, Event::UsersAsked(UserChange::Classes(vec![8])));
    assert_eq!(changes(&run.due_at(2.02)), (vec![], vec![9]));
    assert_eq!(run.lifecycle.stages.due(), None);
    assert_eq!(run.lifecycle.users_by_class(), [ClassUsers { wanted: 8, alive: 9 }]);
}

#[test]
fn whoever_ends_a_run_says_how_long_users_may_finish_and_may_hurry_them() {
    for (patience, state, due, hurried) in
        [(20, State::Stopping, 32.0, 15.0), (1, State::Stopping, 13.0, 13.0), (0, State::Leaving, 17.0, 17.0)]
    {
        let mut run = Run::spawned(load());
        run.at(12.0, Event::StopWithin(patience * SECOND));
        assert_eq!((run.state(), run.due()), ((state, End::Stopped), Some(due)));
        run.at(13.0, Event::StopWithin(2 * SECOND));
        assert_eq!(run.due(), Some(hurried), "never longer");
    }
}

#[test]
fn a_later_stage_sets_its_own_number_of_users_again() {
    let per_class = Stage { users: StageUsers::PerClass(vec![3]), ..stage(0, Some(5)) };
    let mut run = Run::spawned(Load { stages: vec![stage(4, Some(5)), per_class], ..load() });
    run.at(1.0, Event::UsersAsked(UserChange::By(10)));
    run.due_at(1.0);
    let effects = run.due_at(5.0);
    assert_eq!(
        effects[0],
        info("Stage 2 of 2: ramping to {\"device\": 3} users at a rate of 100.00 per second")
    );
    assert_eq!(changes(&effects).1.len(), 11);
    run.at(6.0, Event::UsersAsked(UserChange::By(1)));
    assert_eq!(changes(&run.due_at(6.0)).0, [15]);
    assert_eq!(stage_before(&run, 7_000), (1, 5_000, Some(10_000), 4), "the end of the stage stays");
}

#[test]
fn a_stage_that_waits_for_connections_waits_for_those_of_users_that_are_asked_for() {
    let mut run = Run::spawned(waiting());
    run.connected = 3;
    run.at(1.0, Event::UsersAsked(UserChange::By(1)));
    assert!(run.lifecycle.ignores(&Event::UsersConnected), "not before the ramp is over");
    assert!(run.due_at(1.0).contains(&Effect::AwaitConnected(5)));
    run.connected = 5;
    assert_eq!(run.at(2.0, Event::UsersConnected), [info("All users are connected")]);
    assert_eq!(run.due(), Some(7.0));
    // Its clock runs now, and later users do not start it again.
    run.at(3.0, Event::UsersAsked(UserChange::By(1)));
    let effects = run.due_at(3.0);
    assert_eq!(effects[1..], [info("All users spawned: {\"device\": 6} (6 total users)")]);
    assert_eq!(run.due(), Some(7.0));
}

#[test]
fn a_rate_search_keeps_its_users() {
    let until = Threshold::parse("p99 < 20ms").unwrap();
    let rates = vec![Some(ClassRate::PerClass(50.0))];
    let search = RateSearchSettings { low: 100.0, high: 200.0, until, step: 2 * SECOND, rates };
    let mut run = Run::spawned(Load { search: Some(search), ..load() });
    let told = "The number of users stays as it is while the run searches for the highest rate";
    assert_eq!(run.at(5.0, Event::UsersAsked(UserChange::By(1))), [Effect::Warn(told.to_owned())]);
    assert_eq!(changes(&run.due_at(5.0)), (vec![], vec![]));
}

#[test]
fn a_ramp_that_finds_no_class_wants_no_more_users_than_there_are() {
    let class = UserClass { fixed_count: 4, ..testing::class() };
    let (plan, clock) = (Plan { load: load(), ..testing::plan(class) }, Clock::start());
    let lifecycle = Lifecycle::new(Arc::new(plan), clock, 1, false);
    let mut run = Run { lifecycle, started: clock.started(), connected: 0, done_sending: 0 };
    run.due_at(0.0);
    run.at(1.0, Event::UsersAsked(UserChange::By(10)));
    assert_eq!(stage_before(&run, 2_000).3, 14);
    assert_eq!(changes(&run.due_at(1.0)).0, [0; 0]);
    assert_eq!(stage_before(&run, 2_000).3, 4);
}

#[test]
fn users_that_only_receive_leave_a_while_after_the_last_one_has_sent() {
    let mut run = Run::spawned(Load { iterations: Some(4), ..load() });
    assert!(run.lifecycle.ignores(&Event::UsersDoneSending), "the run goes on");
    assert_eq!(run.at(1.0, Event::LimitReached)[2..], [Effect::AwaitDoneSending(4)]);
    run.done_sending = 3;
    run.at(2.0, Event::UsersDoneSending);
    assert_eq!(run.due(), None, "one still sends");
    run.done_sending = 4;
    run.at(3.0, Event::UsersDoneSending);
    let end = 3.0 + SETTLE_TIME.as_secs_f64();
    assert_eq!(run.due(), Some(end));
    assert!(run.lifecycle.ignores(&Event::UsersDoneSending), "once");
    assert_eq!(run.due_at(end), [Effect::SendAll(Command::EndDrain)]);
    assert_eq!(run.due(), None);
}

#[test]
fn users_that_only_receive_leave_in_time_to_finish_on_stop() {
    let mut run = Run::spawned(Load { iterations: Some(4), ..load() });
    run.at(1.0, Event::StopRequested);
    run.due_at(11.0);
    assert_eq!(run.due(), Some(13.5), "half of the time for leaving");
    assert_eq!(run.due_at(13.5), [Effect::SendAll(Command::EndDrain)]);
}

#[test]
fn a_rate_search_begins_with_the_last_connection_and_its_end_stops_the_run() {
    let until = Threshold::parse("p99 < 20ms").unwrap();
    let rates = vec![Some(ClassRate::PerClass(50.0))];
    let search = RateSearchSettings { low: 100.0, high: 200.0, until, step: 2 * SECOND, rates };
    let mut run = Run::new(Load { search: Some(search), ..load() });
    let asked = run.due_at(0.0).contains(&Effect::AwaitConnected(4));
    assert!(asked);
    run.connected = 4;
    let begun =
        [info("All users are connected"), info("Search: trying 100/s for 2s"), Effect::SetRateFactor(2.0)];
    assert_eq!(run.at(0.5, Event::UsersConnected), begun);
    let statistics = Statistics::new(0.0, false);
    let clock = run.lifecycle.clock;
    let mut second = |seconds: u64| {
        let at = clock.at(clock.started() + Duration::from_secs(seconds));
        let second = Second { at, now: at, statistics: &statistics, begun: 100, limited: false };
        run.at(seconds as f64, Event::SecondMerged(second))
    };
    assert_eq!(second(1), []);
    let told = [
        info("Search: 100/s does not hold: begun 100/s, no response"),
        info("The search is over, shutting down"),
        stop_all(StopPhase::Stopping),
    ];
    assert_eq!(second(2), told);
    assert_eq!(second(3), [], "the run stops");
    assert_eq!(run.state(), (State::Stopping, End::Search));
}

#[test]
fn ticks_are_whole_seconds_in_every_state_however_late_they_are() {
    for (state, mut run) in in_each_state() {
        run.at(12.5, Event::Due);
        let started_at = run.lifecycle.clock.started_at().0;
        let tick = |seconds: u64| Effect::Take(UnixMicros(started_at + seconds * SECOND_US));
        assert_eq!(run.at(12.9, Event::Due), [], "{state:?}");
        let ticks: Vec<_> = run.at(14.2, Event::Due);
        assert_eq!(ticks, [13, 14].map(tick), "{state:?}");
    }
}

#[test]
fn the_last_tick_is_the_end_and_later_than_any_other() {
    let ending = |ended_after: f64| {
        let mut run = Run::spawned(load());
        run.at(2.0, Event::Due);
        let started_at = run.lifecycle.clock.started_at().0;
        let effects = run.lifecycle.finish(run.started + Duration::from_secs_f64(ended_after));
        let micros = |effect| match effect {
            Effect::Take(at) => (at.0 - started_at, false),
            Effect::TakeAll(at) => (at.0 - started_at, true),
            other => panic!("{other:?}"),
        };
        effects.into_iter().map(micros).collect::<Vec<_>>()
    };
    assert_eq!(ending(2.5), [(2_500_000, true)]);
    assert_eq!(ending(2.0), [(2_000_001, true)], "after the tick at two seconds");
    assert_eq!(ending(4.5), [(3_000_000, false), (4_000_000, false), (4_500_000, true)]);
}
