//! A real Prometheus scrapes a run, and answers every query of the dashboard with the numbers of the CSV files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use mqtt_scenario::report::csv::state::StateFile;
use mqtt_scenario::stats::fine::{FineTimes, LatencySummary};
use mqtt_scenario::stats::health::{Health, HealthSecond, Saturation};
use mqtt_scenario::stats::recorder::Recorder;
use mqtt_scenario::stats::result::RunResult;
use mqtt_scenario::stats::result::deliveries::{Deliveries, DeliveryRow, DuplicatesResult, LostResult};
use mqtt_scenario::stats::statistics::Statistics;
use mqtt_scenario::stats::{RowKey, UnixMicros};
use mqtt_scenario::web::desk::Desk;
use mqtt_scenario::web::guard::Guard;
use mqtt_scenario::web::metrics::scrapers::Scrapers;
use mqtt_scenario::web::metrics::totals::Totals;
use mqtt_scenario::web::now::{ClassUsers, Now, Phase, Resources, StageNow};
use mqtt_scenario::web::offer::Offer;
use mqtt_scenario::web::server::Server;
use mqtt_scenario::web::site;

use crate::support::{free_port, locust_python};

/// Seconds of the run; Prometheus scrapes every second of them.
const SECONDS: u64 = 8;

/// A name with everything that an exposition must escape.
const ODD: &str = "say \"hi\" \\ and\nbye";

/// Prometheus, until it is dropped.
struct Prometheus {
    process: Child,
    port: u16,
    _dir: TempDir,
}

impl Prometheus {
    fn start(target: u16, flags: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let config = dir.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs:\n  - job_name: load\n    static_configs:\n      - targets: ['127.0.0.1:{target}']\n"
        );
        fs::write(&config, text).unwrap();
        let port = free_port();
        let process = Command::new("/usr/bin/prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, port, _dir: dir }
    }

    /// The result of a query of the HTTP API.
    fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let query: Vec<String> =
            parameters.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        let path = format!("/api/v1/{path}?{}", query.join("&"));
        let answer = get(self.port, &path, "").unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        answer["data"].clone()
    }

    /// Whether it has scraped something.
    fn scrapes(&self) -> bool {
        !self.values("up == 1", unix_now()).is_empty()
    }

    /// The values of an instant query by the labels of each series.
    fn values(&self, query: &str, time: f64) -> BTreeMap<(String, String), f64> {
        let data = self.ask("query", &[("query", query), ("time", &time.to_string())]);
        let series = data["result"].as_array().unwrap().iter();
        let label = |of: &Value, name: &str| of["metric"][name].as_str().unwrap_or_default().to_owned();
        series.map(|it| ((label(it, "type"), label(it, "name")), number(&it["value"][1]))).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(byte.into());
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}

/// The body of an answer 200.
fn get(port: u16, path: &str, accept: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let head = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: {accept}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    if head.split(' ').nth(1) != Some("200") {
        return Err(std::io::Error::other(text));
    }
    Ok(body.to_owned())
}

fn unix_now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

/// A run of which each second has the same requests.
struct Run {
    desk: Desk,
    scrapers: Scrapers,
    recorder: Recorder,
    statistics: Statistics,
    start: UnixMicros,
}

impl Run {
    fn new() -> (Self, Server) {
        let (desk, _commands) = Desk::new(Offer { scenario: "peak hour".to_owned(), ..Offer::default() });
        let start = UnixMicros(0);
        let (recorder, statistics) = (Recorder::new(start, &[], false), Statistics::new(0.0, false));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let guard = Guard::new(listener.local_addr().unwrap(), [], None);
        let scrapers = Scrapers::default();
        let site = site::metrics(desk.clone(), scrapers.clone());
        let server = Server::start(listener, guard.around(site)).unwrap();
        let mut run = Self { desk, scrapers, recorder, statistics, start };
        run.begin();
        (run, server)
    }

    /// What was counted is forgotten, and the run begins now.
    fn begin(&mut self) {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        self.start = UnixMicros(since_epoch.as_micros().try_into().unwrap());
        self.recorder = Recorder::new(self.start, &[], false);
        self.statistics = Statistics::new(self.start.as_secs_f64(), false);
    }

    /// One second of requests: 200 of `publish` of 1.5 to 20.5 ms, ten of [`ODD`] of which three fail, 50 measured messages.
    fn second(&mut self, second: u64) {
        let row = |name: &str| RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() };
        let (publish, odd, alarms) = (
            self.recorder.row(&row("publish")),
            self.recorder.row(&row(ODD)),
            self.recorder.row(&row("alarms")),
        );
        let at = |n: u64| UnixMicros(self.start.0 + (second - 1) * 1_000_000 + 1 + n * 1_000);
        for n in 0..200 {
            self.recorder.record(publish, at(n), Some((n % 20) * 1_000_000 + 1_500_000), 10);
        }
        for n in 0..10 {
            if n < 3 {
                self.recorder.record_failure(odd, at(n), Some(400_000), 1, "refused");
            } else {
                self.recorder.record(odd, at(n), Some(600_000), 1);
            }
        }
        for n in 0..50 {
            self.recorder.record_measured(alarms, at(n), 30_000_000, 10);
            self.recorder.received(10);
        }
        self.recorder.connection_opened(at(0));
        if second > 4 {
            self.recorder.connection_ended(at(0));
        }
        let until = UnixMicros(self.start.0 + second * 1_000_000);
        self.statistics.merge(vec![self.recorder.take(until)]);
    }

    fn now(&self, phase: Phase, second: u64) -> Now {
        let alive = u32::try_from(second).unwrap();
        let lag = LatencySummary {
            count: 9,
            min_ms: 0.1,
            mean_ms: 0.2,
            p50_ms: 0.2,
            p90_ms: 0.5,
            p95_ms: 0.7,
            p99_ms: 1.5,
            p999_ms: 2.0,
            max_ms: 2.5,
        };
        let is_over = phase == Phase::Stopped;
        let limit = (3..=4).contains(&second).then_some(Saturation::SendLag(Duration::from_millis(9)));
        Now {
            phase,
            run: 1,
            run_id: "4f1c".to_owned(),
            started: Some(self.start.as_secs_f64()),
            elapsed: Duration::from_secs(second),
            totals: (is_over || self.desk.wants_totals()).then(|| Arc::new(Totals::of(&self.statistics))),
            result: is_over
                .then(|| Arc::new(RunResult { end_to_end: Some(deliveries()), ..RunResult::default() })),
            users: vec![ClassUsers { class: "device".to_owned(), wanted: 8, alive }],
            users_wanted: 8,
            connected: self.statistics.connections().open(),
            stage: Some(StageNow {
                name: if second < 5 { "warm up" } else { "peak" }.to_owned(),
                number: if second < 5 { 1 } else { 2 },
                of: 2,
                ..StageNow::default()
            }),
            health: Health {
                limit,
                limited_seconds: u64::from(second > 2),
                send_lag: Some(lag),
                ..Health::default()
            },
            second: HealthSecond { send_lag_p99_ms: Some(0.5), ..HealthSecond::default() },
            resources: Resources { cpu_cores: Some(0.5), memory_bytes: Some(50_000_000) },
            sent_bytes: Some(second * 4_000),
            received_bytes: Some(second * 2_000),
            ..Now::default()
        }
    }
}

fn deliveries() -> Deliveries {
    let row = DeliveryRow {
        request_type: "MQTT".to_owned(),
        name: "alarms".to_owned(),
        expected: 410,
        received: 400,
        lost: LostResult { total: 10, qos_0: 7, unexplained: 3, ..LostResult::default() },
        duplicates: DuplicatesResult { total: 2, redelivered: 2, ..DuplicatesResult::default() },
        reordered: 5,
        unsettled: 1,
        ..DeliveryRow::default()
    };
    Deliveries { rows: vec![row], complete: true }
}

fn dashboard() -> Value {
    serde_json::from_str(&fs::read_to_string("docs/grafana/mqtt-scenario.json").unwrap()).unwrap()
}

/// The variables of the dashboard that Prometheus fills: of which series they are a label, and which one.
fn variables_of_the_dashboard() -> Vec<(String, String)> {
    let dashboard = dashboard();
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let queries = variables.filter_map(|variable| variable["query"]["query"].as_str());
    let parts = queries.map(|query| {
        let inner = query.strip_prefix("label_values(").unwrap().strip_suffix(')').unwrap();
        let (series, label) = inner.rsplit_once(", ").unwrap();
        (with_any(series), label.to_owned())
    });
    parts.collect()
}

/// A query for whatever is chosen in the variables.
fn with_any(query: &str) -> String {
    let mut query = query.replace("$__rate_interval", "4s");
    for variable in ["$job", "$instance", "$type", "$name"] {
        query = query.replace(variable, ".*");
    }
    assert!(!query.contains('$'), "{query}");
    query
}

/// Every query of the dashboard's panels and marks, with the title of what it is for.
fn queries_of_the_dashboard() -> Vec<(String, String)> {
    let dashboard = dashboard();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries.push((panel["title"].to_string(), target["expr"].as_str().unwrap().to_owned()));
        }
    }
    for mark in dashboard["annotations"]["list"].as_array().unwrap() {
        queries.push((mark["name"].to_string(), mark["expr"].as_str().unwrap().to_owned()));
    }
    queries.into_iter().map(|(title, query)| (title, with_any(&query))).collect()
}

/// `(type, name)` → requests, failures and average response time of the rows of a stats file.
fn rows_of_csv(text: &str) -> BTreeMap<(String, String), (f64, f64, f64)> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().unwrap().clone();
    let at = |name: &str| headings.iter().position(|heading| heading == name).unwrap();
    let columns = ["Request Count", "Failure Count", "Average Response Time"].map(at);
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let [requests, failures, average] = columns.map(|column| row[column].parse().unwrap());
        ((row[0].to_owned(), row[1].to_owned()), (requests, failures, average))
    });
    rows.filter(|((_, name), _)| name != "Aggregated").collect()
}

fn near(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= b.abs() * share
}

#[tokio::test]
#[ignore = "needs Debian's prometheus: run by .ci/run"]
async fn prometheus_answers_every_query_of_the_dashboard_with_the_numbers_of_the_csv_files() {
    let (mut run, server) = Run::new();
    let target = server.address().port();
    let classic = Prometheus::start(target, &[]);
    let native = Prometheus::start(target, &["--enable-feature=native-histograms"]);
    // It takes some seconds until the first scrape. The run begins then, and counts from its own beginning.
    for prometheus in [&classic, &native] {
        let scrapes = async {
            while get(prometheus.port, "/-/ready", "").is_err() || !prometheus.scrapes() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), scrapes).await.expect("Prometheus scrapes");
    }
    run.begin();
    for second in 1..=SECONDS {
        run.second(second);
        // Scrapes wait for a tick, and they time out after a second.
        for _ in 0..4 {
            run.desk.tell(run.now(Phase::Running, second));
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
    let during = unix_now();
    run.desk.tell(run.now(Phase::Stopped, SECONDS));
    let told = unix_now();
    tokio::time::timeout(Duration::from_secs(10), run.scrapers.know_the_end(1, |_| {}))
        .await
        .expect("the last scrape");
    // The other Prometheus, and what the first one has not written down yet.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let time = unix_now();

    let started = run.start.as_secs_f64();
    for (name, prometheus) in [("classic", &classic), ("native", &native)] {
        for (title, query) in queries_of_the_dashboard() {
            let parameters = [
                ("query", &*query),
                ("start", &started.to_string()),
                ("end", &time.to_string()),
                ("step", "1"),
            ];
            let data = prometheus.ask("query_range", &parameters);
            let series = data["result"].as_array().unwrap();
            let values = series.iter().flat_map(|one| one["values"].as_array().unwrap());
            let known = values.filter(|value| number(&value[1]).is_finite()).count();
            assert!(known > 0, "{name}, {title}: {query} has no value");
        }
    }

    let variables = variables_of_the_dashboard();
    assert_eq!(variables.len(), 4);
    for (series, label) in variables {
        let values = classic.ask(&format!("label/{label}/values"), &[("match[]", &series)]);
        assert!(values.as_array().is_some_and(|values| !values.is_empty()), "{label} of {series}");
    }

    let snapshot = run.statistics.snapshot(told);
    let rows = rows_of_csv(&StateFile::Stats.text(&snapshot));
    assert_eq!(rows.len(), 3);
    for (prometheus, is_native) in [(&classic, false), (&native, true)] {
        let of = |metric: &str| prometheus.values(&format!("mqtt_scenario_{metric}"), time);
        let (requests, failures) = (of("requests_total"), of("failures_total"));
        assert_eq!(requests.len(), rows.len());
        let content: f64 = of("content_bytes_total").values().sum();
        assert!(near(content, SECONDS as f64 * f64::from(200 * 10 + 10 + 50 * 10), 0.0), "{content}");
        for (row, (counted, failed, _)) in &rows {
            assert_eq!(
                (requests[row].to_bits(), failures[row].to_bits()),
                (counted.to_bits(), failed.to_bits()),
                "{row:?}"
            );
        }
        for (metric, names) in [("response_time_seconds", 2), ("end_to_end_time_seconds", 1)] {
            let [sum, count] = ["sum", "count"].map(|what| {
                if is_native {
                    prometheus.values(&format!("histogram_{what}(mqtt_scenario_{metric})"), time)
                } else {
                    of(&format!("{metric}_{what}"))
                }
            });
            assert_eq!(sum.len(), names, "{metric}");
            for (row, sum) in &sum {
                let average = rows[row].2;
                assert!(near(sum / count[row] * 1e3, average, 1e-9), "{row:?}: {sum} of {average}");
            }
        }
        assert_eq!(of("run_info").len(), 1);
        assert!(near(of("deliveries_lost_total{cause=\"qos_0\"}").values().sum(), 7.0, 0.0));
        // 200 requests a second, whatever the moments of the scrapes were.
        let rate = "sum(rate(mqtt_scenario_requests_total{name=\"publish\"}[4s]))";
        let rate: f64 = prometheus.values(rate, during).values().sum();
        assert!(near(rate, 200.0, 0.35), "{rate}");
    }
    // The median is 10.5 ms. Native buckets are 9 % wide, and the classic one goes from 10 to 20 ms.
    let p50 = |prometheus: &Prometheus, suffix: &str| {
        let by = if suffix.is_empty() { "" } else { ", le" };
        let query = format!(
            "histogram_quantile(0.5, sum by (type, name{by}) (mqtt_scenario_response_time_seconds{suffix}{{name=\"publish\"}}))"
        );
        prometheus.values(&query, time).values().sum::<f64>() * 1e3
    };
    let exact = run.statistics.row_times(&RowKey { request_type: "MQTT".into(), name: "publish".into() });
    let exact = exact.and_then(|times: &FineTimes| times.percentile_ms(50.0)).unwrap();
    assert!(near(p50(&native, ""), exact, 0.09), "{} is not {exact}", p50(&native, ""));
    assert!((10.0..=20.0).contains(&p50(&classic, "_bucket")), "{}", p50(&classic, "_bucket"));
    server.stop();
}

/// What a program printed that read this text and found no fault in it.
fn read_by(program: &mut Command, text: &str) -> Vec<u8> {
    let program = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut reader = program.spawn().unwrap();
    reader.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[tokio::test]
#[ignore = "needs Debian's promtool and PyPI's prometheus_client: run by .ci/run"]
async fn other_readers_read_both_texts_and_find_nothing_to_blame() {
    let (mut run, server) = Run::new();
    run.second(1);
    run.desk.tell(run.now(Phase::Stopped, 1));
    let [openmetrics, plain] = ["application/openmetrics-text;version=1.0.0", "text/plain"]
        .map(|accept| get(server.address().port(), "/metrics", accept).unwrap());
    read_by(Command::new("/usr/bin/promtool").args(["check", "metrics"]), &plain);
    let [openmetrics, plain] = [("openmetrics", openmetrics), ("text", plain)].map(|(parser, text)| {
        let read =
            read_by(Command::new(locust_python()).args(["tests/fixtures/read_metrics.py", parser]), &text);
        serde_json::from_slice::<BTreeMap<String, f64>>(&read).unwrap()
    });
    assert!(plain.keys().any(|name| name.contains("say \"hi\"")), "{plain:?}");
    assert_eq!(openmetrics, plain);
    server.stop();
}
