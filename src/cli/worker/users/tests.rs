use std::collections::BTreeMap;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use super::*;
use crate::locust::message::OptionValue;

const SCENARIO: &str = "version = 1\nvars.word = \"first\"\nbrokers.b.url = \"embedded:\"\n[[user_classes.car.tasks]]\nname \
                            = \"say\"\nsteps = [{ publish = { name = \"${vars.word}\", topic = \"t\", qos = 1 } }, { wait = \
                            \"50ms\" }]\n[load]\nusers = 1\n";

/// Two users, and this word at the master.
fn spawn(word: &str) -> Spawn {
    let text = |text: &str| OptionValue::Text(text.to_owned());
    let options = [
        ("mqtt_scenario_name", text("my.toml")),
        ("mqtt_scenario_files", text(&serde_json::json!({"my.toml": SCENARIO}).to_string())),
        ("mqtt_scenario_settings", text(r#"[["set_word", "vars.word", "first"]]"#)),
        ("set_word", text(word)),
    ];
    Spawn {
        user_classes_count: ClassCounts::from([("car".to_owned(), 2)]),
        parsed_options: options.map(|(name, value)| (name.to_owned(), value)).into(),
        stop_timeout: Some(1.0),
        ..Spawn::default()
    }
}

/// Waits until a row has requests; the requests of all rows up to then are added.
async fn see(users: &mut EngineUsers, row: &str, all: &mut BTreeMap<String, u64>) {
    let start = Instant::now();
    while all.get(row).is_none_or(|requests| *requests < 5) {
        assert!(start.elapsed() < Duration::from_secs(20), "no {row} in {all:?}");
        sleep(Duration::from_millis(20)).await;
        for (key, sums) in users.take().rows {
            *all.entry(key.name.clone()).or_default() += sums.requests;
        }
    }
}

#[tokio::test]
async fn what_is_changed_at_the_master_holds_for_all_users_and_a_mistake_changes_nothing() {
    let recorded = Recorded::new(None).unwrap();
    let mut users = EngineUsers::new(1, Rc::default(), recorded, None);
    let mut seen = BTreeMap::new();
    assert_eq!(users.apply(&spawn("first")).problems, [""; 0]);
    see(&mut users, "first", &mut seen).await;
    assert_eq!(users.apply(&spawn("second")).problems, [""; 0]);
    assert_eq!(users.counts()["car"], 2);
    see(&mut users, "second", &mut seen).await;
    let before = seen["first"];

    let [problem] = &users.apply(&spawn("${")).problems[..] else { panic!("one problem") };
    assert!(problem.starts_with("what was changed at the master is not followed: error["), "{problem}");
    seen.insert("second".to_owned(), 0);
    see(&mut users, "second", &mut seen).await;

    users.stop(Duration::from_secs(1));
    users.gone().await;
    for (key, sums) in users.take().rows {
        *seen.entry(key.name.clone()).or_default() += sums.requests;
    }
    assert_eq!(seen["first"], before, "users of the first word were gone before those of the second came");
    assert_eq!(users.counts()["car"], 0);
}

#[tokio::test]
async fn a_test_that_cannot_run_ends_by_itself_and_begins_anew_after_a_stop() {
    let mut users = EngineUsers::new(1, Rc::default(), Recorded::new(None).unwrap(), None);
    let nowhere = Spawn { host: Some("mqtt://a..b".to_owned()), ..spawn("first") };
    for _ in 0..2 {
        assert_eq!(users.apply(&nowhere).problems, [""; 0]);
        users.gone().await;
        let exceptions = users.take().exceptions;
        let [exception] = &exceptions[..] else { panic!("one: {exceptions:?}") };
        assert!(exception.message.starts_with("cannot look up the broker `a..b`"), "{}", exception.message);
        // The rest of the ramp tries nothing.
        assert_eq!(users.apply(&nowhere).counts["car"], 0);
        assert!(users.gone().now_or_never().is_none(), "its end is told once");
        users.stop(Duration::from_secs(1));
        users.gone().await;
    }
}

#[tokio::test]
async fn a_stop_ends_a_test_whose_users_are_about_to_start_anew() {
    let mut users = EngineUsers::new(1, Rc::default(), Recorded::new(None).unwrap(), None);
    let mut seen = BTreeMap::new();
    users.apply(&spawn("first"));
    see(&mut users, "first", &mut seen).await;
    users.apply(&spawn("second"));
    users.stop(Duration::ZERO);
    users.gone().await;
    assert!(!users.take().rows.keys().any(|key| key.name == "second"));
}

#[tokio::test]
async fn more_users_than_a_run_can_have_are_refused_and_the_others_go_on() {
    let mut users = EngineUsers::new(1, Rc::default(), Recorded::new(None).unwrap(), None);
    let mut seen = BTreeMap::new();
    users.apply(&spawn("first"));
    see(&mut users, "first", &mut seen).await;
    let mut too_many = spawn("first");
    too_many.user_classes_count.insert("car".to_owned(), 1 << 62);
    let [problem] = &users.apply(&too_many).problems[..] else { panic!("one problem") };
    assert_eq!(problem, "4294967295 users are more than the 10000000 that a worker can have");
    assert_eq!(users.counts()["car"], 2);
    seen.clear();
    see(&mut users, "first", &mut seen).await;
    users.stop(Duration::ZERO);
    users.gone().await;
}
