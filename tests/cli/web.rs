//! `run --web` and `serve`, asked over HTTP.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::ScenarioDir;
use crate::support::program::assert_same_files;
use crate::support::served::Served;

const SCENARIO: &str = r#"
version = 1
name = "<script>alert(1)</script>"
[vars]
door = "wide-open-sesame"
shout = "hello"
[brokers.b]
url = "embedded:"
[load]
users = 4
spawn_rate = 100
run_time = "60s"
stop_timeout = "2s"
[user_classes.device]
username = "u"
password = "${vars.door}"
wait_time = { constant = "20ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "say"
tags = ["loud"]
steps = [{ publish = { topic = "t", payload = "${vars.shout}", qos = 1, name = "say <img src=x onerror=alert(2)>" } }]
"#;

fn requests(state: &Value) -> u64 {
    state["stats"].as_array().unwrap().last().unwrap()["num_requests"].as_u64().unwrap()
}

#[test]
fn a_page_starts_changes_resets_and_stops_runs_and_every_file_is_whole() {
    let place = ScenarioDir::new(SCENARIO);
    let args =
        ["run", "scenario.toml", "--web", "127.0.0.1:0", "--csv", "a", "--out", "out", "--only-summary"];
    let served = Served::start(&place, &args);
    assert_eq!(served.wait_for_state("ready")["user_count"], 0);
    let started = served.post("/swarm", "user_count=3&spawn_rate=50");
    assert_eq!((&started["success"], &started["message"]), (&true.into(), &"Swarming started".into()));
    served.wait_for("three users", |state| state["state"] == "running" && state["user_count"] == 3);
    // What a start refuses, a change refuses too, and the run goes on.
    for wrong in ["user_count=7&spawn_rate=1e-19", "user_count=4000000000&spawn_rate=1000000"] {
        assert_eq!(served.post("/swarm", wrong)["success"], false, "{wrong}");
    }
    served.post("/swarm", "user_count=7&spawn_rate=100");
    let state = served.wait_for("seven users", |state| state["user_count"] == 7 && requests(state) > 50);
    assert_eq!(served.post("/stats/reset", ""), "ok");
    served.wait_for("fewer requests", |now| requests(now) < requests(&state));
    assert_eq!(served.post("/stop", "")["success"], true);
    let state = served.wait_for_state("stopped");
    assert_eq!(state["user_count"], 0);
    // What can be downloaded is what was written.
    fs::write(place.path("b_stats.csv"), served.get("/stats/requests/csv")).unwrap();
    fs::write(place.path("b_stats_history.csv"), served.get("/stats/history/csv")).unwrap();
    fs::write(place.path("b_failures.csv"), served.get("/stats/failures/csv")).unwrap();
    fs::write(place.path("b_exceptions.csv"), served.get("/exceptions/csv")).unwrap();
    assert_same_files(&place.path("a"), &place.path("b"));
    assert_eq!(place.read("a_stats_history.csv"), place.read("b_stats_history.csv"));
    let ran = &served.json("/result.json")["run"];
    assert_eq!((&ran["end"], &ran["users"]), (&"interrupted".into(), &7.into()), "more users than at first");
    assert_eq!(served.ask("GET", "/compare", "").status, 404, "there is one run only");
    // The next run is laid beside the last one.
    served.post("/swarm", "user_count=2&spawn_rate=50&run_time=2s");
    served.wait_for("a second run", |state| state["state"] == "running");
    served.wait_for_state("stopped");
    assert_eq!(served.json("/result.json")["run"]["end"], "finished");
    let compared = served.get("/compare");
    assert!(compared.contains("run 1") && compared.contains("run 2"), "{compared}");
    let (stdout, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(stdout.matches("Results in out/").count(), 2, "{stdout}");
    let folders: Vec<_> = fs::read_dir(place.path("out")).unwrap().collect();
    assert_eq!(folders.len(), 2);
    for folder in folders {
        let folder = folder.unwrap().path();
        for file in ["result.json", "report.html", "run.log", "history.hlog", "run_stats.csv", "plan.txt"] {
            assert!(folder.join(file).is_file(), "{file}");
        }
        let log = fs::read_to_string(folder.join("run.log")).unwrap();
        assert_eq!(log.matches("Running scenario.toml").count(), 1, "each run has a log of its own:\n{log}");
    }
}

#[test]
fn what_cannot_run_is_refused_with_its_reason_and_nothing_starts() {
    let place = ScenarioDir::new(SCENARIO);
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0"]);
    for (form, why) in [
        ("user_count=0&spawn_rate=1", "at least 1 user"),
        ("user_count=3&spawn_rate=no", "spawn_rate"),
        ("user_count=3&spawn_rate=1&host=http://a:b@c", "host"),
        ("user_count=3&spawn_rate=1&user_classes=nobody", "nobody"),
        ("user_count=3&spawn_rate=1&run_time=soon", "run_time"),
    ] {
        let answer = served.post("/swarm", form);
        assert_eq!(answer["success"], false, "{form}");
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains(why) && !message.contains('\u{1b}'), "{form}: {message}");
    }
    assert_eq!(served.json("/stats/requests")["state"], "ready");
    assert_eq!(served.ask("GET", "/swarm", "").status, 405);
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn no_secret_and_no_markup_of_a_scenario_reaches_the_page() {
    let place = ScenarioDir::new(SCENARIO);
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0", "--autostart"]);
    served.wait_for("requests", |state| requests(state) > 0);
    let mut live = served.connect();
    write!(live, "GET /live HTTP/1.1\r\nHost: {}\r\n\r\n", served.address).unwrap();
    let mut seen = Vec::new();
    let mut piece = vec![0; 65_536];
    while !String::from_utf8_lossy(&seen).contains("part-rows")
        && !String::from_utf8_lossy(&seen).contains("rows-title")
    {
        let read = live.read(&mut piece).unwrap();
        assert!(read > 0, "the stream has ended");
        seen.extend_from_slice(&piece[..read]);
    }
    let live = String::from_utf8_lossy(&seen).into_owned();
    let page = served.get("/");
    assert!(page.contains("vars.shout") && page.contains("hello"), "what may be changed is offered");
    for text in [&page, &live, &served.get("/stats/report"), &served.get("/result.json")] {
        assert!(!text.contains("wide-open-sesame"), "a secret");
    }
    for text in [&page, &live, &served.get("/stats/report")] {
        assert!(!text.contains("<script>alert") && !text.contains("<img src"), "markup of a name");
    }
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_changed_variable_and_a_chosen_tag_hold_for_the_next_run() {
    let place = ScenarioDir::new(SCENARIO);
    let args = ["run", "scenario.toml", "--web", "127.0.0.1:0", "--out", "out"];
    let served = Served::start(&place, &args);
    let answer = served.post("/swarm", "user_count=1&spawn_rate=1&run_time=1s&vars.shout=changed&tags=loud");
    assert_eq!(answer["success"], true, "{answer}");
    served.wait_for_state("stopped");
    let folder = fs::read_dir(place.path("out")).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(folder.join("plan.txt")).unwrap().contains("changed"));
    let answer = served.post("/swarm", "user_count=1&spawn_rate=1&exclude_tags=loud");
    assert_eq!(answer["success"], false, "no task is left: {answer}");
    served.end();
}

#[test]
fn a_run_is_scraped_with_and_without_a_page() {
    let place = ScenarioDir::new(SCENARIO);
    let served =
        Served::start(&place, &["run", "scenario.toml", "--prometheus", "127.0.0.1:0", "--only-summary"]);
    let counted = |text: &str, name: &str| -> f64 {
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    };
    let mut text = String::new();
    for _ in 0..20 {
        text = served.get("/metrics");
        if counted(&text, "mqtt_scenario_requests_total{") > 0.0 {
            break;
        }
    }
    assert!(counted(&text, "mqtt_scenario_requests_total{") > 0.0, "{text}");
    assert_eq!(served.ask("GET", "/", "").status, 404, "there is no page");
    assert_eq!(served.ask("POST", "/stop", "").status, 404);
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0"]);
    assert!(served.get("/metrics").contains("mqtt_scenario_phase{phase=\"ready\"} 1"));
    served.end();
}

#[test]
fn a_name_is_let_in_if_it_was_given_and_the_refusal_of_another_names_the_option() {
    let place = ScenarioDir::new(SCENARIO);
    fs::create_dir(place.path("runs")).unwrap();
    let named = ["--web-name", "loadgen", "--web-name", "load-1.example.org"];
    for (args, path) in [
        (&["run", "scenario.toml", "--web", "127.0.0.1:0"][..], "/"),
        (&["run", "scenario.toml", "--prometheus", "127.0.0.1:0", "--only-summary"], "/metrics"),
        (&["serve", "runs", "--web", "127.0.0.1:0"], "/"),
    ] {
        let served = Served::start(&place, &[args, &named].concat());
        for (host, status) in [("LoadGen:8089", 200), ("load-1.example.org", 200), ("evil.example", 403)] {
            let mut stream = served.connect();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{args:?} {host}: {answer}");
            assert_eq!(answer.contains("--web-name NAME"), status == 403, "{args:?} {host}: {answer}");
        }
        served.end();
    }
    for wrong in ["http://loadgen", "loadgen:8089", ""] {
        let output = place.run(&["run", "scenario.toml", "--web", "127.0.0.1:0", "--web-name", wrong]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains("write the name alone"), "{said}");
    }
    let output = place.run(&["run", "scenario.toml", "--web-name", "loadgen"]);
    assert_eq!(output.status.code(), Some(2), "there is nothing that the name could be for");
}

#[test]
fn all_numbers_of_users_in_a_line_are_of_one_moment() {
    let stages = "[load]\nstages = [{ users = 2, spawn_rate = 1000, duration = \"2s\" }, \
                  { users = 7, spawn_rate = 1000, duration = \"2s\" }, { users = 3, spawn_rate = 1000, duration = \"2s\" }]";
    let load = "[load]\nusers = 4\nspawn_rate = 100\nrun_time = \"60s\"";
    let place = ScenarioDir::new(&SCENARIO.replace(load, stages));
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0", "--only-summary"]);
    let mut live = served.connect();
    write!(live, "GET /live HTTP/1.1\r\nHost: {}\r\n\r\n", served.address).unwrap();
    served.post("/swarm", "");
    let mut heard = String::new();
    let mut piece = vec![0; 65_536];
    while !heard.contains("\"phase\":\"stopped\"") {
        let read = live.read(&mut piece).unwrap();
        assert!(read > 0, "the stream has ended");
        heard.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    let heard = heard.replace("\\u003c", "<");
    let shown: Vec<_> = heard
        .split("<dt>Users</dt>")
        .skip(1)
        .map(|rest| rest.split("</span>").next().unwrap())
        .filter(|line| line.contains("alive;"))
        .map(|line| {
            let numbers = line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
            let [alive, wanted, connected] = numbers.collect::<Vec<u32>>()[..] else { panic!("{line}") };
            (alive, wanted, connected)
        })
        .collect();
    for users in [2, 7, 3] {
        assert!(shown.contains(&(users, users, users)), "{users}: {shown:?}");
    }
    // Before the first user and after the last one there are none.
    let is_one_moment =
        |&(alive, wanted, connected): &_| alive == connected && (alive == wanted || alive == 0);
    assert!(shown.iter().all(is_one_moment), "{shown:?}");
    served.end();
}

#[test]
fn bytes_each_way_are_those_of_the_packets() {
    let place = ScenarioDir::new(&SCENARIO.replace("[load]", "[load]\nmessages = 10"));
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0", "--only-summary"]);
    let bytes = |metrics: &str, way: &str| -> u64 {
        let name = format!("mqtt_scenario_{way}_bytes_total ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
        line.expect(metrics).parse().unwrap()
    };
    served.post("/swarm", "user_count=1&spawn_rate=1");
    served.wait_for("the end", |state| state["state"] == "stopped");
    let metrics = served.get("/metrics");
    let (connack, puback, publish, disconnect) = (4, 4, 2 + 3 + 2 + 5, 2);
    assert_eq!(bytes(&metrics, "received"), connack + 10 * puback);
    // A client id such as `device-1-ab12`, and user name and password.
    let connect = 2 + 10 + (2 + 13) + (2 + 1) + (2 + 16);
    assert_eq!(bytes(&metrics, "sent"), connect + 10 * publish + disconnect);
    served.end();
}

#[test]
fn a_port_in_use_is_an_error_before_anything_starts() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = ScenarioDir::new(SCENARIO);
    for args in [
        vec!["run", "scenario.toml", "--web", &address, "--autostart", "--csv", "a", "--out", "out"],
        vec!["serve", ".", "--web", &address],
    ] {
        let output = place.run(&args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains(&address) && said.contains("another port"), "{said}");
    }
    assert!(!place.path("a_stats.csv").exists() && !place.path("out").exists());
}

#[test]
fn a_run_that_starts_and_quits_by_itself_has_the_exit_code_of_the_run() {
    let place = ScenarioDir::new(&SCENARIO.replace("run_time = \"60s\"", "run_time = \"1s\""));
    let args = ["run", "scenario.toml", "--web", "127.0.0.1:0", "--autostart", "--autoquit", "0"];
    let output = place.run(&args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("Live page: http://127.0.0.1:"), "{said}");
    let failing = [&args[..], &["-H", "127.0.0.1:1"]].concat();
    assert_eq!(place.run(&failing).status.code(), Some(1));
}

#[test]
fn twenty_visitors_and_a_slow_one_change_no_count() {
    let limited = "[load]\nmessages = 2000";
    let place = ScenarioDir::new(&SCENARIO.replace("[load]", limited).replace("20ms", "2ms"));
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0", "--only-summary"]);
    let ask = |stream: &mut TcpStream| {
        write!(stream, "GET /live HTTP/1.1\r\nHost: {}\r\n\r\n", served.address).unwrap();
    };
    let mut visitors: Vec<_> = (0..20).map(|_| served.connect()).collect();
    visitors.iter_mut().for_each(ask);
    let mut slow = served.connect();
    ask(&mut slow);
    served.post("/swarm", "user_count=4&spawn_rate=100");
    let mut byte = [0];
    let state = served.wait_for("the end", |state| {
        slow.read_exact(&mut byte).unwrap();
        state["state"] == "stopped"
    });
    let publishes = state["stats"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"].as_str().unwrap().starts_with("say"));
    assert_eq!(publishes.unwrap()["num_requests"], 2000);
    let mut heard = String::new();
    visitors[0].set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut piece = vec![0; 65_536];
    while let Ok(read @ 1..) = visitors[0].read(&mut piece) {
        heard.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    assert!(heard.contains("\"phase\":\"stopped\""), "a visitor hears of the end");
    served.end();
}

#[test]
fn a_folder_of_runs_is_listed_shown_and_compared() {
    let place = ScenarioDir::new(&SCENARIO.replace("run_time = \"60s\"", "run_time = \"1s\""));
    for _ in 0..2 {
        assert_eq!(place.run(&["run", "scenario.toml", "--out", "out", "-q"]).status.code(), Some(0));
    }
    let mut ids: Vec<_> = fs::read_dir(place.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    ids.sort();
    fs::create_dir(place.path("out/broken")).unwrap();
    fs::write(place.path("out/broken/result.json"), "{").unwrap();
    let served = Served::start(&place, &["serve", "out", "--web", "127.0.0.1:0"]);
    let list = served.get("/");
    assert!(list.contains("2 runs") && list.contains("broken") && !list.contains("<script>alert"), "{list}");
    for id in &ids {
        assert!(list.contains(&format!("/runs/{id}")), "{list}");
        let report = served.get(&format!("/runs/{id}"));
        assert!(report.contains("id=\"verdict\"") && report.contains("<a href=\"/\">← All runs"), "{report}");
        assert_eq!(served.json(&format!("/runs/{id}/result.json"))["run"]["end"], "finished");
    }
    let compared = served.get(&format!("/compare?a={}&b={}", ids[0], ids[1]));
    assert!(
        compared.contains("id=\"verdict\"") && compared.contains("<a href=\"/\">← All runs"),
        "{compared}"
    );
    for path in ["/runs/..%2f..%2fetc%2fpasswd", "/runs/nobody", "/compare?a=nobody&b=other", "/nothing"] {
        assert_eq!(served.ask("GET", path, "").status, 404, "{path}");
    }
    for (path, sentence) in [
        (format!("/compare?a={0}&b={0}", ids[0]), "no run differs from itself"),
        ("/compare".to_owned(), "choose A and B"),
    ] {
        let answer = served.ask("GET", &path, "");
        assert!(answer.status == 400 && answer.body.contains(sentence), "{path}: {}", answer.body);
    }
    let answer = served.ask("GET", "/", "");
    assert!(answer.head.to_lowercase().contains("content-security-policy"), "{}", answer.head);
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_wrong_token_of_the_environment_is_named_without_its_text_and_only_where_there_is_a_page() {
    let place = ScenarioDir::new(SCENARIO);
    let run = |args: &[&str], token: &str| {
        let output = place.command(args).env("MQTT_SCENARIO_WEB_TOKEN", token).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let with_page = [&["run", "scenario.toml", "--web", "127.0.0.1:0"][..], &["serve", "."]];
    for args in with_page {
        let (code, said) = run(args, "my secret");
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(said.contains("the variable MQTT_SCENARIO_WEB_TOKEN has no token"), "{said}");
        assert!(!said.contains("my secret"), "{said}");
    }
    let (code, said) = run(&["run", "scenario.toml", "--headless", "-q", "-t", "1s"], "my secret");
    assert_eq!(code, Some(0), "{said}");
}
