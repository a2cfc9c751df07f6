use std::time::Duration;

use super::*;
use crate::stats::result::connections::Connections;
use crate::stats::result::testing::{aggregated, row};
use crate::stats::threshold::{Abort, StageOf};

/// A threshold that ends the run, of the whole run or of a stage.
fn aborting(text: &str, after_s: Option<u64>, stage: Option<usize>) -> Threshold {
    let mut threshold = Threshold::parse(text).unwrap();
    threshold.abort = Some(Abort { after: after_s.map(Duration::from_secs) });
    threshold.stage = stage.map(|index| StageOf { index, name: format!("stage {}", index + 1) });
    threshold
}

/// The second, from 1, in which the threshold ends a run of a minute with stages of 20 s, and what it says. `rows` are
/// those of the run or of a stage after a second of the run.
fn ends(
    threshold: Threshold,
    rows: impl Fn(Option<usize>, u64) -> Vec<RowResult>,
) -> Option<(u64, Vec<String>)> {
    let mut watch = Watch::new(&[Threshold::parse("p99 < 1s").unwrap(), threshold]);
    (1..=60).find_map(|second| {
        let stage = (second - 1) / 20;
        let wanted = |of: Option<usize>, wanted: &Rows| {
            let rows = rows(of, second);
            match wanted {
                Rows::Aggregated => vec![aggregated(&rows)],
                Rows::Every => rows,
                Rows::Called(name) => rows.into_iter().filter(|row| row.name == *name).collect(),
            }
        };
        let now = Now {
            run_s: second as f64,
            stage: stage as usize,
            stage_s: (second - stage * 20) as f64,
            rows: &wanted,
            run: &RunFigures {
                connections: Some(Connections { opened: second, ended: 0, most: second }),
                ..RunFigures::default()
            },
        };
        let miss = watch.second(&now)?;
        assert_eq!(miss.index, 1, "its place among all thresholds of the run");
        assert!(miss.results.iter().all(|it| it.aborted_the_run && it.fails_the_run));
        Some((second, miss.results.into_iter().map(|it| format!("{}: {}", it.row, it.sentence)).collect()))
    })
}

/// A request a second; those of the first five seconds are slow and fail.
fn settling(_: Option<usize>, second: u64) -> Vec<RowResult> {
    let failed: Vec<_> = (0..second.min(5)).map(|_| 500_000).collect();
    let succeeded: Vec<_> = (5..second).map(|_| 1_000).collect();
    vec![row("publish", &succeeded, &failed)]
}

#[test]
fn what_cannot_heal_ends_the_run_at_once_and_the_rest_after_its_time() {
    for (text, after_s, expected) in [
        ("failures < 3", None, Some((3, "Aggregated: failures 3, 3 s after the start"))),
        ("failures < 3", Some(30), Some((30, "Aggregated: failures 5, 30 s after the start"))),
        ("failures < 6", None, None),
        ("max[publish] < 400ms", None, Some((1, "MQTT publish: max 500 ms, 1 s after the start"))),
        // It heals within ten seconds, but not within three.
        ("failures < 60%", None, None),
        ("failures < 60%", Some(3), Some((3, "Aggregated: failure_ratio 100%, 3 s after the start"))),
        ("p60 < 400ms", None, Some((10, "Aggregated: p60 500.2 ms, 10 s after the start"))),
        ("p60 < 400ms", Some(20), None),
        ("succeeded_p99 < 400ms", Some(0), None),
        // It comes true later, or the run is over.
        ("requests > 50", None, None),
        ("rps > 1000", None, None),
        ("rps > 1000", Some(15), Some((15, "Aggregated: rps 7.500/s, 15 s after the start"))),
        ("connects <= 8", None, Some((9, "run: connects 9, 9 s after the start"))),
        // What is not there is not judged.
        ("p99[no] < 1ms", Some(0), None),
    ] {
        let ended = ends(aborting(text, after_s, None), settling);
        let ended = ended.map(|(second, told)| (second, told.join("; ")));
        assert_eq!(ended, expected.map(|(second, told)| (second, told.to_owned())), "{text} {after_s:?}");
    }
}

#[test]
fn a_stage_is_watched_while_it_lasts() {
    // The second stage is slow.
    let rows = |stage: Option<usize>, _: u64| match stage {
        Some(1) => vec![row("publish", &[90_000; 10], &[])],
        _ => vec![row("publish", &[1_000; 10], &[])],
    };
    for (text, after_s, stage, expected) in [
        ("p99 < 50ms", None, Some(0), None),
        ("p99 < 50ms", None, Some(1), Some((30, "Aggregated: p99 90.05 ms, 10 s after the stage began"))),
        ("p99 < 50ms", Some(15), Some(1), Some((35, "Aggregated: p99 90.05 ms, 15 s after the stage began"))),
        // Longer than the stage.
        ("p99 < 50ms", Some(21), Some(1), None),
        // A stage that did not get there ends the run before the next one.
        ("requests > 10", None, Some(1), Some((41, "Aggregated: requests 10, at the end of the stage"))),
        ("requests >= 10", None, Some(1), None),
        ("rps[publish] > 10", None, Some(0), Some((21, "MQTT publish: rps 5/s, at the end of the stage"))),
    ] {
        let ended = ends(aborting(text, after_s, stage), rows);
        let ended = ended.map(|(second, told)| (second, told.join("; ")));
        assert_eq!(ended, expected.map(|(second, told)| (second, told.to_owned())), "{text} {after_s:?}");
    }
}

#[test]
fn each_row_that_misses_is_told() {
    let rows = |_: Option<usize>, _: u64| {
        vec![row("a", &[90_000], &[]), row("b", &[1_000], &[]), row("c", &[70_000], &[])]
    };
    let (_, told) = ends(aborting("max[*] < 50ms", None, None), rows).unwrap();
    assert_eq!(told, ["MQTT a: max 90 ms, 1 s after the start", "MQTT c: max 70 ms, 1 s after the start"]);
}

#[test]
fn without_thresholds_that_end_the_run_there_is_nothing_to_watch() {
    let plain = Threshold::parse("p99 < 1s").unwrap();
    assert!(Watch::new(std::slice::from_ref(&plain)).is_idle());
    assert!(!Watch::new(&[plain, aborting("failures < 1", None, None)]).is_idle());
}
