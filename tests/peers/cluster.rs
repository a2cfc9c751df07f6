//! Several `worker` processes at a real Locust master when machines come and go, and networks break. Whatever happens, the
//! files of the master, the request logs of the workers and the count of the broker say the same, or differ by what is known
//! to be lost.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use crate::support::cluster::{
    Cluster, ClusterWorker, Counts, RequestLog, SCENARIO, counts_in_csv, cpu_time, get, published_in, sum,
};
use crate::support::locust_master::{wait_for, wait_up_to};
use crate::support::relay::Relay;
use crate::support::{free_port, locust_python, with_sockets};

/// A report goes out each three seconds; so much may be missing of a worker that is not heard any more.
const REPORT_S: f64 = 3.5;

/// So long a worker waits for a silent master, in seconds, before it joins as a new one.
const SILENCE_S: f64 = 10.0;

fn unix_now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

/// Whether the counts lie between two others, row by row.
fn assert_between(least: &Counts, counted: &Counts, most: &Counts) {
    for (name, &(requests, _)) in counted {
        let of = |counts: &Counts| counts.get(name).map_or(0, |row| row.0);
        assert!(
            of(least) <= requests && requests <= of(most),
            "{name}: {requests} is not between {} and {}",
            of(least),
            of(most)
        );
    }
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_late_worker_gets_its_share_and_one_that_leaves_loses_nothing() {
    let cluster = Cluster::new(SCENARIO);
    let mut master =
        cluster.master("--headless -u 40 -r 40 -t 20s -s 2 --expect-workers 2 --exit-code-on-error 0");
    let [stays, leaves] = [cluster.worker("stays"), cluster.worker("leaves")];
    let late = with_sockets(async {
        wait_for("all users", || stays.logged().users_now() + leaves.logged().users_now() == 40).await;
        wait_for("the end of the ramp", || master.ramp_is_complete()).await;
        let late = cluster.worker("late");
        wait_for("a share for each", || {
            [&stays, &leaves, &late].iter().all(|worker| [13, 14].contains(&worker.logged().users_now()))
        })
        .await;
        late
    });
    leaves.signal(Signal::TERM);
    let left = leaves.end();
    assert_eq!(left.said.code, Some(0), "{}", left.said.stderr);
    with_sockets(async {
        wait_for("the users of the one that left", || {
            stays.logged().users_now() + late.logged().users_now() == 40
        })
        .await;
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    let others = [stays.end(), late.end()];
    assert!(others.iter().all(|end| end.said.code == Some(0)));
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(others.iter().chain([&left]).map(|end| end.logged.counts())));
    assert_eq!(published_in(&counted), cluster.published(), "{counted:?}");
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn users_of_a_killed_worker_move_within_six_seconds_and_the_exit_code_says_so() {
    let cluster = Cluster::new(SCENARIO);
    let mut master =
        cluster.master("--headless -u 40 -r 40 -t 17s -s 2 --expect-workers 2 --exit-code-on-error 0");
    let [stays, killed] = [cluster.worker("stays"), cluster.worker("killed")];
    with_sockets(async {
        wait_for("all users", || stays.logged().users_now() + killed.logged().users_now() == 40).await;
        sleep(Duration::from_secs(4)).await;
    });
    let at = unix_now();
    killed.signal(Signal::KILL);
    let killed = killed.end().logged;
    with_sockets(async {
        assert_eq!(master.ended().await, Some(4), "{}", master.log());
    });
    let stayed = stays.end();
    assert_eq!(stayed.said.code, Some(0), "{}", stayed.said.stderr);
    let moved = stayed.logged.users().iter().find(|(_, count)| *count == 40).map(|(moved, _)| moved - at);
    assert!(moved.is_some_and(|seconds| seconds < 6.0), "{moved:?} s, {:?}", stayed.logged.users());

    let counted = counts_in_csv(&master.csv("stats"));
    let with = |killed| sum([stayed.logged.counts(), killed]);
    assert_between(&with(killed.counts_before(at - REPORT_S)), &counted, &with(killed.counts()));
    assert!(published_in(&counted) <= cluster.published());
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn workers_come_back_to_a_restarted_master_and_the_next_run_is_right() {
    let cluster = Cluster::new(SCENARIO);
    let mut first = cluster.master("--headless -u 20 -r 20 -t 60s --expect-workers 2");
    let workers = [cluster.worker("a"), cluster.worker("b")];
    with_sockets(async {
        let users = || workers.iter().map(|worker| worker.logged().users_now()).sum::<i64>();
        wait_for("the first run", || users() == 20).await;
        sleep(Duration::from_secs(2)).await;
    });
    first.kill();
    let port = cluster.broker.addr().port().to_string();
    let listener = Command::new("mosquitto_sub")
        .args(["-p", &port, "-t", "second/#", "-q", "1", "-F", "%t"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("mosquitto_sub is not installed");
    let mut second = cluster.master(
        "--headless -u 30 -r 30 -t 8s -s 2 --expect-workers 2 --exit-code-on-error 0 --set-vars-topic second",
    );
    with_sockets(async {
        assert_eq!(second.ended().await, Some(0), "{}", second.log());
    });
    let ends = workers.map(ClusterWorker::end);
    for end in &ends {
        assert_eq!(end.said.code, Some(0), "{}", end.said.stderr);
        assert!(end.logged.users_now() == 0 && end.logged.most_users() == 15, "{:?}", end.logged.users());
    }
    let counted = counts_in_csv(&second.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())));
    // The last messages are on their way to it.
    with_sockets(async { sleep(Duration::from_secs(1)).await });
    kill_process(Pid::from_child(&listener), Signal::TERM).unwrap();
    let heard = String::from_utf8(listener.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(published_in(&counted), heard.lines().count() as u64, "{counted:?}");
}

/// Whether users only started, and only stopped after that.
fn never_stopped_before_the_end(log: &RequestLog) -> bool {
    let counts: Vec<_> = log.users().into_iter().map(|(_, count)| count).collect();
    let peak = counts.iter().position(|count| *count == log.most_users()).unwrap_or(0);
    let (up, down) = counts.split_at(peak);
    up.is_sorted() && down.is_sorted_by(|a, b| a >= b)
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_connection_that_breaks_costs_neither_users_nor_requests() {
    let cluster = Cluster::new(SCENARIO);
    let relay = Relay::to(cluster.port);
    let mut master =
        cluster.master("--headless -u 40 -r 20 -t 14s -s 2 --expect-workers 2 --exit-code-on-error 0");
    let workers = [cluster.worker("direct"), cluster.worker_at("relayed", relay.port())];
    with_sockets(async {
        let users = || workers.iter().map(|worker| worker.logged().users_now()).sum::<i64>();
        wait_for("all users", || users() == 40).await;
        for _ in 0..3 {
            relay.cut();
            sleep(Duration::from_millis(2_300)).await;
        }
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    let ends = workers.map(ClusterWorker::end);
    for end in &ends {
        assert_eq!((end.said.code, end.logged.most_users()), (Some(0), 20), "{}", end.said.stderr);
        assert!(never_stopped_before_the_end(&end.logged), "{:?}", end.logged.users());
    }
    let again = ends[1].said.stderr.matches("the master is there again").count();
    assert_eq!(again, 3, "{}", ends[1].said.stderr);
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())));
    assert_eq!(published_in(&counted), cluster.published(), "{counted:?}");
}

/// What is counted of a worker whose connection falls silent: everything up to its last report before, everything from its
/// second identity on, and what it wrote into the silence only if that arrives after all.
#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_worker_behind_a_silent_connection_comes_back_as_a_new_one() {
    let cluster = Cluster::new(SCENARIO);
    let [half_open, away] = [Relay::to(cluster.port), Relay::to(cluster.port)];
    let mut master =
        cluster.master("--headless -u 42 -r 42 -t 38s -s 2 --expect-workers 3 --exit-code-on-error 0");
    let workers = [
        cluster.worker("direct"),
        cluster.worker_at("half_open", half_open.port()),
        cluster.worker_at("away", away.port()),
    ];
    let silent = with_sockets(async {
        let users = || workers.iter().map(|worker| worker.logged().users_now()).sum::<i64>();
        wait_for("all users", || users() == 42).await;
        sleep(Duration::from_secs(4)).await;
        let silent = unix_now();
        half_open.hold_old();
        away.hold_all();
        sleep(Duration::from_secs_f64(SILENCE_S + 4.0)).await;
        away.release();
        wait_for("a share for each", || workers.iter().all(|worker| worker.logged().users_now() == 14)).await;
        // The master saw two workers go.
        assert_eq!(master.ended().await, Some(4), "{}", master.log());
        silent
    });
    let ends = workers.map(ClusterWorker::end);
    let [direct, half_open, away] = &ends;
    for end in &ends {
        assert_eq!(end.said.code, Some(0), "{}", end.said.stderr);
    }
    assert_eq!(direct.logged.resets(), 1, "its test goes on");
    let counted = counts_in_csv(&master.csv("stats"));
    let rest = || sum(ends.iter().map(|end| end.logged.counts()));
    let least = [half_open, away].map(|end| end.logged.counts_before(silent - REPORT_S));
    let most = [half_open.logged.counts_before(silent), away.logged.counts_before(silent + SILENCE_S + 1.0)];
    assert_between(&sum([rest()].into_iter().chain(least)), &counted, &sum([rest()].into_iter().chain(most)));
    assert!(published_in(&counted) < cluster.published());
}

/// A device that says something each five seconds, so that very many of them fit on a machine.
const MANY: &str = r#"version = 1
brokers.b.url = "mqtt://127.0.0.1:PORT"
[user_classes.device]
wait_time = { constant = "5s" }
[[user_classes.device.tasks]]
name = "report"
steps = [{ publish = { name = "report", topic = "device/${user.number}", qos = 1 } }]
[load]
users = 1
"#;

/// Ten workers with so many users each. The last worker joins when the others have waited for it for some time: what they
/// use then is what a worker costs beside its load.
fn ten_workers(users_each: u64, spawn_rate: u32, run_time_s: u32) {
    let cluster = Cluster::new(MANY);
    let mut master = cluster.master(&format!(
        "--headless -u {} -r {spawn_rate} -t {run_time_s}s -s 10 --expect-workers 10",
        10 * users_each
    ));
    let mut workers: Vec<_> = (0..9).map(|number| cluster.worker(&number.to_string())).collect();
    let waited = Duration::from_secs(8);
    let used = with_sockets(async {
        wait_for("nine workers", || master.log().contains("9 workers connected")).await;
        let used = |workers: &[ClusterWorker]| workers.iter().map(ClusterWorker::cpu_time).sum::<Duration>();
        let before = used(&workers);
        sleep(waited).await;
        used(&workers).saturating_sub(before)
    });
    let percent = 100.0 * used.as_secs_f64() / (9.0 * waited.as_secs_f64());
    assert!(percent < 3.0, "a worker without users needs {percent} % of a core");

    workers.push(cluster.worker("9"));
    let (began, master_before) = (unix_now(), cpu_time(master.id()));
    with_sockets(async {
        wait_up_to(Duration::from_mins(1), "all users", || master.log().contains("All users spawned")).await;
        sleep(Duration::from_secs(3)).await;
    });
    let used = cpu_time(master.id()).saturating_sub(master_before);
    let of_master = 100.0 * used.as_secs_f64() / (unix_now() - began);
    let figures = format!(
        "of a core: {percent:.2} % for a worker without users, {of_master:.2} % for the master of {} users\n",
        10 * users_each
    );
    fs::write("target/ten-workers.txt", figures).unwrap();
    with_sockets(async {
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    let ends: Vec<_> = workers.into_iter().map(ClusterWorker::end).collect();
    for end in &ends {
        assert_eq!(end.said.code, Some(0), "{}", end.said.stderr);
        assert_eq!(end.logged.most_users().unsigned_abs(), users_each, "{}", end.said.stderr);
    }
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())));
    assert_eq!(published_in(&counted), cluster.published(), "{counted:?}");
    assert!(published_in(&counted) >= 20 * users_each, "{counted:?}");
}

/// It takes half a minute. `MQTT_SCENARIO_USERS_OF_A_WORKER=1000` makes it 10,000 users and two minutes of both cores.
#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn ten_workers_count_every_request_and_cost_little() {
    match std::env::var("MQTT_SCENARIO_USERS_OF_A_WORKER") {
        Ok(users) => ten_workers(users.parse().unwrap(), 500, 60),
        Err(_) => ten_workers(100, 200, 15),
    }
}

#[test]
#[ignore = "needs Debian's mosquitto and chromium, and PyPI's locust and playwright: run by .ci/run"]
fn a_person_starts_changes_and_stops_a_test_in_the_web_interface_of_the_master() {
    let scenario = SCENARIO.replacen("wait_time = { constant = \"200ms\" }", "rate = \"1/s\"", 1);
    let (cluster, web) = (Cluster::new(&scenario), free_port());
    let master = cluster.master(&format!("--web-host 127.0.0.1 --web-port {web} -s 2"));
    let workers = [cluster.worker("a"), cluster.worker("b")];
    with_sockets(async {
        wait_for("the page", || get(web, "/").is_some()).await;
    });
    let driven = Command::new(locust_python())
        .args(["tests/peers/cluster_page.py", &format!("http://127.0.0.1:{web}/")])
        .arg(cluster.place.path(""))
        .args(["--shots", "target/cluster-page"])
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&driven.stdout).into_owned() + &String::from_utf8_lossy(&driven.stderr);
    assert!(driven.status.success() && said.contains("fine"), "{said}\n{}", master.log());

    for worker in &workers {
        worker.signal(Signal::TERM);
    }
    let ends = workers.map(ClusterWorker::end);
    let counted = counts_in_csv(&cluster.place.read("requests.csv"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())), "{}", ends[0].said.stderr);
    assert_eq!(published_in(&counted), cluster.published(), "{counted:?}");
    assert!(cluster.place.read("failures.csv").contains("Connection refused"));
    assert!(cluster.place.read("exceptions.csv").contains("not followed"));
}
