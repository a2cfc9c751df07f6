//! Locust's own answers to who starts when, case by case.

use std::time::Duration;

use mqtt_scenario::plan::dispatcher::{Dispatcher, Pace};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    classes: Vec<Class>,
    /// The first users by weight alone, without the classes of fixed counts.
    order: Vec<String>,
    dispatches: Vec<Dispatch>,
}

#[derive(Deserialize)]
struct Class {
    name: String,
    weight: f64,
    fixed_count: u32,
}

#[derive(Deserialize)]
struct Dispatch {
    target: u32,
    spawn_rate: f64,
    batch: u32,
    wait: f64,
    /// Users per class after each iteration.
    iterations: Vec<std::collections::BTreeMap<String, u32>>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../fixtures/dispatch_cases.json")).unwrap()
}

fn tuples<'a>(classes: impl Iterator<Item = &'a Class>) -> Vec<(&'a str, f64, u32)> {
    classes.map(|class| (class.name.as_str(), class.weight, class.fixed_count)).collect()
}

#[test]
fn weighted_users_come_in_locusts_order() {
    for case in cases() {
        let classes = tuples(case.classes.iter().filter(|class| class.fixed_count == 0));
        let mut dispatcher = Dispatcher::new(&classes);
        dispatcher.ramp(40, 40.0);
        let batch = dispatcher.next_batch().unwrap();
        let order: Vec<&str> = batch.start.iter().map(|class| classes[class.0].0).collect();
        assert_eq!(order, case.order, "{}", case.name);
    }
}

#[test]
fn ramps_go_up_and_down_as_locusts_do() {
    for case in cases() {
        let classes = tuples(case.classes.iter());
        let mut dispatcher = Dispatcher::new(&classes);
        for dispatch in &case.dispatches {
            let pace = Pace::new(dispatch.spawn_rate);
            let wait = Duration::from_secs_f64(dispatch.wait);
            assert_eq!((pace.batch, pace.wait), (dispatch.batch, wait), "{}", case.name);

            dispatcher.ramp(dispatch.target, dispatch.spawn_rate);
            for (i, expected) in dispatch.iterations.iter().enumerate() {
                let before = dispatcher.counts().to_vec();
                let batch = dispatcher.next_batch().unwrap();
                let counts = dispatcher.counts();
                let last = i + 1 == dispatch.iterations.len();
                assert_eq!(batch.wait, if last { Duration::ZERO } else { wait }, "{} {i}", case.name);
                for (id, (name, ..)) in classes.iter().enumerate() {
                    assert_eq!(counts[id], expected[*name], "{} {i} {name}", case.name);
                    let times = |list: &[mqtt_scenario::plan::ClassId]| {
                        u32::try_from(list.iter().filter(|class| class.0 == id).count()).unwrap()
                    };
                    assert_eq!(before[id] + times(&batch.start) - times(&batch.stop), counts[id]);
                }
            }
            assert_eq!(dispatcher.next_batch(), None, "{}", case.name);
        }
    }
}
