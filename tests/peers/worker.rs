//! The command `worker` at a real Locust master and a Mosquitto.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::locust_master::{Master, wait_for};
use crate::support::program::{Running, rows};
use crate::support::{Mosquitto, ScenarioDir, free_port, received_by, row, run_program, with_sockets};

/// Two classes that publish, and one whose broker is not there. PORT is that of the Mosquitto.
const SCENARIO: &str = r#"version = 1
vars.topic = "plain"
brokers.b.url = "mqtt://127.0.0.1:PORT"
brokers.nobody.url = "mqtt://127.0.0.1:1"
[user_classes.device]
weight = 3
broker = "b"
client_id = "device-${user.number}"
wait_time = { constant = "100ms" }
[[user_classes.device.tasks]]
name = "report"
steps = [{ publish = { name = "report", topic = "${vars.topic}/device/${user.number}/${user.index}", qos = 1 } }]
[user_classes.gateway]
broker = "b"
client_id = "gateway-${user.number}"
wait_time = { constant = "70ms" }
[[user_classes.gateway.tasks]]
name = "forward"
steps = [{ publish = { name = "forward", topic = "${vars.topic}/gateway/${user.number}/${user.index}", qos = 1 } }]
[user_classes.lost]
fixed_count = 1
broker = "nobody"
[[user_classes.lost.tasks]]
name = "look"
steps = ["connect"]
[load]
users = 1
"#;

/// The directory with the scenario, and a master with the locustfile that is written for it, after a change.
fn master(scenario: &str, change: (&str, &str), port: u16, arguments: &str) -> (ScenarioDir, Master) {
    let place = ScenarioDir::new(scenario);
    let written = run_program(&place.path(""), &["locustfile", "scenario.toml"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    assert!(written.stdout.contains(change.0), "{}", written.stdout);
    fs::write(place.path("locustfile.py"), written.stdout.replace(change.0, change.1)).unwrap();
    let master = Master::start(&place.path("locustfile.py"), port, arguments);
    (place, master)
}

/// The locustfile stays as it is.
const UNCHANGED: (&str, &str) = ("", "");

fn worker(place: &ScenarioDir, port: u16) -> Running {
    place.launch(&["worker", "--master-port", &port.to_string(), "--threads", "1"])
}

/// How many requests a worker says that its users made.
fn made(log: &str) -> u64 {
    let line = log.lines().find_map(|line| line.split_once("The test made "));
    let (_, rest) = line.unwrap_or_else(|| panic!("no sums: {log}"));
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn every_request_of_two_workers_is_in_the_csv_of_their_master_and_at_the_broker() {
    let broker = Mosquitto::start("sys_interval 1", &[]);
    let scenario = SCENARIO.replace("PORT", &broker.addr().port().to_string());
    let port = free_port();
    let arguments = "--headless -u 60 -r 20 -t 10s -s 3 --expect-workers 2 --exit-code-on-error 0 --set-vars-topic changed";
    let (place, mut master) = master(&scenario, UNCHANGED, port, arguments);
    let workers = [worker(&place, port), worker(&place, port)];
    with_sockets(async {
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    let ends = workers.map(Running::end);
    for (_, log, code) in &ends {
        assert_eq!(*code, Some(0), "{log}");
    }
    let sums = ends.iter().map(|(_, log, _)| made(log)).collect::<Vec<_>>();
    assert!(sums.iter().all(|sum| *sum > 100), "both have users: {sums:?}");
    assert_eq!(master.counts().0, sums.iter().sum::<u64>(), "{}", master.log());

    let stats = place.path("stats.csv");
    fs::write(&stats, master.csv("stats")).unwrap();
    let rows = rows(Path::new(&stats));
    let published: u64 =
        ["report", "forward"].map(|name| row(&rows, name).count("Request Count")).iter().sum();
    assert_eq!(published, received_by(broker.addr().port()), "{}", master.csv("stats"));
    let failures = master.csv("failures");
    assert!(failures.contains("onnection refused"), "{failures}");
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn users_of_two_workers_have_numbers_of_their_own_and_a_changed_setting_holds() {
    let broker = Mosquitto::start("", &[]);
    let scenario = SCENARIO.replace("PORT", &broker.addr().port().to_string());
    let port = free_port();
    let listener = Command::new("mosquitto_sub")
        .args(["-p", &broker.addr().port().to_string(), "-t", "+/+/+/+", "-F", "%t", "-W", "15"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub is not installed");
    let arguments =
        "--headless -u 9 -r 9 -t 3s -s 1 --expect-workers 2 --exit-code-on-error 0 --set-vars-topic changed";
    let (place, mut master) = master(&scenario, UNCHANGED, port, arguments);
    let workers = [worker(&place, port), worker(&place, port)];
    with_sockets(async {
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    drop(workers.map(Running::end));
    let topics = String::from_utf8(listener.wait_with_output().unwrap().stdout).unwrap();
    let users: BTreeSet<(&str, u64, u64)> = topics
        .lines()
        .map(|topic| {
            let [setting, class, number, index] = topic.split('/').collect::<Vec<_>>()[..] else {
                panic!("{topic}")
            };
            assert_eq!(setting, "changed");
            (class, number.parse().unwrap(), index.parse().unwrap())
        })
        .collect();
    let numbers: BTreeSet<u64> = users.iter().map(|(_, number, _)| *number).collect();
    let indices: BTreeSet<(&str, u64)> = users.iter().map(|(class, _, index)| (*class, *index)).collect();
    assert_eq!((users.len(), numbers.len(), indices.len()), (8, 8, 8), "{users:?}");
    let workers: BTreeSet<u64> = numbers.iter().map(|number| number % 2).collect();
    assert_eq!(workers.len(), 2, "each worker has every second number: {numbers:?}");
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn a_scenario_that_is_wrong_is_an_exception_at_the_master() {
    let port = free_port();
    let (scenario, change) = (SCENARIO.replace("PORT", "1"), ("\"report\", topic", "\"report\", topik"));
    let (place, mut master) = master(&scenario, change, port, "--headless -u 4 -r 4 -t 3s -s 1");
    let worker = worker(&place, port);
    with_sockets(async {
        assert_eq!(master.ended().await, Some(1), "{}", master.log());
    });
    assert_eq!(worker.end().2, Some(0));
    let exceptions = master.csv("exceptions");
    assert!(exceptions.contains("unknown key `topik`"), "{exceptions}");
    assert!(exceptions.contains("did you mean `topic`?"), "{exceptions}");
    assert_eq!(exceptions.lines().filter(|line| line.starts_with("1,")).count(), 1, "once: {exceptions}");
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_worker_that_is_told_to_end_hands_its_users_back() {
    let broker = Mosquitto::start("sys_interval 1", &[]);
    let scenario = SCENARIO.replace("PORT", &broker.addr().port().to_string());
    let port = free_port();
    let (place, mut master) = master(
        &scenario,
        UNCHANGED,
        port,
        "--headless -u 12 -r 12 -t 12s -s 2 --expect-workers 2 --exit-code-on-error 0",
    );
    let [stays, leaves] = [worker(&place, port), worker(&place, port)];
    with_sockets(async {
        wait_for("all users", || master.log().contains("All users spawned")).await;
    });
    leaves.signal(Signal::TERM);
    let (_, left, code) = leaves.end();
    assert_eq!(code, Some(0), "{left}");
    with_sockets(async {
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    let (_, stayed, _) = stays.end();
    assert_eq!(master.counts().0, made(&left) + made(&stayed), "{}", master.log());
}
