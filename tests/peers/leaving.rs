//! Users that leave a real Mosquitto in the middle of everything: it knows that they left well, and has read all that
//! they sent.

use std::process::Command;

use crate::support::acceptor::Authority;
use crate::support::{Mosquitto, ScenarioDir, free_port, received_by, row};

/// Users that send to each other as fast as they can.
const CROWD: &str = r#"
version = 1
brokers.b.url = "URL"
load = { users = 3, messages = 60_000, spawn_rate = 1000, run_time = "1m", stop_timeout = "2s" }
[user_classes.device]
client_id = "d-${user.number}"
will = { topic = "will/${user.number}", payload = "gone", retain = true }
on_start = ["connect", { subscribe = { filter = "c/#" } }]
[[user_classes.device.tasks]]
name = "say"
steps = [{ publish = { topic = "c/${user.number}", payload = { size = "50B" }, name = "say" } }]
"#;

/// Users that come, ask, send and go, again and again.
const COMING_AND_GOING: &str = r#"
version = 1
brokers.b = { url = "URL", protocol = "PROTOCOL", clean_session = CLEAN }
load = { users = 10, spawn_rate = 1000, run_time = "3s", stop_timeout = "5s" }
[user_classes.device]
client_id = "d-${user.number}"
will = { topic = "will/${user.number}", payload = "gone", retain = true }
[[user_classes.device.tasks]]
name = "visit"
steps = [
  "connect",
  { subscribe = { filter = "c/#" } },
  { repeat = { times = 200, steps = [{ publish = { topic = "c/${user.number}", payload = "x", name = "say" } }] } },
  "disconnect",
]
"#;

/// Users that are back at once whenever they have left.
const BACK_AT_ONCE: &str = r#"
version = 1
brokers.b = { url = "URL", protocol = "PROTOCOL" }
load = { users = 3, spawn_rate = 1000, run_time = "1s", stop_timeout = "5s" }
[user_classes.device]
client_id = "d-${user.number}"
will = { topic = "will/${user.number}", payload = "gone", retain = true }
[[user_classes.device.tasks]]
name = "visit"
steps = [
  { repeat = { times = 20, steps = [{ publish = { topic = "c/${user.number}", payload = "x", name = "say" } }] } },
  "disconnect",
]
"#;

/// What Mosquitto has published of wills; they are retained.
fn wills(port: u16) -> String {
    let output = Command::new("mosquitto_sub")
        .args(["-p", &port.to_string(), "-t", "will/#", "-v", "-W", "1"])
        .output()
        .expect("mosquitto_sub is not installed");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a scenario and looks at what the broker has of it.
fn all_left_well(scenario: &str, plain_port: u16) {
    let url = scenario.lines().find(|line| line.contains("://")).unwrap();
    let place = ScenarioDir::new(scenario);
    let output = place.run(&["run", "scenario.toml", "--only-summary", "--csv", "a"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{url}: {said}");
    let sent = row(&place.rows("a_stats.csv"), "say").count("Request Count");
    assert!(sent > 1_000, "{url}: {sent}");
    assert_eq!(wills(plain_port), "", "{url}: of users that left well");
    assert_eq!(received_by(plain_port), sent, "{url}");
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn whoever_leaves_in_a_crowd_is_read_to_the_end() {
    let authority = Authority::new("peer");
    let server = authority.localhost();
    let files = [("server.pem", server.certificate.as_str()), ("server.key", server.key.as_str())];
    for transport in ["mqtt", "mqtts", "ws", "wss"] {
        let plain = free_port();
        let tls = match transport {
            "mqtts" | "wss" => "certfile DIR/server.pem\nkeyfile DIR/server.key\n",
            _ => "",
        };
        let websocket = if transport.starts_with("ws") { "protocol websockets\n" } else { "" };
        let settings = format!("{tls}{websocket}listener {plain} 127.0.0.1\nsys_interval 1\n");
        let broker = Mosquitto::start(&settings, &files);
        let url = format!("{transport}://127.0.0.1:{}", broker.addr().port());
        let mut scenario = CROWD.replace("URL", &url);
        if !tls.is_empty() {
            scenario = scenario
                .replace("[user_classes.device]", "[brokers.b.tls]\ninsecure = true\n[user_classes.device]");
        }
        all_left_well(&scenario, plain);
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn whoever_comes_and_goes_is_read_to_the_end_each_time() {
    for (protocol, clean) in [("3.1.1", true), ("3.1.1", false), ("5", true), ("5", false)] {
        let broker = Mosquitto::start("sys_interval 1\nmax_queued_messages 1000\n", &[]);
        let port = broker.addr().port();
        let scenario = COMING_AND_GOING
            .replace("URL", &format!("mqtt://127.0.0.1:{port}"))
            .replace("PROTOCOL", protocol)
            .replace("CLEAN", &clean.to_string());
        all_left_well(&scenario, port);
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn whoever_is_back_at_once_takes_nothing_over_that_is_not_read() {
    for protocol in ["3.1.1", "5"] {
        let broker = Mosquitto::start("sys_interval 1\n", &[]);
        let port = broker.addr().port();
        let url = format!("mqtt://127.0.0.1:{port}");
        all_left_well(&BACK_AT_ONCE.replace("URL", &url).replace("PROTOCOL", protocol), port);
    }
}
