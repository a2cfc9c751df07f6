//! What the live page offers to run, asked over HTTP.

use std::fs;

use crate::support::ScenarioDir;
use crate::support::served::Served;

const SCENARIO: &str = r#"
version = 1
name = "peak hour"
[vars]
shout = "hello"
[brokers.b]
url = "embedded:"
[load]
users = 4
spawn_rate = 100
run_time = "60s"
stop_timeout = "2s"
[user_classes.device]
wait_time = { constant = "20ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "say"
tags = ["loud"]
steps = [{ publish = { topic = "t", payload = "${vars.shout}", qos = 1 } }]
"#;

const ARGS: [&str; 4] = ["run", "scenario.toml", "--web", "127.0.0.1:0"];

#[test]
fn a_scenario_that_is_edited_while_nothing_runs_is_shown_as_it_is_now() {
    let place = ScenarioDir::new(SCENARIO);
    let served = Served::start(&place, &ARGS);
    assert!(served.get("/").contains("peak hour"));
    let edited = SCENARIO.replace("peak hour", "quiet night").replace("[\"loud\"]", "[\"soft\"]");
    fs::write(place.path("scenario.toml"), edited.replace("users = 4", "users = 6")).unwrap();
    let page = served.wait_for_page("quiet night");
    assert!(page.contains("value=\"6\"") && page.contains("value=\"soft\""), "{page}");
    assert!(!page.contains("peak hour") && !page.contains("value=\"loud\""), "{page}");
    served.post("/swarm", "user_count=6&spawn_rate=100");
    served.wait_for_state("running");
    assert_eq!(served.json("/result.json")["run"]["scenario"], "quiet night");
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_scenario_that_becomes_wrong_is_shown_as_it_was_with_its_mistakes_and_does_not_start() {
    let place = ScenarioDir::new(SCENARIO);
    let served = Served::start(&place, &ARGS);
    fs::write(place.path("scenario.toml"), SCENARIO.replace("topic =", "topci =")).unwrap();
    let answer = served.post("/swarm", "user_count=6&spawn_rate=100");
    assert_eq!(answer["success"], false, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("topci"), "{answer}");
    let page = served.get("/");
    assert!(page.contains("topci") && page.contains("peak hour"), "{page}");
    assert_eq!(served.json("/stats/requests")["state"], "ready");
    fs::write(place.path("scenario.toml"), SCENARIO).unwrap();
    let answer = served.post("/swarm", "user_count=6&spawn_rate=100");
    assert_eq!(answer["success"], true, "{answer}");
    assert!(!served.get("/").contains("topci"));
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_variable_is_the_plain_text_that_was_sent_also_an_empty_one_and_an_empty_rate_is_a_mistake() {
    let scenario = SCENARIO
        .replace("\"hello\"", "'say \"hello\"'")
        .replace("wait_time = { constant = \"20ms\" }", "rate = \"50/s\"");
    let place = ScenarioDir::new(&scenario);
    let served = Served::start(&place, &ARGS);
    let page = served.get("/");
    assert!(page.contains("name=\"vars.shout\" value=\"say &#34;hello&#34;\""), "{page}");
    let answer = served.post("/swarm", "user_count=1&spawn_rate=1&user_classes.device.rate=");
    assert_eq!(answer["success"], false, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("rate"), "{answer}");
    for (sent, payload) in [("", "\"\" (0 bytes)"), ("%22quoted%22+%5C", r#"""quoted" \\" (10 bytes)"#)] {
        let form = format!("user_count=1&spawn_rate=1&run_time=2s&vars.shout={sent}");
        assert_eq!(served.post("/swarm", &form)["success"], true);
        served.wait_for_state("running");
        served.wait_for_state("stopped");
        let result = served.json("/result.json");
        let plan = result["run"]["plan_text"].as_str().unwrap();
        assert!(plan.contains(payload), "{plan}");
    }
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn what_is_misspelt_or_cannot_change_in_a_run_is_named_in_the_answer_and_in_the_log() {
    let place = ScenarioDir::new(SCENARIO);
    let served = Served::start(&place, &ARGS);
    let answer =
        served.post("/swarm", "user_count=2&spawn_rate=100&usercount=9&shape_class=Default&profile=");
    assert_eq!(answer["message"], "Swarming started. Not understood, so it changes nothing: usercount");
    served.wait_for("two users", |state| state["user_count"] == 2);
    let answer =
        served.post("/swarm", "user_count=3&spawn_rate=100&host=mqtt%3A%2F%2Fx&run_time=9&vars.shout=a");
    assert_eq!(
        answer["message"],
        "Swarming started. These stay as they are while a run goes on: run_time, host, vars.shout"
    );
    assert_eq!((&answer["host"], answer.get("run_time")), (&serde_json::Value::Null, None), "{answer}");
    served.wait_for("three users", |state| state["user_count"] == 3);
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(log.matches("/swarm: ").count(), 2, "{log}");
}
