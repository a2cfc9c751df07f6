//! The program as a person runs it: in a directory, with arguments, and what it leaves there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mqtt-scenario");

/// A directory of the test's own with a scenario in it.
pub(crate) struct ScenarioDir {
    dir: TempDir,
}

impl ScenarioDir {
    pub(crate) fn new(scenario: &str) -> Self {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("scenario.toml"), scenario).unwrap();
        Self { dir }
    }

    /// The program in the directory, with these arguments.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Starts the program, whatever it does.
    pub(crate) fn launch(&self, args: &[&str]) -> Running {
        let mut child = self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Running { child, log }
    }

    /// Starts a run and waits until all its users are there.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        self.start_with(args, &[])
    }

    /// The same, with these variables of the environment.
    pub(crate) fn start_with(&self, args: &[&str], env: &[(&str, &Path)]) -> Running {
        let mut command = self.command(args);
        command.envs(env.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("All users spawned") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the run ended before its users were there");
        }
        Running { child, log }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The rows of a CSV file, by column name.
    pub(crate) fn rows(&self, name: &str) -> Vec<Row> {
        rows(&self.path(name))
    }
}

/// A run that goes on.
pub(crate) struct Running {
    child: Child,
    pub(crate) log: BufReader<std::process::ChildStderr>,
}

impl Running {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal).unwrap();
    }

    /// Waits for the end; standard output, the rest of the log, the exit code.
    pub(crate) fn end(mut self) -> (String, String, Option<i32>) {
        let mut log = String::new();
        std::io::Read::read_to_string(&mut self.log, &mut log).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), log, output.status.code())
    }
}

/// A row of a CSV file.
pub(crate) struct Row(std::collections::HashMap<String, String>);

impl Row {
    pub(crate) fn text(&self, column: &str) -> &str {
        &self.0[column]
    }

    pub(crate) fn count(&self, column: &str) -> u64 {
        self.0[column].parse().unwrap()
    }
}

pub(crate) fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| Row(row.unwrap())).collect()
}

/// The row of this name, `Aggregated` included.
pub(crate) fn row<'a>(rows: &'a [Row], name: &str) -> &'a Row {
    rows.iter().find(|row| row.text("Name") == name).unwrap_or_else(|| panic!("no row {name}"))
}

/// Two sets of CSV files, ours and Locust's, are equal, but for the last digits of averages (our live runs add integers
/// in any order, Locust floats in order of time) and for the history of the last second, which Locust does not write.
pub(crate) fn assert_same_files(left: &Path, right: &Path) {
    for file in ["stats", "stats_history", "failures", "exceptions"] {
        let path = |prefix: &Path| PathBuf::from(format!("{}_{file}.csv", prefix.display()));
        let read = |prefix: &Path| fs::read_to_string(path(prefix)).unwrap();
        let (mut left, mut right) = (read(left), read(right));
        if file == "stats_history" {
            let second = |line: &str| line.split(',').next().and_then(|first| first.parse::<u64>().ok());
            let last = left.lines().filter_map(second).max();
            for text in [&mut left, &mut right] {
                let kept = text.lines().filter(|line| second(line).is_none_or(|at| Some(at) < last));
                *text = kept.collect::<Vec<_>>().join("\n");
            }
        }
        assert_eq!(left.lines().count(), right.lines().count(), "{file}\n{left}\n{right}");
        for (left, right) in left.lines().zip(right.lines()) {
            let same = left.split(',').zip(right.split(',')).all(|(l, r)| {
                let float = |text: &str| text.parse::<f64>().ok().filter(|_| text.contains('.'));
                l == r
                    || float(l)
                        .zip(float(r))
                        .is_some_and(|(l, r)| (l - r).abs() <= 1e-9 * l.abs().max(r.abs()))
            });
            assert!(same && left.len().abs_diff(right.len()) < 20, "{file}\n{left}\n{right}");
        }
    }
}

/// What the program said and how it ended.
pub(crate) struct ProgramOutput {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program in a folder, on a terminal of 100 columns as far as help texts are concerned.
pub(crate) fn run_program(folder: &Path, arguments: &[&str]) -> ProgramOutput {
    output_of(Command::new(PROGRAM).args(arguments), folder)
}

/// The same; the program is ended if it needs a core for more than so many seconds.
pub(crate) fn run_program_within(seconds: u32, folder: &Path, arguments: &[&str]) -> ProgramOutput {
    let limited = format!("ulimit -t {seconds}; exec {PROGRAM} \"$@\"");
    output_of(Command::new("sh").args(["-c", &limited, "sh"]).args(arguments), folder)
}

fn output_of(command: &mut Command, folder: &Path) -> ProgramOutput {
    let output = command
        .current_dir(folder)
        .env("COLUMNS", "100")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("MQTT_SCENARIO_NOT_SET")
        .output()
        .unwrap();
    ProgramOutput {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What is in a folder and the folders below it.
pub(crate) fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(listing(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

/// How a run of the program ended.
pub(crate) struct SummarizedRun {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) summary: Value,
}

impl SummarizedRun {
    /// The end of a run of this scenario.
    pub(crate) fn of(scenario: &str, arguments: &[&str]) -> Self {
        Self::in_place(&ScenarioDir::new(scenario), arguments)
    }

    pub(crate) fn in_place(place: &ScenarioDir, arguments: &[&str]) -> Self {
        let output =
            place.run(&[&["run", "scenario.toml", "--summary-json", "end.json"], arguments].concat());
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        let summary = serde_json::from_str(&place.read("end.json")).expect(&stderr);
        Self { code: output.status.code(), stdout, stderr, summary }
    }

    fn row(&self, name: &str) -> Option<&Value> {
        self.summary["rows"].as_array().unwrap().iter().find(|row| row["name"] == name)
    }

    /// Requests and failures of a row.
    pub(crate) fn counts(&self, name: &str) -> Option<(u64, u64)> {
        let count = |row: &Value, key: &str| row[key].as_u64().unwrap();
        self.row(name).map(|row| (count(row, "requests"), count(row, "failures")))
    }

    /// The mean response time of a row.
    pub(crate) fn mean_ms(&self, name: &str) -> f64 {
        self.row(name).unwrap()["average_ms"].as_f64().unwrap()
    }

    pub(crate) fn received(&self) -> u64 {
        self.summary["received"]["messages"].as_u64().unwrap()
    }

    /// Names of the rows, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.summary["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        names
    }
}

/// An example, with changes.
pub(crate) fn example(name: &str, changes: &[(&str, &str)]) -> String {
    let text = fs::read_to_string(Path::new("scenarios").join(name)).unwrap();
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{name}: {from}");
        text.replace(from, to)
    })
}
