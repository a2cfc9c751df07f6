//! Workers with fake users at a real Locust master, and the transport at a real ROUTER of pyzmq.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use mqtt_scenario::locust::dial::{MasterAddress, dial};
use mqtt_scenario::locust::encode::encode;
use mqtt_scenario::locust::locustfile::fetch;
use mqtt_scenario::locust::message::{Locustfile, ToMaster, Usage, WorkerState};
use mqtt_scenario::locust::report::{ClassCounts, StatsReport};
use mqtt_scenario::locust::worker::Users;
use tokio::time::sleep;

use crate::support::fake_users::FakeUsers;
use crate::support::locust_master::{Master, Worker, fixture, wait_for};
use crate::support::{free_port, locust_python, with_sockets};

const BOTH: &[&str] = &["Sensor", "Actuator"];
const JOIN_LIMIT: Duration = Duration::from_secs(20);

fn locally<T>(test: impl Future<Output = T>) -> T {
    with_sockets(test)
}

#[test]
#[ignore = "needs pyzmq: run by .ci/run"]
fn a_router_of_pyzmq_sees_our_identity_and_every_length_of_frame() {
    let port = free_port();
    let mut router = Command::new(locust_python())
        .arg(fixture("router.py"))
        .arg(port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(router.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let sizes = [0, 1, 255, 256, 70_000, 3_000_000];
    locally(async {
        let address = MasterAddress { host: "127.0.0.1".to_owned(), port };
        let mut dealer = dial(&address, "host_é").await.unwrap();
        for size in sizes {
            let body = vec![b'x'; size];
            dealer.send(&body).unwrap();
            assert_eq!(dealer.receive().await.unwrap(), [body]);
        }
        dealer.send(b"last").unwrap();
        assert!(dealer.close(Duration::from_secs(2)).await);
    });
    for size in sizes.into_iter().chain([4]) {
        assert_eq!(lines.next().unwrap().unwrap(), format!("host_é [{size}]"));
    }
    router.kill().unwrap();
    router.wait().unwrap();
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn what_we_write_is_what_locust_would_write() {
    let mut users = FakeUsers::of(BOTH);
    locally(async {
        let counts = ClassCounts::from([("Sensor".to_owned(), 20), ("Actuator".to_owned(), 0)]);
        let spawn =
            mqtt_scenario::locust::message::Spawn { user_classes_count: counts, ..Default::default() };
        users.apply(&spawn);
        sleep(Duration::from_millis(1_100)).await;
    });
    let interval = users.take();
    assert!(interval.total.failures > 0);
    let messages = [
        ToMaster::ClientReady,
        ToMaster::Heartbeat {
            state: WorkerState::Spawning,
            usage: Usage { cpu_percent: 12.5, memory_bytes: 1 << 33 },
        },
        ToMaster::SpawningComplete(users.counts()),
        ToMaster::Stats(Box::new(StatsReport::new(&interval, users.counts(), 3_600))),
        ToMaster::Exception { message: "é\u{1b}".to_owned(), traceback: String::new() },
        ToMaster::Logs(vec!["a".repeat(70_000), "b".to_owned()]),
        ToMaster::Quit,
    ];
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    };
    let ours: String =
        messages.iter().map(|message| hex(&encode(message, "host_1f").unwrap()) + "\n").collect();
    let mut python = Command::new(locust_python())
        .arg(fixture("reserialize.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(ours.as_bytes()).unwrap();
    let theirs = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
    for ((ours, theirs), message) in ours.lines().zip(theirs.lines()).zip(&messages) {
        assert_eq!(ours, theirs, "{}", message.kind());
    }
    assert_eq!(theirs.lines().count(), messages.len());
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn the_csv_of_a_master_has_every_request_of_three_workers_one_of_them_late() {
    locally(async {
        let port = free_port();
        let arguments = "--headless -u 8 -r 4 -t 8s -s 3 --expect-workers 2";
        let mut master = Master::start(&fixture("locustfile.py"), port, arguments);
        let start = |name| Worker::start(name, port, BOTH, JOIN_LIMIT);
        let mut workers = vec![start("a"), start("b")];
        workers[0].logs.add("a line of worker a");
        wait_for("the ramp", || workers.iter().map(|worker| worker.users.number()).sum::<u64>() == 8).await;
        workers.push(start("late"));
        wait_for("the share of the late one", || workers[2].users.number() >= 2).await;
        let users: Vec<u64> = workers.iter().map(|worker| worker.users.number()).collect();
        assert_eq!(users.iter().sum::<u64>(), 8, "{users:?}");
        for worker in &mut workers {
            assert_eq!(worker.ended().await, Ok(()));
        }
        assert_eq!(master.ended().await, Some(1), "{}", master.log());
        let made = workers.iter().map(|worker| worker.users.made());
        let made = made.reduce(|a, b| (a.0 + b.0, a.1 + b.1)).unwrap();
        assert_eq!(master.counts(), made);
        let failures = master.csv("failures");
        assert!(failures.contains(&format!("MQTT,publish,no PUBACK,{}", made.1)), "{failures}");
        assert!(!master.log().contains("running a different version"), "{}", master.log());
    });
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn users_of_a_killed_worker_move_and_one_that_leaves_hands_over_all_it_counted() {
    locally(async {
        let port = free_port();
        let arguments = "--headless -u 6 -r 6 -t 14s -s 3 --expect-workers 3";
        let mut master = Master::start(&fixture("locustfile.py"), port, arguments);
        let start = |name| Worker::start(name, port, BOTH, JOIN_LIMIT);
        let [mut stays, mut killed, mut leaves] = [start("stays"), start("killed"), start("leaves")];
        wait_for("the ramp", || [&stays, &killed, &leaves].iter().all(|worker| worker.users.number() == 2))
            .await;
        leaves.leave.send(()).unwrap();
        assert_eq!(leaves.ended().await, Ok(()));
        let other = |worker: &Worker| worker.users.number();
        wait_for("the users of the one that left", || other(&stays) + other(&killed) == 6).await;
        // Its requests since its last report are lost with it.
        killed.kill().await;
        wait_for("the users of the killed one", || other(&stays) == 6).await;
        assert_eq!(stays.ended().await, Ok(()));
        master.ended().await;
        let (made, lost) = (stays.users.made().0 + leaves.users.made().0, killed.users.made().0);
        let counted = master.counts().0;
        assert!(counted >= made && counted <= made + lost, "{counted}: {made} + {lost}");
        assert!(master.log().contains("failed to send heartbeat"), "{}", master.log());
    });
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn a_worker_comes_back_to_a_restarted_master_and_the_next_run_is_right() {
    locally(async {
        let port = free_port();
        let mut first = Master::start(&fixture("locustfile.py"), port, "--headless -u 2 -r 2 -t 60s");
        let mut worker = Worker::start("w", port, BOTH, JOIN_LIMIT);
        wait_for("the first run", || worker.users.number() == 2).await;
        first.kill();
        let arguments = "--headless -u 4 -r 4 -t 3s -s 2 --expect-workers 1";
        let mut second = Master::start(&fixture("locustfile.py"), port, arguments);
        wait_for("users of the first run stop", || worker.users.number() == 0).await;
        worker.users.count_anew();
        assert_eq!(worker.ended().await, Ok(()));
        assert_eq!(second.ended().await, Some(1), "{}", second.log());
        assert_eq!(second.counts(), worker.users.made());
        assert_eq!(*worker.names.borrow(), ["test_w0", "test_w1"]);
    });
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn a_class_that_the_worker_does_not_have_is_an_exception_in_the_files() {
    locally(async {
        let port = free_port();
        let mut master = Master::start(&fixture("locustfile.py"), port, "--headless -u 4 -r 4 -t 3s -s 1");
        let mut worker = Worker::start("w", port, &["Sensor"], JOIN_LIMIT);
        assert_eq!(worker.ended().await, Ok(()));
        assert_eq!(master.ended().await, Some(1), "{}", master.log());
        let exceptions = master.csv("exceptions");
        assert!(exceptions.contains("there is no class Actuator"), "{exceptions}");
    });
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn a_master_sends_its_locustfile_to_one_that_does_not_join() {
    locally(async {
        let port = free_port();
        let master = Master::start(&fixture("locustfile.py"), port, "--headless -u 1 -t 60s");
        let address = MasterAddress { host: "127.0.0.1".to_owned(), port };
        let files = fetch(&address, "test_download", Duration::from_secs(20)).await.unwrap();
        let contents = std::fs::read_to_string(fixture("locustfile.py")).unwrap();
        assert_eq!(files, [Locustfile::File { filename: "locustfile.py".to_owned(), contents }]);
        drop(master);
    });
}
