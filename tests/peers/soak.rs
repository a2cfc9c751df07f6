//! A soak against Mosquitto: 2,000 users with kept sessions, and every 20 seconds half of them lose their connections.
//!
//! ```sh
//! MQTT_SCENARIO_SOAK_S=600 cargo test --release soak -- --ignored --nocapture
//! ```
//! Without the variable it is one storm: enough to hold the counts, too short to say much of memory. Two witnesses
//! that are none of the program's own statistics hold it: the broker's counters in `$SYS`, and the sequence numbers
//! that each message carries.
#![expect(clippy::disallowed_methods, reason = "these tests watch other processes, in real time")]
#![expect(clippy::print_stdout, reason = "its figures are what a long soak is run for")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;

use crate::support::{Mosquitto, ScenarioDir};

const DEVICES: u64 = 2_000;
/// How long a stage lasts: a storm begins each but the first.
const STAGE_S: u64 = 20;
/// More than the allocator's own coming and going, less than a leak of 100 bytes per message would make in ten minutes.
const MOST_GROWTH_KB: u64 = 6_000;

/// Each device sends a message to the watcher and one to itself, every two seconds.
fn scenario(storms: u64) -> String {
    let stage = format!("user_classes = {{ device = {DEVICES}, watcher = 1 }}\nduration = \"{STAGE_S}s\"");
    let storm =
        format!("[[load.stages]]\n{stage}\ndrop_connections = 0.5\ndrop_connections_of = [\"device\"]\n");
    let storms = storm.repeat(usize::try_from(storms).unwrap());
    format!(
        r#"
version = 1
[brokers.b]
url = "mqtt://localhost:1"
clean_session = false
[load]
stop_timeout = "10s"
[[load.stages]]
user_classes = {{ device = 0, watcher = 1 }}
duration = "1s"
after = "connected"
[[load.stages]]
{stage}
spawn_rate = 500
after = "connected"
{storms}
[user_classes.watcher]
client_id = "watcher"
on_start = ["connect", {{ subscribe = {{ filter = "up/#", qos = 1, measure = "end_to_end", measure_name = "to watcher" }} }}]
tasks = [{{ name = "watch", steps = [{{ wait = "1s" }}] }}]
[user_classes.device]
client_id = "device-${{user.index}}"
wait_time = {{ constant_pacing = "2s" }}
reconnect = {{ initial = "200ms", max = "5s", jitter = 0.5 }}
on_start = [
  "connect",
  {{ subscribe = {{ filter = "own/${{client_id}}", qos = 1, measure = "end_to_end", measure_name = "to itself" }} }},
]
[[user_classes.device.tasks]]
name = "publish"
steps = [
  {{ publish = {{ topic = "up/${{client_id}}", qos = 1, name = "up", stamp = "prefix" }} }},
  {{ publish = {{ topic = "own/${{client_id}}", qos = 1, name = "own", stamp = "prefix" }} }},
]
"#
    )
}

/// A counter of the broker's, which it publishes when it has changed, once a second.
fn counter(broker: &Mosquitto, name: &str) -> u64 {
    let port = broker.addr().port().to_string();
    let topic = format!("$SYS/broker/{name}");
    let mut said = None;
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(2_100));
        let output =
            Command::new("mosquitto_sub").args(["-p", &port, "-t", &topic, "-C", "1", "-W", "5"]).output();
        let output = output.expect("mosquitto_sub is not installed");
        if let Ok(count) = String::from_utf8_lossy(&output.stdout).trim().parse() {
            return count;
        }
        said = Some(output);
    }
    panic!("the broker does not tell {topic}: {said:?}");
}

/// Resident memory of a process in kB; `None` once it has ended.
fn resident_kb(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count"))
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn a_soak_with_storms_keeps_its_memory_and_its_counts() {
    let length_s = std::env::var("MQTT_SCENARIO_SOAK_S").map_or(2 * STAGE_S, |text| text.parse().unwrap());
    let storms = (length_s / STAGE_S).saturating_sub(1).max(1);
    // The broker inherits it: it needs a descriptor per connection.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let broker = Mosquitto::start("sys_interval 1\nmax_queued_messages 0\nmax_inflight_messages 0", &[]);
    let place = ScenarioDir::new(&scenario(storms));
    let host = broker.addr().to_string();
    let mut program = place
        .command(&["run", "scenario.toml", "-H", &host, "--summary-json", "end.json", "--csv", "soak"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut memory_kb = Vec::new();
    while program.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_secs(1));
        memory_kb.extend(resident_kb(program.id()));
    }

    let end: Value = serde_json::from_str(&place.read("end.json")).unwrap();
    let rows = end["rows"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    let sent = count(&row("up")["requests"]) + count(&row("own")["requests"]);
    let failed = count(&end["aggregated"]["failures"]);
    let measured = end["end_to_end"]["rows"].as_array().unwrap();
    let total = |of: &dyn Fn(&Value) -> u64| measured.iter().map(of).sum::<u64>();
    let (received, lost) =
        (total(&|row| count(&row["received"])), total(&|row| count(&row["lost"]["total"])));
    let (twice, unsettled) =
        (total(&|row| count(&row["duplicates"]["total"])), total(&|row| count(&row["unsettled"])));
    println!("{length_s} s, {storms} storms: {sent} sent, {failed} requests failed");
    println!("  received {received}, lost {lost}, twice {twice}, unsettled {unsettled}");
    println!("  memory each 30 s in kB: {:?}", memory_kb.iter().step_by(30).collect::<Vec<_>>());
    let taken = counter(&broker, "publish/messages/received");
    println!("  the broker took {taken}");

    assert_eq!((failed, lost, unsettled), (0, 0, 0));
    assert_eq!(received, sent, "each message arrives once");
    let each_storm = DEVICES / 2;
    assert_eq!(count(&row("connect")["requests"]), DEVICES + 1 + storms * each_storm);
    // Only a message that was under way when its connection was dropped is sent again.
    assert!((sent..=sent + twice).contains(&taken), "{taken} of {sent}, {twice} of them twice");
    // From the first storm on everything that a user keeps is there. At the end, the files need some more for a moment.
    let (from, last) = (usize::try_from(STAGE_S + 8).unwrap(), memory_kb.len() - 1);
    let growth = memory_kb[last - 3..].iter().min().unwrap().saturating_sub(memory_kb[from]);
    assert!(growth <= MOST_GROWTH_KB, "{growth} kB more than after the first storm: {memory_kb:?}");
}
