use std::fs;

use super::*;
use crate::stats::recorder::Recorder;
use crate::stats::{RowId, RowKey};

const START: UnixMicros = UnixMicros(1_700_000_000_000_000);

fn at(ms: u64) -> UnixMicros {
    UnixMicros(START.0 + ms * 1_000)
}

#[test]
fn the_log_of_a_worker_has_all_its_tests_and_says_where_one_begins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    fs::write(&path, "an older file").unwrap();
    let row = RowKey { request_type: "MQTT".to_owned(), name: "a".to_owned() };
    let mut recorder = Recorder::new(START, &[row], true);
    let mut log = WorkerLog::begin(path.clone(), START).unwrap();
    recorder.record(RowId(0), at(500), Some(2_000_000), 1);
    log.recorded(&[recorder.take(at(1_000))]);
    log.reset(at(1_500));
    // A request that ended before is told after: the file is in order of time.
    recorder.record_failure(RowId(0), at(1_400), None, 0, "no PUBACK");
    log.recorded(&[recorder.take(at(2_000))]);
    log.finish(at(3_000)).unwrap();
    insta::assert_snapshot!(fs::read_to_string(path).unwrap(), @r#"
        {"type":"users","t":1700000000.0,"count":0,"resolution_ms":1e-6}
        {"type":"request","t":1700000000.5,"method":"MQTT","name":"a","response_time":2.0,"length":1,"error":null}
        {"type":"reset","t":1700000001.5}
        {"type":"request","t":1700000001.5,"method":"MQTT","name":"a","response_time":null,"length":0,"error":"no PUBACK"}
        {"type":"end","t":1700000003.0}
        "#);
}

#[test]
fn a_log_that_cannot_be_written_is_an_error_at_its_end() {
    let mut log = WorkerLog::begin("/dev/full".into(), START).unwrap();
    log.reset(START);
    while log.unwritten.is_none() {
        // The thread of the file tells it when it likes.
        log.recorded(&[]);
    }
    let error = log.finish(START).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot write the request log /dev/full: No space left on device (os error 28)"
    );
    let missing = WorkerLog::begin("/nowhere/log".into(), START).unwrap_err();
    assert!(missing.to_string().starts_with("cannot write the request log /nowhere/log: "), "{missing}");
}
