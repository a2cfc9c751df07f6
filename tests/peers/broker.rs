//! The embedded broker against other people's clients: paho-mqtt and Mosquitto's tools.

use mqtt_scenario::broker::{Broker, BrokerConfig};
use std::env;
use std::io::Read;
use std::process::{Command, Stdio};

fn conforms(version: &str, verdict: &str) {
    let python = env::var("MQTT_SCENARIO_LOCUST_PYTHON").expect("a python with paho-mqtt");
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let port = broker.addr().port().to_string();
    let output =
        Command::new(python).args(["tests/fixtures/broker/conform.py", &port, version]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    assert!(last.ends_with(verdict), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs PyPI's paho-mqtt: run by .ci/run"]
fn paho_finds_all_of_3_1_1() {
    conforms("4", ": 18 of 18 ok");
}

#[test]
#[ignore = "needs PyPI's paho-mqtt: run by .ci/run"]
fn paho_finds_all_of_5() {
    conforms("5", ": 20 of 20 ok");
}

#[test]
#[ignore = "needs Debian's mosquitto-clients: run by .ci/run"]
fn mosquittos_tools_send_and_receive_a_hundred_messages() {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let port = broker.addr().port().to_string();
    let tool = |name: &str| {
        let mut command = Command::new(name);
        command.args(["-h", "127.0.0.1", "-p", &port, "-q", "2", "-t", "hundred"]);
        command
    };
    // A session that stays: what is published before the second run of mosquitto_sub waits for it.
    let session = ["-i", "hundred", "-c", "-W", "20"];
    assert!(tool("mosquitto_sub").args(session).arg("-E").status().unwrap().success());
    let lines = (0..100).map(|i| format!("message {i}\n")).collect::<Vec<_>>().concat();
    let mut publisher = tool("mosquitto_pub").arg("-l").stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut publisher.stdin.take().unwrap(), lines.as_bytes()).unwrap();
    assert!(publisher.wait().unwrap().success());
    let mut subscriber =
        tool("mosquitto_sub").args(session).args(["-C", "100"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut received = String::new();
    subscriber.stdout.take().unwrap().read_to_string(&mut received).unwrap();
    assert!(subscriber.wait().unwrap().success());
    assert_eq!(received, lines);
    let counters = broker.stop();
    assert_eq!((counters.publishes, counters.forwarded, counters.dropped), ([0, 0, 100], 100, 0));
}
