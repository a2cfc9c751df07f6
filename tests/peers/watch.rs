//! What Mosquitto publishes of itself, in the result of a run and on its live page.

use serde_json::Value;

use crate::support::served::Served;
use crate::support::{Mosquitto, ScenarioDir};

fn scenario(broker: &Mosquitto, watch: &str) -> String {
    format!(
        r#"
version = 1
[brokers.b]
url = "mqtt://{}"
watch = {watch}
[load]
users = 7
spawn_rate = 100
run_time = "60s"
[user_classes.device]
wait_time = {{ constant = "20ms" }}
username = "device"
password = "tell-nobody"
on_start = [{{ subscribe = {{ filter = "a/${{user.number}}" }} }}]
[[user_classes.device.tasks]]
name = "t"
steps = [{{ publish = {{ topic = "a/${{user.number}}", payload = "x", qos = 1 }} }}]
"#,
        broker.addr()
    )
}

fn figure(result: &Value, name: &str) -> Option<f64> {
    let figures = result["watched"][0]["figures"].as_array()?;
    figures.iter().find(|figure| figure["name"] == name)?["last"].as_f64()
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn figures_of_the_broker_come_to_the_page_and_agree_with_ours() {
    let broker = Mosquitto::start("sys_interval 1", &[]);
    let place = ScenarioDir::new(&scenario(&broker, "{ sys = \"$SYS/broker/#\" }"));
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0", "--autostart"]);
    served.wait_for("seven users", |state| state["user_count"] == 7);
    // The connection that asks is one more.
    served.wait_for("eight connections", |_| {
        figure(&served.json("/result.json"), "$SYS/broker/clients/connected") == Some(8.0)
    });
    // Each message comes back, so the broker has sent as many as we have received at some moment before.
    let sent = || figure(&served.json("/result.json"), "$SYS/broker/publish/messages/sent").unwrap_or(0.0);
    served.wait_for("messages", |_| sent() > 100.0);
    let result = served.json("/result.json");
    let received = result["received"]["messages"].as_f64().unwrap();
    let told = figure(&result, "$SYS/broker/publish/messages/sent").unwrap();
    // The figures themselves are messages too: about fifty a second.
    let seconds = result["run"]["ended"].as_f64().unwrap() - result["run"]["started"].as_f64().unwrap();
    assert!(told <= received + 60.0 * (seconds + 2.0), "the broker says {told}, we have {received}");
    let report = served.get("/stats/report");
    assert!(report.contains("What the brokers say") && report.contains("mosquitto version"));
    served.post("/stop", "");
    served.wait_for_state("stopped");
    assert!(figure(&served.json("/result.json"), "$SYS/broker/clients/connected").is_some());
    let (_, log, code) = served.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_broker_that_wants_a_login_tells_only_who_has_one() {
    // Anybody may connect, but only the watcher may read what the broker says of itself.
    let files = [("acl", "user device\ntopic readwrite a/#\nuser watcher\ntopic read $SYS/#\n")];
    let broker = Mosquitto::start("sys_interval 1\nacl_file DIR/acl", &files);
    let places = ["{ sys = \"$SYS/#\", username = \"watcher\" }", "{ sys = \"$SYS/#\" }"].map(|watch| {
        let place = ScenarioDir::new(&scenario(&broker, watch));
        let args = ["run", "scenario.toml", "-t", "2s", "--summary-json", "result.json", "--only-summary"];
        assert_eq!(place.run(&args).status.code(), Some(0));
        serde_json::from_str::<Value>(&place.read("result.json")).unwrap()
    });
    assert!(figure(&places[0], "$SYS/broker/clients/connected").is_some());
    assert_eq!(
        figure(&places[1], "$SYS/broker/clients/connected"),
        None,
        "an anonymous client reads nothing"
    );
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_broker_that_comes_back_tells_again() {
    let mut broker = Mosquitto::start("sys_interval 1", &[]);
    let place = ScenarioDir::new(&scenario(&broker, "{ sys = \"$SYS/broker/#\" }"));
    let served = Served::start(&place, &["run", "scenario.toml", "--web", "127.0.0.1:0", "--autostart"]);
    served.wait_for("seven users", |state| state["user_count"] == 7);
    broker.kill();
    let lost = "The figures under $SYS/broker/# at ";
    served.wait_for("a note", |_| {
        served.json("/result.json")["watched"][0]["notes"].to_string().contains(lost)
    });
    broker.start_again();
    // The new broker counts from 0.
    served.wait_for("figures of the new broker", |_| {
        figure(&served.json("/result.json"), "$SYS/broker/uptime").is_some_and(|uptime| uptime < 3.0)
    });
    let (_, log, code) = served.end();
    assert_eq!(code, Some(1), "requests failed: {log}");
    assert_eq!(log.matches("stopped coming: connection").count(), 1, "{log}");
}
