//! Workers with fake users at a real Locust master, and the transport at a real ROUTER of pyzmq.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
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
use crate::support::{ScenarioDir, free_port, locust_python, run_program, with_sockets};

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
        // Long enough for a worker that starts late on a busy machine.
        let arguments = "--headless -u 8 -r 4 -t 16s -s 3 --expect-workers 2";
        let mut master = Master::start(&fixture("locustfile.py"), port, arguments);
        let start = |name| Worker::start(name, port, BOTH, JOIN_LIMIT);
        let mut workers = vec![start("a"), start("b")];
        workers[0].logs.add("a line of worker a");
        wait_for("the ramp", || workers.iter().map(|worker| worker.users.number()).sum::<u64>() == 8).await;
        wait_for("the end of the ramp", || master.ramp_is_complete()).await;
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
        let contents = fs::read_to_string(fixture("locustfile.py")).unwrap();
        assert_eq!(files, [Locustfile::File { filename: "locustfile.py".to_owned(), contents }]);
        drop(master);
    });
}

/// Two classes: one has a rate, and the name of something in every locustfile; the other one has a fixed number.
const FLEET: &str = r#"version = 1
[brokers.b]
url = "mqtt://broker.lan"
[user_classes.events]
rate = "5/s"
[[user_classes.events.tasks]]
name = "it's"
steps = ["connect"]
[user_classes.sensor-fleet]
fixed_count = 2
[[user_classes.sensor-fleet.tasks]]
name = "look"
steps = ["connect"]
[load]
users = 6
spawn_rate = 6
stop_timeout = "2s"
"#;

const FLEET_CLASSES: &[&str] = &["events", "sensor-fleet"];

/// The directory with a scenario and the locustfile that is made of it.
fn generated(scenario: &str) -> ScenarioDir {
    let place = ScenarioDir::new(scenario);
    let written = run_program(&place.path(""), &["locustfile", "scenario.toml"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    fs::write(place.path("locustfile.py"), written.stdout).unwrap();
    place
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn our_locustfile_tells_workers_the_scenario_and_moves_users_after_every_loss() {
    locally(async {
        let (place, port) = (generated(FLEET), free_port());
        let arguments = "--headless -t 18s --expect-workers 3 --set-user-classes-events-rate 20/s";
        let mut master = Master::start(&place.path("locustfile.py"), port, arguments);
        let start = |name| Worker::start(name, port, FLEET_CLASSES, JOIN_LIMIT);
        let [mut stays, mut killed, mut leaves] = [start("stays"), start("killed"), start("leaves")];
        let number = |worker: &Worker| worker.users.number();
        wait_for("the ramp", || number(&stays) + number(&killed) + number(&leaves) == 6).await;
        let files = stays.users.option("mqtt_scenario_files").unwrap();
        let files: serde_json::Value = serde_json::from_str(&files).unwrap();
        assert_eq!(files, serde_json::json!({"scenario.toml": FLEET}));
        assert_eq!(stays.users.option("mqtt_scenario_name").as_deref(), Some("scenario.toml"));
        assert_eq!(stays.users.option("set_user_classes_events_rate").as_deref(), Some("20/s"));
        let settings = stays.users.option("mqtt_scenario_settings").unwrap();
        assert_eq!(settings, r#"[["set_user_classes_events_rate", "user_classes.events.rate", "5/s"]]"#);

        killed.kill().await;
        wait_for("the users of the killed one", || number(&stays) + number(&leaves) == 6).await;
        leaves.leave.send(()).unwrap();
        assert_eq!(leaves.ended().await, Ok(()));
        wait_for("the users of the one that left", || number(&stays) == 6).await;
        assert_eq!(stays.ended().await, Ok(()));
        assert_eq!(master.ended().await, Some(4), "{}", master.log());
    });
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn stages_lead_to_their_users_and_every_request_is_counted() {
    let stages = "[[load.stages]]\nusers = 6\nspawn_rate = 6\nduration = \"3s\"\nafter = \"connected\"\n\
                  [[load.stages]]\nusers = 2\nspawn_rate = 10\nduration = \"3s\"\n[load]\n";
    locally(async {
        let scenario = FLEET.replace("[load]\nusers = 6\nspawn_rate = 6\n", stages);
        let (place, port) = (generated(&scenario), free_port());
        let mut master = Master::start(&place.path("locustfile.py"), port, "--headless --expect-workers 1");
        let mut worker = Worker::start("w", port, FLEET_CLASSES, JOIN_LIMIT);
        wait_for("the first stage", || worker.users.number() == 6).await;
        wait_for("the second stage", || worker.users.number() == 2).await;
        assert_eq!(worker.ended().await, Ok(()));
        assert_eq!(master.ended().await, Some(1), "{}", master.log());
        assert_eq!(master.counts(), worker.users.made());
    });
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn the_web_interface_has_fields_for_rates_and_the_address_and_none_for_the_scenario() {
    locally(async {
        let (place, port, web) = (generated(FLEET), free_port(), free_port());
        let arguments = format!("--web-host 127.0.0.1 --web-port {web}");
        let master = Master::start(&place.path("locustfile.py"), port, &arguments);
        let page = || {
            let mut text = String::new();
            let mut stream = TcpStream::connect(("127.0.0.1", web)).ok()?;
            write!(stream, "GET / HTTP/1.0\r\n\r\n").ok()?;
            stream.read_to_string(&mut text).ok()?;
            Some(text)
        };
        wait_for("the page", || page().is_some_and(|text| text.contains("200 OK"))).await;
        let text = page().unwrap();
        assert!(text.contains("set_user_classes_events_rate") && text.contains("5/s"), "{text}");
        assert!(text.contains("mqtt://broker.lan:1883"), "{text}");
        assert!(!text.contains("mqtt_scenario_files"), "{text}");
        drop(master);
    });
}

#[test]
#[ignore = "needs Locust: run by .ci/run"]
fn our_locustfile_turns_away_whoever_is_no_master() {
    let (place, port) = (generated(FLEET), free_port());
    let locustfile = place.path("locustfile.py");
    let master = Master::start(&locustfile, port, "--headless -u 1 -t 60s --expect-workers 2");
    let port = format!("--master-port={port}");
    for arguments in [&["--headless", "-t", "1s"][..], &["--worker", &port]] {
        let output = Command::new(locust_python())
            .args(["-m", "locust", "-f"])
            .arg(&locustfile)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("run this file with --master"), "{said}");
    }
    assert!(master.log().contains("quit. 0 workers ready"), "{}", master.log());
}
