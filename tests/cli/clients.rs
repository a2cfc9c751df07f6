//! Runs of the program through both clients, against the embedded broker: one run with brokers of both, and what goes
//! wrong counts the same.

use std::collections::BTreeMap;

use crate::support::ScenarioDir;

/// A broker of each client; equal classes on both.
const BOTH: &str = r#"
version = 1
[brokers.native]
url = "embedded:OPTIONS"
[brokers.rumqttc]
url = "embedded:OPTIONS"
client = "rumqttc"
[load]
users = 4
spawn_rate = 100
run_time = "20s"
stop_timeout = "5s"
[user_classes.native]
broker = "native"
client_id = "n-${user.number}"
CLASS
[[user_classes.native.tasks]]
name = "t"
steps = [STEPS]
[user_classes.rumqttc]
broker = "rumqttc"
client_id = "r-${user.number}"
CLASS
[[user_classes.rumqttc.tasks]]
name = "t"
steps = [STEPS]
"#;

/// Requests, failures and failure texts of each class, by the name of the row without that of the class.
type Counted = BTreeMap<String, (u64, u64, Vec<(String, u64)>)>;

fn run(options: &str, class: &str, steps: &str, code: i32) -> [Counted; 2] {
    let place =
        ScenarioDir::new(&BOTH.replace("OPTIONS", options).replace("CLASS", class).replace("STEPS", steps));
    let output = place.run(&["run", "scenario.toml", "--csv", "a", "--only-summary"]);
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    let (stats, failures) = (place.rows("a_stats.csv"), place.rows("a_failures.csv"));
    ["native", "rumqttc"].map(|client| {
        let of_client = stats.iter().filter_map(|row| {
            let name = row.text("Name").strip_prefix(client)?;
            let failed = failures.iter().filter(|failure| failure.text("Name") == row.text("Name"));
            let mut texts: Vec<_> =
                failed.map(|f| (f.text("Error").to_owned(), f.count("Occurrences"))).collect();
            texts.sort();
            Some((name.to_owned(), (row.count("Request Count"), row.count("Failure Count"), texts)))
        });
        of_client.collect()
    })
}

#[test]
fn one_run_has_brokers_of_both_clients_and_counts_the_same_of_both() {
    let class = r#"
iterations = 3
on_start = [{ connect = { name = "${user.class} connect" } }, { subscribe = { filter = "in/${client_id}", name = "${user.class} subscribe" } }]
on_stop = [{ unsubscribe = { filter = "in/${client_id}", name = "${user.class} unsubscribe" } }, { disconnect = { name = "${user.class} disconnect" } }]"#;
    let steps = r#"
  { publish = { topic = "a", payload = "x", name = "${user.class} 0" } },
  { publish = { topic = "a", payload = "x", qos = 1, name = "${user.class} 1" } },
  { publish = { topic = "a", payload = "x", qos = 2, name = "${user.class} 2" } },
  { publish = { topic = "in/${client_id}", payload = "x", name = "${user.class} mine" } },
  { receive = { filter = "in/${client_id}", name = "${user.class} receive" } },
"#;
    let [native, rumqttc] = run("", class, steps, 0);
    assert_eq!(native, rumqttc);
    assert_eq!(native.len(), 9);
    assert!(native.values().all(|(requests, failures, _)| *requests >= 2 && *failures == 0), "{native:?}");
}

#[test]
fn a_broker_that_does_not_acknowledge_fails_as_many_requests_of_both() {
    let class = "iterations = 2\non_start = [{ connect = { name = \"${user.class} connect\" } }]";
    let steps = r#"{ publish = { topic = "a", payload = "x", qos = 1, timeout = "100ms", name = "${user.class} publish" } }"#;
    let [native, rumqttc] = run("?never_ack=true", class, steps, 1);
    assert_eq!(native, rumqttc);
    assert_eq!(native[" publish"], (4, 4, vec![("no PUBACK within 100ms".to_owned(), 4)]));
}

#[test]
fn a_broker_that_refuses_connections_refuses_both() {
    let class =
        "reconnect = { attempts = 1 }\non_start = [{ connect = { name = \"${user.class} connect\" } }]";
    let steps = r#"{ publish = { topic = "a", payload = "x", name = "${user.class} publish" } }"#;
    let [native, rumqttc] = run("?refuse=1", class, steps, 1);
    assert_eq!(native, rumqttc);
    assert!(native[" connect"].1 > 0 && native[" connect"].0 == native[" connect"].1, "{native:?}");
    assert_eq!(
        native[" connect"].2[0].0,
        "the embedded broker refused the connection: server unavailable (3)"
    );
}

#[test]
fn a_host_of_the_command_line_that_rumqttc_cannot_reach_is_answered_with_a_cure_for_it() {
    let place = ScenarioDir::new(
        "version = 1
brokers.a = { url = \"mqtt://a\", client = \"rumqttc\" }
load = { users = 1, run_time = \"1s\" }
[[user_classes.a.tasks]]
name = \"t\"
steps = [{ publish = { topic = \"t\" } }]",
    );
    let output = place.run(&["validate", "scenario.toml", "-H", "wss://127.0.0.1:1"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("error[E0293]") && said.contains("give `--host` an `mqtt://` URL"), "{said}");
}
