//! The same scenarios through the own client and through rumqttc, against Mosquitto: the statistics count the same, and
//! a subscriber that is neither sees the same messages.
#![expect(clippy::disallowed_methods, reason = "these tests watch other processes, in real time")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{Mosquitto, ScenarioDir};

const CLIENTS: [&str; 2] = ["native", "rumqttc"];

/// All that a user can do with both clients; `PROTOCOL` and `CLIENT` are put in.
const EVERYTHING: &str = r#"
version = 1
[brokers.b]
url = "mqtt://127.0.0.1"
protocol = "PROTOCOL"
client = "CLIENT"
[load]
users = 3
spawn_rate = 100
run_time = "60s"
stop_timeout = "10s"
[user_classes.device]
client_id = "d-${user.number}"
username = "me"
iterations = 4
will = { topic = "will/${user.number}", payload = "gone", qos = 1 }
on_stop = ["connect", { disconnect = { abrupt = true } }]
[[user_classes.device.tasks]]
name = "all"
steps = [
  "connect",
  { subscribe = { filters = ["in/${user.number}", "more/${user.number}/+"], qos = 2, name = "subscribe" } },
  { publish = { topic = "out/0/${user.number}", payload = "${seq}", qos = 0, name = "p0" } },
  { publish = { topic = "out/1/${user.number}", payload = "${seq}", qos = 1, name = "p1", retain = true } },
  { publish = { topic = "out/2/${user.number}", payload = { hex = "FF00" }, qos = 2, name = "p2" } },
  { publish = { topic = "in/${user.number}", payload = "mine ${seq}", qos = 2, name = "mine" } },
  { receive = { filter = "in/${user.number}", name = "receive" } },
  { request = { topic = "more/${user.number}/a", payload = '{"id": ${seq}}', qos = 1, reply_topic = "more/${user.number}/a", correlation = { json = "/id" }, name = "ask" } },
  { repeat = { times = 30, steps = [
    { publish = { topic = "fast/${user.number}", payload = "${seq}", qos = 1, await_ack = false, name = "fast" } },
    { publish = { topic = "fast/${user.number}", payload = "${seq}", qos = 2, await_ack = false, name = "fast" } },
  ] } },
  { unsubscribe = { filter = "in/${user.number}" } },
  { disconnect = {} },
]
"#;

/// What only MQTT 5 can say.
const ONLY_5: &str = r#"
[user_classes.five]
client_id = "f-${user.number}"
iterations = 2
will = { topic = "will/five", payload = "gone", qos = 1, properties = { content_type = "text/plain" } }
on_start = [
  "connect",
  { subscribe = { filter = "five/#", no_local = true, retain_handling = "never", name = "subscribe five" } },
]
on_stop = [{ disconnect = { abrupt = true } }]
[[user_classes.five.tasks]]
name = "five"
steps = [
  { publish = { topic = "five/a", payload = "5", qos = 1, name = "five", properties = { content_type = "text/plain", response_topic = "r", correlation_data = "c${seq}", message_expiry = "60s", user_properties = { a = "1", b = "2" } } } },
]
"#;

/// Somebody who sees all that the broker forwards: `mosquitto_sub`. Dropping it ends it.
struct Witness(Child);

impl Witness {
    /// Of all messages, as MQTT 3.1.1 has them.
    fn of_all(broker: &Mosquitto) -> Self {
        Self::new(broker, &["-V", "311", "-F", "%t %q %r %x", "-t", "#"])
    }

    /// Of those of the class `five`, with their properties. The client of MQTT 5 in `mosquitto_sub` 2.0 gives up when many
    /// messages of QoS 2 come at once.
    fn of_properties(broker: &Mosquitto) -> Self {
        let format = "%t %q %r %x %C %R %D %P";
        Self::new(broker, &["-V", "5", "-F", format, "-t", "five/#", "-t", "will/five"])
    }

    fn new(broker: &Mosquitto, arguments: &[&str]) -> Self {
        let child = Command::new("mosquitto_sub")
            .args(["-p", &broker.addr().port().to_string(), "-q", "2"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto_sub is not installed");
        std::thread::sleep(Duration::from_millis(500));
        Self(child)
    }

    /// What it has seen, in the order of the alphabet.
    fn seen(mut self) -> Vec<String> {
        std::thread::sleep(Duration::from_secs(1));
        self.0.kill().unwrap();
        let mut text = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // It is gone either way; an error says that it was before.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Requests and failures of each row.
type Counts = BTreeMap<(String, String), (u64, u64)>;

fn counts(place: &ScenarioDir) -> Counts {
    let rows = place.rows("a_stats.csv");
    rows.iter()
        .map(|row| {
            let key = (row.text("Type").to_owned(), row.text("Name").to_owned());
            (key, (row.count("Request Count"), row.count("Failure Count")))
        })
        .collect()
}

/// Runs a scenario through a client against a broker of its own, and tells what was counted and seen.
fn run(scenario: &str, protocol: &str, client: &str, settings: &str) -> (Counts, Vec<String>) {
    let broker = Mosquitto::start(&format!("{settings}\nmax_queued_messages 0"), &[]);
    let witnesses = [Witness::of_all(&broker), Witness::of_properties(&broker)];
    let place = ScenarioDir::new(&scenario.replace("PROTOCOL", protocol).replace("CLIENT", client));
    let host = broker.addr().to_string();
    let output = place.run(&["run", "scenario.toml", "-H", &host, "--csv", "a", "--only-summary"]);
    assert_eq!(output.status.code(), Some(0), "{client}: {}", String::from_utf8_lossy(&output.stderr));
    (counts(&place), witnesses.into_iter().flat_map(Witness::seen).collect())
}

/// `least` is how many messages the witnesses must see.
fn both_are_alike(scenario: &str, protocol: &str, settings: &str, least: usize) {
    let [native, rumqttc] = CLIENTS.map(|client| run(scenario, protocol, client, settings));
    assert_eq!(native.0, rumqttc.0, "counts of MQTT {protocol}");
    let pairs = native.1.iter().zip(&rumqttc.1);
    let other = pairs.clone().find(|(native, rumqttc)| native != rumqttc);
    assert_eq!(other, None, "messages of MQTT {protocol}");
    assert_eq!(native.1.len(), rumqttc.1.len());
    assert!(native.1.len() >= least, "{} messages", native.1.len());
}

/// So many messages a broker takes at once that the window is the scenario's.
const MANY: &str = "max_inflight_messages 1000";

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn both_clients_do_the_same_in_mqtt_3_1_1() {
    // 3 users, 4 task runs of 65 messages, and the wills.
    both_are_alike(EVERYTHING, "3.1.1", MANY, 3 * 4 * 65 + 3);
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn both_clients_do_the_same_in_mqtt_5() {
    both_are_alike(&format!("{EVERYTHING}{ONLY_5}"), "5", MANY, 2 * 4 * 65 + 2);
}

/// One after the other, without pauses, as long as a window of one and of fifty lets them.
#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn both_clients_keep_a_window_of_any_size() {
    for inflight in ["1", "50"] {
        let scenario = EVERYTHING.replace("client = ", &format!("inflight = {inflight}\nclient = "));
        both_are_alike(&scenario, "3.1.1", MANY, 3 * 4 * 65 + 3);
    }
}

/// Of MQTT 5, with a Receive Maximum below what the scenario has in flight.
#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn both_clients_keep_to_what_the_broker_takes_at_once() {
    both_are_alike(EVERYTHING, "5", "max_inflight_messages 3", 3 * 4 * 65 + 3);
}

/// The broker is killed in the middle: each connection that is lost and each that is refused is a failure, and all users
/// come back.
#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn users_of_rumqttc_come_back_to_a_broker_that_was_killed() {
    const STEADY: &str = r#"
version = 1
[brokers.b]
url = "mqtt://127.0.0.1"
client = "rumqttc"
[load]
users = 10
spawn_rate = 100
run_time = "8s"
stop_timeout = "5s"
[user_classes.device]
client_id = "d-${user.number}"
wait_time = { constant = "20ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "publish"
steps = [{ publish = { topic = "t/${client_id}", payload = "${seq}", qos = 1, timeout = "2s", name = "publish" } }]
"#;
    let mut broker = Mosquitto::start("", &[]);
    let place = ScenarioDir::new(STEADY);
    let host = broker.addr().to_string();
    let running = place.start(&["run", "scenario.toml", "-H", &host, "--csv", "a"]);
    std::thread::sleep(Duration::from_secs(2));
    broker.kill();
    std::thread::sleep(Duration::from_secs(1));
    broker.start_again();
    let (_, log, code) = running.end();
    assert_eq!(code, Some(1), "the loss is a failure\n{log}");
    let stats = counts(&place);
    let (connects, refused) = stats[&("MQTT".to_owned(), "connect".to_owned())];
    assert_eq!(connects - refused, 20, "each user connects twice");
    let (publishes, lost) = stats[&("MQTT".to_owned(), "publish".to_owned())];
    assert!(publishes > 500 && lost <= 10, "{publishes} {lost}");
    let failures = place.rows("a_failures.csv");
    let texts: Vec<_> = failures.iter().map(|row| row.text("Error")).collect();
    assert!(texts.iter().all(|text| !text.contains("rumqttc")), "{texts:?}");
}
