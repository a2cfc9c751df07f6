//! The command `worker` at a real Locust master and a Mosquitto, when nothing goes wrong but the scenario.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use crate::support::cluster::{Cluster, ClusterWorker, SCENARIO, counts_in_csv, published_in, sum};
use crate::support::with_sockets;

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn every_request_of_two_workers_is_in_the_csv_of_their_master_and_at_the_broker() {
    let cluster = Cluster::new(&SCENARIO.replace("200ms", "1s"));
    let mut master = cluster.master("--headless -u 200 -r 20 -t 30s -s 3 --expect-workers 2");
    let workers = [cluster.worker("a"), cluster.worker("b")];
    with_sockets(async {
        // One user finds no broker, so the test has failures.
        assert_eq!(master.ended().await, Some(1), "{}", master.log());
    });
    let ends = workers.map(ClusterWorker::end);
    for end in &ends {
        assert_eq!(end.said.code, Some(0), "{}", end.said.stderr);
        assert!(end.logged.most_users() >= 99, "both have users: {}", end.logged.most_users());
    }
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())), "{}", master.log());
    assert_eq!(published_in(&counted), cluster.published(), "{counted:?}");
    let failures = master.csv("failures");
    assert!(failures.contains("onnection refused"), "{failures}");
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn users_of_two_workers_have_numbers_of_their_own_and_a_changed_setting_holds() {
    let cluster = Cluster::new(SCENARIO);
    let listener = Command::new("mosquitto_sub")
        .args(["-p", &cluster.broker.addr().port().to_string(), "-t", "+/+/+/+", "-F", "%t", "-W", "15"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub is not installed");
    let mut master = cluster.master(
        "--headless -u 9 -r 9 -t 3s -s 1 --expect-workers 2 --exit-code-on-error 0 --set-vars-topic changed",
    );
    let workers = [cluster.worker("a"), cluster.worker("b")];
    with_sockets(async {
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    drop(workers.map(ClusterWorker::end));
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
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_scenario_that_is_wrong_ends_a_headless_master_at_once_which_says_why() {
    let cluster = Cluster::with_change(SCENARIO, ("\"report\", topic", "\"report\", topik"));
    // Without an end of its own, and with users to come for longer than the test waits.
    let mut master = cluster.master("--headless -u 900 -r 4 -s 1 --exit-code-on-error 0");
    let worker = cluster.worker("a");
    with_sockets(async {
        assert_eq!(master.ended().await, Some(2), "{}", master.log());
    });
    let said = worker.end().said;
    assert_eq!(said.code, Some(0));
    assert!(
        said.stderr.contains("ERROR/mqtt-scenario: error[E0101]: unknown key `topik`"),
        "{}",
        said.stderr
    );
    let log = master.log();
    let errors: Vec<_> = log.lines().filter(|line| line.contains("/ERROR/")).collect();
    let [why, end] = &errors[..] else { panic!("why, once, and that it ends: {log}") };
    assert!(why.contains("error[E0101]: unknown key `topik`"), "{log}");
    assert!(log.contains("did you mean `topic`?"), "{log}");
    assert!(end.contains("cannot run the scenario, so the test ends"), "{log}");
    let exceptions = master.csv("exceptions");
    assert!(exceptions.contains("unknown key `topik`"), "{exceptions}");
    assert!(exceptions.contains("did you mean `topic`?"), "{exceptions}");
    assert_eq!(exceptions.lines().filter(|line| line.starts_with("1,")).count(), 1, "once: {exceptions}");
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_fault_that_only_the_users_of_a_worker_meet_ends_a_headless_master_as_well() {
    let cluster = Cluster::new(&SCENARIO.replace("127.0.0.1:1\"", "a..b:1\""));
    let mut master = cluster.master("--headless -u 4 -r 4 -s 1 --exit-code-on-error 0");
    let worker = cluster.worker("a");
    with_sockets(async {
        assert_eq!(master.ended().await, Some(2), "{}", master.log());
    });
    assert_eq!(worker.end().said.code, Some(0));
    let log = master.log();
    assert!(log.contains("cannot look up the broker `a..b`"), "{log}");
    assert!(log.contains("cannot run the scenario, so the test ends"), "{log}");
    let exceptions = master.csv("exceptions");
    assert!(exceptions.contains("cannot look up the broker `a..b`"), "{exceptions}");
}
