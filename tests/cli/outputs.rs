//! Outputs that cannot be written, that block, or that would destroy something; and the signals that end a run whatever it
//! waits for.
#![expect(clippy::disallowed_methods, reason = "these tests watch another process, in real time")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{ScenarioDir, row, side_by_side};

const SMALL: &str = r#"
version = 1
name = "small"
[brokers.b]
url = "embedded:"
[load]
users = 2
spawn_rate = 100
run_time = "1s"
[user_classes.device]
wait_time = { constant = "20ms" }
on_start = ["connect"]
[[user_classes.device.tasks]]
name = "say"
tags = ["main"]
steps = [{ publish = { topic = "t", qos = 1, payload = "x", name = "publish", timeout = "5s" } }]
"#;

/// A pipe that is full, so that the next write to it blocks.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[b'x'; 512]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}

/// A pipe with a name.
fn fifo(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).unwrap();
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// The exit code, if it ends within so many seconds; it is killed otherwise.
fn end_within(child: &mut Child, seconds: f64) -> Option<i32> {
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < seconds {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("it did not end within {seconds} s");
}

fn publishes(place: &ScenarioDir) -> u64 {
    row(&place.rows("a_stats.csv"), "publish").count("Request Count")
}

/// Waits until the file has more than so many bytes.
fn wait_for(path: &Path, bytes: u64) {
    let begin = Instant::now();
    while fs::metadata(path).map_or(0, |found| found.len()) <= bytes {
        assert!(begin.elapsed().as_secs() < 40, "{} does not grow", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The program with files that cannot grow beyond some KiB, as on a full disk.
fn with_small_files(place: &ScenarioDir, kib: u32, args: &str) -> Command {
    let program = env!("CARGO_BIN_EXE_mqtt-scenario");
    // 512 bytes are a block.
    let line = format!("ulimit -f {}; exec {program} {args}", kib * 2);
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(place.path("")).stdin(Stdio::null());
    command
}

#[test]
fn a_log_that_cannot_be_written_takes_nothing_from_the_run() {
    let place = ScenarioDir::new(SMALL);
    let (reader, gone) = io::pipe().unwrap();
    drop(reader);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (stderr, why) in [(Stdio::from(gone), "Broken pipe"), (Stdio::from(full), "No space left on device")]
    {
        let output = place
            .command(&["run", "scenario.toml", "--csv", "a"])
            .stderr(stderr)
            .stdout(Stdio::piped())
            .output();
        let output = output.unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{stdout}");
        assert!(publishes(&place) > 10 && stdout.contains("Aggregated"), "{stdout}");
        let last = stdout.lines().last().unwrap();
        assert!(last.starts_with("standard error: ") && last.contains(why), "{last}");
        fs::remove_file(place.path("a_stats.csv")).unwrap();
    }
    let output = place.run(&["run", "scenario.toml", "--csv", "a", "--logfile", "/dev/full"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout.lines().last().unwrap().starts_with("/dev/full: "), "{stdout}");
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_up_the_run() {
    let place = ScenarioDir::new(SMALL);
    let (_reader, writer) = full_pipe();
    let begin = Instant::now();
    let mut child = place
        .command(&["run", "scenario.toml", "--csv", "a"])
        .stderr(writer)
        .stdout(File::create(place.path("out")).unwrap())
        .spawn()
        .unwrap();
    assert_eq!(end_within(&mut child, 20.0), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let history = place.rows("a_stats_history.csv");
    assert!((10..120).contains(&publishes(&place)), "the load ended when it should: {}", publishes(&place));
    assert!(history.len() >= 2);
    let stdout = place.read("out");
    assert!(stdout.lines().last().unwrap().contains("nobody read them in time"), "{stdout}");
}

#[test]
fn two_interrupts_end_a_run_whose_tables_nobody_reads() {
    let place = ScenarioDir::new(SMALL);
    let (_reader, writer) = full_pipe();
    let mut child = place
        .command(&["run", "scenario.toml", "--csv", "a"])
        .stdout(writer)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Beyond the heading of the file.
    wait_for(&place.path("a_stats.csv"), 400);
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(child.try_wait().unwrap(), None, "a pager may still read them");
    let written = publishes(&place);
    send(&child, Signal::INT);
    std::thread::sleep(Duration::from_millis(200));
    send(&child, Signal::INT);
    assert_eq!(end_within(&mut child, 2.0), Some(130));
    assert!((10..120).contains(&written), "{written}");
    assert_eq!(publishes(&place), written, "the load had ended");
}

#[test]
fn a_standard_output_that_cannot_be_written_is_4_and_the_files_are_there() {
    let place = ScenarioDir::new(SMALL);
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = place
        .command(&["run", "scenario.toml", "--csv", "a", "--only-summary"])
        .stdout(full())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(stderr.contains("error: cannot write to standard output: No space left"), "{stderr}");
    assert!(publishes(&place) > 10);
    for args in [&["plan", "scenario.toml"][..], &["schema"], &["explain"], &["validate", "scenario.toml"]] {
        let status = place.command(args).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(4), "{args:?}");
        let (reader, gone) = io::pipe().unwrap();
        drop(reader);
        let status = place.command(args).stdout(gone).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(0), "{args:?}: the reader has seen enough");
    }
}

#[test]
fn data_that_nobody_reads_is_missing_with_a_word_and_exit_code_4() {
    let place = ScenarioDir::new(SMALL);
    for name in ["log", "a_stats_history.csv", "json"] {
        fifo(&place.path(name));
    }
    let args = ["run", "scenario.toml", "--csv", "a", "--csv-full-history"];
    let more = ["--request-log", "log", "--summary-json", "json"];
    let begin = Instant::now();
    let output = place.run(&[&args[..], &more].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    assert!(stderr.contains("error: log: ") && stderr.contains(" lines are missing"), "{stderr}");
    assert!(stderr.contains("error: a_stats_history.csv: "), "{stderr}");
    assert!(
        stderr.contains("error: json: the end of the run is missing, because nobody reads the file"),
        "{stderr}"
    );
    assert!((10..120).contains(&publishes(&place)));
    assert!(fs::metadata(place.path("log")).unwrap().file_type().is_fifo(), "it is written to, not replaced");
}

#[test]
fn a_pipe_that_is_read_gets_everything() {
    let place = ScenarioDir::new(SMALL);
    fifo(&place.path("log"));
    let path = place.path("log");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let mut pipe = File::open(path).unwrap();
        let mut piece = [0; 512];
        loop {
            match pipe.read(&mut piece).unwrap() {
                0 => return text,
                length => text.push_str(str::from_utf8(&piece[..length]).unwrap()),
            }
        }
    });
    let output = place.run(&["run", "scenario.toml", "--csv", "a", "--request-log", "log"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = reader.join().unwrap();
    let requests = text.lines().filter(|line| line.contains("\"request\"")).count() as u64;
    assert_eq!(requests, row(&place.rows("a_stats.csv"), "Aggregated").count("Request Count"));
    assert!(text.lines().last().unwrap().contains("\"end\""));
}

#[test]
fn the_summary_on_standard_output_comes_before_the_tables() {
    let place = ScenarioDir::new(SMALL);
    let out = File::create(place.path("out")).unwrap();
    let status = place
        .command(&["run", "scenario.toml", "--summary-json", "/dev/stdout"])
        .stdout(out)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let text = place.read("out");
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
    let summary = values.next().unwrap().unwrap();
    assert!(summary["aggregated"]["requests"].as_u64().unwrap() > 10);
    assert!(text[values.byte_offset()..].contains("Response times"), "{text}");
}

#[test]
fn a_run_that_does_not_start_leaves_older_results_alone() {
    let place = ScenarioDir::new(SMALL);
    let names = [
        "a_stats.csv",
        "a_stats_history.csv",
        "a_failures.csv",
        "a_exceptions.csv",
        "log",
        "json",
        "logfile",
    ];
    for name in names {
        fs::write(place.path(name), "old").unwrap();
    }
    fs::create_dir(place.path("folder")).unwrap();
    let outputs = ["--csv", "a", "--request-log", "log", "--summary-json", "json"];
    for more in [
        &["--logfile", "logfile", "-H", "nosuchhost.invalid"][..],
        &["--logfile", "folder"],
        &["--logfile", "logfile", "-u", "0"],
    ] {
        let output = place.run(&[&["run", "scenario.toml"], &outputs[..], more].concat());
        assert!(matches!(output.status.code(), Some(2 | 4)), "{more:?}");
        for name in names {
            assert_eq!(place.read(name), "old", "{more:?}");
        }
    }
    assert_eq!(place.run(&["replay", "nosuchlog", "--csv", "a"]).status.code(), Some(2));
    fs::write(place.path("cut"), "{\"t\":1,\"type\":\"users\",\"count\":1}\n{\n").unwrap();
    assert_eq!(place.run(&["replay", "cut", "--csv", "a"]).status.code(), Some(2));
    assert!(names.iter().all(|name| place.read(name) == "old"), "nor does half a replay touch them");
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), names.len() + 3, "no file is left over");
}

#[test]
fn a_full_disk_is_an_error_and_leaves_whole_files() {
    let place = ScenarioDir::new(&SMALL.replace("20ms", "1ms").replace("\"1s\"", "\"4s\""));
    let output = with_small_files(&place, 16, "run scenario.toml --csv a --request-log log --only-summary")
        .output()
        .unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(4), "{:?} {stderr}", output.status);
    assert!(stderr.contains("error: cannot write the request log log: File too large"), "{stderr}");
    assert!(stderr.contains(" missing, because they could not be written"), "{stderr}");
    assert!(!stderr.contains("in time"), "nobody was waited for: {stderr}");
    assert!(stdout.contains("Aggregated"), "{stdout}");
    assert!(publishes(&place) > 0);
    let log = place.read("log");
    assert!(log.len() > 10_000 && log.ends_with("}\n"), "a log ends with a whole line");
    let left: Vec<_> =
        fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 6, "{left:?}");
}

#[test]
fn killed_at_any_time_the_files_are_whole() {
    // A row for each user makes large files.
    let scenario = SMALL
        .replace("users = 2", "users = 3000")
        .replace("spawn_rate = 100", "spawn_rate = 100000")
        .replace(
            "name = \"publish\"",
            "name = \"a row with a name that is rather long, of the user ${client_id}\"",
        )
        .replace("1s", "60s")
        .replace("20ms", "2s");
    side_by_side([0, 7, 31, 90], |milliseconds| {
        let place = ScenarioDir::new(&scenario);
        let mut child = place
            .command(&["run", "scenario.toml", "--csv", "a"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(&place.path("a_stats.csv"), 200_000);
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        let rows = place.rows("a_stats.csv");
        assert_eq!(rows.last().unwrap().text("Name"), "Aggregated", "after {milliseconds} ms");
    });
}

#[test]
fn fmt_keeps_the_file_if_the_disk_is_full() {
    let step = "{publish={topic=\"some/topic\",qos=1}},".repeat(500);
    let scenario = SMALL.replace("steps = [", &format!("steps=[{step}"));
    let place = ScenarioDir::new(&scenario);
    fs::set_permissions(place.path("scenario.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    let output = with_small_files(&place, 4, "fmt scenario.toml").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{:?} {stderr}", output.status);
    assert!(stderr.contains("cannot write scenario.toml: File too large"), "{stderr}");
    assert_eq!(place.read("scenario.toml"), scenario);
    assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 1, "nothing is left over");
    assert_eq!(place.run(&["fmt", "scenario.toml"]).status.code(), Some(0));
    assert_ne!(place.read("scenario.toml"), scenario);
    assert_eq!(fs::metadata(place.path("scenario.toml")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_hangup_is_a_first_interrupt_and_never_a_second() {
    let place = ScenarioDir::new(
        &SMALL
            .replace("run_time = \"1s\"", "stop_timeout = \"2s\"")
            .replace("payload = \"x\"", "payload = \"x\", await_ack = true"),
    );
    // Where the tests themselves run under `nohup` or the like, the program would inherit that hangups are ignored.
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_mqtt-scenario"), "run", "scenario.toml"]);
    command.args(["--csv", "a", "-H", "embedded:?never_ack"]).current_dir(place.path(""));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    wait_for(&place.path("a_stats.csv"), 300);
    send(&child, Signal::HUP);
    std::thread::sleep(Duration::from_millis(300));
    send(&child, Signal::HUP);
    let begin = Instant::now();
    let code = end_within(&mut child, 10.0);
    assert!(matches!(code, Some(0 | 1 | 3)), "{code:?}");
    assert!(begin.elapsed() > Duration::from_secs(1), "users had their time to stop");
    assert!(place.read("a_stats_history.csv").lines().count() > 2);
}

#[test]
fn a_run_under_nohup_survives_its_terminal() {
    let place = ScenarioDir::new(SMALL);
    let program = env!("CARGO_BIN_EXE_mqtt-scenario");
    let line = format!("trap '' HUP; exec {program} run scenario.toml -t 2s --csv a");
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(place.path("")).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&place.path("a_stats.csv"), 300);
    send(&child, Signal::HUP);
    assert_eq!(end_within(&mut child, 8.0), Some(0));
    let history = place.rows("a_stats_history.csv");
    let time = |at: usize| history[at].count("Timestamp");
    assert!(time(history.len() - 1) - time(0) >= 2, "it ran to its end");
}

#[test]
fn outputs_that_would_destroy_something_are_refused_and_nothing_is_touched() {
    let scenario = format!(
        "include = [\"more.toml\"]\nfeeds.f.csv = \"feed.csv\"\n{}",
        SMALL
            .trim_start()
            .replace("wait_time", "feeds = [\"f\"]\nwait_time")
            .replace("url = \"embedded:\"", "url = \"mqtts://127.0.0.1:1\"\ntls.ca = \"ca.pem\"")
    );
    let place = ScenarioDir::new(&scenario);
    fs::write(place.path("more.toml"), "version = 1\n").unwrap();
    fs::write(place.path("feed.csv"), "id\n1\n2\n").unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["ca".to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(place.path("ca.pem"), certificate.pem()).unwrap();
    std::os::unix::fs::symlink("feed.csv", place.path("link")).unwrap();
    fs::hard_link(place.path("more.toml"), place.path("hard")).unwrap();
    let files = ["scenario.toml", "more.toml", "feed.csv", "ca.pem"];
    let before = files.map(|name| place.read(name));
    for (args, named) in [
        (&["--csv", "q", "--request-log", "q_stats.csv"][..], "q_stats.csv"),
        (&["--request-log", "x", "--summary-json", "./x"], "./x"),
        (&["--logfile", "x", "--request-log", "x"], "x"),
        (&["--request-log", "scenario.toml"], "scenario.toml"),
        (&["--request-log", "./link"], "feed.csv"),
        (&["--summary-json", "hard"], "more.toml"),
        (&["--logfile", "ca.pem"], "ca.pem"),
    ] {
        let output = place.run(&[&["run", "scenario.toml"], args].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}\n{stderr}");
        assert!(stderr.contains(named), "{args:?}\n{stderr}");
        assert_eq!(files.map(|name| place.read(name)), before, "{args:?}");
        assert_eq!(fs::read_dir(place.path("")).unwrap().count(), 6, "{args:?}");
    }
    let place = ScenarioDir::new(SMALL);
    let out = File::create(place.path("out")).unwrap();
    let status = place.command(&["run", "scenario.toml", "--request-log", "out"]).stdout(out).status();
    assert_eq!(status.unwrap().code(), Some(2), "nor where standard output goes");
    assert_eq!(place.run(&["replay", "a_stats.csv", "--csv", "a"]).status.code(), Some(2));
    let fine = ["run", "scenario.toml", "--request-log", "/dev/null", "--summary-json", "/dev/null"];
    assert_eq!(place.run(&fine).status.code(), Some(0));
}

#[test]
fn the_scenario_that_runs_is_the_one_that_was_named_and_the_first_line_says_which() {
    let place = ScenarioDir::new(SMALL);
    fs::create_dir(place.path("scenarios")).unwrap();
    fs::write(place.path("scenarios/publish.toml"), SMALL.replace("topic = \"t\"", "topic = \"other\""))
        .unwrap();
    let cases = [
        &["run", "-T", "main", "more", "scenario.toml"][..],
        &["run", "-E", "other", "scenario.toml", "-C", "device"],
        &["run", "scenario.toml", "-T", "main,more"],
        &["run", "scenario.toml", "-T", "main", "more"],
        &["run", "-Tmain", "scenario.toml"],
    ];
    side_by_side(cases, |args| {
        let output = place.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}\n{stderr}");
        assert!(
            stderr.lines().next().unwrap().ends_with("Running scenario.toml (small)"),
            "{args:?}\n{stderr}"
        );
    });
    let output = place.run(&["run"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.lines().next().unwrap().contains("Running scenarios/publish.toml"), "{stderr}");
    for args in
        [&["run", "-E", "slow"][..], &["run", "-E", "scenario.toml"], &["run", "--csv", "scenario.toml"]]
    {
        let output = place.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}\n{stderr}");
    }
}

#[test]
fn a_broker_works_and_ends_whatever_becomes_of_its_output() {
    let place = ScenarioDir::new(SMALL);
    let (reader, gone) = io::pipe().unwrap();
    drop(reader);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (stdout, code) in [(Stdio::from(gone), 0), (Stdio::from(full), 4)] {
        let mut command = place.command(&["broker", "--port", "0", "--for", "200ms"]);
        let mut child = command.stdout(stdout).stderr(Stdio::null()).spawn().unwrap();
        assert_eq!(end_within(&mut child, 5.0), Some(code));
    }
    let (_reader, writer) = full_pipe();
    let mut command = place.command(&["broker", "--port", "0"]);
    let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    for _ in 0..2 {
        send(&child, Signal::INT);
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(end_within(&mut child, 2.0), Some(130));
}

#[test]
fn the_differences_of_two_scenarios_are_there_as_json() {
    let place = ScenarioDir::new(SMALL);
    fs::write(
        place.path("new.toml"),
        SMALL.replace("users = 2", "users = 70").replace("name = \"say\"", "name = \"hum\""),
    )
    .unwrap();
    let json = |other: &str| {
        let output = place.run(&["plan", "scenario.toml", other, "--format", "json"]);
        assert_eq!(output.status.code(), Some(0));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let same = json("scenario.toml");
    assert_eq!(same, serde_json::json!({ "same": true, "differences": [], "text": [] }));
    let other = json("new.toml");
    assert_eq!(other["same"], false);
    let differences = other["differences"].as_array().unwrap();
    let at = |end: &[&str]| {
        differences
            .iter()
            .find(|found| {
                found["path"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|part| part.as_str().unwrap())
                    .eq(end.iter().copied())
            })
            .unwrap_or_else(|| panic!("{end:?} is not in {other:#}"))
    };
    let task = at(&["user_classes", "device", "tasks", "hum"]);
    assert!(task["before"].is_null() && task["after"]["name"] == "hum");
    assert!(at(&["user_classes", "device", "tasks", "say"])["after"].is_null());
    let users = differences.iter().find(|found| found["before"] == 2 && found["after"] == 70);
    assert!(users.is_some(), "{other:#}");
}
