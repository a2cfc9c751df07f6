//! A Locust master, `mqtt-scenario worker` processes and a Mosquitto, and what each of them has counted.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::locust_master::Master;
use crate::support::program::{ProgramOutput, Running};
use crate::support::{Mosquitto, ScenarioDir, free_port, received_by, run_program};

/// Two classes that publish, and one whose broker is not there. PORT is that of the Mosquitto.
pub(crate) const SCENARIO: &str = r#"version = 1
vars = { topic = "plain" }
brokers.b.url = "mqtt://127.0.0.1:PORT"
brokers.nobody.url = "mqtt://127.0.0.1:1"
[user_classes.device]
weight = 3
broker = "b"
client_id = "device-${user.number}"
wait_time = { constant = "200ms" }
[[user_classes.device.tasks]]
name = "report"
steps = [{ publish = { name = "report", topic = "${vars.topic}/device/${user.number}/${user.index}", qos = 1 } }]
[user_classes.gateway]
broker = "b"
client_id = "gateway-${user.number}"
wait_time = { constant = "170ms" }
[[user_classes.gateway.tasks]]
name = "forward"
steps = [{ publish = { name = "forward", topic = "${vars.topic}/gateway/${user.number}/${user.index}", qos = 1 } }]
[user_classes.lost]
fixed_count = 1
broker = "nobody"
[[user_classes.lost.tasks]]
name = "look"
steps = ["connect"]
[load]
users = 1
"#;

/// Requests and failures by the name of their row.
pub(crate) type Counts = BTreeMap<String, (u64, u64)>;

/// What the parts of a cluster share. Workers and masters are started by the test.
pub(crate) struct Cluster {
    pub(crate) place: ScenarioDir,
    pub(crate) broker: Mosquitto,
    /// The port of the master for its workers.
    pub(crate) port: u16,
}

impl Cluster {
    /// With the locustfile of a scenario, in which PORT is that of the broker, after a change of the file.
    pub(crate) fn with_change(scenario: &str, change: (&str, &str)) -> Self {
        let broker = Mosquitto::start("sys_interval 1", &[]);
        let place = ScenarioDir::new(&scenario.replace("PORT", &broker.addr().port().to_string()));
        let written = run_program(&place.path(""), &["locustfile", "scenario.toml"]);
        assert_eq!(written.code, Some(0), "{}", written.stderr);
        assert!(written.stdout.contains(change.0), "{}", written.stdout);
        fs::write(place.path("locustfile.py"), written.stdout.replace(change.0, change.1)).unwrap();
        Self { place, broker, port: free_port() }
    }

    /// The same; the locustfile stays as it is.
    pub(crate) fn new(scenario: &str) -> Self {
        Self::with_change(scenario, ("", ""))
    }

    /// A master with these arguments, words divided by spaces.
    pub(crate) fn master(&self, arguments: &str) -> Master {
        Master::start(&self.place.path("locustfile.py"), self.port, arguments)
    }

    /// A worker with this name.
    pub(crate) fn worker(&self, name: &str) -> ClusterWorker {
        self.worker_at(name, self.port)
    }

    /// The same, whose master is at this port.
    pub(crate) fn worker_at(&self, name: &str, port: u16) -> ClusterWorker {
        let (port, log) = (port.to_string(), format!("{name}.jsonl"));
        let arguments = ["worker", "--master-port", &port, "--threads", "1", "--request-log", &log];
        ClusterWorker { running: self.place.launch(&arguments), requests: self.place.path(&log) }
    }

    /// How many messages the broker has received.
    pub(crate) fn published(&self) -> u64 {
        received_by(self.broker.addr().port())
    }
}

/// A worker that goes on.
pub(crate) struct ClusterWorker {
    running: Running,
    requests: PathBuf,
}

impl ClusterWorker {
    pub(crate) fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// The CPU time of the process so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        cpu_time(self.running.id())
    }

    /// What it has logged so far.
    pub(crate) fn logged(&self) -> RequestLog {
        RequestLog::read(&self.requests)
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Ended {
        let (stdout, stderr, code) = self.running.end();
        Ended { said: ProgramOutput { code, stdout, stderr }, logged: RequestLog::read(&self.requests) }
    }
}

/// What is left of a worker.
pub(crate) struct Ended {
    pub(crate) said: ProgramOutput,
    pub(crate) logged: RequestLog,
}

/// The request log of a worker.
pub(crate) struct RequestLog(Vec<Value>);

impl RequestLog {
    /// A worker that has just started has no log yet. One that is still written, or whose worker was killed, may end in half a line.
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let whole = text.lines().map_while(|line| serde_json::from_str(line).ok());
        Self(whole.collect())
    }

    fn after_reset(&self) -> &[Value] {
        let reset = self.0.iter().rposition(|line| line["type"] == "reset");
        &self.0[reset.map_or(0, |at| at + 1)..]
    }

    /// What was counted since the statistics began anew for the last time.
    pub(crate) fn counts(&self) -> Counts {
        counts_of(self.after_reset())
    }

    /// What was recorded before that moment, in unix seconds, whether or not the statistics began anew later.
    pub(crate) fn counts_before(&self, moment: f64) -> Counts {
        counts_of(self.0.iter().filter(|line| time(line) < moment))
    }

    /// How often the statistics began anew.
    pub(crate) fn resets(&self) -> usize {
        self.0.iter().filter(|line| line["type"] == "reset").count()
    }

    /// How many users there were, whenever that changed: unix seconds and the number.
    pub(crate) fn users(&self) -> Vec<(f64, i64)> {
        let lines = self.0.iter().filter(|line| line["type"] == "users");
        lines.map(|line| (time(line), line["count"].as_i64().unwrap())).collect()
    }

    /// The most users at a time.
    pub(crate) fn most_users(&self) -> i64 {
        self.users().iter().map(|(_, count)| *count).max().unwrap_or(0)
    }

    /// The latest number of users.
    pub(crate) fn users_now(&self) -> i64 {
        self.users().last().map_or(0, |(_, count)| *count)
    }
}

fn time(line: &Value) -> f64 {
    line["t"].as_f64().unwrap()
}

fn counts_of<'a>(lines: impl IntoIterator<Item = &'a Value>) -> Counts {
    let mut counts = Counts::new();
    for line in lines.into_iter().filter(|line| line["type"] == "request") {
        let row = counts.entry(line["name"].as_str().unwrap().to_owned()).or_default();
        row.0 += 1;
        row.1 += u64::from(line["error"].as_str().is_some_and(|error| !error.is_empty()));
    }
    counts
}

/// The sum of several.
pub(crate) fn sum(all: impl IntoIterator<Item = Counts>) -> Counts {
    let mut sum = Counts::new();
    for (name, (requests, failures)) in all.into_iter().flatten() {
        let row = sum.entry(name).or_default();
        *row = (row.0 + requests, row.1 + failures);
    }
    sum
}

/// How many messages the rows of [`SCENARIO`] stand for.
pub(crate) fn published_in(counts: &Counts) -> u64 {
    ["report", "forward"].map(|name| counts.get(name).map_or(0, |row| row.0)).iter().sum()
}

/// What a file `stats.csv` of Locust says.
pub(crate) fn counts_in_csv(text: &str) -> Counts {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize().map(|row| {
        let row: BTreeMap<String, String> = row.unwrap();
        let count = |column: &str| row[column].parse::<u64>().unwrap();
        (row["Name"].clone(), (count("Request Count"), count("Failure Count")))
    });
    rows.filter(|(name, _)| name != "Aggregated").collect()
}

/// What a web interface answers; `None` until it is there.
pub(crate) fn get(web_port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", web_port)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    head.contains("200 OK").then(|| body.to_owned())
}

/// The CPU time of a process so far.
pub(crate) fn cpu_time(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // The name of the program stands in parentheses, and may have anything in it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = |at: usize| fields.split_whitespace().nth(at).unwrap().parse::<u64>().unwrap();
    let per_second = rustix::param::clock_ticks_per_second();
    Duration::from_secs_f64((ticks(11) + ticks(12)) as f64 / per_second as f64)
}
