//! The metrics of a worker while a real Locust master starts and stops tests.

use std::fs;

use serde_json::Value;

use crate::peers::web::{ask, press};
use crate::support::locust_master::{Master, wait_for};
use crate::support::served::Served;
use crate::support::{ScenarioDir, free_port, run_program, with_sockets};

const SCENARIO: &str = r#"version = 1
name = "fleet"
brokers.b.url = "embedded:"
brokers.nobody.url = "mqtt://127.0.0.1:1"
[user_classes.device]
broker = "b"
wait_time = { constant = "50ms" }
[[user_classes.device.tasks]]
name = "report"
steps = [{ publish = { name = "report", topic = "a", qos = 1 } }]
[user_classes.lost]
broker = "nobody"
wait_time = { constant = "200ms" }
[[user_classes.lost.tasks]]
name = "look"
steps = ["connect"]
[load]
users = 4
"#;

/// The sum of all series of a metric.
fn sum(text: &str, metric: &str) -> u64 {
    let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(metric));
    let values = lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of a short test")]
    let sum = values.sum::<f64>() as u64;
    sum
}

/// Requests, failures and response times that were counted.
fn counts(text: &str) -> [u64; 3] {
    ["requests_total", "failures_total", "response_time_seconds_count"]
        .map(|metric| sum(text, &format!("mqtt_scenario_{metric}")))
}

/// Requests and failures that the master knows of.
fn of_master(web: u16) -> [u64; 2] {
    let state: Value = serde_json::from_str(&ask(web, "GET", "/stats/requests", "").body).unwrap();
    let rows = state["stats"].as_array().unwrap();
    let total = rows.iter().find(|row| row["name"] == "Aggregated").unwrap();
    ["num_requests", "num_failures"].map(|key| total[key].as_u64().unwrap())
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn the_counters_of_a_worker_go_on_from_test_to_test_and_are_what_its_master_was_told() {
    let place = ScenarioDir::new(SCENARIO);
    let written = run_program(&place.path(""), &["locustfile", "scenario.toml"]);
    fs::write(place.path("locustfile.py"), written.stdout).unwrap();
    let (port, web) = (free_port(), free_port());
    let master = Master::start(
        &place.path("locustfile.py"),
        port,
        &format!("--web-host 127.0.0.1 --web-port {web} -s 2"),
    );
    let worker =
        Served::start(&place, &["worker", "--master-port", &port.to_string(), "--prometheus", "127.0.0.1:0"]);
    let scrape = || worker.get("/metrics");
    let phase = |word: &str| scrape().contains(&format!("mqtt_scenario_phase{{phase=\"{word}\"}} 1"));
    let state = || -> Value { serde_json::from_str(&ask(web, "GET", "/stats/requests", "").body).unwrap() };
    with_sockets(async {
        wait_for("the worker joins", || master.log().contains("reported as ready")).await;
        assert_eq!(counts(&scrape()), [0, 0, 0]);
        let mut before = [0, 0];
        for test in 1..=2 {
            ask(web, "POST", "/swarm", "user_count=4&spawn_rate=4");
            wait_for("users", || phase("running")).await;
            let early = counts(&scrape());
            wait_for("failures", || counts(&scrape())[1] > early[1]).await;
            let during = scrape();
            let later = counts(&during);
            assert!(early.iter().zip(later).all(|(early, later)| *early <= later), "{early:?} {later:?}");
            assert!(later[0] > before[0] && later[1] > before[1], "{later:?} {before:?}");
            assert!(during.contains("mqtt_scenario_users{class=\"device\",state=\"alive\"} 2"), "{during}");
            assert!(during.contains(&format!("run=\"{test}\"")), "{during}");
            press(web, "/stop");
            wait_for("the end", || phase("stopped") && state()["state"] == "stopped").await;
            wait_for("the last report", || {
                let told = of_master(web);
                let known = counts(&scrape());
                known == [before[0] + told[0], before[1] + told[1], before[0] + told[0]]
            })
            .await;
            let told = of_master(web);
            before = [before[0] + told[0], before[1] + told[1]];
        }
        assert!(before[0] > 100 && before[1] > 5, "{before:?}");
    });
    // A name that is not ours is not answered, as at every page of ours.
    let foreign = worker.ask_as("evil.example", "GET", "/metrics", "");
    assert_eq!(foreign.status, 403, "{}", foreign.body);
    assert_eq!(worker.end().2, Some(0));
}
