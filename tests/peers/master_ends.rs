//! How a test ends at a real Locust master: whatever users still do, and whoever comes or goes meanwhile, the files say it all,
//! and nobody starts again.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::time::sleep;

use crate::peers::web::{ask, press};
use crate::support::cluster::{Cluster, ClusterWorker, SCENARIO, counts_in_csv, published_in, sum};
use crate::support::locust_master::wait_for;
use crate::support::relay::Relay;
use crate::support::{free_port, with_sockets};

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn what_users_do_when_they_stop_is_counted_also_of_those_that_a_stage_has_sent_away() {
    let stages = "stop_timeout = \"5s\"\nstages = [{ users = 12, spawn_rate = 12, duration = \"2s\" }, { users = 3, spawn_rate = \
                  12, duration = \"1s\" }]\n";
    let cluster = Cluster::new(&with_slow_ends().replace("users = 1\nstop_timeout = \"5s\"\n", stages));
    let mut master = cluster.master("--headless --expect-workers 2 --exit-code-on-error 0");
    let workers = [cluster.worker("a"), cluster.worker("b")];
    with_sockets(async {
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    let ends = workers.map(ClusterWorker::end);
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())), "{}", master.log());
    assert_eq!(published_in(&counted) + counted["bye"].0, cluster.published(), "{counted:?}");
    assert!(counted["bye"].0 >= 6, "{counted:?}");
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_stopped_test_stays_stopped_although_workers_come_and_go_meanwhile() {
    let slow = SCENARIO.replace("steps = [{ publish", "steps = [{ wait = \"3s\" }, { publish");
    let cluster = Cluster::new(&slow);
    let web = free_port();
    let mut master = cluster.master(&format!("--web-host 127.0.0.1 --web-port {web} -s 8"));
    let mut workers = vec![cluster.worker("stays"), cluster.worker("leaves"), cluster.worker("killed")];
    let state = || -> Value { serde_json::from_str(&ask(web, "GET", "/stats/requests", "").body).unwrap() };
    with_sockets(async {
        wait_for("three workers", || master.log().matches("reported as ready").count() == 3).await;
        ask(web, "POST", "/swarm", "user_count=12&spawn_rate=12");
        wait_for("all users", || master.ramp_is_complete()).await;
        sleep(Duration::from_secs(1)).await;
        let killed = workers.pop().unwrap();
        killed.signal(Signal::KILL);
        killed.end();
        let stopping = std::thread::spawn(move || press(web, "/stop"));
        sleep(Duration::from_millis(500)).await;
        workers[1].signal(Signal::TERM);
        workers.push(cluster.worker("late"));
        wait_for("the stop", || stopping.is_finished()).await;
        wait_for("the end", || state()["state"] == "stopped").await;
        let published = cluster.published();
        sleep(Duration::from_secs(5)).await;
        assert_eq!((state()["state"].as_str(), state()["user_count"].as_u64()), (Some("stopped"), Some(0)));
        assert_eq!(cluster.published(), published, "{}", master.log());
        master.interrupt();
        assert_eq!(master.ended().await, Some(4), "one was killed: {}", master.log());
    });
    for worker in workers {
        assert_eq!(worker.end().said.code, Some(0));
    }
    assert!(
        master.log().contains("was lost: its last seconds may be in no file, so the exit code is 4"),
        "{}",
        master.log()
    );
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_report_that_a_connection_has_lost_is_sent_again_and_counted_once() {
    let cluster = Cluster::new(SCENARIO);
    let relay = Relay::to(cluster.port);
    let mut master =
        cluster.master("--headless -u 20 -r 20 -t 12s -s 2 --expect-workers 2 --exit-code-on-error 0");
    let workers = [cluster.worker("direct"), cluster.worker_at("relayed", relay.port())];
    with_sockets(async {
        wait_for("all users", || master.ramp_is_complete()).await;
        sleep(Duration::from_secs(1)).await;
        // At least one report goes into the silence, and is lost with the connection.
        relay.hold_old();
        sleep(Duration::from_millis(3_300)).await;
        relay.cut();
        assert!(master.ended().await.is_some());
    });
    let ends = workers.map(ClusterWorker::end);
    assert_eq!(
        ends[1].said.stderr.matches("the master is there again").count(),
        1,
        "{}",
        ends[1].said.stderr
    );
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())), "{}", master.log());
    assert_eq!(published_in(&counted), cluster.published(), "{counted:?}");
}

/// The scenario with something that each device still sends two seconds after it was told to stop.
fn with_slow_ends() -> String {
    let on_stop =
        "on_stop = [{ wait = \"2s\" }, { publish = { name = \"bye\", topic = \"bye\", qos = 1 } }]\n";
    SCENARIO
        .replace("[[user_classes.device.tasks]]", &format!("{on_stop}[[user_classes.device.tasks]]"))
        .replace("users = 1\n", "users = 1\nstop_timeout = \"5s\"\n")
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_signal_that_comes_while_users_finish_lets_them_finish_and_a_second_one_does_not() {
    for (signals, code) in [(1, 0), (2, 4)] {
        let cluster = Cluster::new(&with_slow_ends());
        let mut master =
            cluster.master("--headless -u 12 -r 12 -t 4s --expect-workers 2 --exit-code-on-error 0");
        let workers = [cluster.worker("a"), cluster.worker("b")];
        with_sockets(async {
            wait_for("the end of the run time", || master.log().contains("limit reached")).await;
            for _ in 0..signals {
                master.interrupt();
                sleep(Duration::from_millis(1_200)).await;
            }
            assert_eq!(master.ended().await, Some(code), "{}", master.log());
        });
        let ends = workers.map(ClusterWorker::end);
        let counted = counts_in_csv(&master.csv("stats"));
        let logged = sum(ends.iter().map(|end| end.logged.counts()));
        if signals == 1 {
            assert_eq!(counted, logged, "{}", master.log());
            assert!(counted["bye"].0 >= 6, "{counted:?}");
        } else {
            assert!(!counted.contains_key("bye"), "{counted:?}");
            assert!(master.log().contains("Told twice to end"), "{}", master.log());
        }
    }
}

/// Locust has no handler of its own while a headless test goes through its stages.
#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_signal_ends_a_test_with_stages_as_any_other() {
    let stages = "stop_timeout = \"5s\"\nstages = [{ users = 12, spawn_rate = 12, duration = \"40s\" }]\n";
    let cluster = Cluster::new(&with_slow_ends().replace("users = 1\nstop_timeout = \"5s\"\n", stages));
    let mut master = cluster.master("--headless --expect-workers 2 --exit-code-on-error 0 --html run.html");
    let workers = [cluster.worker("a"), cluster.worker("b")];
    with_sockets(async {
        wait_for("all users", || master.ramp_is_complete()).await;
        sleep(Duration::from_secs(1)).await;
        master.interrupt();
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    let ends = workers.map(ClusterWorker::end);
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())), "{}", master.log());
    assert!(counted["bye"].0 >= 6, "{counted:?}");
    assert!(master.file("run.html").contains("<html"), "{}", master.log());
    assert_eq!(master.log().matches("Shutting down").count(), 1, "{}", master.log());
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_stop_that_a_connection_has_lost_is_said_again_and_the_page_ends_with_its_report() {
    let cluster = Cluster::new(SCENARIO);
    let relay = Relay::to(cluster.port);
    let web = free_port();
    let mut master = cluster.master(&format!("--web-host 127.0.0.1 --web-port {web} -s 2 --html run.html"));
    let workers = [cluster.worker("direct"), cluster.worker_at("relayed", relay.port())];
    with_sockets(async {
        wait_for("two workers", || master.log().matches("reported as ready").count() == 2).await;
        for test in 1..=2 {
            ask(web, "POST", "/swarm", "user_count=12&spawn_rate=12");
            let users = || workers.iter().map(|worker| worker.logged().users_now()).sum::<i64>();
            wait_for("all users", || users() == 12).await;
            wait_for("the ramp", || master.log().matches("All users spawned").count() == test).await;
            // A text of four letters in MessagePack.
            relay.cut_before(b"\xa4stop");
            press(web, "/stop");
            // The second test begins at once, before the master can have seen that it was not heard.
        }
        master.interrupt();
        assert!(master.ended().await.is_some());
    });
    let ends = workers.map(ClusterWorker::end);
    assert!(
        ends[1].said.stderr.contains("the master is there again"),
        "{}\n{}",
        ends[1].said.stderr,
        master.log()
    );
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())), "{}", master.log());
    assert!(master.file("run.html").contains("<html"), "{}", master.log());
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn statistics_begin_anew_at_the_same_request_here_and_there() {
    let cluster = Cluster::new(SCENARIO);
    let relay = Relay::to(cluster.port);
    let web = free_port();
    let mut master = cluster.master(&format!(
        "--web-host 127.0.0.1 --web-port {web} --autostart -u 20 -r 10 -s 2 --expect-workers 2 --reset-stats --exit-code-on-error 0"
    ));
    let workers = [cluster.worker("direct"), cluster.worker_at("relayed", relay.port())];
    let resets = || workers.iter().map(|worker| worker.logged().resets()).sum::<usize>();
    with_sockets(async {
        relay.delay(Duration::from_millis(300));
        wait_for("the end of the ramp", || master.ramp_is_complete()).await;
        wait_for("the start and the reset at the end of the ramp", || resets() == 4).await;
        sleep(Duration::from_secs(4)).await;
        press(web, "/stats/reset");
        wait_for("the reset by hand", || resets() == 6).await;
        sleep(Duration::from_secs(4)).await;
        master.interrupt();
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    let ends = workers.map(ClusterWorker::end);
    let counted = counts_in_csv(&master.csv("stats"));
    assert_eq!(counted, sum(ends.iter().map(|end| end.logged.counts())), "{}", master.log());
    assert!(published_in(&counted) < cluster.published(), "what went before is not in it: {counted:?}");
}

#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn a_class_that_is_chosen_at_the_master_keeps_its_rate() {
    let timed = SCENARIO.replace("wait_time = { constant = \"200ms\" }", "rate = { per_class = \"20/s\" }");
    let cluster = Cluster::new(&timed);
    let mut master =
        cluster.master("--headless -u 8 -r 8 -t 6s -s 1 --expect-workers 2 --exit-code-on-error 0 device");
    let workers = [cluster.worker("a"), cluster.worker("b")];
    with_sockets(async {
        assert_eq!(master.ended().await, Some(0), "{}", master.log());
    });
    drop(workers.map(ClusterWorker::end));
    let counted = counts_in_csv(&master.csv("stats"));
    assert!(!counted.contains_key("forward"), "{counted:?}");
    assert!((60..150).contains(&counted["report"].0), "20/s for about 5 s: {counted:?}");
}

/// Both workers of a page have their part of rows that are given out once, although nobody has said how many workers come.
#[test]
#[ignore = "needs Locust and Mosquitto: run by .ci/run"]
fn rows_that_are_given_out_once_are_divided_over_the_workers_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("ids.csv");
    std::fs::write(&csv, "id\n1\n2\n3\n4\n5\n6\n7\n8\n").unwrap();
    let feed = format!(
        "[feeds.ids]\norder = \"unique\"\ncsv = \"{}\"\n[user_classes.device]\nfeeds = [\"ids\"]",
        csv.display()
    );
    let scenario = SCENARIO
        .replace("[user_classes.device]", &feed)
        .replace("device-${user.number}", "device-${row.id}")
        .replace("[user_classes.lost]\nfixed_count = 1", "[user_classes.lost]\nweight = 0");
    let cluster = Cluster::new(&scenario);
    let web = free_port();
    let mut master = cluster.master(&format!("--web-host 127.0.0.1 --web-port {web} -s 1"));
    // The index of the second worker is 2 then, and it has the second place all the same.
    let early = [cluster.worker("first"), cluster.worker("restarted")];
    with_sockets(async {
        wait_for("two workers", || master.log().matches("reported as ready").count() == 2).await;
        early[1].signal(Signal::TERM);
        wait_for("one has left", || master.log().contains(" quit. 1 workers ready")).await;
        let again = cluster.worker("again");
        wait_for("it is there again", || master.log().matches("reported as ready").count() == 3).await;
        ask(web, "POST", "/swarm", "user_count=8&spawn_rate=8");
        wait_for("all users", || master.ramp_is_complete()).await;
        sleep(Duration::from_secs(2)).await;
        press(web, "/stop");
        master.interrupt();
        assert!(master.ended().await.is_some());
        let end = again.end();
        assert!(end.logged.counts()["report"].0 > 0, "{}", end.said.stderr);
        assert!(!end.said.stderr.contains("WARNING"), "{}", end.said.stderr);
    });
    drop(early.map(ClusterWorker::end));
}
