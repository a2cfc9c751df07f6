//! Shards of a run: several processes that do together what one would.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use mqtt_scenario::broker::{Broker, BrokerConfig};
use serde_json::Value;

use crate::support::{ScenarioDir, listing, meeting, run_program};

/// Users of two classes that send three messages each and leave. Their rows say who sent what.
const SCENARIO: &str = r#"
version = 1
seed = 7
brokers.b.url = "mqtt://localhost"
feeds.sites = { csv = "sites.csv", order = "unique" }
thresholds = ["requests >= 40", "failures < 1", "p99 < 60s"]
[load]
users = 11
spawn_rate = 50
[user_classes.meter]
feeds = ["sites"]
messages = 3
[[user_classes.meter.tasks]]
name = "send"
steps = [{ publish = { topic = "m/${row.site}", payload = "${seq} ${random_int(1,1000)}", qos = 1, name = "${client_id} ${row.site}" } }]
[user_classes.gateway]
fixed_count = 2
messages = 3
[[user_classes.gateway.tasks]]
name = "send"
steps = [{ publish = { topic = "g/${user.index}", qos = 1, name = "${client_id}" } }]
"#;

fn place() -> ScenarioDir {
    place_of(SCENARIO)
}

fn place_of(scenario: &str) -> ScenarioDir {
    let place = ScenarioDir::new(scenario);
    let rows: Vec<String> = (1..=20).map(|row| format!("site-{row}")).collect();
    std::fs::write(place.path("sites.csv"), format!("site\n{}\n", rows.join("\n"))).unwrap();
    place
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

fn read(place: &ScenarioDir, name: &str) -> Value {
    serde_json::from_str(&place.read(name)).unwrap()
}

/// Runs with these arguments at a broker, and writes the result to a file; the exit code.
fn run(place: &ScenarioDir, broker: &Broker, file: &str, more: &str) -> Option<i32> {
    let line = format!("run scenario.toml -H {} -q --summary-json {file}{more}", broker.addr());
    place.run(&words(&line)).status.code()
}

/// The names of rows with their numbers of requests.
fn rows(result: &Value) -> Vec<(String, u64)> {
    let rows = result["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["name"].as_str().unwrap().to_owned(), row["requests"].as_u64().unwrap())).collect()
}

#[test]
fn shards_together_do_what_one_process_does() {
    let (place, broker) = (place(), Broker::start(BrokerConfig::default()).unwrap());
    assert_eq!(run(&place, &broker, "whole.json", " --run-id r1"), Some(0));
    for index in 0..3 {
        let more = format!(" --run-id r1 --shard {index}/3");
        assert_eq!(run(&place, &broker, &format!("{index}.json"), &more), Some(0), "{index}");
    }
    broker.stop();
    let (whole, first) = (read(&place, "whole.json"), read(&place, "0.json"));
    // A third of the users cannot have all requests, and is not blamed for it.
    assert_eq!(
        first["verdict"]["sentence"],
        "Passed: 16 requests, none failed, thresholds are judged by `merge`."
    );
    let merged = place.run(&words("merge 2.json 0.json 1.json --out all --junit all/junit.xml"));
    assert_eq!(merged.status.code(), Some(0), "{}", String::from_utf8_lossy(&merged.stderr));
    assert!(String::from_utf8_lossy(&merged.stdout).contains("\nThresholds: 3 of 3 met\n"));
    assert_eq!(place.read("all/junit.xml").matches("<testcase ").count(), 4, "and one for the requests");
    let over = place.run(&words("merge 2.json 0.json 1.json --out all --junit 0.json"));
    assert_eq!(over.status.code(), Some(2), "a result is not replaced");
    let merged = read(&place, "all/result.json");
    assert_eq!(rows(&merged), rows(&whole));
    assert_eq!(whole["aggregated"]["requests"], 44);
    assert_eq!(merged["run"]["users"], whole["run"]["users"]);
    assert_eq!(merged["run"]["shards"]["indices"], serde_json::json!([0, 1, 2]));
    assert_eq!(merged["verdict"]["sentence"], "Passed: 44 requests, none failed, all 3 thresholds were met.");
}

#[test]
fn a_stage_that_is_cut_off_wants_as_many_users_of_shards_as_of_one_process() {
    let place = ScenarioDir::new(
        r#"
version = 1
brokers.b.url = "mqtt://localhost"
load.stages = [{ users = 19, spawn_rate = 10, duration = "350ms" }, { users = 2, spawn_rate = 100, duration = "50ms" }]
[user_classes.device]
on_start = [{ publish = { topic = "hello", qos = 1 } }]
tasks = [{ name = "t", steps = [{ wait = "50ms" }] }]
"#,
    );
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    for (file, more) in [("whole.json", ""), ("0.json", " --shard 0/2"), ("1.json", " --shard 1/2")] {
        assert_eq!(run(&place, &broker, file, &format!(" --run-id r1{more}")), Some(0), "{file}");
    }
    broker.stop();
    assert_eq!(place.run(&words("merge 0.json 1.json --out all")).status.code(), Some(0));
    let users = ["whole.json", "0.json", "1.json", "all/result.json"]
        .map(|file| read(&place, file)["run"]["users"].clone());
    assert_eq!(users, [19, 10, 9, 19].map(Value::from));
}

#[test]
fn shards_use_up_a_limit_of_the_load_together_and_end() {
    // The shard 1 has all users that send one message and then only wait.
    let place = ScenarioDir::new(
        r#"
version = 1
brokers.b.url = "mqtt://localhost"
load = { users = 4, spawn_rate = 1000, messages = 20 }
[user_classes.device]
tasks = [{ name = "t", steps = [{ publish = { topic = "t" } }, { wait = "5ms" }] }]
[user_classes.quiet]
on_start = [{ publish = { topic = "hello" } }]
tasks = [{ name = "t", steps = [{ wait = "100ms" }] }]
"#,
    );
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let published = |index: u32| {
        let file = format!("{index}.json");
        assert_eq!(run(&place, &broker, &file, &format!(" --run-id r1 --shard {index}/2")), Some(0));
        let rows = rows(&read(&place, &file)).into_iter();
        rows.filter(|(name, _)| name.starts_with("publish:")).map(|(_, requests)| requests).sum::<u64>()
    };
    assert_eq!([0, 1].map(published), [18, 2]);
    broker.stop();
}

#[test]
fn merge_knows_which_shards_it_has() {
    let (place, broker) = (place(), Broker::start(BrokerConfig::default()).unwrap());
    for (file, more) in [
        ("0", "r1 --shard 0/3"),
        ("1", "r1 --shard 1/3"),
        ("again", "r1 --shard 1/3"),
        ("other", "r2 --shard 2/3"),
    ] {
        assert_eq!(run(&place, &broker, &format!("{file}.json"), &format!(" --run-id {more}")), Some(0));
    }
    broker.stop();
    let merge = |what: &str| {
        let output = run_program(&place.path(""), &words(&format!("merge {what} --out all")));
        format!("exit code {:?}\n{}", output.code, output.stderr)
    };
    insta::assert_snapshot!("merge_shard_twice", merge("0.json 1.json again.json"));
    insta::assert_snapshot!("merge_shard_of_another_run", merge("0.json 1.json other.json"));
    let mut impossible = read(&place, "0.json");
    impossible["run"]["shards"]["indices"] = serde_json::json!([0, 7]);
    std::fs::write(place.path("impossible.json"), impossible.to_string()).unwrap();
    insta::assert_snapshot!("merge_shard_that_cannot_be", merge("impossible.json 1.json"));
    insta::assert_snapshot!("merge_shard_missing", merge("0.json 1.json"));
    let merged = read(&place, "all/result.json");
    assert_eq!(merged["thresholds"][0]["verdict"], "not judged", "two of three shards are not the run");
}

#[test]
fn merge_exits_as_one_run_would() {
    let whole = SCENARIO.replace("requests >= 40", "requests >= 45");
    let (place, broker) = (place_of(&whole), Broker::start(BrokerConfig::default()).unwrap());
    for index in 0..2 {
        let more = format!(" --run-id r1 --shard {index}/2");
        assert_eq!(run(&place, &broker, &format!("{index}.json"), &more), Some(0), "{index}");
    }
    broker.stop();
    let mut failed = read(&place, "0.json");
    failed["verdict"] = serde_json::json!({ "outcome": "failed", "exit_code": 7, "sentence": "Failed." });
    failed["failures"] = serde_json::json!([{ "type": "MQTT", "name": "n", "error": "e", "occurrences": 1,
        "first_seen": failed["run"]["started"], "last_seen": failed["run"]["started"] }]);
    std::fs::write(place.path("failed.json"), failed.to_string()).unwrap();
    for name in ["failed", "1"] {
        let mut without = read(&place, &format!("{name}.json"));
        without["thresholds"] = serde_json::json!([]);
        std::fs::write(place.path(&format!("{name}-free.json")), without.to_string()).unwrap();
    }
    for (what, code, written) in [
        ("0.json 1.json", 3, 3),
        ("failed.json 1.json", 3, 3),
        ("failed.json 1.json --exit-code-on-error 0", 3, 3),
        ("failed-free.json 1-free.json", 7, 7),
        ("failed-free.json 1-free.json --exit-code-on-error 9", 9, 9),
        ("failed-free.json 1-free.json --exit-code-on-error 0", 0, 0),
        ("1-free.json", 4, 4),
        ("failed-free.json", 4, 4),
    ] {
        let output = run_program(&place.path(""), &words(&format!("merge {what} --out all")));
        assert_eq!(output.code, Some(code), "{what}\n{}{}", output.stdout, output.stderr);
        assert_eq!(read(&place, "all/result.json")["verdict"]["exit_code"], written, "{what}");
    }
}

#[test]
fn a_plan_shows_the_part_of_a_shard() {
    let place = place();
    let plan = |more: &str| {
        let output = run_program(&place.path(""), &words(&format!("plan scenario.toml --run-id r1 {more}")));
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        output.stdout
    };
    insta::assert_snapshot!("plan_of_a_shard", plan("--shard 1/3"));
    let json: Value = serde_json::from_str(&plan("--shard 1/3 --format json")).unwrap();
    assert_eq!(json["shard"], serde_json::json!({ "index": 1, "of": 3, "users_in_all": 11 }));
    let whole: Value = serde_json::from_str(&plan("--format json")).unwrap();
    assert_eq!(whole["shard"], Value::Null);
}

#[test]
fn a_shard_that_cannot_be_is_refused_before_anything_starts() {
    let place = place();
    let said = |more: &str| {
        let output =
            run_program(&place.path(""), &words(&format!("run scenario.toml --summary-json r.json {more}")));
        assert_eq!((output.code, place.path("r.json").exists()), (Some(2), false), "{more}");
        output.stderr
    };
    let all: Vec<String> =
        ["--shard 0/3", "--shard 3/3 --run-id r1", "--shard 0/3 --run-id r/1", "--shard 11/12 --run-id r1"]
            .iter()
            .map(|more| format!("{more}\n{}", said(more)))
            .collect();
    insta::assert_snapshot!("shards_refused", all.join("\n"));
    for (more, word) in
        [("--repeat 2", "--shard is of one run"), ("--web", "the other shards would not do the same")]
    {
        let output = run_program(&place.path(""), &words(&format!("run --shard 0/3 --run-id r1 {more}")));
        assert_eq!(output.code, Some(2), "{more}");
        assert!(output.stderr.contains(word), "{}", output.stderr);
    }
}

/// A moment so many seconds from now, in seconds of unix time.
fn in_seconds(seconds: f64) -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64() + seconds
}

#[test]
fn a_run_begins_at_the_moment_that_all_shards_know() {
    let (place, broker) = (place(), Broker::start(BrokerConfig::default()).unwrap());
    let moment = in_seconds(1.5);
    assert_eq!(run(&place, &broker, "r.json", &format!(" --start-at {moment:.3}")), Some(0));
    broker.stop();
    let started = read(&place, "r.json")["run"]["started"].as_f64().unwrap();
    assert!((0.0..1.0).contains(&(started - moment + 0.001)), "{started} {moment}");
}

#[test]
fn a_moment_that_is_over_is_refused_with_the_time_of_the_clock() {
    let output = run_program(&place().path(""), &words("run scenario.toml --start-at 2026-01-01T00:00:00Z"));
    assert_eq!(output.code, Some(2));
    let said =
        "error: --start-at: 2026-01-01T00:00:00.000Z is over, by the clock of this machine, which says 20";
    assert!(output.stderr.starts_with(said), "{}", output.stderr);
}

#[test]
fn whoever_waits_for_a_start_can_be_interrupted_and_leaves_whole_files() {
    let without = ["requests >= 40", "failures < 1", "p99 < 60s"].map(|threshold| format!("\"{threshold}\""));
    let place = place_of(&SCENARIO.replace(&without.join(", "), ""));
    let moment = in_seconds(600.0);
    let line = format!("run scenario.toml -H embedded: --summary-json r.json --start-at {moment:.0}");
    let mut running = place.launch(&words(&line));
    let mut said = String::new();
    while !said.contains("Waiting for ") {
        assert!(std::io::BufRead::read_line(&mut running.log, &mut said).unwrap() > 0, "{said}");
    }
    running.signal(rustix::process::Signal::INT);
    let (_, log, code) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let result = read(&place, "r.json");
    assert_eq!(
        (&result["run"]["end"], &result["aggregated"]["requests"]),
        (&"interrupted".into(), &0.into())
    );
}

/// The scenario without thresholds, whose shards meet before they begin.
fn place_to_meet(timeout: &str) -> ScenarioDir {
    let sync = format!("[load]\nsync = {{ topic = \"load/sync\", timeout = \"{timeout}\" }}");
    let without = ["requests >= 40", "failures < 1", "p99 < 60s"].map(|threshold| format!("\"{threshold}\""));
    place_of(&SCENARIO.replace("[load]", &sync).replace(&without.join(", "), ""))
}

#[test]
fn shards_that_meet_begin_together_and_know_their_clocks() {
    let (place, broker) = (place_to_meet("30s"), Broker::start(BrokerConfig::default()).unwrap());
    let host = broker.addr().to_string();
    let start = |index: usize| {
        let line = format!(
            "run scenario.toml -H {host} -q --run-id r1 --shard {index}/3 --summary-json {index}.json"
        );
        place.launch(&words(&line))
    };
    // Shard 0 comes last.
    let shards = [2, 1, 0].map(start);
    for shard in shards {
        let (_, log, code) = shard.end();
        assert_eq!(code, Some(0), "{log}");
    }
    let results = [0, 1, 2].map(|index| read(&place, &format!("{index}.json")));
    let started = results.each_ref().map(|result| result["run"]["started"].as_f64().unwrap());
    // The machine has one clock and may be busy.
    assert!(started.iter().all(|at| (at - started[0]).abs() < 0.5), "{started:?}");
    assert_eq!(results[0]["run"]["clock"], Value::Null);
    for result in &results[1..] {
        let clock = &result["run"]["clock"];
        let (ahead, within) =
            (clock["shard_0_is_ahead_ms"].as_f64().unwrap(), clock["within_ms"].as_f64().unwrap());
        assert!(ahead.abs() <= within + 0.001, "{clock}");
    }
    let merged = place.run(&words("merge 0.json 1.json 2.json --out all"));
    assert_eq!(merged.status.code(), Some(0), "{}", String::from_utf8_lossy(&merged.stderr));
    let shards = &read(&place, "all/result.json")["run"]["shards"];
    assert_eq!((shards["clocks"].as_array().unwrap().len(), &shards["users"]), (2, &11.into()));
    // One process has nobody to meet, and nothing is left of the first meeting.
    assert_eq!(run(&place, &broker, "whole.json", " --run-id r1"), Some(0));
    broker.stop();
}

#[test]
fn shards_do_not_begin_without_one_that_has_left_or_was_killed() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    meeting::nobody_begins_without_one_that_is_gone(&broker.addr().to_string(), "5");
    broker.stop();
}

#[test]
fn a_shard_0_that_is_started_again_meets_those_that_wait() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    meeting::whoever_waits_meets_another_shard_0(&broker.addr().to_string(), "5");
    broker.stop();
}

#[test]
fn a_shard_that_waits_in_vain_says_for_whom_and_runs_nothing() {
    let (place, broker) = (place_to_meet("500ms"), Broker::start(BrokerConfig::default()).unwrap());
    let line = format!(
        "run scenario.toml -q -H {} --run-id r1 --shard 0/3 --summary-json r.json --out runs",
        broker.addr()
    );
    let output = run_program(&place.path(""), &words(&line));
    let counters = broker.stop();
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    let said = "error: the shards have not met within 500ms: shards 1, 2 of 3 are not ready";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    let logs: Vec<_> =
        listing(&place.path("runs")).into_iter().filter(|path| path.ends_with("run.log")).collect();
    let log = std::fs::read_to_string(&logs[0]).unwrap();
    assert!(log.contains(said), "{log}");
    assert!(!place.path("r.json").exists() || place.read("r.json").is_empty());
    assert_eq!(counters.connections, 1, "no user has started");
}

/// Takes one connection and says nothing more. Returns its address, and what the client has sent first.
fn silent_broker() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (tell, told) = channel();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut bytes = [0; 1024];
        let read = client.read(&mut bytes).unwrap();
        tell.send(bytes[..read].to_vec()).unwrap();
        // CONNACK of MQTT 3.1.1.
        client.write_all(&[0x20, 2, 0, 0]).unwrap();
        while client.read(&mut bytes).is_ok_and(|read| read > 0) {}
    });
    (address, told)
}

/// Shard 1 of 2 has no user at the broker of the meeting.
#[test]
#[expect(clippy::disallowed_methods, reason = "no runtime runs here")]
fn a_meeting_signs_in_as_a_user_of_the_run_and_ends_in_time_at_a_broker_that_falls_silent() {
    let (address, told) = silent_broker();
    let place = ScenarioDir::new(&format!(
        r#"
version = 1
brokers.quiet.url = "mqtt://{address}"
brokers.other.url = "mqtt://127.0.0.1:1"
load = {{ users = 2, sync = {{ topic = "load/sync", broker = "quiet", timeout = "1s" }} }}
[user_classes.a]
broker = "quiet"
fixed_count = 1
username = "user-of-shard-0"
tasks = [{{ name = "wait", steps = [{{ wait = "1s" }}] }}]
[user_classes.b]
broker = "other"
tasks = [{{ name = "wait", steps = [{{ wait = "1s" }}] }}]
"#
    ));
    let began = Instant::now();
    let output = run_program(&place.path(""), &words("run scenario.toml -q --run-id r1 --shard 1/2 -t 1s"));
    assert_eq!(output.code, Some(4), "{}", output.stderr);
    let said = "the shards have not met within 1s: shard 0 of 2 is not ready";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    assert!(began.elapsed() < Duration::from_secs(8), "a broker has ten seconds for an answer otherwise");
    let connect = told.recv().unwrap();
    assert!(connect.windows(15).any(|part| part == b"user-of-shard-0"), "{connect:?}");
}

#[test]
fn shards_meet_although_their_users_take_small_packets_alone() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let place = meeting::scenario("5\", max_packet_size = \"60B", "20s");
    let host = broker.addr().to_string();
    let shards = [0, 1].map(|index| {
        place.launch(&words(&format!("run scenario.toml -q -H {host} --run-id r1 --shard {index}/2")))
    });
    for shard in shards {
        let (_, log, code) = shard.end();
        assert_eq!(code, Some(0), "{log}");
    }
    broker.stop();
}

/// A receiver in shard 0 and a sender in shard 1.
const ACROSS: &str = r#"
version = 1
brokers.b.url = "mqtt://localhost"
load = { users = 2, spawn_rate = 50, run_time = "2s", sync = { topic = "load/sync", timeout = "30s" } }
[user_classes.a_receiver]
fixed_count = 1
on_start = [{ subscribe = { filter = "d/#", qos = 1, measure = "end_to_end", name = "across" } }]
tasks = [{ name = "wait", steps = [{ wait = "1s" }] }]
[user_classes.b_sender]
fixed_count = 1
wait_time = { constant = "50ms" }
tasks = [{ name = "send", steps = [{ publish = { topic = "d/1", qos = 1, stamp = "prefix" } }] }]
"#;

#[test]
fn messages_between_shards_are_timed_but_their_losses_are_not_called_complete() {
    let (place, broker) = (ScenarioDir::new(ACROSS), Broker::start(BrokerConfig::default()).unwrap());
    let host = broker.addr().to_string();
    let shards = [0, 1].map(|index| {
        let line = format!(
            "run scenario.toml -H {host} -q --run-id r1 --shard {index}/2 --summary-json {index}.json"
        );
        place.launch(&words(&line))
    });
    for shard in shards {
        let (_, log, code) = shard.end();
        assert_eq!(code, Some(0), "{log}");
    }
    broker.stop();
    assert_eq!(place.run(&words("merge 0.json 1.json --out all")).status.code(), Some(0));
    for name in ["0.json", "all/result.json"] {
        let result = read(&place, name);
        let deliveries = &result["end_to_end"];
        assert!(deliveries["rows"][0]["received"].as_u64().unwrap() > 10, "{name}: {deliveries}");
        assert_eq!(deliveries["complete"], false, "{name}");
        let notes = result["notes"].as_array().unwrap();
        assert!(
            notes.iter().any(|note| note.as_str().unwrap().starts_with("Of messages from other shards")),
            "{name}"
        );
    }
}
