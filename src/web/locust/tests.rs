use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::stats::RowKey;
use crate::stats::number::Number;
use crate::stats::result::row::Times;
use crate::stats::result::testing;
use crate::stats::snapshot::{Live, LiveRow};
use crate::stats::statistics::Statistics;
use crate::web::command::{Answer, Command, Refusal, Start};
use crate::web::desk::Commands;
use crate::web::guard::Guard;
use crate::web::now::{ClassUsers, Phase};
use crate::web::offer::{Class, Offer, OfferedStage, Setting, Task};
use crate::web::testing::{Answered, ask, get};

fn row(name: &str) -> RowKey {
    RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() }
}

fn offer() -> Offer {
    let class = |name: &str, tasks: &[(&str, f64)]| Class {
        name: name.to_owned(),
        weight: 1.0,
        tasks: tasks
            .iter()
            .map(|(name, weight)| Task { name: (*name).to_owned(), weight: *weight, ..Task::default() })
            .collect(),
        ..Class::default()
    };
    Offer {
        file: "scenarios/peak.toml".to_owned(),
        classes: vec![class("device", &[("publish", 3.0), ("bad", 1.0)]), class("idle", &[("nothing", 1.0)])],
        settings: vec![Setting { key: "vars.topic".to_owned(), value: "a".to_owned() }],
        ..Offer::default()
    }
}

/// The same events as those of the peer in `tests/peers/web.rs`.
fn statistics() -> Statistics {
    let mut statistics = Statistics::new(1_000.0, false);
    for second in 0..5 {
        let at = 1_000.5 + f64::from(second);
        statistics.log_request(&row("publish"), at, Some(Number::Float(12.5)), 10);
        statistics.log_request(&row("bad"), at, Some(Number::Float(3.0)), 0);
        statistics.log_error(&row("bad"), at, "it failed");
    }
    statistics.log_exception("local", "oops", "  File \"x\", line 1\n");
    statistics
}

fn running(statistics: &Statistics) -> Now {
    let users = |class: &str, alive| ClassUsers { class: class.to_owned(), wanted: alive, alive };
    let all = LiveRow {
        key: Arc::new(row("")),
        requests: 10,
        failures: 5,
        requests_in_second: 2,
        failures_in_second: 1,
        recent: Some(Times {
            p50: 147.0,
            p95: 3_432.0,
            ..testing::row("x", &[1], &[]).response_times_ms.unwrap()
        }),
    };
    Now {
        phase: Phase::Running,
        run: 1,
        started: Some(1_000.0),
        snapshot: Some(Arc::new(statistics.snapshot(1_010.0))),
        live: Some(Arc::new(Live { rows: Vec::new(), rows_in_all: 2, all })),
        users: vec![users("device", 2), users("idle", 1)],
        result: Some(Arc::new(testing::result(vec![testing::row("publish", &[12_500], &[])]))),
        ..Now::default()
    }
}

fn site(now: Now) -> (Router, Desk, Commands) {
    let (desk, commands) = Desk::new(offer());
    desk.tell(now);
    let guard = Guard::new("127.0.0.1:8089".parse().unwrap(), [], None);
    (guard.around(routes(desk.clone())), desk, commands)
}

fn json_of(answer: &Answered) -> Value {
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    serde_json::from_str(&answer.text).unwrap()
}

async fn post_form(site: &Router, path: &str, form: &str) -> Answered {
    let kind = ("content-type", "application/x-www-form-urlencoded");
    ask(site, "POST", path, &[("host", "localhost"), kind], form).await
}

#[tokio::test]
async fn stats_are_locusts_to_the_letter() {
    let (site, ..) = site(running(&statistics()));
    insta::assert_snapshot!(get(&site, "/stats/requests").await.text);
}

#[tokio::test]
async fn before_the_first_run_everything_is_there_and_zero() {
    let (site, ..) = site(Now::default());
    insta::assert_snapshot!(get(&site, "/stats/requests").await.text);
    assert_eq!(json_of(&get(&site, "/exceptions").await), json!({ "exceptions": [] }));
    assert_eq!(json_of(&get(&site, "/logs").await), json!({ "master": [], "workers": {} }));
    assert_eq!(json_of(&get(&site, "/worker-count").await), json!({ "worker_count": 0 }));
    let csv = get(&site, "/stats/requests/csv").await.text;
    assert!(
        csv.ends_with(&format!("{}{}\r\n", ",Aggregated,0,0,0,0.0,0,0,0,0.0,0.0", ",N/A".repeat(11))),
        "{csv}"
    );
    for path in ["/stats/report", "/result.json"] {
        assert_eq!(get(&site, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn no_more_than_500_rows_and_failures_are_shown_and_aggregated_counts_all() {
    let mut statistics = Statistics::new(1.0, false);
    for number in 0..502 {
        let row = row(&format!("row {number:03}"));
        statistics.log_request(&row, 2.0, Some(Number::Float(1.0)), 0);
        statistics.log_error(&row, 2.0, "no");
    }
    let (site, ..) = site(running(&statistics));
    let stats = json_of(&get(&site, "/stats/requests").await);
    assert_eq!(stats["stats"].as_array().unwrap().len(), 501);
    assert_eq!(stats["stats"][499]["name"], "row 499");
    assert_eq!(
        (&stats["stats"][500]["name"], &stats["stats"][500]["num_requests"]),
        (&json!("Aggregated"), &json!(502))
    );
    assert_eq!(stats["errors"].as_array().unwrap().len(), 500);
    assert_eq!(stats["errors"][0]["name"], "row 000", "as they were first seen");
}

#[tokio::test]
async fn percentiles_of_the_files_do_not_change_those_of_the_page() {
    let statistics = statistics().with_percentiles("0.25".parse().unwrap());
    let (site, ..) = site(running(&statistics));
    let stats = json_of(&get(&site, "/stats/requests").await);
    assert_eq!(stats["stats"][1]["response_time_percentile_0.95"], 12);
}

#[tokio::test]
async fn a_run_that_is_over_has_no_current_percentiles() {
    let (site, ..) = site(Now { phase: Phase::Stopped, users: Vec::new(), ..running(&statistics()) });
    let stats = json_of(&get(&site, "/stats/requests").await);
    assert_eq!(stats["current_response_time_percentiles"]["response_time_percentile_0.5"], Value::Null);
    assert_eq!((&stats["state"], &stats["user_count"]), (&json!("stopped"), &json!(0)));
}

/// What the public `locust_exporter` (of `ContainerSolutions`) reads of `/stats/requests`, in the versions that read
/// `current_response_time_percentile_95` and in those that read `current_response_time_percentiles`. Go's `int` takes no
/// number with a point, and its `float64` takes `null` as nothing.
#[derive(Debug, Deserialize)]
struct Exporter {
    stats: Vec<ExporterRow>,
    errors: Vec<ExporterError>,
    total_rps: f64,
    fail_ratio: f64,
    current_response_time_percentile_95: Option<f64>,
    current_response_time_percentile_50: Option<f64>,
    current_response_time_percentiles: ExporterPercentiles,
    state: String,
    user_count: i64,
    #[serde(default)]
    worker_count: i64,
    #[serde(default)]
    workers: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct ExporterPercentiles {
    #[serde(rename = "response_time_percentile_0.95")]
    p95: Option<f64>,
    #[serde(rename = "response_time_percentile_0.5")]
    p50: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct ExporterRow {
    method: String,
    name: String,
    num_requests: i64,
    num_failures: i64,
    avg_response_time: f64,
    current_fail_per_sec: f64,
    min_response_time: f64,
    max_response_time: f64,
    current_rps: f64,
    median_response_time: f64,
    avg_content_length: f64,
    #[serde(rename = "response_time_percentile_0.99")]
    p99: f64,
    #[serde(rename = "response_time_percentile_0.95")]
    p95: f64,
}

#[derive(Debug, Deserialize)]
struct ExporterError {
    method: String,
    name: String,
    error: String,
    occurrences: i64,
}

fn texts<const N: usize>(numbers: [f64; N]) -> [String; N] {
    numbers.map(|number| format!("{number:?}"))
}

#[tokio::test]
async fn the_public_exporter_reads_all_its_numbers() {
    for now in
        [Now::default(), running(&statistics()), Now { phase: Phase::Stopped, ..running(&statistics()) }]
    {
        let (site, ..) = site(now);
        let _: Exporter = serde_json::from_str(&get(&site, "/stats/requests").await.text).unwrap();
    }
    let (site, ..) = site(running(&statistics()));
    let read: Exporter = serde_json::from_str(&get(&site, "/stats/requests").await.text).unwrap();
    assert_eq!((&*read.state, read.user_count, read.worker_count, read.workers.len()), ("running", 3, 0, 0));
    assert_eq!(texts([read.fail_ratio, read.total_rps]), ["0.5", "2.2222222222222223"]);
    let current = [
        read.current_response_time_percentile_50,
        read.current_response_time_percentile_95,
        read.current_response_time_percentiles.p50,
        read.current_response_time_percentiles.p95,
    ];
    assert_eq!(
        texts(current.map(Option::unwrap)),
        ["150.0", "3400.0", "150.0", "3400.0"],
        "Locust's buckets"
    );
    let [bad, publish, all] = &read.stats[..] else { panic!("{:?}", read.stats) };
    assert_eq!((&*bad.method, &*bad.name, bad.num_requests, bad.num_failures), ("MQTT", "bad", 5, 5));
    assert_eq!((&*all.method, &*all.name, all.num_requests, all.num_failures), ("", "Aggregated", 10, 5));
    let times = [publish.avg_response_time, publish.min_response_time, publish.max_response_time];
    assert_eq!(texts(times), ["12.5", "13.0", "13.0"]);
    let others = [publish.median_response_time, publish.p95, publish.p99, publish.avg_content_length];
    assert_eq!(texts(others), ["12.5", "12.0", "12.0", "10.0"]);
    assert!(bad.current_rps > 0.0 && bad.current_fail_per_sec > 0.0);
    let [error] = &read.errors[..] else { panic!("{:?}", read.errors) };
    assert_eq!(
        (&*error.method, &*error.name, &*error.error, error.occurrences),
        ("MQTT", "bad", "it failed", 5)
    );
}

#[tokio::test]
async fn tasks_have_the_shares_of_users_that_live() {
    let (site, ..) = site(running(&statistics()));
    let task = |ratio: f64| json!({ "ratio": ratio });
    assert_eq!(
        json_of(&get(&site, "/tasks").await),
        json!({
            "per_class": {
                "device": { "ratio": 2.0 / 3.0, "tasks": { "bad": task(0.25), "publish": task(0.75) } },
                "idle": { "ratio": 1.0 / 3.0, "tasks": { "nothing": task(1.0) } },
            },
            "total": {
                "device": { "ratio": 2.0 / 3.0, "tasks": { "bad": task(0.5 / 3.0), "publish": task(0.5) } },
                "idle": { "ratio": 1.0 / 3.0, "tasks": { "nothing": task(1.0 / 3.0) } },
            },
        })
    );
}

#[tokio::test]
async fn what_is_posted_reaches_the_runner_and_its_word_the_visitor() {
    let (site, _desk, mut commands) = site(Now::default());
    let runner = async {
        let mut seen = Vec::new();
        for answer in [
            Ok(Answer::started()),
            Ok(Answer::stopped()),
            Ok(Answer::reset()),
            Err(Refusal::No("no <b>".to_owned())),
            Err(Refusal::No("no <b>".to_owned())),
            Err(Refusal::No("no <b>".to_owned())),
        ] {
            let asked = commands.next().await.unwrap();
            seen.push(asked.command.clone());
            asked.answer(answer);
        }
        seen
    };
    let form = "user_count=80&spawn_rate=2.5&run_time=1h30m&host=mqtt%3A%2F%2Fb&user_classes=idle&user_classes=device\
                &tags=a,b&tags=c&exclude_tags=&vars.topic=a&vars.topic=b&vars.other=x&profile=";
    let visitor = async {
        let answer = post_form(&site, "/swarm", form).await;
        assert_eq!(
            answer.text,
            "{\n  \"host\": \"mqtt://b\",\n  \"message\": \"Swarming started\",\n  \"run_time\": 5400,\n  \
             \"success\": true,\n  \"user_classes\": [\n    \"device\",\n    \"idle\"\n  ]\n}\n"
        );
        let stopped = json_of(&post_form(&site, "/stop", "").await);
        assert_eq!(stopped, json!({ "message": "Test stopped", "success": true }));
        let reset = post_form(&site, "/stats/reset", "").await;
        assert_eq!((reset.text.as_str(), reset.header("content-type")), ("ok", "text/html; charset=utf-8"));

        let refused = json_of(&post_form(&site, "/swarm", "user_count=1&spawn_rate=1").await);
        assert_eq!(refused, json!({ "host": null, "message": "no <b>", "success": false }));
        let refused = json_of(&post_form(&site, "/stop", "").await);
        assert_eq!(refused, json!({ "message": "no <b>", "success": false }));
        let refused = post_form(&site, "/stats/reset", "").await;
        assert_eq!((refused.status, &*refused.text), (StatusCode::SERVICE_UNAVAILABLE, "no &lt;b>"));
    };
    let (seen, ()) = tokio::join!(runner, visitor);
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let start = Start {
        users: Some(80),
        spawn_rate: Some(2.5),
        run_time: Some(Duration::from_mins(90)),
        host: Some("mqtt://b".to_owned()),
        user_classes: names(&["idle", "device"]),
        tags: names(&["a", "b", "c"]),
        exclude_tags: None,
        settings: vec![("vars.topic".to_owned(), "b".to_owned())],
        unknown: vec!["vars.other".to_owned()],
        of_stages: Vec::new(),
    };
    assert_eq!(seen[..3], [Command::Start(start), Command::Stop, Command::Reset]);
}

#[tokio::test]
async fn a_change_of_a_run_that_goes_on_tells_what_holds_and_not_what_was_asked_for() {
    let now = Now { host: "mqtt://ours".to_owned(), ..running(&statistics()) };
    let (site, _desk, mut commands) = site(now);
    let runner = async {
        let asked = commands.next().await.unwrap();
        asked.answer(Ok(Answer::changed().adding("The host stays.")));
    };
    let form = "user_count=8&spawn_rate=2&host=theirs&run_time=5&user_classes=idle";
    let (answer, ()) = tokio::join!(post_form(&site, "/swarm", form), runner);
    let told =
        json!({ "host": "mqtt://ours", "message": "Swarming started. The host stays.", "success": true });
    assert_eq!(json_of(&answer), told);
}

#[tokio::test]
async fn a_form_may_come_in_parts_and_a_body_without_a_form_has_no_fields() {
    let (site, _desk, mut commands) = site(Now::default());
    let parts = "--x\r\nContent-Disposition: form-data; name=\"user_count\"\r\n\r\n8\r\n\
                 --x\r\nContent-Disposition: form-data; name=\"spawn_rate\"\r\n\r\n2\r\n--x--\r\n";
    let post = async |kind: &[(&str, &str)], body: &str| {
        ask(&site, "POST", "/swarm", &[&[("host", "localhost")], kind].concat(), body).await
    };
    let kind = [("content-type", "multipart/form-data; boundary=x")];
    let runner = async {
        let asked = commands.next().await.unwrap();
        assert_eq!(
            asked.command,
            Command::Start(Start { users: Some(8), spawn_rate: Some(2.0), ..Start::default() })
        );
        asked.answer(Ok(Answer::started()));
    };
    let (answer, ()) = tokio::join!(post(&kind, parts), runner);
    assert_eq!(json_of(&answer)["success"], true);

    for kind in [&[("content-type", "application/json")][..], &[]] {
        let answer = post(kind, "{\"user_count\": 8, \"spawn_rate\": 2}").await;
        assert!(json_of(&answer)["message"].as_str().unwrap().starts_with("Missing"), "{kind:?}");
    }
    assert!(commands.next().now_or_never().flatten().is_none());
}

#[test]
fn a_form_that_cannot_be_meant_is_refused_in_locusts_words() {
    let read = |fields: &[(&str, &str)], offer: &Offer| {
        let fields: Vec<_> =
            fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        swarm::read(&fields, offer, false)
    };
    let good = [("user_count", "3"), ("spawn_rate", "1")];
    let missing = "Missing or invalid user_count or spawn_rate from /swarm request";
    for (fields, message) in [
        (&[][..], missing),
        (&[("user_count", "3")], missing),
        (&[("user_count", "-1"), ("spawn_rate", "1")], missing),
        (&[("user_count", "99999999999"), ("spawn_rate", "1")], missing),
        (&[("user_count", "3"), ("spawn_rate", "0")], missing),
        (&[("user_count", "3"), ("spawn_rate", "inf")], missing),
        (&[("user_count", "3"), ("spawn_rate", "nan")], missing),
        (&[("user_count", "x")], "Invalid user_count value: 'x' (must be an integer)"),
        (&[("user_count", "\u{1b}[2J\n")], "Invalid user_count value: '\\u{1b}[2J\\n' (must be an integer)"),
        (&[("spawn_rate", "fast")], "Invalid spawn_rate value: 'fast' (must be a number)"),
        (&[("run_time", "soon")], "Valid run_time formats are : 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc."),
        (&[("user_classes", "nobody")], "There is no user class 'nobody': choose of device, idle"),
    ] {
        assert_eq!(read(fields, &offer()), Err(message.to_owned()), "{fields:?}");
    }
    let long = "9".repeat(99);
    assert_eq!(
        read(&[("user_count", &long)], &offer()),
        Err(format!("Invalid user_count value: '{}…' (must be an integer)", &long[..60]))
    );
    let start = read(&[&good[..], &[("run_time", "0"), ("host", "")]].concat(), &offer()).unwrap();
    assert_eq!(start, Start { users: Some(3), spawn_rate: Some(1.0), ..Start::default() });

    let stage = OfferedStage { name: "peak".to_owned(), users: 5, length: None };
    assert_eq!(
        read(&[("usercount", "3"), ("spawn_rate", "1")], &offer()),
        Err(format!("{missing}. Not understood, so it changes nothing: usercount"))
    );

    let staged = Offer { stages: vec![stage], ..offer() };
    assert_eq!(read(&[], &staged), Ok(Start::default()), "stages have their own users");
    // As in Locust with a shape, what is given is passed over; the answer says so.
    let of_stages = vec!["user_count".to_owned()];
    assert_eq!(read(&[("user_count", "-1")], &staged), Ok(Start { of_stages, ..Start::default() }));
    assert!(
        read(&[("user_count", "0"), ("spawn_rate", "1")], &offer()).unwrap_err().contains("at least 1 user")
    );
}

#[tokio::test]
async fn what_changes_something_takes_a_post_alone() {
    let (site, ..) = site(Now::default());
    for path in ["/swarm", "/stop", "/stats/reset"] {
        for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
            let answer = ask(&site, method, path, &[("host", "localhost")], "").await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.header("allow"), "POST");
        }
    }
    for path in ["/stats/requests", "/stats/report", "/logs", "/result.json"] {
        let answer = ask(&site, "POST", path, &[("host", "localhost")], "").await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"),
            "{path}"
        );
    }
    let nothing = get(&site, "/nothing?%3Cscript%3E").await;
    assert_eq!(
        (nothing.status, nothing.header("content-type")),
        (StatusCode::NOT_FOUND, "text/html; charset=utf-8")
    );
    assert!(!nothing.text.contains("script"));
}

#[tokio::test]
async fn files_are_those_of_the_report_and_named_as_locusts() {
    let statistics = statistics();
    let (site, desk, _commands) = site(running(&statistics));
    let snapshot = statistics.snapshot(1_010.0);
    for (path, file, name) in [
        ("/stats/requests/csv", StateFile::Stats, "requests"),
        ("/stats/failures/csv", StateFile::Failures, "failures"),
        ("/exceptions/csv", StateFile::Exceptions, "exceptions"),
    ] {
        let answer = get(&site, path).await;
        assert_eq!((answer.text.clone(), answer.header("content-type")), (file.text(&snapshot), "text/csv"));
        let wanted = format!("attachment;filename=Locust_1970-01-01-00h16_peak.toml_{name}.csv");
        assert_eq!(answer.header("content-disposition"), wanted);
    }
    desk.begin_history("Timestamp\r\n");
    let history = get(&site, "/stats/history/csv").await;
    assert_eq!((&*history.text, history.header("content-type")), ("Timestamp\r\n", "text/csv"));
    assert_eq!(
        history.header("content-disposition"),
        "attachment;filename=Locust_1970-01-01-00h16_peak.toml_requests_history.csv"
    );
    let shown = get(&site, "/stats/report").await;
    assert!(shown.text.contains("peak hour") && shown.header("content-disposition").is_empty());
    assert!(shown.header("content-security-policy").starts_with("sandbox allow-scripts; default-src 'none'"));
    let saved = get(&site, "/stats/report?download=1&theme=dark").await;
    assert_eq!(
        saved.header("content-disposition"),
        "attachment;filename=Locust_1970-01-01-00h16_peak.toml.html"
    );
    assert_eq!(saved.text, shown.text);
    let result = json_of(&get(&site, "/result.json").await);
    assert_eq!(result["run"]["scenario"], "peak hour");
}

#[tokio::test]
async fn the_full_history_is_the_file_that_is_written_and_else_locusts_error() {
    let (site, desk, _commands) = site(running(&statistics()));
    let answer = get(&site, "/stats/requests_full_history/csv").await;
    assert_eq!(
        (answer.status, &*answer.text),
        (StatusCode::NOT_FOUND, "Error: Server was not started with option to generate full history.")
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x_stats_history.csv");
    let text = "Timestamp,User Count\r\n".repeat(10_000);
    std::fs::write(&path, &text).unwrap();
    desk.tell(Now { full_history: Some(path.clone()), ..running(&statistics()) });
    let answer = get(&site, "/stats/requests_full_history/csv").await;
    assert!(answer.text == text, "{} of {} bytes", answer.text.len(), text.len());
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert!(answer.header("content-disposition").ends_with("_peak.toml_requests_full_history.csv"));
    std::fs::remove_file(&path).unwrap();
    let answer = get(&site, "/stats/requests_full_history/csv").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.text.contains("stats_history"), "paths concern nobody");
}

/// What a broker, a scenario or a visitor may write to do harm.
const HARM: &str =
    "<script>alert(1)</script>\"'`&\r\nSet-Cookie: a=b\r\n\r\n\u{1b}]0;x\u{7}\u{9b}2J\u{202e}</title>{{x}}";

#[tokio::test]
async fn no_text_does_anything_in_any_answer() {
    let mut statistics = Statistics::new(1_000.0, false);
    let harmful = RowKey { request_type: HARM.to_owned(), name: HARM.to_owned() };
    statistics.log_request(&harmful, 1_001.0, Some(Number::Float(1.0)), 1);
    statistics.log_error(&harmful, 1_001.0, HARM);
    statistics.log_exception("local", HARM, HARM);
    let mut result = testing::result(vec![testing::row(HARM, &[1_000], &[2_000])]);
    HARM.clone_into(&mut result.run.scenario);
    result.run.scenario_text = Some(HARM.to_owned());
    result.run.plan_text = Some(HARM.to_owned());
    result.failures = vec![testing::failure(HARM, HARM, 1)];
    let class = Class {
        name: HARM.to_owned(),
        weight: 1.0,
        tasks: vec![Task { name: HARM.to_owned(), weight: 1.0, tags: vec![HARM.to_owned()] }],
        fixed_count: None,
    };
    let (desk, mut commands) = Desk::new(Offer {
        scenario: HARM.to_owned(),
        file: HARM.to_owned(),
        host: HARM.to_owned(),
        classes: vec![class],
        ..Offer::default()
    });
    desk.log(HARM);
    desk.tell(Now { result: Some(Arc::new(result)), ..running(&statistics) });
    let site = Guard::new("127.0.0.1:8089".parse().unwrap(), [], None).around(routes(desk));
    let runner = async {
        while let Some(asked) = commands.next().await {
            asked.answer(Err(Refusal::No(HARM.to_owned())));
        }
    };
    let visitor = async {
        let mut answers = Vec::new();
        for path in [
            "/stats/requests",
            "/stats/requests/csv",
            "/stats/failures/csv",
            "/exceptions",
            "/exceptions/csv",
            "/stats/report",
            "/stats/report?download=1",
            "/result.json",
            "/tasks",
            "/logs",
            "/nothing",
        ] {
            answers.push((path, get(&site, path).await));
        }
        for path in ["/swarm", "/stop", "/stats/reset"] {
            let form = "user_count=1&spawn_rate=1&host=%3Cscript%3E%1B%0A";
            answers.push((path, post_form(&site, path, form).await));
        }
        answers
    };
    let answers = tokio::select! { answers = visitor => answers, () = runner => unreachable!() };

    let kinds: BTreeSet<_> = answers.iter().map(|(_, answer)| answer.header("content-type")).collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["application/json", "text/csv", "text/html; charset=utf-8"]
    );
    for (path, answer) in &answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.headers.contains_key("set-cookie"), "{path}");
        for value in answer.headers.values() {
            assert!(value.as_bytes().iter().all(|byte| matches!(byte, b' '..=b'~')), "{path}: {value:?}");
        }
        match answer.header("content-type") {
            "application/json" => {
                let _: Value = serde_json::from_str(&answer.text).unwrap();
                // The result is the file itself, byte for byte.
                let is_safe = |c| matches!(c, ' '..='~' | '\n') || *path == "/result.json";
                assert!(answer.text.chars().all(is_safe), "{path}: {}", answer.text);
            }
            "text/csv" => assert!(answer.header("content-disposition").starts_with("attachment"), "{path}"),
            _ => {
                assert!(!answer.text.contains("<script>alert"), "{path}");
                assert!(!answer.text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{path}");
            }
        }
    }
}
