//! The program as a user runs it: files, exit codes, signals, and brokers that misbehave.
#![expect(clippy::disallowed_methods, reason = "these tests watch another process, in real time")]

use std::fs;
use std::io::BufRead;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{ScenarioDir, row, side_by_side};

/// Users that connect once and publish without a pause that would matter.
const STEADY: &str = r#"
version = 1
[brokers.b]
url = "embedded:"
[load]
users = 5
spawn_rate = 100
run_time = "2s"
stop_timeout = "2s"
[user_classes.device]
client_id = "d-${user.number}"
wait_time = { constant = "10ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "publish"
tags = ["main"]
steps = [{ publish = { topic = "t/${client_id}", payload = "${seq}", qos = 1, timeout = "300ms", name = "publish" } }]
"#;

/// A port on which nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn a_run_writes_the_four_files_and_the_tables_and_exits_with_0() {
    let place = ScenarioDir::new(STEADY);
    let output = place.run(&["run", "scenario.toml", "--csv", "out/a"]);
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let stats = place.rows("out/a_stats.csv");
    let publishes = row(&stats, "publish").count("Request Count");
    assert!(publishes > 50, "{publishes}");
    assert_eq!(row(&stats, "connect").count("Request Count"), 5);
    assert_eq!(row(&stats, "Aggregated").count("Request Count"), publishes + 5);
    let line = |name: &str| stdout.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(
        stdout.contains("Response times ") && line("publish ").contains(&format!(" {publishes} ")),
        "{stdout}"
    );
    assert!(line("PASSED: ").contains(&format!(" {} requests", publishes + 5)), "{stdout}");
    assert!(line("Written: ").ends_with("out/a_*.csv"), "{stdout}");
    assert!(stderr.contains("broker    embedded:"), "what runs is said first\n{stderr}");
    assert!(stderr.contains("users 5/5"), "{stderr}");
    assert!(!stdout.contains('\u{1b}') && !stderr.contains('\u{1b}'), "colours in a pipe");
    let history = place.rows("out/a_stats_history.csv");
    assert!(history.len() >= 3);
    let last = history.last().unwrap();
    assert_eq!(last.count("Total Request Count"), publishes + 5, "the last row has everything");
    assert_eq!(last.count("User Count"), 5, "the users of the run");
    let mut seconds: Vec<_> = history.iter().map(|row| row.count("Timestamp")).collect();
    seconds.dedup();
    assert_eq!(seconds.len(), history.len(), "a row for each second");
}

#[test]
fn a_request_log_replays_to_the_files_of_its_run_byte_for_byte() {
    let cases = [
        &[][..],
        &["--csv-full-history", "--threads", "1"],
        &["--csv-full-history", "--threads", "3"],
        &["--reset-stats", "--csv-full-history"],
    ];
    side_by_side(cases, |flags| {
        let place = ScenarioDir::new(STEADY);
        let mut run = vec!["run", "scenario.toml", "-H", "embedded:?loss=0.02", "--only-summary"];
        run.extend(["--csv", "a", "--request-log", "a.jsonl"]);
        run.extend(flags);
        assert_eq!(place.run(&run).status.code(), Some(1), "lost acknowledgements are failures");
        let mut replay = vec!["replay", "a.jsonl", "--csv", "b"];
        replay.extend(flags.iter().filter(|flag| **flag == "--csv-full-history"));
        assert_eq!(place.run(&replay).status.code(), Some(0));
        for file in ["stats", "stats_history", "failures", "exceptions"] {
            let read = |whose: &str| place.read(&format!("{whose}_{file}.csv"));
            assert_eq!(read("a"), read("b"), "{file}");
        }
        assert!(place.rows("a_failures.csv").iter().all(|f| f.text("Error") == "no PUBACK within 300ms"));
    });
}

#[test]
fn a_broker_that_never_acknowledges_fails_each_publish_after_its_timeout() {
    let place = ScenarioDir::new(STEADY);
    let started = Instant::now();
    let output = place.run(&["run", "scenario.toml", "-H", "embedded:?never_ack", "--csv", "a"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(started.elapsed() < Duration::from_secs(10));
    let failures = place.rows("a_failures.csv");
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].text("Error"), "no PUBACK within 300ms");
    let stats = place.rows("a_stats.csv");
    let publish = row(&stats, "publish");
    assert_eq!(publish.count("Request Count"), publish.count("Failure Count"));
    assert_eq!(publish.count("Failure Count"), failures[0].count("Occurrences"));
    // Five users, two seconds and the rest of a task, 310 ms each.
    assert!((25..=40).contains(&publish.count("Request Count")));
    assert!(publish.text("Min Response Time").parse::<f64>().unwrap() >= 300.0);
}

#[test]
fn a_broker_that_is_not_there_is_a_failure_tried_again_with_growing_pauses() {
    let place = ScenarioDir::new(STEADY);
    let host = format!("127.0.0.1:{}", closed_port());
    let started = Instant::now();
    let output = place.run(&["run", "scenario.toml", "-H", &host, "--csv", "a"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(started.elapsed() < Duration::from_secs(10), "the run ends on time");
    let failures = place.rows("a_failures.csv");
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].text("Name"), "connect");
    let error = format!("cannot connect to {host}: Connection refused (os error 111)");
    assert_eq!(failures[0].text("Error"), error);
    // Pauses of at least 250, 500, 1000 ms: at most four attempts per user in two seconds.
    assert!((10..=20).contains(&failures[0].count("Occurrences")));
}

#[test]
fn the_first_interrupt_lets_users_finish_and_writes_everything() {
    let place = ScenarioDir::new(STEADY);
    let running =
        place.start(&["run", "scenario.toml", "-t", "10m", "--csv", "a", "--request-log", "a.jsonl"]);
    std::thread::sleep(Duration::from_millis(700));
    running.signal(Signal::INT);
    let (stdout, log, code) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let stats = place.rows("a_stats.csv");
    let all = row(&stats, "Aggregated").count("Request Count");
    let summary = stdout.lines().find(|line| line.starts_with("Aggregated")).unwrap();
    let told = summary.split_whitespace().nth(1).unwrap().replace(',', "");
    assert_eq!(told, all.to_string(), "the files equal the summary");
    assert_eq!(place.rows("a_stats_history.csv").last().unwrap().count("Total Request Count"), all);
    let requests = place.read("a.jsonl").lines().filter(|line| line.contains("\"request\"")).count();
    assert_eq!(requests as u64, all);
}

#[test]
fn the_second_interrupt_ends_at_once_with_valid_files_and_130() {
    let place = ScenarioDir::new(
        &STEADY.replace("300ms", "60s").replace("stop_timeout = \"2s\"", "stop_timeout = \"60s\""),
    );
    let args = ["run", "scenario.toml", "-t", "10m", "-H", "embedded:?never_ack", "--csv", "a"];
    let mut running = place.start(&args);
    std::thread::sleep(Duration::from_millis(500));
    running.signal(Signal::TERM);
    let mut line = String::new();
    while !line.contains("Stopping") {
        line.clear();
        assert!(running.log.read_line(&mut line).unwrap() > 0);
    }
    let second = Instant::now();
    running.signal(Signal::INT);
    let (_, log, code) = running.end();
    assert_eq!(code, Some(130), "{log}");
    assert!(second.elapsed() < Duration::from_secs(20));
    let stats = place.rows("a_stats.csv");
    assert_eq!(row(&stats, "Aggregated").count("Request Count"), 5, "the connects");
    assert_eq!(
        place.rows("a_stats_history.csv").last().unwrap().count("User Count"),
        5,
        "the users of the run"
    );
}

#[test]
fn a_killed_run_leaves_valid_files_that_are_a_few_seconds_old_at_most() {
    let place = ScenarioDir::new(STEADY);
    let running = place.start(&["run", "scenario.toml", "-t", "10m", "--csv", "a"]);
    std::thread::sleep(Duration::from_millis(2_500));
    running.signal(Signal::KILL);
    let (_, _, code) = running.end();
    assert_eq!(code, None);
    let history = place.rows("a_stats_history.csv");
    assert!(history.len() >= 3, "{} rows of history", history.len());
    let stats = place.rows("a_stats.csv");
    let written = row(&stats, "Aggregated").count("Request Count");
    assert_eq!(written, history.last().unwrap().count("Total Request Count"));
    assert!(written > 50, "{written}");
}

#[test]
fn bad_usage_is_2_and_an_output_that_cannot_be_written_is_4() {
    let place = ScenarioDir::new(STEADY);
    for args in [
        &["run", "scenario.toml", "--csv-full-history"][..],
        &["run", "scenario.toml", "--nosuchflag"],
        &["run", "nosuch.toml"],
        &["run", "scenario.toml", "-u", "0"],
        &["run", "scenario.toml", "-r", "0"],
        &["run", "scenario.toml", "-t", "soon"],
        &["run", "scenario.toml", "-H", "http://x"],
        &["run", "scenario.toml", "-H", "embedded:?delai=1ms"],
        &["run", "scenario.toml", "-T", "nosuchtag"],
    ] {
        let output = place.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}\n{stderr}");
        assert!(output.stdout.is_empty() && stderr.contains("error"), "{args:?}\n{stderr}");
    }
    fs::write(place.path("file"), "").unwrap();
    for args in [
        &["run", "scenario.toml", "--csv", "file/a"][..],
        &["run", "scenario.toml", "--request-log", "file/a"],
        &["run", "scenario.toml", "--logfile", "file/a"],
        &["run", "scenario.toml", "-H", "nosuchhost.invalid"],
        &["run", "scenario.toml", "-u", "10000000", "-r", "10000000"],
    ] {
        let output = place.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{args:?}\n{stderr}");
        assert!(!stderr.contains("Ramping"), "nothing was started\n{stderr}");
    }
}

#[test]
fn failures_give_the_exit_code_that_was_asked_for() {
    let place = ScenarioDir::new(STEADY);
    let args = ["run", "scenario.toml", "-t", "1s", "-H", "embedded:?refuse=1"];
    let code = |more: &[&str]| place.run(&[&args, more].concat()).status.code();
    assert_eq!(code(&["--exit-code-on-error", "7"]), Some(7));
    assert_eq!(code(&["--exit-code-on-error", "0"]), Some(0));
    assert_eq!(code(&["--headless", "--only-summary"]), Some(1));
}

#[test]
fn the_log_goes_to_its_file_in_locusts_form() {
    let place = ScenarioDir::new(STEADY);
    let output = place.run(&["run", "scenario.toml", "-t", "1s", "--only-summary", "--logfile", "log"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("INFO") && stderr.starts_with("  scenario  "), "only what runs: {stderr}");
    let log = place.read("log");
    assert!(
        log.lines().all(|line| line.starts_with('[') && line.contains("] INFO/mqtt-scenario: ")),
        "{log}"
    );
    assert!(log.contains("All users spawned: {\"device\": 5} (5 total users)"), "{log}");
}

#[test]
fn connections_come_from_the_source_addresses_in_turn() {
    let place = ScenarioDir::new(&STEADY.replace(
        "url = \"embedded:\"",
        "url = \"embedded:\"\nsource_addresses = [\"127.0.0.7\", \"127.0.0.8\", \"127.0.0.9\"]",
    ));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let mut child = place
        .command(&["run", "scenario.toml", "-u", "6", "-t", "1s", "--threads", "1", "-H", &host])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut sources: Vec<_> = (0..6).map(|_| listener.accept().unwrap().1.ip().to_string()).collect();
    child.wait().unwrap();
    sources.sort();
    let expected = ["127.0.0.7", "127.0.0.7", "127.0.0.8", "127.0.0.8", "127.0.0.9", "127.0.0.9"];
    assert_eq!(sources, expected);
}

#[test]
fn the_summary_is_there_as_json_and_says_how_the_generator_fared() {
    let place = ScenarioDir::new(STEADY);
    let output = place.run(&["run", "scenario.toml", "-t", "1s", "--csv", "a", "--summary-json", "a.json"]);
    assert_eq!(output.status.code(), Some(0));
    let summary: serde_json::Value = serde_json::from_str(&place.read("a.json")).unwrap();
    let all = row(&place.rows("a_stats.csv"), "Aggregated").count("Request Count");
    assert_eq!(summary["aggregated"]["requests"], all);
    assert_eq!(summary["response_times_ms"]["count"], all);
    assert_eq!(summary["rows"][0]["name"], "connect");
    assert_eq!(summary["generator"]["was_the_limit"], false);
    let sentence = summary["generator"]["sentence"].as_str().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains(sentence));
    let bad = place.run(&["run", "scenario.toml", "--summary-json", "no/such/a.json"]);
    assert_eq!(bad.status.code(), Some(4));
}

#[test]
fn a_missed_threshold_is_told_and_exits_with_3() {
    let thresholds = "thresholds = [\"p99 < 10s\", \"failures[publish] < 1%\", \"requests > 5\"]";
    let scenario = STEADY.replace("[brokers.b]", &format!("{thresholds}\n[brokers.b]"));
    let place = ScenarioDir::new(&scenario);
    let run = |broker: &str| {
        let output =
            place.run(&["run", "scenario.toml", "-t", "1s", "-H", broker, "--summary-json", "a.json"]);
        let summary: serde_json::Value = serde_json::from_str(&place.read("a.json")).unwrap();
        let met = summary["thresholds"].as_array().unwrap().iter().map(|t| t["met"] == true);
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), met.collect::<Vec<_>>())
    };
    let (code, stdout, met) = run("embedded:");
    assert_eq!((code, met), (Some(0), vec![true; 3]));
    assert!(stdout.contains("Thresholds: 3 of 3 met"), "{stdout}");
    // Failures alone are code 1; the threshold that they miss wins.
    let (code, stdout, met) = run("embedded:?never_ack");
    assert_eq!((code, met), (Some(3), vec![true, false, true]));
    let line = stdout.lines().find(|line| line.contains("MISSED")).unwrap();
    assert_eq!(line, "  MISSED failures[publish] < 1%  MQTT publish: failure_ratio 100 %");
    assert!(stdout.contains("\nFAILED: 1 of 3 thresholds not met: failures[publish] < 1%"), "{stdout}");
}

#[test]
fn what_a_broker_never_answered_is_in_tables_json_and_log_and_in_no_csv_file() {
    let thresholds =
        "thresholds = [\"unfinished < 1\", \"failures[publish] < 1%\", \"failures[connect] < 1%\"]";
    let scenario = STEADY
        .replace("[brokers.b]", &format!("{thresholds}\n[brokers.b]"))
        .replace("timeout = \"300ms\"", "timeout = \"1m\"");
    let place = ScenarioDir::new(&scenario);
    let mut args = vec!["run", "scenario.toml", "-t", "1s", "-H", "embedded:?never_ack", "--csv", "a"];
    args.extend(["--summary-json", "a.json", "--request-log", "a.jsonl"]);
    let output = place.run(&args);
    let (stdout, log) = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).into();
    assert_eq!(output.status.code(), Some(3), "{log}");
    assert!(stdout.contains("Unfinished: 5 requests, the oldest after "), "{stdout}");
    assert!(stdout.contains("Thresholds: 1 of 3 met, 1 not judged"), "{stdout}");
    assert!(stdout.contains("NOT JUDGED failures[publish] < 1%"), "{stdout}");
    // They had two seconds to finish, and did not.
    assert!(log.contains("5 requests had waited for too long when the run ended"), "{log}");
    let summary: serde_json::Value = serde_json::from_str(&place.read("a.json")).unwrap();
    let unfinished = &summary["unfinished"];
    assert_eq!((&unfinished["count"], &unfinished["overdue"]), (&5.into(), &5.into()));
    assert_eq!(
        (&summary["aggregated"]["unfinished"], &summary["rows"][0]["unfinished"]),
        (&5.into(), &0.into())
    );
    assert!(unfinished["oldest_ms"].as_f64().unwrap() >= 2_000.0);
    assert_eq!(
        (&unfinished["rows"][0]["name"], &unfinished["rows"][0]["count"]),
        (&"publish".into(), &5.into())
    );
    let verdicts: Vec<_> = summary["thresholds"].as_array().unwrap().iter().map(|t| &t["verdict"]).collect();
    assert_eq!(verdicts, ["missed", "not judged", "met"]);
    assert!(summary["thresholds"][1]["met"].is_null());
    assert!(place.rows("a_stats.csv").iter().all(|row| row.text("Name") != "publish"));
    let told = place.read("a.jsonl").lines().filter(|line| line.contains("\"unfinished\"")).count();
    assert_eq!(told, 5);
    let replayed = place.run(&["replay", "a.jsonl", "--csv", "b"]);
    assert!(
        String::from_utf8(replayed.stdout).unwrap().contains("Unfinished: 5 requests, the oldest after ")
    );
    assert!(place.rows("b_stats.csv").iter().all(|row| row.text("Name") != "publish"));

    // It is known as well of users that are dropped where they are.
    let running = place.start(&["run", "scenario.toml", "-t", "1m", "-H", "embedded:?never_ack"]);
    std::thread::sleep(Duration::from_millis(500));
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(200));
    running.signal(Signal::INT);
    let (stdout, _, code) = running.end();
    assert_eq!(code, Some(130));
    assert!(stdout.contains("Unfinished: 5 requests, the oldest after "), "{stdout}");

    // A broker that answers everything leaves nothing open.
    let output = place.run(&["run", "scenario.toml", "-t", "1s", "--summary-json", "b.json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!String::from_utf8(output.stdout).unwrap().contains("Unfinished"));
    let summary: serde_json::Value = serde_json::from_str(&place.read("b.json")).unwrap();
    assert_eq!(
        (&summary["unfinished"]["count"], &summary["unfinished"]["rows"]),
        (&0.into(), &serde_json::json!([]))
    );
}

#[test]
fn stages_and_limits_end_a_run_by_themselves() {
    let stages = "[[load.stages]]\nusers = 4\nspawn_rate = 100\nduration = \"1100ms\"\nafter = \"connected\"\n\
                  [[load.stages]]\nname = \"down\"\nusers = 1\nduration = \"600ms\"\nspawn_rate = 100\n";
    let (before, rest) = STEADY.split_once("[load]").unwrap();
    let (_, after) = rest.split_once("[user_classes").unwrap();
    let place = ScenarioDir::new(&format!("{before}{stages}[user_classes{after}"));
    let output = place.run(&["run", "scenario.toml", "--csv", "a"]);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("Stage 2 of 2 (`down`): ramping to 1 users"), "{log}");
    assert!(log.contains("The last stage is over"), "{log}");
    let history = place.rows("a_stats_history.csv");
    assert_eq!(history.iter().map(|row| row.count("User Count")).max(), Some(4));

    let refused = place.run(&["run", "scenario.toml", "-u", "5"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--set load.stages[0].users=N"));

    let place = ScenarioDir::new(&STEADY.replace("run_time = \"2s\"", "messages = 100"));
    let output = place.run(&["run", "scenario.toml", "--csv", "a"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(row(&place.rows("a_stats.csv"), "publish").count("Request Count"), 100);
}

#[test]
fn a_search_tries_rates_and_tells_the_highest() {
    let search = "search = { rate = \"20/s..40/s\", until = \"failures < 1%\", step = \"2s\" }";
    let scenario = STEADY
        .replace("run_time = \"2s\"", search)
        .replace("wait_time = { constant = \"10ms\" }", "rate = \"3/s\"");
    let place = ScenarioDir::new(&scenario);
    let run = |broker: &str| {
        let output = place.run(&["run", "scenario.toml", "-H", broker, "--summary-json", "a.json"]);
        let summary: serde_json::Value = serde_json::from_str(&place.read("a.json")).unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), summary["search"].clone())
    };
    let (code, stdout, found) = run("embedded:");
    assert_eq!(code, Some(0));
    assert_eq!((found["highest_rate"].as_f64(), found["complete"].as_bool()), (Some(40.0), Some(true)));
    // What users begin follows the rates.
    let begun: Vec<_> =
        found["tried"].as_array().unwrap().iter().map(|t| t["achieved"].as_f64().unwrap()).collect();
    assert!((15.0..25.0).contains(&begun[0]) && (30.0..48.0).contains(&begun[1]), "{begun:?}");
    assert!(stdout.contains("failures < 1% holds up to 40.00 task runs/s"), "{stdout}");

    let (code, _, found) = run("embedded:?never_ack");
    assert_eq!(
        (code, found["highest_rate"].as_f64(), found["complete"].as_bool()),
        (Some(1), None, Some(true))
    );
}

#[test]
fn locusts_three_tables_are_printed_to_the_byte_if_they_are_wanted() {
    let place = ScenarioDir::new(STEADY);
    let args = ["run", "scenario.toml", "-t", "1s", "--only-summary", "--print-stats", "locust"];
    let output = place.run(&[&args[..], &["--request-log", "a.jsonl", "--csv", "a"]].concat());
    let stdout = String::from_utf8(output.stdout).unwrap();
    // The replay of the same requests prints nothing else.
    let replayed = place.run(&["replay", "a.jsonl", "--csv", "b"]);
    let tables = String::from_utf8(replayed.stdout).unwrap();
    assert!(tables.contains("Response time percentiles (approximated)"), "{tables}");
    let rest = stdout.strip_prefix(&*tables).unwrap_or_else(|| panic!("{tables}\n{stdout}"));
    assert!(
        rest.starts_with("Results of ") && rest.contains("PASSED: ") && !rest.contains("p99.9"),
        "{rest}"
    );
}

#[test]
fn a_quiet_run_says_nothing_and_tells_its_end_by_the_exit_code() {
    let place = ScenarioDir::new(STEADY);
    for (broker, code) in [("embedded:", 0), ("embedded:?refuse=1", 1)] {
        let output = place.run(&["run", "scenario.toml", "-t", "1s", "-H", broker, "--quiet", "--csv", "a"]);
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!((said, output.status.code()), ([String::new(), String::new()], Some(code)), "{broker}");
        assert!(!place.rows("a_stats.csv").is_empty());
    }
}
