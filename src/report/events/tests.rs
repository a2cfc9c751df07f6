use super::*;
use crate::stats::recorder::{Recorder, ScheduledNs};
use crate::stats::{RowId, RowKey};

fn read(text: &str) -> (Vec<Event>, Option<String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.jsonl");
    std::fs::write(&path, text).unwrap();
    let mut reader = EventReader::open(&path).unwrap();
    let mut events = Vec::new();
    loop {
        match reader.next_event() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, None),
            Err(error) => {
                let error = error.to_string();
                return (events, error.split_once("events.jsonl").map(|(_, what)| what.to_owned()));
            }
        }
    }
}

fn request(response_time: &str) -> String {
    format!(
        r#"{{"t":1,"type":"request","method":"M","name":"n","response_time":{response_time},"length":2,"error":null}}"#
    )
}

#[test]
fn ints_and_floats_stay_apart() {
    let number = |text: &str| match read(&request(text)).0.as_slice() {
        [Event::Request { response_time, .. }] => *response_time,
        other => panic!("{other:?}"),
    };
    assert_eq!(number("7"), Some(Number::Int(7)));
    assert_eq!(number("-7"), Some(Number::Int(-7)));
    assert_eq!(number("18446744073709551615"), Some(Number::Int(u64::MAX.into())));
    assert_eq!(number("7.0"), Some(Number::Float(7.0)));
    assert_eq!(number("1e22"), Some(Number::Float(1e22)));
    assert_eq!(number("null"), None);
}

#[test]
fn a_line_that_was_cut_off_is_the_end_of_a_log_that_has_none() {
    let whole = request("1");
    let next = whole.replace("\"name\":\"", "\"name\":\"\u{e9}");
    for cut in (0..next.len()).filter(|cut| next.is_char_boundary(*cut)) {
        let (events, error) = read(&format!("{whole}\n{}", &next[..cut]));
        assert_eq!((events.len(), error), (1, None), "{}", &next[..cut]);
    }
}

#[test]
fn errors_name_the_line() {
    let end = r#"{"t":2,"type":"end"}"#;
    let error = |text: &str| read(text).1.unwrap();
    assert_eq!(error(""), ": it has no events");
    assert!(error("{").starts_with(" line 1: EOF while parsing"));
    assert!(error(&format!("{}\n{{\n{end}", request("1"))).starts_with(" line 2: EOF while parsing"));
    assert_eq!(error(&format!("{end}\n\n{}", request("1"))), " line 3: t goes backwards");
    assert_eq!(error(&request("1e38")), " line 1: a response time must be below 1e38 ms");
    assert!(error(&format!("{end}\n{{")).starts_with(" line 2: EOF while parsing"));
    assert_eq!(error(&format!("{end}\n{}", " ".repeat(17 << 20))), " line 2 is longer than 16 MiB");
    assert!(error(r#"{"t":1,"type":"other"}"#).starts_with(" line 1: unknown variant `other`"));
    assert_eq!(read(&format!("\n{end}\n\n")).1, None);
}

#[test]
fn a_live_run_is_written_in_order_of_time_and_reads_back() {
    let start = UnixMicros(1_741_000_000_250_000);
    let at = |micros| UnixMicros(start.0 + micros);
    let row = RowKey { request_type: "MQTT".into(), name: "say \"x\"\u{1}".into() };
    let mut a = Recorder::new(start, std::slice::from_ref(&row), true);
    let mut b = Recorder::new(start, std::slice::from_ref(&row), true);
    a.users_changed(at(10), 2);
    b.users_changed(at(30), -1);
    a.record(RowId(0), at(40), Some(1_234_567), 20);
    a.record_failure(RowId(0), at(35), None, 0, "timed out");
    b.record(RowId(0), at(20), Some(100), 7);
    b.exception(at(50), "boom", "  File");
    let mut log = RequestLog::new(Vec::new(), start).unwrap();
    let tick = at(1_000_000);
    log.write_tick(&[a.take(tick), b.take(tick)]).unwrap();
    log.reset(tick).unwrap();
    log.end(at(3)).unwrap();
    let text = String::from_utf8(log.into_out()).unwrap();
    let (events, error) = read(&text);
    assert_eq!(error, None);
    let t = |micros| at(micros).as_secs_f64();
    let request = |micros, response_time, length, error: Option<&str>| Event::Request {
        t: t(micros),
        method: row.request_type.clone(),
        name: row.name.clone(),
        response_time,
        raw_response_time: None,
        length,
        error: error.map(str::to_owned),
    };
    let expected = [
        Event::Users { t: t(0), count: 0, resolution_ms: Some(1e-6) },
        Event::Users { t: t(10), count: 2, resolution_ms: None },
        request(20, Some(Number::Float(0.0001)), 7, None),
        Event::Users { t: t(30), count: 1, resolution_ms: None },
        request(35, None, 0, Some("timed out")),
        request(40, Some(Number::Float(1.234_567)), 20, None),
        Event::Exception { t: t(50), msg: "boom".into(), traceback: "  File".into(), node: "local".into() },
        Event::Reset { t: t(1_000_000) },
        Event::End { t: t(3) },
    ];
    assert!(!text.contains("raw_response_time"), "only a schedule has two times");
    // The end was given too early, so it comes at the time of the last line.
    assert_eq!(events[..events.len() - 1], expected[..expected.len() - 1]);
    assert!(matches!(events.last(), Some(Event::End { .. })));
}

#[test]
fn a_request_that_never_ended_is_an_event_of_its_own() {
    let row = RowKey { request_type: "MQTT".into(), name: "n".into() };
    let mut recorder = Recorder::new(UnixMicros(0), std::slice::from_ref(&row), true);
    recorder.unfinished(RowId(0), UnixMicros(30), 1_500_000, true);
    recorder.record(RowId(0), UnixMicros(20), Some(100), 7);
    // What comes after the tick stays for the next one.
    recorder.unfinished(RowId(0), UnixMicros(50), 1, false);
    let mut log = RequestLog::new(Vec::new(), UnixMicros(0)).unwrap();
    log.write_tick(&[recorder.take(UnixMicros(40))]).unwrap();
    log.write_tick(&[recorder.take(UnixMicros(60))]).unwrap();
    log.end(UnixMicros(60)).unwrap();
    let text = String::from_utf8(log.into_out()).unwrap();
    let (events, error) = read(&text);
    assert_eq!(error, None);
    let unfinished = |micros, waited, overdue| Event::Unfinished {
        t: UnixMicros(micros).as_secs_f64(),
        method: "MQTT".to_owned(),
        name: "n".to_owned(),
        waited,
        overdue,
    };
    assert!(matches!(events[1], Event::Request { .. }));
    assert_eq!(events[2..4], [unfinished(30, 1.5, true), unfinished(50, 0.000_001, false)]);
}

#[test]
fn a_request_of_a_schedule_has_both_its_times() {
    let row = RowKey { request_type: "MQTT".into(), name: "n".into() };
    let mut recorder = Recorder::new(UnixMicros(0), &[row], true);
    let times = ScheduledNs { intended: 901_000_000, began: 1_000_000 };
    recorder.record_scheduled(RowId(0), UnixMicros(10), times, 3, None);
    recorder.record_scheduled(RowId(0), UnixMicros(20), times, 0, Some("timed out"));
    let mut log = RequestLog::new(Vec::new(), UnixMicros(0)).unwrap();
    log.write_tick(&[recorder.take(UnixMicros(1_000_000))]).unwrap();
    log.end(UnixMicros(30)).unwrap();
    let text = String::from_utf8(log.into_out()).unwrap();
    let times: Vec<_> = read(&text)
        .0
        .iter()
        .filter_map(|event| match event {
            Event::Request { response_time, raw_response_time, error, .. } => {
                Some((*response_time, *raw_response_time, error.is_some()))
            }
            _ => None,
        })
        .collect();
    let number = |ms| Some(Number::Float(ms));
    assert_eq!(times, [(number(901.0), number(1.0), false), (number(901.0), number(1.0), true)]);
}
