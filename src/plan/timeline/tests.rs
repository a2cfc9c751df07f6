use super::*;
use crate::plan::dispatcher::Dispatcher;
use crate::plan::load::Users;
use crate::plan::shard::Shard;

fn stage(users: u32, spawn_rate: f64, seconds: u64) -> Stage {
    let duration = Some(Duration::from_secs(seconds));
    let (users, after) = (Users::Total(users), After::AtOnce);
    Stage { name: None, users, spawn_rate, duration, after, mass_disconnect: None }
}

fn load(stages: Vec<Stage>, run_time: Option<u64>) -> Load {
    let run_time = run_time.map(Duration::from_secs);
    let stop_timeout = Duration::ZERO;
    Load { stages, run_time, stop_timeout, iterations: None, messages: None, search: None }
}

fn roster(names: &[&str], shard: Shard) -> Roster {
    let classes: Vec<_> = names.iter().map(|name| (*name, 1.0, 0)).collect();
    Roster::new(Dispatcher::new(&classes), shard)
}

fn timeline(names: &[&str], stages: Vec<Stage>, run_time: Option<u64>) -> LoadTimeline {
    LoadTimeline::new(roster(names, Shard::WHOLE), &load(stages, run_time))
}

/// Users at these seconds.
fn users(timeline: &LoadTimeline, seconds: &[f64]) -> Vec<u32> {
    seconds.iter().map(|at| timeline.users_at(Duration::from_secs_f64(*at))).collect()
}

#[test]
fn users_ramp_up_hold_and_ramp_down() {
    let up_and_down = vec![stage(5, 1.0, 10), stage(8, 2.0, 5), stage(2, 4.0, 5)];
    let timeline = timeline(&["a"], up_and_down, None);
    assert_eq!(users(&timeline, &[0.0, 0.9, 1.0, 4.0, 9.9]), [1, 1, 2, 5, 5]);
    assert_eq!(users(&timeline, &[10.0, 10.9, 11.0, 14.9]), [7, 7, 8, 8]);
    assert_eq!(users(&timeline, &[15.0, 15.9, 16.0, 19.9, 20.0]), [4, 4, 2, 2, 0]);
    assert_eq!(timeline.length(), Some(Duration::from_secs(20)));
    assert_eq!((timeline.most_in_all, timeline.started), (8, vec![8]));
    let ramps: Vec<_> = timeline.stages.iter().map(|stage| stage.ramp.as_secs()).collect();
    assert_eq!(ramps, [4, 1, 1]);
}

#[test]
fn a_stage_that_is_too_short_is_cut_and_the_next_goes_on_from_there() {
    let timeline = timeline(&["a"], vec![stage(100, 1.0, 10), stage(12, 1.0, 10)], None);
    assert_eq!(users(&timeline, &[9.9, 10.0, 11.0, 12.0]), [10, 11, 12, 12]);
    assert_eq!((timeline.stages[0].is_cut, timeline.stages[1].is_cut), (true, false));
    assert_eq!(timeline.stages[0].ramp, Duration::from_secs(10));
    assert_eq!(timeline.stages[0].full_ramp, Duration::from_secs(99));
}

#[test]
fn a_stage_wants_its_users_even_if_it_is_cut_off() {
    let load = load(vec![stage(3, 1.0, 5), stage(9, 1.0, 2), stage(4, 1.0, 5)], None);
    let wanted = |shard| LoadTimeline::most_wanted(roster(&["a"], shard), &load);
    assert_eq!((wanted(Shard::WHOLE), wanted(Shard::new(1, 2).unwrap())), (9, 4));
}

#[test]
fn a_ramp_that_just_fits_is_not_cut() {
    // Batches at 0, 1 and 2 s.
    assert!(!timeline(&["a"], vec![stage(3, 1.0, 3)], None).stages[0].is_cut);
    // The batch at 2 s would be at the end of the stage.
    assert!(timeline(&["a"], vec![stage(3, 1.0, 2)], None).stages[0].is_cut);
}

#[test]
fn a_stage_that_waits_for_connections_has_its_ramp_before_its_duration() {
    let waits = Stage { after: After::Connected, ..stage(5, 1.0, 10) };
    let timeline = timeline(&["a"], vec![waits, stage(1, 100.0, 1)], None);
    assert_eq!(timeline.stages[1].begins, Duration::from_secs(14));
    assert_eq!(timeline.length(), Some(Duration::from_secs(15)));
}

#[test]
fn classes_are_exchanged_with_the_load_kept_up() {
    let per_class = |counts: [u32; 2]| Stage { users: Users::PerClass(counts.into()), ..stage(0, 1.0, 9) };
    let timeline = timeline(&["a", "b"], vec![per_class([4, 0]), per_class([0, 4])], None);
    assert_eq!(users(&timeline, &[3.0, 9.0, 10.0, 12.0]), [4, 4, 4, 4]);
    assert_eq!((timeline.most, timeline.started, timeline.most_in_all), (vec![4, 4], vec![4, 4], 4));
}

#[test]
fn the_run_time_cuts_the_stages_short() {
    let cut = timeline(&["a"], vec![stage(5, 1.0, 10)], Some(7));
    assert_eq!((cut.length(), cut.users_at(Duration::from_secs(7))), (Some(Duration::from_secs(7)), 0));
    let longer = timeline(&["a"], vec![stage(5, 1.0, 10)], Some(70));
    assert_eq!(longer.length(), Some(Duration::from_secs(10)));
    let endless = timeline(&["a"], vec![Stage { duration: None, ..stage(5, 1.0, 0) }], None);
    assert_eq!((endless.length(), endless.users_at(Duration::from_secs(1_000))), (None, 5));
}
