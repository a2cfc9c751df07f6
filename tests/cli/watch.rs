//! `watch`: what brokers say of themselves, in results and reports; and brokers that do not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::support::ScenarioDir;

/// A server of metrics that answers each request with what `answer` says to its number, from 0; until the test's process
/// ends.
struct Metrics {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Metrics {
    fn serve(answer: impl Fn(usize) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::<String>::new()));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let (mut request, mut buffer) = (String::new(), [0; 1024]);
                while !request.contains("\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(read) if read > 0 => request.push_str(&String::from_utf8_lossy(&buffer[..read])),
                        _ => break,
                    }
                }
                let number = {
                    let mut heard = heard.lock().unwrap();
                    heard.push(request);
                    heard.len() - 1
                };
                // The visitor may be gone.
                let _ = stream.write_all(answer(number).as_bytes());
            }
        });
        Self { address, asked }
    }
}

fn page(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn scenario(watch: &str) -> String {
    format!(
        r#"
version = 1
[vars]
door = "wide-open-sesame"
[brokers.b]
url = "embedded:"
watch = {watch}
[load]
users = 2
spawn_rate = 100
run_time = "900ms"
[user_classes.device]
wait_time = {{ constant = "20ms" }}
[[user_classes.device.tasks]]
name = "t"
steps = [{{ publish = {{ topic = "a", qos = 1 }} }}]
"#
    )
}

fn watched(place: &ScenarioDir) -> Value {
    serde_json::from_str::<Value>(&place.read("result.json")).unwrap()["watched"].clone()
}

const RUN: [&str; 7] =
    ["run", "scenario.toml", "--summary-json", "result.json", "--html", "report.html", "--only-summary"];

#[test]
fn metrics_of_a_broker_stand_in_result_and_report_and_secrets_do_not() {
    let metrics = Metrics::serve(|number| {
        let body = format!(
            "# TYPE mosquitto_messages counter\nmosquitto_messages{{topic=\"<b>\"}} {}\nmosquitto_up 1\nother 7\n",
            10 + number
        );
        page("200 OK", &body)
    });
    let place = ScenarioDir::new(&scenario(&format!(
        "{{ prometheus = \"http://{}/metrics?key=${{vars.door}}\", pick = [\"mosquitto_*\"], every = \"200ms\", \
         headers = {{ Authorization = \"Bearer ${{vars.door}}\" }} }}",
        metrics.address
    )));
    let output = place.run(&RUN);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    let watched = watched(&place);
    assert_eq!(watched[0]["broker"], "b");
    assert_eq!(watched[0]["source"], format!("http://{}/metrics?***", metrics.address));
    assert_eq!(watched[0]["notes"], Value::Array(Vec::new()));
    let figures = watched[0]["figures"].as_array().unwrap();
    let names: Vec<_> = figures.iter().map(|figure| figure["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["mosquitto_messages{topic=\"<b>\"}", "mosquitto_up"]);
    let asked = metrics.asked.lock().unwrap().clone();
    // Read before the run, a few times in it, and once at its end.
    assert!((4..=8).contains(&asked.len()), "{}", asked.len());
    assert_eq!(figures[0]["first"], 10.0);
    assert_eq!(figures[0]["last"], (10 + asked.len() - 1) as f64, "the last page counts");
    let points = figures[0]["points"].as_array().unwrap();
    assert_eq!((points.len(), &points[0]["at_s"]), (asked.len(), &0.0.into()));
    for request in &asked {
        let request = request.to_ascii_lowercase();
        assert!(request.starts_with("get /metrics?key=wide-open-sesame http/1.1"), "{request}");
        assert!(request.contains("authorization: bearer wide-open-sesame"), "{request}");
    }
    let report = place.read("report.html");
    assert!(report.contains("What the brokers say") && report.contains("mosquitto_up"));
    assert!(report.contains("topic=&#34;&#60;b&#62;&#34;") && !report.contains("topic=\"<b>"), "{report}");
    // The report of the recorded result is the same.
    assert_eq!(place.run(&["report", "result.json", "--html", "again.html"]).status.code(), Some(0));
    assert_eq!(report, place.read("again.html"));
    let out =
        String::from_utf8_lossy(&output.stdout).into_owned() + &log + &place.read("result.json") + &report;
    assert!(!out.contains("wide-open-sesame"));
}

#[test]
fn a_broker_that_tells_nothing_is_said_once_and_fails_no_run() {
    let elsewhere = page("302 Found\r\nLocation: http://127.0.0.2/login?session=hush", "");
    let cases = [
        (page("200 OK", "<html>Log in</html>"), "answers, but not in Prometheus' text format."),
        (page("200 OK", "up 1\n"), "has metrics, but none that `pick` names."),
        (page("401 Unauthorized", ""), "answers 401 Unauthorized, not metrics."),
        (elsewhere, "answers 302 Found, not metrics; they are at http://127.0.0.2/login?***."),
        ("nonsense\r\n\r\n".to_owned(), "cannot be read: "),
        (String::new(), "cannot be read: "),
    ];
    for (answer, told) in cases {
        let metrics = Metrics::serve(move |_| answer.clone());
        let place = ScenarioDir::new(&scenario(&format!(
            "{{ prometheus = \"http://{}/\", pick = [\"mosquitto_*\"], every = \"100ms\" }}",
            metrics.address
        )));
        let output = place.run(&RUN);
        let log = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{log}");
        let notes = watched(&place)[0]["notes"].as_array().unwrap().clone();
        assert_eq!(notes.len(), 1, "{notes:?}");
        let note = notes[0].as_str().unwrap();
        assert!(note.contains(told), "{note}");
        assert_eq!(log.matches(note).count(), 1, "{log}");
        assert!(place.read("report.html").contains("It has told nothing."));
        assert!(metrics.asked.lock().unwrap().len() > 3, "it tries again");
    }
}

#[test]
fn an_address_without_a_server_is_named_with_the_cause() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = ScenarioDir::new(&scenario(&format!("{{ prometheus = \"http://{address}/metrics\" }}")));
    let output = place.run(&RUN);
    assert_eq!(output.status.code(), Some(0));
    let expected = format!("The metrics at http://{address}/metrics cannot be read: Connection refused.");
    assert_eq!(watched(&place)[0]["notes"], serde_json::json!([expected]));
}
