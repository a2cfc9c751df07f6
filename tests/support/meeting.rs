//! Shards that meet at a broker (`load.sync`), and what becomes of them if some are gone.

use std::time::Duration;

use rustix::process::Signal;

use super::program::{Running, ScenarioDir};

/// Three users, which meet before they begin.
const SCENARIO: &str = r#"
version = 1
brokers.b = { url = "mqtt://localhost:1", protocol = "VERSION" }
load = { users = 3, spawn_rate = 50, sync = { topic = "load/sync", timeout = "TIMEOUT" } }
[user_classes.meter]
messages = 1
[[user_classes.meter.tasks]]
name = "send"
steps = [{ publish = { topic = "t/${user.number}", qos = 1 } }]
"#;

pub(crate) fn scenario(version: &str, timeout: &str) -> ScenarioDir {
    ScenarioDir::new(&SCENARIO.replace("VERSION", version).replace("TIMEOUT", timeout))
}

/// Starts a shard and gives it the time to connect.
#[expect(
    clippy::disallowed_methods,
    reason = "no runtime runs here, and a shard does not say that it has connected"
)]
fn start(place: &ScenarioDir, host: &str, shard: &str) -> Running {
    let line = format!("run scenario.toml -q -H {host} --run-id r1 --shard {shard}");
    let running = place.launch(&line.split(' ').collect::<Vec<_>>());
    std::thread::sleep(Duration::from_millis(700));
    running
}

/// Shard 1 of 3 comes and goes before shard 2 comes.
pub(crate) fn nobody_begins_without_one_that_is_gone(host: &str, version: &str) {
    for signal in [Signal::INT, Signal::KILL] {
        let place = scenario(version, "6s");
        let (first, second) = (start(&place, host, "0/3"), start(&place, host, "1/3"));
        second.signal(signal);
        second.end();
        let third = start(&place, host, "2/3");
        for shard in [first, third] {
            let (_, log, code) = shard.end();
            assert_eq!(code, Some(4), "{signal:?}: {log}");
            assert!(log.contains("the shards have not met within 6s: shard 1 of 3 is not ready"), "{log}");
        }
    }
}

/// Shard 0 is killed and started again while shard 1 waits, with the same run id.
pub(crate) fn whoever_waits_meets_another_shard_0(host: &str, version: &str) {
    let place = scenario(version, "30s");
    let first = start(&place, host, "0/3");
    let second = start(&place, host, "1/3");
    first.signal(Signal::KILL);
    let shards = [start(&place, host, "0/3"), start(&place, host, "2/3"), second];
    first.end();
    for shard in shards {
        let (_, log, code) = shard.end();
        assert_eq!(code, Some(0), "{log}");
    }
}
