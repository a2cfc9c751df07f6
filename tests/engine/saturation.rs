//! Whether the program knows when it is the limit itself, in real time.

use std::fs;

use crate::support::ScenarioDir;

/// One user that has its thread make random texts without a rest, so that no broker can be the limit.
const FLAT_OUT: &str = r#"
version = 1
[brokers.b]
url = "embedded:"
[load]
users = 1
run_time = "5s"
stop_timeout = "1s"
[user_classes.device]
client_id = "d"
[[user_classes.device.tasks]]
name = "publish"
steps = [{ publish = { topic = "t", payload = "${random_string(4000)}", qos = 0, await_ack = false } }]
"#;

/// One user that mostly sleeps.
const IDLE: &str = r#"
version = 1
[brokers.b]
url = "embedded:"
[load]
users = 1
run_time = "5s"
[user_classes.device]
client_id = "d"
wait_time = { constant_pacing = "100ms" }
[[user_classes.device.tasks]]
name = "publish"
steps = [{ publish = { topic = "t", payload = "x", qos = 1 } }]
"#;

/// Standard output and standard error of a run that succeeds.
fn run(scenario: &str) -> (String, String) {
    let place = ScenarioDir::new(scenario);
    let output = place.run(&["run", "scenario.toml", "--threads", "1"]);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    (stdout, stderr)
}

#[test]
#[ignore = "needs a quiet machine: run by .ci/run"]
fn a_thread_without_a_rest_is_named_as_the_limit() {
    let (stdout, stderr) = run(FLAT_OUT);
    let warnings: Vec<_> = stderr.lines().filter(|line| line.contains("] WARN/")).collect();
    assert_eq!(warnings.len(), 1, "{stderr}");
    assert!(warnings[0].contains("The load generator is the limit: runner thread CPU at "), "{stderr}");
    assert!(stderr.contains("The load generator is at its limit: runner thread CPU at "), "{stderr}");
    let last = stdout.lines().find(|line| line.starts_with("The load generator ")).unwrap();
    // It was flat out in all five seconds; the first may have been short of it by the start.
    let start = "The load generator was the limit for ";
    let seconds = last.strip_prefix(start).unwrap_or_else(|| panic!("{stdout}")).split(' ').next().unwrap();
    assert!((3..=5).contains(&seconds.parse::<u32>().unwrap()), "{last}");
    assert!(last.contains(" of 5 s: runner thread CPU at "), "{last}");
    assert!(last.ends_with("; response times include its own delay."), "{last}");
}

#[test]
#[ignore = "needs a quiet machine: run by .ci/run"]
fn an_idle_run_ends_with_its_figures() {
    let (stdout, stderr) = run(IDLE);
    assert!(!stderr.contains("limit:"), "{stderr}");
    let line = |begin: &str| stdout.lines().find(|line| line.starts_with(begin));
    assert!(line("Response times from when they were due (constant_pacing): p50 ").is_some(), "{stdout}");
    let generator = line("Generator: CPU ").unwrap_or_else(|| panic!("{stdout}"));
    for figure in [" % of a core", "send lag p99 ", " files", "1 of ", " local ports"] {
        assert!(generator.contains(figure), "{figure}: {generator}");
    }
    let cpu: f64 = generator.split(' ').nth(2).unwrap().parse().unwrap();
    assert!(cpu < 30.0, "{generator}");
}

#[test]
#[ignore = "needs a quiet machine: run by .ci/run"]
fn the_log_has_the_warning_where_it_goes_to_a_file() {
    let place = ScenarioDir::new(FLAT_OUT);
    let args = ["run", "scenario.toml", "--threads", "1", "-t", "4s", "--only-summary", "--logfile", "log"];
    assert_eq!(place.run(&args).status.code(), Some(0));
    let log = fs::read_to_string(place.path("log")).unwrap();
    assert_eq!(log.matches("The load generator is the limit: ").count(), 1, "{log}");
}
