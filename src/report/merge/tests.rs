//! The laws of merging: the sum of results is the result of all samples together, whatever is merged first.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::report::{doubts, verdict};
use crate::stats::packed_times::PackedTimes;
use crate::stats::result::connections::Connections;
use crate::stats::result::deliveries::{Deliveries, DeliveryRow, LostResult};
use crate::stats::result::generator::{Generator, Used};
use crate::stats::result::series::{Point, RowSeries, Series};
use crate::stats::result::testing::threshold;
use crate::stats::result::what_ran::{BrokerRan, Clock, Host, Shards, WhatRan};
use crate::stats::result::{FailureResult, Outcome, StageResult};

/// One request: the second of the run, the number of its row, its time, and whether it failed.
type Sample = (u8, u8, u32, bool);

const SECONDS: u8 = 8;

fn times<'a>(samples: impl Iterator<Item = &'a Sample>) -> FineTimes {
    let mut times = FineTimes::default();
    samples.for_each(|(_, _, ns, _)| times.record(u64::from(*ns)));
    times
}

fn row(name: &str, samples: &[Sample], of: impl Fn(&Sample) -> bool) -> RowResult {
    let ours = || samples.iter().filter(|sample| of(sample));
    let ms = || ours().map(|(_, _, ns, _)| f64::from(*ns) / 1e6);
    let histogram = times(ours());
    let failed_histogram = times(ours().filter(|sample| sample.3));
    let count = histogram.count();
    RowResult {
        name: name.to_owned(),
        requests: count,
        failures: failed_histogram.count(),
        median_ms: histogram.percentile_ms(50.0).unwrap_or_default(),
        average_ms: if count > 0 { ms().sum::<f64>() / count as f64 } else { 0.0 },
        min_ms: ms().min_by(f64::total_cmp).unwrap_or_default(),
        max_ms: ms().max_by(f64::total_cmp).unwrap_or_default(),
        average_length_bytes: if count > 0 { 20.0 } else { 0.0 },
        requests_per_s: count as f64 / f64::from(SECONDS),
        failures_per_s: failed_histogram.count() as f64 / f64::from(SECONDS),
        response_times_ms: Times::of(&histogram),
        succeeded_ms: Times::of(&histogram.without(&failed_histogram)),
        failed_ms: Times::of(&failed_histogram),
        histogram,
        failed_histogram,
        ..RowResult::default()
    }
}

/// The rows that occur, by name.
fn rows(samples: &[Sample]) -> Vec<RowResult> {
    let there = (0..3_u8).filter(|number| samples.iter().any(|sample| sample.1 == *number));
    there.map(|number| row(&format!("row {number}"), samples, |sample| sample.1 == number)).collect()
}

fn row_series(name: &str, interval_s: u8, samples: &[Sample], of: impl Fn(&Sample) -> bool) -> RowSeries {
    let mut series = RowSeries { name: name.to_owned(), ..RowSeries::default() };
    for interval in 0..SECONDS / interval_s {
        let ours: Vec<Sample> = samples
            .iter()
            .filter(|sample| sample.0 / interval_s == interval && of(sample))
            .copied()
            .collect();
        let fine = times(ours.iter());
        let at = |percent| fine.percentile_ms(percent);
        series.requests.push(fine.count());
        series.failures.push(ours.iter().filter(|sample| sample.3).count() as u64);
        series.mean_ms.push(fine.mean_ms());
        series.p50_ms.push(at(50.0));
        series.p95_ms.push(at(95.0));
        series.p99_ms.push(at(99.0));
        series.p999_ms.push(at(99.9));
        series.max_ms.push(at(100.0));
        series.histograms.push(PackedTimes::from(&fine));
    }
    series
}

/// The result of a run of eight seconds with these samples.
fn run(users: u32, interval_s: u8, samples: &[Sample]) -> RunResult {
    let all = row_series("Aggregated", interval_s, samples, |_| true);
    let points = (0..SECONDS / interval_s).map(|interval| Point {
        at_s: f64::from((interval + 1) * interval_s),
        users_wanted: Some(users),
        users,
        connected: Some(users),
        connects: Some(1),
        requests: all.requests[usize::from(interval)],
        failures: all.failures[usize::from(interval)],
        generator_cpu_cores: Some(0.25 * f64::from(users)),
        ..Point::default()
    });
    let points = points.collect();
    let aggregated = row("Aggregated", samples, |_| true);
    let failures = (0..3_u8).filter_map(|number| {
        let count = samples.iter().filter(|sample| sample.1 == number && sample.3).count() as u64;
        (count > 0).then(|| FailureResult {
            request_type: String::new(),
            name: format!("row {number}"),
            error: "refused".to_owned(),
            occurrences: count,
            first_seen: Some(1_000.0),
            last_seen: Some(1_008.0),
        })
    });
    let mut failures: Vec<_> = failures.collect();
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.occurrences));
    RunResult {
        version: VERSION,
        source: Source::Run,
        run: WhatRan {
            scenario: "storm".to_owned(),
            host: Host { name: format!("host-{users}"), system: "linux".to_owned(), cores: 2 },
            started: 1_000.0,
            ended: 1_008.0,
            users,
            end: "finished".to_owned(),
            ..WhatRan::default()
        },
        rows: rows(samples),
        response_times_ms: aggregated.response_times_ms,
        stages: vec![StageResult {
            name: "whole run".to_owned(),
            begins_s: 0.0,
            ends_s: f64::from(SECONDS),
            users,
            aggregated: aggregated.clone(),
            rows: rows(samples),
            received: None,
            connections: None,
        }],
        aggregated,
        failures,
        end_to_end: Some(Deliveries {
            rows: vec![DeliveryRow {
                name: "state".to_owned(),
                expected: u64::from(users),
                received: u64::from(users),
                lost: LostResult { total: 1, qos_0: 1, ..LostResult::default() },
                ..DeliveryRow::default()
            }],
            complete: true,
        }),
        connections: Some(Connections { opened: u64::from(users), ended: 0, most: u64::from(users) }),
        generator: Generator {
            seconds: 8,
            cpu_cores: Some(0.5),
            open_files: Some(Used { used: u64::from(users), of: 100 }),
            ..Generator::default()
        },
        series: Series {
            started: 1_000.0,
            interval_s: interval_s.into(),
            percentiles_over_s: None,
            points,
            all,
            rows: (0..3_u8)
                .filter(|number| samples.iter().any(|sample| sample.1 == *number))
                .map(|number| {
                    row_series(&format!("row {number}"), interval_s, samples, |sample| sample.1 == number)
                })
                .collect(),
        },
        ..RunResult::default()
    }
}

/// One of so many shards of a run.
fn shard(index: u32, of: u32) -> RunResult {
    let mut result = run(index + 1, 1, &[(0, 0, 5_000 + index, false)]);
    result.run.run_id = Some("r1".to_owned());
    result.run.shards = Some(Shards { of, indices: vec![index], ..Shards::default() });
    result
}

fn sum(results: &[(&str, &RunResult)]) -> RunResult {
    merge(&named(results)).unwrap()
}

/// Averages depend on the order of additions in their last digits.
fn rounded(mut result: RunResult) -> RunResult {
    let round = |value: &mut f64| *value = (*value * 1e3).round() / 1e3;
    let stages =
        result.stages.iter_mut().flat_map(|stage| stage.rows.iter_mut().chain([&mut stage.aggregated]));
    for row in result.rows.iter_mut().chain([&mut result.aggregated]).chain(stages) {
        round(&mut row.average_ms);
        round(&mut row.average_length_bytes);
    }
    result
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    vec((0..SECONDS, 0..3_u8, prop_oneof![0..90_000_u32, 1_000_000..4_000_000_000_u32], any::<bool>()), 0..40)
}

proptest! {
    #[test]
    fn the_sum_is_the_result_of_all_samples_together(a in samples(), b in samples()) {
        let merged = rounded(sum(&[("a", &run(3, 1, &a)), ("b", &run(4, 1, &b))]));
        let together = rounded(run(7, 1, &[a, b].concat()));
        prop_assert_eq!(&merged.rows, &together.rows);
        prop_assert_eq!(&merged.aggregated, &together.aggregated);
        prop_assert_eq!(&merged.stages, &together.stages);
        let counted = |result: &RunResult| -> Vec<(String, u64)> {
            let mut counted: Vec<_> =
                result.failures.iter().map(|failure| (failure.name.clone(), failure.occurrences)).collect();
            counted.sort();
            counted
        };
        prop_assert_eq!(counted(&merged), counted(&together));
        let points: Vec<Point> = together
            .series
            .points
            .into_iter()
            .map(|point| Point { connects: Some(2), ..point })
            .collect();
        prop_assert_eq!(&merged.series.points, &points);
        prop_assert_eq!(&merged.series.all, &together.series.all);
        prop_assert_eq!(&merged.series.rows, &together.series.rows);
        prop_assert_eq!(merged.run.users, 7);
        prop_assert_eq!(merged.end_to_end.unwrap().rows[0].expected, 7);
    }

    #[test]
    fn it_does_not_matter_what_is_merged_first(
        a in samples(), b in samples(), c in samples(),
        lengths in (0..3_u32, 0..3_u32, 0..3_u32),
    ) {
        let length = |power: u32| 1_u8 << power;
        let a = run(1, length(lengths.0), &a);
        let b = run(2, length(lengths.1), &b);
        let c = run(3, length(lengths.2), &c);
        let at_once = rounded(sum(&[("a", &a), ("b", &b), ("c", &c)]));
        let ab = sum(&[("b", &b), ("a", &a)]);
        let bc = sum(&[("b", &b), ("c", &c)]);
        prop_assert_eq!(&rounded(sum(&[("ab", &ab), ("c", &c)])), &at_once);
        prop_assert_eq!(&rounded(sum(&[("bc", &bc), ("a", &a)])), &at_once);
        prop_assert_eq!(&rounded(sum(&[("c", &c), ("b", &b), ("a", &a)])), &at_once);
        prop_assert_eq!(at_once.run.merged_from, ["a", "b", "c"]);
    }
}

/// A document with extreme numbers in it: what an edited or damaged file can hold.
fn extreme(
    users: u32,
    [count, failures]: [u64; 2],
    [ms, per_s]: [f64; 2],
    [started, ended]: [f64; 2],
) -> RunResult {
    let mut result = run(users, 1, &[(0, 0, 5_000, false)]);
    (result.run.started, result.run.ended) = (started, ended);
    for row in result.rows.iter_mut().chain([&mut result.aggregated]) {
        (row.requests, row.failures, row.unfinished) = (count, failures, count);
        (row.average_ms, row.max_ms, row.requests_per_s) = (ms, ms, per_s);
        row.min_ms = 0.0;
    }
    result.received.bytes = count;
    result.series.points[0].requests = count;
    result.generator.cpu_cores = Some(per_s);
    result
}

proptest! {
    #[test]
    fn what_is_merged_can_be_read_back(
        counts in proptest::array::uniform4(prop_oneof![0..9_u64, Just(1 << 53), Just(999_999_999_999_999), any::<u64>()]),
        times in proptest::array::uniform4(prop_oneof![0.0..1e4_f64, Just(1e18), Just(1e308), any::<f64>()]),
        moments in proptest::array::uniform4(prop_oneof![0.0..2e9_f64, Just(2.5e11), Just(-1.0), any::<f64>()]),
    ) {
        let pairs = [0, 2].map(|at| {
            let users = u32::try_from(at).unwrap() + 1;
            extreme(users, [counts[at], counts[at + 1]], [times[at], times[at + 1]], [moments[at], moments[at + 1]])
        });
        // Only what can be read is merged.
        let read: Vec<RunResult> =
            pairs.iter().filter_map(|of| document::parse("result.json", &result_json::text(of)).ok()).collect();
        let plain = run(9, 2, &[(1, 1, 7_000, true)]);
        let named: Vec<Named<'_>> =
            read.iter().chain([&plain]).map(|result| Named { name: "it", result }).collect();
        if let Ok((sum, bytes)) = written(&named, None) {
            let again = document::parse("result.json", &bytes).unwrap();
            prop_assert_eq!(again.aggregated.requests, sum.aggregated.requests);
        }
    }
}

#[test]
fn a_sum_that_could_not_be_read_back_is_refused_and_one_that_can_be_is_written() {
    let with = |users: u32, count: u64| extreme(users, [count, 1], [1e18, 1.0], [1_000.0, 1_008.0]);
    let sum = |count: u64| {
        let (one, other) = (with(1, count), with(2, count));
        written(&[Named { name: "a", result: &one }, Named { name: "b", result: &other }], None)
    };
    assert_eq!(sum(400_000_000_000_000).unwrap().0.aggregated.requests, 800_000_000_000_000);
    assert!(matches!(sum(600_000_000_000_000), Err(MergeError::Impossible(_))));
}

#[test]
fn one_result_alone_stays_as_it_is() {
    let one = run(3, 1, &[(0, 0, 5_000, false)]);
    assert_eq!(sum(&[("one", &one)]), one);
}

#[test]
fn runs_that_began_apart_are_laid_over_each_other_by_the_clock() {
    let one = run(1, 1, &[(7, 0, 5_000, false)]);
    let mut later = run(2, 2, &[(0, 0, 9_000, true)]);
    later.run.started += 6.2;
    later.run.ended += 6.2;
    later.series.started += 6.2;
    let merged = sum(&[("one", &one), ("later", &later)]);
    assert_eq!((merged.series.started, merged.series.interval_s), (1_000.0, 2));
    let users: Vec<_> = merged.series.points.iter().map(|point| point.users).collect();
    assert_eq!(users, [1, 1, 1, 3, 2, 2, 2]);
    let requests: Vec<_> = merged.series.points.iter().map(|point| point.requests).collect();
    assert_eq!(requests, [0, 0, 0, 2, 0, 0, 0]);
    assert!((merged.aggregated.requests_per_s - 2.0 / 14.2).abs() < 1e-9);
    assert!((merged.stages[0].ends_s - 14.2).abs() < 1e-6);
    assert_eq!(merged.verdict.outcome, Outcome::Failed);
}

#[test]
fn runs_of_different_days_have_a_series_that_stays_small() {
    let one = run(1, 1, &[(7, 0, 5_000, false)]);
    let mut later = one.clone();
    later.run.started += 1e9;
    later.run.ended += 1e9;
    later.series.started += 1e9;
    let merged = sum(&[("one", &one), ("later", &later)]);
    assert!(merged.series.points.len() <= 1_200, "{}", merged.series.points.len());
    assert_eq!(merged.series.all.requests.iter().sum::<u64>(), 2);
}

#[test]
fn the_verdict_is_never_better_than_the_worst_and_the_notes_say_who_missed_what() {
    let mut missed = run(1, 1, &[]);
    missed.verdict.outcome = Outcome::ThresholdMissed;
    missed.verdict.sentence = "Failed: 1 of 1 thresholds not met.".to_owned();
    let merged = sum(&[("out/a", &missed), ("out/b", &run(2, 1, &[]))]);
    assert_eq!(merged.notes, ["out/a: Failed: 1 of 1 thresholds not met."]);
    let sentence = "1 of 2 results did not pass: out/a: Failed: 1 of 1 thresholds not met.";
    let verdict = Verdict { outcome: Outcome::ThresholdMissed, exit_code: 3, sentence: sentence.to_owned() };
    assert_eq!(merged.verdict, verdict);
    assert_eq!(sum(&[("a", &run(3, 1, &[])), ("b", &run(2, 1, &[]))]).verdict.outcome, Outcome::Passed);
}

#[test]
fn runs_of_different_scenarios_are_told_of() {
    let of = |users: u32, scenario: &str, text: &str| {
        let mut result = run(users, 1, &[]);
        scenario.clone_into(&mut result.run.scenario);
        result.run.scenario_text = Some(text.to_owned());
        result
    };
    let (storm, edited, quiet) = (of(1, "storm", "1"), of(2, "storm", "2"), of(3, "quiet", "1"));
    let notes = |other: &RunResult| sum(&[("a", &storm), ("b", other)]).notes;
    assert_eq!(notes(&quiet), ["The results are of different scenarios: quiet, storm."]);
    assert_eq!(notes(&edited), ["The scenario files of the runs differ."]);
    assert_eq!(notes(&of(4, "storm", "1")), [""; 0]);
}

#[test]
fn a_run_that_is_in_two_results_is_refused() {
    let (a, b) = (run(1, 1, &[(0, 0, 5_000, false)]), run(2, 1, &[(0, 0, 6_000, false)]));
    let both = sum(&[("a", &a), ("b", &b)]);
    let again = [Named { name: "both", result: &both }, Named { name: "copy", result: &b }];
    assert_eq!(merge(&again), Err(MergeError::SameRun(["both".to_owned(), "copy".to_owned()])));
}

#[test]
fn thresholds_that_all_have_are_judged_by_the_sum_and_others_are_not() {
    let with = |users: u32, text: &str, samples: &[Sample]| {
        let mut result = run(users, 1, samples);
        result.thresholds = vec![threshold(text, "Aggregated", Some(true), "it was met")];
        result
    };
    let slow = with(1, "p99 < 1s", &[(0, 0, 2_000_000_000, false)]);
    let fast = with(2, "p99 < 1s", &[(0, 0, 5_000, false)]);
    let merged = sum(&[("a", &slow), ("b", &fast)]);
    let judged = &merged.thresholds[0];
    assert_eq!((judged.threshold.as_str(), judged.met), ("p99 < 1s", Some(false)));
    assert_eq!(merged.verdict.outcome, Outcome::ThresholdMissed);
    let merged = sum(&[("a", &slow), ("b", &with(2, "p50 < 1s", &[]))]);
    assert_eq!((merged.thresholds.len(), &merged.notes[..]), (0, &[thresholds::NOT_JUDGED.to_owned()][..]));
}

#[test]
fn shards_with_different_thresholds_are_not_judged_and_do_not_pass() {
    let with = |index: u32, text: &str| {
        let mut result = shard(index, 3);
        result.thresholds = vec![threshold(text, "Aggregated", None, "left to merge")];
        result
    };
    let (a, b, c) = (with(0, "requests < 2"), with(1, "requests < 3"), with(2, "requests < 2"));
    let at_once = sum(&[("a", &a), ("b", &b), ("c", &c)]);
    let of_two = sum(&[("a", &a), ("b", &b)]);
    for merged in [at_once, sum(&[("ab", &of_two), ("c", &c)])] {
        let judged: Vec<_> =
            merged.thresholds.iter().map(|it| (&*it.threshold, it.met, it.fails_the_run)).collect();
        assert_eq!(judged, [("requests < 2", None, true), ("requests < 3", None, true)]);
        assert_eq!((merged.verdict.outcome, merged.verdict.exit_code), (Outcome::ThresholdMissed, 3));
        assert!(merged.notes.contains(&thresholds::NOT_JUDGED.to_owned()), "{:?}", merged.notes);
    }
    assert!(warnings(&named(&[("a", &a), ("b", &b)])).contains(&thresholds::NOT_JUDGED.to_owned()));
}

/// The names and results as `merge` takes them.
fn named<'a>(results: &[(&'a str, &'a RunResult)]) -> Vec<Named<'a>> {
    results.iter().map(|(name, result)| Named { name, result }).collect()
}

#[test]
fn a_merge_that_lacks_a_shard_is_incomplete_and_one_of_its_merges_that_lacks_none_is_not() {
    let [a, b, c] = [0, 1, 2].map(|index| shard(index, 3));
    let lone = sum(&[("a", &a)]);
    let two = sum(&[("lone", &lone), ("b", &b)]);
    for (merged, missing, requests) in [(&lone, "shards 1, 2", 1), (&two, "shard 2", 2)] {
        assert_eq!((merged.verdict.outcome, merged.verdict.exit_code), (Outcome::Incomplete, 4));
        let sentence = format!(
            "Incomplete: the results lack {missing} of the run; what is there has {requests} requests, of which 0 failed."
        );
        assert_eq!(merged.verdict.sentence, sentence);
        let note =
            format!("The run has 3 shards, and the results lack {missing}: the sum is not the whole run.");
        assert_eq!(merged.notes, [note]);
    }
    let whole = sum(&[("two", &two), ("c", &c)]);
    assert_eq!((whole.verdict.outcome, whole.verdict.exit_code), (Outcome::Passed, 0));
    assert_eq!(whole.notes, [""; 0]);
    assert_eq!(warnings(&named(&[("two", &two), ("c", &c)])), [""; 0]);
}

#[test]
fn a_shard_that_ended_before_its_first_user_is_missing_and_an_interrupted_one_is_named() {
    let stopped = |index: u32, requests: u64| {
        let mut result = shard(index, 2);
        (result.run.end, result.run.planned_s) = ("interrupted".to_owned(), Some(20.0));
        if requests == 0 {
            result.connections = None;
            (result.rows, result.aggregated) = (Vec::new(), RowResult::default());
        }
        result.verdict = verdict::of(&result, 1);
        result
    };
    let (whole, none, some) = (shard(1, 2), stopped(0, 0), stopped(0, 1));
    let merged = sum(&[("a", &none), ("b", &whole)]);
    assert_eq!((merged.verdict.outcome, merged.verdict.exit_code), (Outcome::Incomplete, 4));
    assert_eq!(merged.run.shards.unwrap().indices, [1]);
    assert_eq!((merged.run.users, merged.run.merged_from.len()), (2, 1), "it counts nowhere");
    assert_eq!(
        merged.notes,
        ["The run has 2 shards, and the results lack shard 0: the sum is not the whole run."]
    );
    let notes = sum(&[("a", &some), ("b", &whole)]).notes;
    assert_eq!(notes, ["a: Interrupted after 8s of 20s: 1 request, which did not fail."]);
}

#[test]
fn what_never_began_spoils_no_sum_that_is_whole_without_it() {
    let with = |index: u32, text: &str| {
        let mut result = shard(index, 2);
        result.thresholds = vec![threshold(text, "Aggregated", None, "left to merge")];
        result
    };
    let (a, b, mut stopped) = (with(0, "p99 < 1s"), with(1, "p99 < 1s"), with(0, "p99 < 2s"));
    stopped.run.end = "aborted".to_owned();
    (stopped.run.seed, stopped.run.changes) = (Some(8), vec!["--set".to_owned(), "seed=8".to_owned()]);
    (stopped.rows, stopped.aggregated, stopped.connections) = (Vec::new(), RowResult::default(), None);
    stopped.verdict = verdict::of(&stopped, 1);
    assert_eq!(stopped.verdict.exit_code, verdict::INTERRUPTED);
    let all = [("a", &a), ("old", &stopped), ("b", &b)];
    let merged = sum(&all);
    assert_eq!(merged, sum(&[("a", &a), ("b", &b)]));
    assert_eq!((merged.verdict.exit_code, merged.thresholds[0].met), (0, Some(true)));
    assert_eq!(warnings(&named(&all)), ["old ended before its first user and is left out."]);
    // Of itself it says what became of it.
    let alone = [("old", &stopped)];
    assert_eq!(sum(&alone).verdict.exit_code, verdict::INTERRUPTED);
    assert!(warnings(&named(&alone))[0].starts_with("old: Aborted: "));
}

#[test]
fn shards_are_laid_over_each_other_by_the_clock_of_shard_0() {
    let texts = ["p99[row 0] < 50ms", "p99[row 0] < 30s", "lost < 5"];
    let [a, b] = [0, 1].map(|index| {
        let mut result = shard(index, 2);
        result.rows[0].measured = true;
        result.thresholds = texts.map(|text| threshold(text, "row 0", None, "left to merge")).into();
        result.end_to_end.as_mut().unwrap().complete = false;
        result
    });
    let mut wrong = b.clone();
    for at in [&mut wrong.run.started, &mut wrong.run.ended, &mut wrong.series.started] {
        *at += 20.0;
    }
    wrong.run.clock = Some(Clock { shard_0_is_ahead_ms: -20_000.0, within_ms: 0.005 });
    let (together, merged) = (sum(&[("a", &a), ("b", &b)]), sum(&[("a", &a), ("b", &wrong)]));
    let in_steps = sum(&[("lone", &sum(&[("b", &wrong)])), ("a", &a)]);
    let said = [
        "End-to-end times from a user of one shard to a user of another one are wrong by up to 20.0 s, and such messages may \
         count as older ones that the broker had kept: the clocks of the shards were so far apart.",
        "The clocks of the shards were up to 20.0 s apart (measured to 5 µs); all moments are by the clock of shard 0.",
    ];
    for merged in [&merged, &in_steps] {
        assert_eq!(merged.series, together.series);
        assert_eq!(merged.stages, together.stages);
        assert_eq!(merged.aggregated, together.aggregated);
        assert_eq!((merged.run.started, merged.run.ended), (1_000.0, 1_008.0));
        assert_eq!(merged.notes, said);
        let judged: Vec<_> = merged.thresholds.iter().map(|it| (it.met, &*it.sentence)).collect();
        assert_eq!(judged[0], (None, "no p99: the clocks of the shards were up to 20000 ms apart"));
        assert_eq!(judged[1].0, Some(true), "the clocks do no harm to that");
        assert_eq!(judged[2], (None, "lost 2 at least: the run was divided into shards"));
        let doubts = doubts::of_messages(merged);
        assert!(doubts[0].starts_with("The run was divided into shards, "), "{doubts:?}");
        assert_eq!(doubts[1], said[0]);
    }
    assert_eq!(warnings(&named(&[("a", &a), ("b", &wrong)])), [said[1], said[0]]);
}

#[test]
fn users_and_connections_are_those_of_all_at_one_time() {
    let [a, b] = [0, 1].map(|index| {
        let mut result = shard(index, 2);
        for (second, point) in result.series.points.iter_mut().enumerate() {
            let users = if (second < 4) == (index == 0) { 2 } else { 1 };
            (point.users_wanted, point.connected) = (Some(users), Some(users));
        }
        result.run.users = 2;
        result.connections = Some(Connections { opened: 3, ended: 3, most: 2 });
        result.stages[0].connections = result.connections;
        result
    });
    let merged = sum(&[("a", &a), ("b", &b)]);
    let most = |of: Option<Connections>| of.unwrap().most;
    assert_eq!((merged.run.users, most(merged.connections)), (3, 3));
    assert_eq!(most(merged.stages[0].connections), 3);
    let mut told = a.clone();
    told.run.shards.as_mut().unwrap().users = 5;
    assert_eq!(sum(&[("a", &told), ("b", &b)]).run.users, 5, "that of the whole load");
    assert_eq!(sum(&[("a", &told)]).run.users, 2, "of a part nobody knows more than what it had");
}

#[test]
fn shards_that_did_not_do_the_same_are_told_apart_and_what_they_have_in_common_stays() {
    let with = |index: u32, changes: &str, broker: &str, version: &str| {
        let mut result = shard(index, 3);
        result.run.changes = changes.split(' ').map(str::to_owned).collect();
        result.run.changes.extend(["--shard".to_owned(), format!("{index}/3")]);
        let addresses = vec![broker.to_owned()];
        result.run.brokers =
            vec![BrokerRan { name: "b".to_owned(), addresses, mqtt_version: "5".to_owned() }];
        result.run.program = format!("mqtt-scenario {version}");
        result
    };
    let a = with(0, "-t 3s -u 6 --set vars.x=1", "mqtt://one:1883", "1.0.0");
    let b = with(1, "-t 3s -u 9 --set vars.x=1", "mqtt://one:1883", "1.0.1");
    let c = with(2, "-t 3s -u 6 --set vars.x=1", "mqtt://two:1883", "1.0.0");
    let merged = sum(&[("a", &a), ("b", &b), ("c", &c)]);
    assert_eq!(merged.run.changes, ["-t", "3s", "--set", "vars.x=1"]);
    insta::assert_snapshot!(merged.notes.join("\n"), @r"
    The shards had different brokers: shards 0, 1 had b mqtt://one:1883 (MQTT 5); shard 2 had b mqtt://two:1883 (MQTT 5).
    The shards had different flags: shards 0, 2 had -t 3s -u 6 --set vars.x=1; shard 1 had -t 3s -u 9 --set vars.x=1.
    The shards had different versions of the program: shards 0, 2 had mqtt-scenario 1.0.0; shard 1 had mqtt-scenario 1.0.1.
    ");
    let said = warnings(&named(&[("a", &a), ("b", &b), ("c", &c)]));
    assert!(merged.notes.iter().all(|note| said.contains(note)), "{said:?}");
    assert_eq!(
        sum(&[("a", &a), ("again", &with(1, "-t 3s -u 6 --set vars.x=1", "mqtt://one:1883", "1.0.0"))])
            .notes
            .len(),
        1
    );
}

#[test]
fn embedded_brokers_differ_by_their_faults_and_not_by_the_ports_that_the_system_drew() {
    let with = |index: u32, address: &str| {
        let mut result = shard(index, 3);
        let addresses = vec![address.to_owned()];
        result.run.brokers =
            vec![BrokerRan { name: "b".to_owned(), addresses, mqtt_version: "5".to_owned() }];
        result
    };
    let a = with(0, "embedded:?delay=20ms at 127.0.0.1:40957");
    let b = with(1, "embedded:?delay=20ms at 127.0.0.1:41997");
    let c = with(2, "embedded: at 127.0.0.1:41998");
    let both = sum(&[("a", &a), ("b", &b)]);
    assert_eq!(
        sum(&[("both", &both), ("c", &with(2, "embedded:?delay=20ms at 127.0.0.1:1"))]).notes,
        [""; 0]
    );
    let notes = sum(&[("a", &a), ("b", &b), ("c", &c)]).notes;
    let said = "The shards had different brokers: shard 2 had b embedded: (MQTT 5); \
                shards 0, 1 had b embedded:?delay=20ms (MQTT 5).";
    assert_eq!(notes, [said]);
}

#[test]
fn results_without_histograms_are_refused() {
    let whole = run(1, 1, &[(0, 0, 5_000, false)]);
    let mut bare = whole.clone();
    bare.rows[0].histogram = FineTimes::default();
    let error =
        merge(&[Named { name: "a", result: &whole }, Named { name: "b", result: &bare }]).unwrap_err();
    assert_eq!(error, MergeError::NoHistograms("b".to_owned()));
    assert_eq!(merge(&[]), Err(MergeError::Nothing));
}
