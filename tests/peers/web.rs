//! Every path of Locust's web interface, asked of a real Locust and of us: statuses, types of content, keys in their
//! order, types of JSON, and all values that do not depend on the clock.
//!
//! Both have the same events: `fixtures/locust/web/locustfile.py` fires them there, and `Statistics` counts them here.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use mqtt_scenario::stats::RowKey;
use mqtt_scenario::stats::number::Number;
use mqtt_scenario::stats::statistics::Statistics;
use mqtt_scenario::web::address::bind;
use mqtt_scenario::web::command::{Answer, Command};
use mqtt_scenario::web::desk::{Commands, Desk};
use mqtt_scenario::web::guard::Guard;
use mqtt_scenario::web::locust;
use mqtt_scenario::web::now::{ClassUsers, Now, Phase};
use mqtt_scenario::web::offer::{Class, Offer, Task};
use mqtt_scenario::web::server::Server;
use regex::Regex;
use serde_json::Value;

use crate::support::{free_port, locust_python};

const FILE: &str = "tests/fixtures/locust/web/locustfile.py";

/// What we have besides Locust's keys: older versions of Locust had it.
const OURS: [&str; 2] = ["current_response_time_percentile_50", "current_response_time_percentile_95"];

/// Locust, until it is dropped.
struct Locust(Child);

impl Locust {
    fn start(port: u16) -> Self {
        let port = port.to_string();
        let arguments = ["-m", "locust", "-f", FILE, "--web-host", "127.0.0.1", "--web-port", &port];
        let mut process = Process::new(locust_python());
        process.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(process.spawn().unwrap())
    }
}

impl Drop for Locust {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) struct Answered {
    status: String,
    kind: String,
    /// The name of the download, without its moment.
    name: String,
    allow: bool,
    pub(super) body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

fn try_ask(port: u16, method: &str, path: &str, form: &str) -> std::io::Result<Answered> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let kind = match form.strip_prefix("--") {
        Some(_) => "multipart/form-data; boundary=x",
        None => "application/x-www-form-urlencoded",
    };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    let header = |wanted: &str| {
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let mut values = headers.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        values.next().map_or_else(String::new, |(_, value)| value.to_owned())
    };
    let moment = Regex::new(r"\d{4}-\d\d-\d\d-\d\dh\d\d").unwrap();
    Ok(Answered {
        status: head.split(' ').nth(1).unwrap_or_default().to_owned(),
        kind: header("content-type"),
        name: moment.replace(&header("content-disposition"), "MOMENT").into_owned(),
        allow: header("allow").contains("POST"),
        body: body.to_owned(),
    })
}

pub(super) fn ask(port: u16, method: &str, path: &str, form: &str) -> Answered {
    try_ask(port, method, path, form).unwrap()
}

/// Presses a button of Locust's page. Before 2.47 it took GET alone.
pub(super) fn press(port: u16, path: &str) {
    if ask(port, "POST", path, "").status.contains("405") {
        ask(port, "GET", path, "");
    }
}

#[expect(clippy::disallowed_methods, reason = "no runtime runs here")]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("waited for 30 s: {what}");
}

fn unix_now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

/// What the locustfile does.
fn statistics() -> Statistics {
    let began = unix_now() - 6.0;
    let mut statistics = Statistics::new(began, false);
    let row = |name: &str| RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() };
    for number in 0..10 {
        let at = began + 1.0 + f64::from(number) * 0.1;
        statistics.log_request(&row("publish"), at, Some(Number::Float(12.5)), 10);
        statistics.log_request(&row("<b>badé"), at, Some(Number::Float(3.0)), 0);
        statistics.log_error(&row("<b>badé"), at, "it \"failed\"\n\u{1b}[2J");
    }
    statistics.log_exception("local", "oops", "  File \"x\", line 1\n");
    statistics
}

fn offer() -> Offer {
    let class = |name: &str, weight, tasks: &[(&str, f64)]| Class {
        name: name.to_owned(),
        fixed_count: None,
        weight,
        tasks: tasks
            .iter()
            .map(|(name, weight)| Task { name: (*name).to_owned(), weight: *weight, tags: Vec::new() })
            .collect(),
    };
    Offer {
        file: FILE.to_owned(),
        classes: vec![
            class("Device", 2.0, &[("publish", 3.0), ("bad", 1.0)]),
            class("Idle", 1.0, &[("nothing", 1.0)]),
        ],
        ..Offer::default()
    }
}

/// A runner that runs nothing.
async fn run(desk: Desk, mut commands: Commands) {
    desk.log("[2026-11-29 19:53:03,352] host/INFO/mqtt-scenario: The web interface begins");
    let users = |class: &str, alive| ClassUsers { class: class.to_owned(), wanted: alive, alive };
    while let Some(asked) = commands.next().await {
        let (now, answer) = match &asked.command {
            Command::Start(_) => {
                let users = vec![users("Device", 2), users("Idle", 1)];
                let snapshot = Some(Arc::new(statistics().snapshot(unix_now())));
                let run = Now { phase: Phase::Running, run: 1, users, snapshot, ..Now::default() };
                (run, Answer::started())
            }
            Command::Stop => {
                let snapshot = desk.now().snapshot.clone();
                (Now { phase: Phase::Stopped, run: 1, snapshot, ..Now::default() }, Answer::stopped())
            }
            Command::Reset => {
                let snapshot = Some(Arc::new(Statistics::new(unix_now(), false).snapshot(unix_now())));
                (Now { snapshot, ..Now::clone(&desk.now()) }, Answer::reset())
            }
        };
        desk.tell(now);
        asked.answer(Ok(answer));
    }
}

/// The types of a value, with the keys in their order.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(number) if number.is_f64() => "float".to_owned(),
        Value::Number(_) => "int".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(values) => {
            let mut shapes: Vec<_> = values.iter().map(shape).collect();
            shapes.dedup();
            format!("[{}]", shapes.join(", "))
        }
        Value::Object(values) => {
            let shapes: Vec<_> =
                values.iter().map(|(key, value)| format!("{key}: {}", shape(value))).collect();
            format!("{{{}}}", shapes.join(", "))
        }
    }
}

/// Puts its type in the place of what depends on the clock or on the language.
fn settle(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(settle),
        Value::Object(object) => {
            for (key, value) in object {
                let depends = ["total_rps", "total_fail_per_sec", "current_rps", "current_fail_per_sec"]
                    .contains(&key.as_str())
                    || ["first_seen", "last_seen", "traceback"].contains(&key.as_str());
                if depends && !value.is_null() {
                    *value = shape(value).into();
                } else if key == "current_response_time_percentiles" {
                    // In the first seconds there may be none.
                    *value = value.as_object().unwrap().keys().cloned().collect();
                } else {
                    settle(value);
                }
            }
        }
        _ => {}
    }
}

/// Takes away what is ours alone, and what depends on the clock or on the language.
fn comparable(mut value: Value) -> Value {
    if let Value::Object(object) = &mut value {
        for key in OURS {
            object.shift_remove(key);
        }
    }
    settle(&mut value);
    value
}

/// The cells of a CSV file, without the columns that depend on the clock or on the language.
fn cells(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let depends = |heading: &str| {
        ["Requests/s", "Failures/s", "First Seen", "Last Seen", "Traceback"].contains(&heading)
    };
    let kept: Vec<usize> = (0..rows[0].len()).filter(|&at| !depends(&rows[0][at])).collect();
    rows.iter().map(|row| kept.iter().map(|&at| row[at].to_owned()).collect()).collect()
}

/// Asks both the same and compares all but the body.
fn both(ports: [u16; 2], method: &str, path: &str, form: &str) -> [Answered; 2] {
    let answers = ports.map(|port| ask(port, method, path, form));
    let [theirs, ours] = &answers;
    let head =
        |answer: &Answered| (answer.status.clone(), answer.kind.clone(), answer.name.clone(), answer.allow);
    assert_eq!(head(theirs), head(ours), "{method} {path}: Locust's, ours");
    answers
}

/// Compares all that can be read.
fn compare_reads(ports: [u16; 2], when: &str) {
    for path in ["/stats/requests", "/exceptions", "/tasks", "/worker-count"] {
        let [theirs, ours] = both(ports, "GET", path, "");
        let [theirs, ours] = [theirs, ours].map(|answer| comparable(answer.json()));
        assert_eq!(theirs, ours, "{path} {when}");
        // Equal objects may still have other orders.
        assert_eq!(shape(&theirs), shape(&ours), "{path} {when}");
    }
    let [theirs, ours] = both(ports, "GET", "/logs", "");
    assert_eq!(shape(&theirs.json()), shape(&ours.json()), "/logs {when}");
    for path in ["/stats/requests/csv", "/stats/failures/csv", "/exceptions/csv"] {
        let [theirs, ours] = both(ports, "GET", path, "");
        assert_eq!(cells(&theirs.body), cells(&ours.body), "{path} {when}");
    }
    let [theirs, ours] = both(ports, "GET", "/stats/requests_full_history/csv", "");
    assert_eq!(theirs.body, ours.body);
}

#[test]
#[ignore = "needs MQTT_SCENARIO_LOCUST_PYTHON: run by .ci/run"]
fn our_answers_are_locusts_on_every_path() {
    let theirs = free_port();
    let _locust = Locust::start(theirs);
    wait_until("Locust answers", || try_ask(theirs, "GET", "/logs", "").is_ok_and(|it| it.status == "200"));

    let listener = bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let (desk, commands) = Desk::new(offer());
    let guard = Guard::new(listener.local_addr().unwrap(), [], None);
    let server = Server::start(listener, guard.around(locust::routes(desk.clone()))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    thread::spawn(move || runtime.block_on(run(desk, commands)));
    let ports = [theirs, server.address().port()];
    wait_until("the log has a line", || !ask(ports[1], "GET", "/logs", "").body.contains("[]"));

    compare_reads(ports, "before a run");
    for form in [
        "",
        "user_count=3",
        "user_count=-3&spawn_rate=1",
        "user_count=x&spawn_rate=1",
        "user_count=1&spawn_rate=x",
        "user_count=1&spawn_rate=0",
        "user_count=1&spawn_rate=inf",
        "user_count=1&spawn_rate=1&run_time=soon",
        "--x\r\nContent-Disposition: form-data; name=\"user_count\"\r\n\r\n8x\r\n--x--\r\n",
    ] {
        let [theirs, ours] = both(ports, "POST", "/swarm", form);
        assert_eq!(theirs.json(), ours.json(), "/swarm {form}");
        assert_eq!(theirs.body, ours.body, "to the letter");
    }
    for path in ["/swarm", "/stop", "/stats/reset"] {
        both(ports, "GET", path, "");
    }
    both(ports, "POST", "/stats/requests", "");
    both(ports, "GET", "/no/such/path", "");

    let [theirs_said, ours_said] =
        both(ports, "POST", "/swarm", "user_count=3&spawn_rate=3&run_time=5m&profile=");
    assert_eq!(theirs_said.body, ours_said.body);
    wait_until("Locust has all", || {
        let stats = ask(theirs, "GET", "/stats/requests", "").json();
        let exceptions = ask(theirs, "GET", "/exceptions", "").json();
        stats["stats"].as_array().unwrap().last().unwrap()["num_requests"] == 20
            && stats["state"] == "running"
            && exceptions["exceptions"].as_array().unwrap().len() == 1
    });
    compare_reads(ports, "in a run");

    let [theirs_said, ours_said] = both(ports, "POST", "/stats/reset", "");
    assert_eq!(theirs_said.body, ours_said.body);
    let [theirs_said, ours_said] = both(ports, "POST", "/stop", "");
    assert_eq!(theirs_said.body, ours_said.body);
    wait_until("Locust has stopped", || {
        ask(theirs, "GET", "/stats/requests", "").json()["state"] == "stopped"
    });
    let ours_now = ask(ports[1], "GET", "/stats/requests", "").json();
    assert_eq!((&ours_now["state"], &ours_now["user_count"]), (&"stopped".into(), &0.into()));
    server.stop();
}
