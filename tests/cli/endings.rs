//! However a run ends, everything is written: the folder of the run tells the same as the end, and why it ended.
#![expect(clippy::disallowed_methods, reason = "these tests watch another process, in real time")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use mqtt_scenario::stats::result::{Outcome, RunResult};

use crate::support::{ScenarioDir, row};

const STEADY: &str = r#"
version = 1
name = "steady"
brokers.b.url = "embedded:"
load = { users = 5, spawn_rate = 100, run_time = "2s", stop_timeout = "60s" }
[user_classes.device]
wait_time = { constant = "10ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "publish"
steps = [{ publish = { topic = "t", qos = 1, timeout = "300ms", name = "publish" } }]
"#;

/// The folder of the only run in `out`.
fn folder(place: &ScenarioDir) -> PathBuf {
    let mut folders = fs::read_dir(place.path("out")).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    folder
}

/// The result of the only run in `out`, after all of its files were looked at.
fn result(place: &ScenarioDir) -> RunResult {
    let folder = folder(place);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let result: RunResult = serde_json::from_str(&read("result.json")).unwrap();
    let html = read("report.html");
    assert!(html.to_lowercase().starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    let stats = place.rows(folder.join("run_stats.csv").to_str().unwrap());
    assert_eq!(row(&stats, "Aggregated").count("Request Count"), result.aggregated.requests);
    let history = place.rows(folder.join("run_stats_history.csv").to_str().unwrap());
    assert_eq!(history.last().unwrap().count("Total Request Count"), result.aggregated.requests);
    let seconds: u64 = result.series.points.iter().map(|point| point.requests).sum();
    assert_eq!(seconds, result.aggregated.requests);
    let log = read("history.hlog");
    assert!(log.ends_with('\n') && log.contains("Tag=MQTT_connect,"), "{log}");
    assert!(read("run.log").contains("Running scenario.toml (steady)"));
    assert!(read("scenario.toml").contains("name = \"publish\"") && read("plan.txt").contains("publish"));
    result
}

#[test]
fn a_run_that_is_interrupted_once() {
    let place = ScenarioDir::new(STEADY);
    let running = place.start(&["run", "scenario.toml", "-t", "10m", "--out", "out", "--junit", "j.xml"]);
    std::thread::sleep(Duration::from_millis(1_700));
    running.signal(Signal::INT);
    let (stdout, log, code) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let verdict = stdout.lines().find(|line| line.starts_with("INTERRUPTED after ")).expect(&stdout);
    assert!(verdict.contains("s of 10m: ") && !stdout.contains("PASSED"), "{stdout}");
    assert!(place.read("j.xml").contains("Interrupted after "));
    let result = result(&place);
    assert_eq!((&*result.run.end, result.verdict.outcome), ("interrupted", Outcome::Passed));
}

#[test]
fn a_run_that_is_interrupted_twice() {
    let place = ScenarioDir::new(&STEADY.replace("300ms", "60s"));
    let running =
        place.start(&["run", "scenario.toml", "-t", "10m", "-H", "embedded:?loss=0.3", "--out", "out"]);
    std::thread::sleep(Duration::from_millis(1_700));
    running.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::INT);
    let (stdout, log, code) = running.end();
    assert_eq!(code, Some(130), "{log}");
    assert!(stdout.contains("ABORTED: interrupted after "), "{stdout}");
    let result = result(&place);
    assert_eq!((&*result.run.end, result.verdict.outcome), ("aborted", Outcome::Aborted));
    assert!(result.unfinished.count > 0);
}

#[test]
fn a_run_that_a_threshold_ends() {
    let threshold =
        "thresholds = [{ check = \"p50[publish] < 1us\", abort = true, after = \"1s\" }]\n[user_classes";
    let place = ScenarioDir::new(&STEADY.replacen("[user_classes", threshold, 1));
    let output = place.run(&["run", "scenario.toml", "-t", "10m", "--out", "out", "--junit", "j.xml"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let result = result(&place);
    assert_eq!((&*result.run.end, result.verdict.outcome), ("threshold", Outcome::ThresholdMissed));
    assert!(result.run.ended - result.run.started < 10.0);
    let [judged] = &result.thresholds[..] else { panic!("{:?}", result.thresholds) };
    assert!(judged.aborted_the_run && judged.met == Some(false));
    assert_eq!((judged.file.as_deref(), judged.line), (Some("scenario.toml"), Some(6)));
    assert!(place.read("j.xml").contains("p50[publish] &lt; 1us"));
}

#[test]
fn a_run_without_a_broker() {
    let place = ScenarioDir::new(STEADY);
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string();
    let output = place.run(&["run", "scenario.toml", "-H", &address, "--out", "out"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let result = result(&place);
    assert_eq!((&*result.run.end, result.verdict.outcome), ("finished", Outcome::Failed));
    let failure = &result.failures[0];
    assert!(failure.error.starts_with(&format!("cannot connect to {address}: ")), "{failure:?}");
    assert!(failure.first_seen <= failure.last_seen, "{failure:?}");
    assert_eq!(result.connections.unwrap().opened, 0);
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_anything_begins() {
    let place = ScenarioDir::new(STEADY);
    fs::write(place.path("file"), "old").unwrap();
    for more in [
        &["--out", "file"][..],
        &["--out", "file/below"],
        &["--html", "no/such/folder/report.html"],
        &["--junit", "file/below.xml"],
        &["--json-file", "file/below"],
    ] {
        let output = place.run(&[&["run", "scenario.toml"], more].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{more:?}: {stderr}");
        assert!(stderr.contains("error: cannot"), "{more:?}: {stderr}");
        assert!(!stderr.contains("Ramping"), "{more:?}: {stderr}");
        assert_eq!(place.read("file"), "old");
    }
}

/// The program under a limit of so many blocks of 512 bytes for each file.
fn run_with_file_limit(place: &ScenarioDir, blocks: u32, args: &[&str]) -> Output {
    let limited = format!("ulimit -f {blocks}; exec \"$@\"");
    let program = place.command(args);
    let mut command = Command::new("sh");
    command.args(["-c", &limited, "sh"]).arg(program.get_program()).args(program.get_args());
    command.current_dir(place.path("")).output().unwrap()
}

#[test]
fn a_disk_that_is_full_at_the_end_has_the_last_word() {
    let place = ScenarioDir::new(STEADY);
    let output = run_with_file_limit(&place, 8, &["run", "scenario.toml", "-t", "1s", "--out", "out"]);
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    let last = stdout.lines().last().unwrap();
    assert!(last.starts_with("INCOMPLETE: ") && last.contains("result.json, report.html"), "{stdout}");
    assert!(!stdout.contains("Next:") && stderr.contains("cannot write the result"), "{stdout}{stderr}");
    let folder = folder(&place);
    assert!(!folder.join("result.json").exists() && !folder.join("report.html").exists());
    assert!(
        fs::read_dir(&folder).unwrap().all(|it| !it.unwrap().file_name().to_string_lossy().ends_with(".tmp"))
    );
}

#[test]
fn a_disk_that_is_full_before_the_start_leaves_no_half_a_file() {
    let place = ScenarioDir::new(&format!("{STEADY}# {}\n", "x".repeat(1_000)));
    let output = run_with_file_limit(&place, 1, &["run", "scenario.toml", "--out", "out"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(
        stderr.contains("error: cannot write the scenario out/") && !stderr.contains("Ramping"),
        "{stderr}"
    );
    assert_eq!(fs::read_dir(folder(&place)).unwrap().count(), 0);
}

/// A series, and its standard error up to the line that begins so.
fn start_series(place: &ScenarioDir, args: &[&str], until: &str) -> (Child, BufReader<ChildStderr>) {
    let mut command = place.command(args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with(until) {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended before {until}");
    }
    (child, log)
}

#[test]
fn a_series_that_is_interrupted_tells_of_the_runs_so_far() {
    let place = ScenarioDir::new(STEADY);
    let series = ["run", "scenario.toml", "-t", "1s", "--versus-set", "load.users=4", "--out", "out"];
    let (child, mut log) = start_series(&place, &series, "A2 ");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut stderr = String::new();
    log.read_to_string(&mut stderr).unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_ne!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("interrupted: 3 of 8 runs came to their end"), "{stderr}");
    assert!(stdout.contains("A  2 runs: A1, A2\nB  1 run: B1\n"), "{stdout}");
    let folder = folder(&place);
    let [a1, a2, b1] = ["A1", "A2", "B1"].map(|name| format!("out/{}/{name}", name_of(&folder)));
    assert!(stdout.ends_with(&format!("Next: mqtt-scenario compare {a1} {a2} -- {b1}\n")), "{stdout}");
}

#[test]
fn a_series_that_is_interrupted_twice_ends_at_once() {
    let place = ScenarioDir::new(&STEADY.replace("300ms", "60s"));
    let series =
        ["run", "scenario.toml", "-t", "10m", "-H", "embedded:?loss=0.3", "--repeat", "2", "--out", "out"];
    let (child, mut log) = start_series(&place, &series, "[00:02] ");
    let interrupt = || kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    interrupt();
    std::thread::sleep(Duration::from_millis(300));
    interrupt();
    let mut stderr = String::new();
    log.read_to_string(&mut stderr).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(
        stderr.contains("interrupted twice: 0 of 2 runs came to their end; there is nothing"),
        "{stderr}"
    );
    let result: RunResult =
        serde_json::from_slice(&fs::read(folder(&place).join("1/result.json")).unwrap()).unwrap();
    assert_eq!(result.run.end, "aborted");
}

#[test]
fn an_option_of_two_sides_is_refused_for_one() {
    let place = ScenarioDir::new(STEADY);
    for args in [
        &["run", "scenario.toml", "--least-effect", "3%"][..],
        &["run", "scenario.toml", "--repeat", "2", "--least-effect", "3%"],
    ] {
        let output = place.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("help: add --versus"), "{stderr}");
    }
}

fn name_of(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

#[test]
fn a_series_ends_with_a_command_and_tells_a_warning_once_or_nothing_at_all() {
    // Users that start more slowly than the run lasts are worth a warning.
    let place = ScenarioDir::new(&STEADY.replace("spawn_rate = 100", "spawn_rate = 1"));
    let series = ["run", "scenario.toml", "-t", "500ms", "--repeat", "2", "--out", "out"];
    let output = place.run(&series);
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!((output.status.code(), stderr.matches("warning[").count()), (Some(0), 1), "{stderr}");
    let folder = folder(&place);
    let next = format!("\nNext: mqtt-scenario report out/{}/2\n", name_of(&folder));
    assert!(stdout.contains("2 runs: the middle one") && stdout.ends_with(&next), "{stdout}");
    let output = place.run(&[&series[..], &["--quiet"]].concat());
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!((output.status.code(), said), (Some(0), [String::new(), String::new()]));
}

#[test]
fn a_workflow_of_github_is_told_what_was_missed() {
    let place = ScenarioDir::new(&format!("{STEADY}[[thresholds]]\ncheck = \"p50[publish] < 1us\"\n"));
    let mut command = place.command(&["run", "scenario.toml", "--quiet"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", place.path("summary.md"));
    fs::write(place.path("summary.md"), "# Before\n").unwrap();
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.starts_with("::error file=scenario.toml,line="), "{stdout}");
    let summary = place.read("summary.md");
    assert!(summary.starts_with("# Before\n") && summary.contains("p50"), "{summary}");
}
