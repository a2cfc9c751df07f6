//! A live run against a replay of the same events: recorders, batches and merging must not show in the files.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

use mqtt_scenario::report::csv::files::CsvFiles;
use mqtt_scenario::report::csv::history::History;
use mqtt_scenario::report::events::RequestLog;
use mqtt_scenario::report::replay::{ReplayOptions, replay};
use mqtt_scenario::report::table;
use mqtt_scenario::stats::batch::{Batch, UsersChanged};
use mqtt_scenario::stats::percentiles::PercentileList;
use mqtt_scenario::stats::recorder::Recorder;
use mqtt_scenario::stats::statistics::Statistics;
use mqtt_scenario::stats::{RowId, RowKey, UnixMicros};

const SUFFIXES: [&str; 4] = ["_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv"];
const ERRORS: [&str; 4] = ["timed out", "<A object at 0x1f> gone", "<A object at 0x2e> gone", "a, \"b\""];

#[derive(Debug, Clone)]
enum What {
    Request { row: Index, response_ns: Option<u64>, length: u64, error: Option<Index> },
    Users(i32),
    Exception(u8),
}

/// One thing that happens in a run.
#[derive(Debug, Clone)]
struct Happening {
    /// Microseconds since the one before.
    after: u64,
    /// Which recorder sees it.
    recorder: Index,
    what: What,
}

#[derive(Debug, Clone)]
struct Run {
    start: UnixMicros,
    recorders: usize,
    /// Rows known before the run, and how many more turn up in it.
    rows: usize,
    more_rows: usize,
    happenings: Vec<Happening>,
    /// Microseconds from the last happening to the end.
    rest: u64,
    /// A tick at which the statistics are reset.
    reset: Option<u64>,
}

fn what() -> impl Strategy<Value = What> {
    // Sub-millisecond, usual and very long times; few rows, so that a row has many samples in a bin.
    let response_ns =
        prop_oneof![0..2_000_000_u64, 0..20_000_000_000_u64, 0..4_000_000_000_000_u64, Just(105_000_000)];
    let request = (
        any::<Index>(),
        option::weighted(0.95, response_ns),
        0..5_000_u64,
        option::weighted(0.1, any::<Index>()),
    )
        .prop_map(|(row, response_ns, length, error)| What::Request { row, response_ns, length, error });
    prop_oneof![40 => request, 1 => (-3..20_i32).prop_map(What::Users), 1 => (0..3_u8).prop_map(What::Exception)]
}

fn run() -> impl Strategy<Value = Run> {
    // Mostly close together, some gaps; never at the same microsecond, where the order would be anyone's.
    let after = prop_oneof![400 => 1..500_u64, 4 => 1..200_000_u64, 1 => 1..15_000_000_u64];
    let happening = (after, any::<Index>(), what()).prop_map(|(after, recorder, what)| Happening {
        after,
        recorder,
        what,
    });
    (
        (1_700_000_000_000_000..1_700_000_003_000_000_u64, any::<bool>()),
        1..5_usize,
        (1..4_usize, 0..3_usize),
        vec(happening, 0..1_200),
        0..3_000_000_u64,
        option::weighted(0.3, 1..8_u64),
    )
        .prop_map(|((start, whole), recorders, (rows, more_rows), happenings, rest, reset)| Run {
            start: UnixMicros(if whole { start / 1_000_000 * 1_000_000 } else { start }),
            recorders,
            rows,
            more_rows,
            happenings,
            rest,
            reset,
        })
}

fn key(row: usize) -> RowKey {
    RowKey { request_type: "MQTT".into(), name: format!("row {row}") }
}

/// Plays the run into recorders, takes and merges at every tick, writes files and log, and returns the
/// console's failures.
fn live(run: &Run, prefix: &Path, history: History, log: &Path) -> String {
    let rows: Vec<_> = (0..run.rows).map(key).collect();
    let mut recorders: Vec<_> = (0..run.recorders).map(|_| Recorder::new(run.start, &rows, true)).collect();
    let mut statistics = Statistics::new(run.start.as_secs_f64(), history == History::Full);
    let mut files = CsvFiles::create(prefix, history, &PercentileList::default()).unwrap();
    let mut log = RequestLog::new(fs::File::create(log).unwrap(), run.start).unwrap();

    let times = run.happenings.iter().scan(run.start.0, |at, happening| {
        *at += happening.after;
        Some(UnixMicros(*at))
    });
    let mut coming: VecDeque<_> = times.zip(&run.happenings).collect();
    let end = UnixMicros(coming.back().map_or(run.start, |(at, _)| *at).0 + run.rest);
    for tick in 0.. {
        let until = UnixMicros(run.start.0 + tick * UnixMicros::PER_SECOND).min(end);
        // The ticker is late: the first sample after the tick is there already. And neighbours are recorded
        // the wrong way round, as when a request is stamped a little before it is recorded.
        let here = (coming.partition_point(|(at, _)| *at <= until) + 1).min(coming.len());
        let mut here: Vec<_> = coming.drain(..here).collect();
        here.chunks_mut(2).for_each(<[_]>::reverse);
        for (at, happening) in here {
            let recorder = &mut recorders[happening.recorder.index(run.recorders)];
            record(recorder, run, at, &happening.what);
        }
        let batches: Vec<_> = recorders.iter_mut().map(|recorder| recorder.take(until)).collect();
        log.write_tick(&batches).unwrap();
        statistics.merge(batches);
        if run.reset == Some(tick) {
            log.reset(until).unwrap();
            statistics.reset(until.as_secs_f64());
        }
        let snapshot = statistics.snapshot(until.as_secs_f64());
        if until < end {
            files.write_tick(&snapshot).unwrap();
        } else {
            files.write_last(&snapshot).unwrap();
            log.end(end).unwrap();
            files.finish(&snapshot).unwrap();
            return table::failure_table(&snapshot);
        }
    }
    unreachable!("the end comes")
}

fn record(recorder: &mut Recorder, run: &Run, at: UnixMicros, what: &What) {
    match what {
        What::Users(by) => recorder.users_changed(at, *by),
        What::Exception(n) => recorder.exception(at, "boom, \"x\"", &format!("  File {n}\n")),
        What::Request { row, response_ns, length, error } => {
            let row = row.index(run.rows + run.more_rows);
            let row = match u32::try_from(row) {
                Ok(id) if row < run.rows => RowId(id),
                _ => recorder.row(&key(row)),
            };
            match error {
                None => recorder.record(row, at, *response_ns, *length),
                Some(error) => {
                    recorder.record_failure(
                        row,
                        at,
                        *response_ns,
                        *length,
                        ERRORS[error.index(ERRORS.len())],
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn merged_batches_give_what_their_log_gives(run in run(), full in any::<bool>()) {
        let history = if full { History::Full } else { History::Aggregated };
        let dir = tempfile::tempdir().unwrap();
        let (ours, again) = (dir.path().join("live"), dir.path().join("replayed"));
        let log = dir.path().join("events.jsonl");
        let failures = live(&run, &ours, history, &log);
        let last = replay(&log, &again, ReplayOptions { history, ..ReplayOptions::default() }, &PercentileList::LOCUST).unwrap().snapshot;
        for suffix in SUFFIXES {
            let read = |whose: &str| fs::read_to_string(dir.path().join(format!("{whose}{suffix}"))).unwrap();
            prop_assert_eq!(read("live"), read("replayed"), "{}", suffix);
        }
        prop_assert_eq!(failures, table::failure_table(&last));
    }
}

#[test]
fn what_comes_after_a_take_counts_after_it() {
    let start = UnixMicros(1_700_000_000_500_000);
    let at = |micros| UnixMicros(start.0 + micros);
    let mut recorder = Recorder::new(start, &[key(0)], true);
    let seen = |batch: &Batch| batch.requests().map(|request| request.at).collect::<Vec<_>>();

    recorder.record(RowId(0), at(900_000), Some(1), 1);
    recorder.record(RowId(0), at(1_000_000), Some(1), 1);
    recorder.record(RowId(0), at(1_000_001), Some(1), 1);
    let first = recorder.take(at(1_000_000));
    assert_eq!(seen(&first), [at(900_000), at(1_000_000)]);

    // Stamped before the tick, recorded after it.
    recorder.record(RowId(0), at(999_990), Some(1), 1);
    recorder.users_changed(at(999_990), 1);
    let second = recorder.take(at(2_000_000));
    assert_eq!(seen(&second), [at(1_000_001), at(1_000_001)]);
    assert_eq!(second.users(), [UsersChanged { at: at(1_000_001), by: 1 }]);
    assert_eq!(seen(&recorder.take(at(9_000_000))), []);

    let mut statistics = Statistics::new(start.as_secs_f64(), false);
    statistics.merge(vec![first]);
    assert_eq!(statistics.snapshot(at(1_000_000).as_secs_f64()).aggregated.requests, 2);
    statistics.merge(vec![second]);
    let snapshot = statistics.snapshot(at(2_000_000).as_secs_f64());
    assert_eq!((snapshot.aggregated.requests, snapshot.user_count), (4, 1));
    assert_eq!(snapshot.latency.unwrap().count, 4);
    assert_eq!(snapshot.tick_latency.unwrap().count, 2);
}

#[test]
fn a_thread_hands_its_batch_to_another() {
    let start = UnixMicros(1_700_000_000_000_000);
    let batches: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn(move || {
                let mut recorder = Recorder::new(start, &[key(0)], false);
                (1..=100)
                    .for_each(|n| recorder.record(RowId(0), UnixMicros(start.0 + n), Some(n * 1_000_000), 1));
                recorder.take(UnixMicros(start.0 + 1_000_000))
            })
        })
        .map(|thread| thread.join().unwrap())
        .collect();
    let mut statistics = Statistics::new(start.as_secs_f64(), false);
    statistics.merge(batches);
    let row = &statistics.snapshot(start.as_secs_f64() + 1.0).rows[0];
    assert_eq!((row.requests, row.average), (300, 50.5));
}
