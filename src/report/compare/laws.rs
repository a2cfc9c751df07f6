//! What must hold of every comparison, with made runs.

use proptest::prelude::*;
use serde_json::json;

use crate::report::columns::width;
use crate::report::compare::comparison::{Comparison, MeasureComparison, Verdict};
use crate::report::compare::markdown::markdown;
use crate::report::compare::text::{Length, text};
use crate::report::compare::{Options, verdict};
use crate::stats::fine::FineTimes;
use crate::stats::packed_times::PackedTimes;
use crate::stats::result::row::Percentile;
use crate::stats::result::series::{Point, Series};
use crate::stats::result::testing::leave;
use crate::stats::result::{RunResult, Source};

/// One row of a made run: its name, its times in milliseconds and how many requests failed besides.
struct Row {
    name: &'static str,
    median_ms: f64,
    requests: u32,
    failures: u64,
}

const fn row(name: &'static str, median_ms: f64) -> Row {
    Row { name, median_ms, requests: 1_200, failures: 0 }
}

/// Times around a median, in the same form each time: from 0.5 to 2 times of it.
fn times(row: &Row, part: u32, of: u32) -> FineTimes {
    let mut times = FineTimes::default();
    for at in (0..row.requests).filter(|at| at % of == part) {
        let place = f64::from(at) / f64::from(row.requests) - 0.5;
        let ns = row.median_ms * 1e6 * (2.0 * place).exp2();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
        times.record(ns as u64);
    }
    times
}

fn run(rows: &[Row]) -> RunResult {
    let result = |row: &Row| {
        let times = times(row, 0, 1);
        let requests = u64::from(row.requests) + row.failures;
        json!({
            "type": "MQTT", "name": row.name, "requests": requests, "failures": row.failures,
            "requests_per_s": requests as f64 / 60.0, "average_ms": times.mean_ms().unwrap_or(0.0),
            "median_ms": row.median_ms, "histogram": times,
        })
    };
    let series = |row: &Row| {
        let parts: Vec<_> = (0..60).map(|second| PackedTimes::from(&times(row, second, 60))).collect();
        let requests = vec![u64::from(row.requests) / 60; 60];
        json!({ "type": "MQTT", "name": row.name, "requests": requests, "failures": vec![row.failures / 60; 60],
                "histograms": parts })
    };
    let all = Row {
        name: "Aggregated",
        median_ms: rows.first().map_or(1.0, |row| row.median_ms),
        requests: rows.iter().map(|row| row.requests).sum(),
        failures: rows.iter().map(|row| row.failures).sum(),
    };
    let mut aggregated = result(&all);
    aggregated["type"] = json!("");
    serde_json::from_value(json!({
        "version": 1,
        "run": { "started": 0.0, "ended": 60.0 },
        "verdict": { "outcome": "passed", "exit_code": 0, "sentence": "" },
        "rows": rows.iter().map(result).collect::<Vec<_>>(),
        "aggregated": aggregated,
        "series": { "interval_s": 1, "rows": rows.iter().map(series).collect::<Vec<_>>(), "all": series(&all) },
    }))
    .unwrap()
}

/// Runs of one publish row at these medians, and of a connect row that does not change.
fn runs(medians: &[f64]) -> Vec<RunResult> {
    medians.iter().map(|median| run(&[row("connect", 3.0), row("publish", *median)])).collect()
}

fn compared(a: &[RunResult], b: &[RunResult]) -> Comparison {
    verdict(a, b, &Options::default())
}

fn of<'c>(comparison: &'c Comparison, name: &str, measure: &str) -> &'c MeasureComparison {
    let row = comparison.rows.iter().find(|row| row.name == name).unwrap();
    row.measures.iter().find(|found| found.measure == measure).unwrap()
}

fn verdicts(comparison: &Comparison) -> Vec<Verdict> {
    comparison.rows.iter().flat_map(|row| &row.measures).map(|measure| measure.verdict).collect()
}

/// Everything that a user may see of it.
fn outputs(comparison: &Comparison) -> String {
    let json = serde_json::to_string_pretty(comparison).unwrap();
    let text = text(comparison, Length::Full, usize::MAX, |_, text| text.to_owned());
    format!("{text}\n{}\n{json}", markdown(comparison, Length::Full))
}

const A: [f64; 4] = [10.0, 10.2, 9.9, 10.1];
const SLOWER: [f64; 4] = [12.0, 12.3, 11.9, 12.2];

#[test]
fn a_fifth_slower_is_worse_with_four_runs_a_side() {
    let comparison = compared(&runs(&A), &runs(&SLOWER));
    assert!(comparison.worse(), "{}", comparison.sentence);
    let p50 = of(&comparison, "publish", "p50");
    assert_eq!(p50.verdict, Verdict::Worse);
    let change = p50.change.unwrap();
    assert!((change.estimate.unwrap() - 0.2).abs() < 0.02, "{change:?}");
    assert!(change.low.unwrap() > 0.15 && change.high.unwrap() < 0.26, "{change:?}");
    assert_eq!(of(&comparison, "connect", "p50").verdict, Verdict::Same);
    assert_eq!(of(&comparison, "publish", "p99.9").reason.as_deref(), Some("too few requests"));
}

#[test]
fn with_three_runs_a_side_it_is_a_hint_at_most() {
    let comparison = compared(&runs(&A[..3]), &runs(&[20.0, 20.1, 20.2]));
    assert!(!comparison.worse());
    assert_eq!(comparison.verdict, Verdict::HintWorse);
    let told = "too few runs: 3 a side cannot show anything at 5 %, four are the least";
    assert!(comparison.sentence.contains(told), "{}", comparison.sentence);
}

#[test]
fn one_run_a_side_hints_at_much_and_is_silent_on_little() {
    let comparison = compared(&runs(&[10.0]), &runs(&[15.0]));
    assert_eq!(comparison.verdict, Verdict::HintWorse);
    assert!(comparison.sentence.contains("one run a side proves little"), "{}", comparison.sentence);
    assert_eq!(of(&comparison, "publish", "p50").words, "hint: slower");
    assert_eq!(compared(&runs(&[10.0]), &runs(&[11.0])).verdict, Verdict::NoEvidence);
}

#[test]
fn a_change_below_the_least_effect_is_none() {
    let slower = A.map(|median| median * 1.04);
    let comparison = compared(&runs(&A), &runs(&slower));
    assert!(!comparison.verdict.is_finding(), "{}", comparison.sentence);
    let finer = Options { least_effect: 0.02, ..Options::default() };
    assert!(verdict(&runs(&A), &runs(&slower), &finer).worse());
}

#[test]
fn failures_that_came_are_worse_though_the_rest_is_faster() {
    let failing = |median| run(&[row("connect", 3.0), Row { failures: 60, ..row("publish", median) }]);
    let comparison = compared(&runs(&A), &[7.0, 7.1, 7.2, 6.9].map(failing));
    assert!(comparison.worse());
    assert!(
        comparison.sentence.starts_with("Worse: failures of MQTT publish 0 % → 4.76 %"),
        "{}",
        comparison.sentence
    );
    assert_eq!(of(&comparison, "publish", "p50").verdict, Verdict::Better);
}

#[test]
fn lost_messages_are_compared_where_messages_are_measured() {
    let with_lost = |lost: u64| {
        let mut run = run(&[row("publish", 10.0)]);
        let json = json!({ "rows": [{ "type": "MQTT", "name": "publish", "expected": 1000, "lost": { "total": lost } }] });
        run.end_to_end = serde_json::from_value(json).unwrap();
        run
    };
    let comparison = compared(&[0; 4].map(with_lost), &[9, 12, 8, 10].map(with_lost));
    assert_eq!(of(&comparison, "publish", "lost").verdict, Verdict::Worse);
    assert!(
        compared(&runs(&A), &runs(&A))
            .rows
            .iter()
            .all(|row| row.measures.iter().all(|m| m.measure != "lost"))
    );
}

#[test]
fn nothing_is_said_of_what_a_run_lacks() {
    let mut b = runs(&SLOWER);
    b[2] = run(&[row("connect", 3.0)]);
    let comparison = compared(&runs(&A), &b);
    assert_eq!(of(&comparison, "publish", "p50").reason.as_deref(), Some("row not in every run"));
    let comparison = compared(&runs(&A), &[3.0; 4].map(|median| run(&[row("connect", median)])));
    assert_eq!(comparison.only_in_a, ["MQTT publish"]);
    assert!(comparison.sentence.contains("only in A: MQTT publish"), "{}", comparison.sentence);
}

/// Adds what tells that a run was to publish.
fn planned(mut run: RunResult) -> RunResult {
    let plan = "scenario s, seed 0\n\nrows of the statistics: 2\n  MQTT connect\n  MQTT publish\n";
    run.run.plan_text = Some(plan.to_owned());
    run
}

#[test]
fn a_side_that_finishes_nothing_of_its_plan_is_worse() {
    let answered = || runs(&A).into_iter().map(planned).collect::<Vec<_>>();
    let connects_alone = || planned(run(&[row("connect", 3.0)]));
    let nothing = || planned(run(&[]));
    for silent in [&connects_alone as &dyn Fn() -> RunResult, &nothing] {
        let b: Vec<RunResult> = (0..4).map(|_| silent()).collect();
        let comparison = compared(&answered(), &b);
        assert!(comparison.worse(), "{}", comparison.sentence);
        assert!(comparison.sentence.contains("rate of MQTT publish 20.0/s → 0/s"), "{}", comparison.sentence);
        assert_eq!(comparison.only_in_a, Vec::<String>::new());
        assert_eq!(compared(&b, &answered()).verdict, Verdict::Better);
        assert_eq!(compared(&answered()[..1], &b[..1]).verdict, Verdict::HintWorse);
        assert!(!compared(&b, &b).verdict.is_finding());
    }
}

#[test]
fn a_row_that_was_begun_and_never_finished_counts_as_a_rate_of_nothing() {
    let begun = || {
        let mut run = run(&[row("connect", 3.0)]);
        leave(&mut run, "publish", 5);
        run
    };
    let comparison = compared(&runs(&A), &[begun(), begun(), begun(), begun()]);
    assert_eq!(of(&comparison, "publish", "rate").verdict, Verdict::Worse);
}

#[test]
fn a_row_of_another_plan_is_not_worse() {
    let a: Vec<RunResult> = runs(&A).into_iter().map(planned).collect();
    let other = || {
        let mut run = planned(run(&[row("connect", 3.0)]));
        run.run.plan_text = run.run.plan_text.map(|text| text.replace("MQTT publish", "MQTT publish again"));
        run
    };
    let comparison = compared(&a, &[other(), other(), other(), other()]);
    assert_eq!(comparison.only_in_a, ["MQTT publish"]);
    assert!(comparison.rows.iter().all(|row| row.name != "publish"));
}

#[test]
fn requests_that_fail_faster_are_no_better_rate() {
    let refused = |requests: u64| {
        let mut run = run(&[Row { requests: 0, failures: requests, ..row("connect", 3.0) }]);
        for row in run.rows.iter_mut().chain([&mut run.aggregated]) {
            row.failures_per_s = row.requests_per_s;
        }
        run
    };
    let connected = A.map(|_| run(&[row("connect", 3.0)]));
    let comparison = compared(&connected, &[4_800, 4_900, 5_000, 4_850].map(refused));
    assert_eq!(of(&comparison, "connect", "rate").verdict, Verdict::Worse);
    assert!(!comparison.sentence.contains("Better"), "{}", comparison.sentence);
}

/// The CSV files of a run whose last request came after half of it.
fn as_csv(run: &RunResult, seconds: f64) -> RunResult {
    let mut csv = run.clone();
    csv.source = Source::Csv;
    (csv.run.started, csv.run.ended) = (1.0, 1.0 + seconds);
    for row in csv.rows.iter_mut().chain([&mut csv.aggregated]) {
        row.requests_per_s *= 2.0;
        let percents = [50.0, 95.0, 99.0, 99.9];
        row.percentiles = percents
            .iter()
            .filter_map(|percent| {
                Some(Percentile { percent: *percent, ms: row.percentile_ms(*percent)?.round() })
            })
            .collect();
        row.histogram = FineTimes::default();
    }
    csv.series.points = vec![Point::default(); 60];
    csv
}

#[test]
fn csv_files_and_results_of_equal_runs_are_not_different() {
    for seconds in [59.0, 60.0, 61.0] {
        let csv: Vec<RunResult> = runs(&A).iter().map(|run| as_csv(run, seconds)).collect();
        let comparison = compared(&csv, &runs(&A));
        assert!(!comparison.verdict.is_finding(), "{}", comparison.sentence);
    }
    let without_history =
        runs(&A).into_iter().map(|run| RunResult { series: Series::default(), ..as_csv(&run, 60.0) });
    let comparison = compared(&runs(&A), &without_history.collect::<Vec<_>>());
    assert!(!comparison.verdict.is_finding(), "{}", comparison.sentence);
    let reason = of(&comparison, "publish", "rate").reason.clone().unwrap();
    assert!(reason.starts_with("not comparable"), "{reason}");
}

#[test]
fn all_requests_of_files_and_results_are_not_compared_if_messages_are_measured() {
    let own = A.map(|ms| {
        let mut run = run(&[row("publish", ms), row("arrives", 90.0)]);
        run.rows[1].measured = true;
        run
    });
    let csv: Vec<RunResult> = own
        .iter()
        .map(|run| {
            let mut csv = as_csv(run, 60.0);
            csv.rows[1].measured = false;
            csv.aggregated.requests *= 2;
            csv.aggregated.average_ms *= 5.0;
            csv
        })
        .collect();
    let comparison = compared(&csv, &own);
    assert!(!comparison.verdict.is_finding(), "{}", comparison.sentence);
    let reason = of(&comparison, "Aggregated", "mean").reason.clone().unwrap();
    assert!(reason.starts_with("not comparable"), "{reason}");
    let of_row = of(&comparison, "publish", "p50").reason.clone().unwrap_or_default();
    assert!(!of_row.starts_with("not comparable"), "rows are compared: {of_row}");
}

#[test]
fn lengths_of_sides_that_are_not_alike_have_digits_enough_to_differ() {
    let lasting = |seconds: f64| {
        let mut run = run(&[row("publish", 10.0)]);
        run.run.ended = seconds;
        run
    };
    let notes = |a, b| compared(&[lasting(a)], &[lasting(b)]).notes.join(" ");
    assert!(notes(1.7, 2.2).contains("runs of A lasted 1.7 s, of B 2.2 s."), "{}", notes(1.7, 2.2));
    assert!(notes(60.0, 90.0).contains("runs of A lasted 60 s, of B 90 s."));
}

#[test]
fn twenty_rows_are_judged_and_the_others_shown() {
    let names: Vec<&'static str> =
        (0..25).map(|row| &*Box::leak(format!("row {row:02}").into_boxed_str())).collect();
    let runs = |factor: f64| {
        A.map(|median| {
            let rows = names.iter().enumerate().map(|(at, name)| {
                let requests = 1_200 + if at < 5 { 0 } else { 60 };
                Row { requests, ..row(name, median * factor) }
            });
            run(&rows.collect::<Vec<_>>())
        })
    };
    let comparison = compared(&runs(1.0), &runs(1.2));
    assert!(comparison.worse());
    let not_judged =
        comparison.rows.iter().filter(|row| row.measures[0].reason.as_deref() == Some("row not judged"));
    assert_eq!(not_judged.count(), 5);
    assert!(comparison.notes.iter().any(|note| note.contains("5 are shown without a verdict")));
}

#[test]
fn zeros_and_gaps_show_neither_infinities_nor_signs_of_nothing() {
    let nothing = || run(&[Row { requests: 0, ..row("publish", 0.0) }]);
    let empty = || run(&[]);
    let all_failed = || run(&[Row { requests: 0, failures: 60, ..row("publish", 0.0) }]);
    let zero_ms = || run(&[row("publish", 0.0)]);
    let some = || run(&[row("publish", 10.0), row("other", 10.000_01)]);
    let kinds: [&dyn Fn() -> RunResult; 5] = [&nothing, &empty, &all_failed, &zero_ms, &some];
    for a in kinds {
        for b in kinds {
            for runs in [1, 4] {
                let side = |kind: &dyn Fn() -> RunResult| (0..runs).map(|_| kind()).collect::<Vec<_>>();
                let shown = outputs(&compared(&side(a), &side(b)));
                for never in ["inf", "NaN", "nan", "-0.0 ", "+0.0 ", "-0 ", "+0 ", "-0.00 ", "-0%", "-0.0%"] {
                    assert!(!shown.contains(never), "{never} in {shown}");
                }
            }
        }
    }
    assert!(outputs(&compared(&[], &[])).starts_with("No evidence"));
}

#[test]
fn what_others_wrote_cannot_steer_a_terminal() {
    let odd = || run(&[row("a\u{1b}[31m\n\u{202e}| x", 10.0)]);
    let comparison = compared(&[odd()], &[odd()]);
    let shown = text(&comparison, Length::Full, usize::MAX, |_, text| text.to_owned())
        + &markdown(&comparison, Length::Full);
    assert!(!shown.contains(['\u{1b}', '\u{202e}']));
    assert!(shown.contains("a\u{fffd}[31m\u{fffd}\u{fffd}|"), "{shown}");
    assert!(shown.contains("a\u{fffd}[31m\u{fffd}\u{fffd}\\|"), "in a table of Markdown: {shown}");
    let json = serde_json::to_string(&comparison).unwrap();
    assert!(json.contains(r"a\u001b[31m\n"), "JSON has the name as it is: {json}");
}

#[test]
fn no_line_is_wider_than_the_terminal_and_no_name_floods_it() {
    let long = |other: f64| run(&[row("plant/north/".repeat(60).leak(), 10.0), row("publish", other)]);
    let comparison = compared(&runs(&A), &runs(&SLOWER));
    let flooded = compared(&[long(10.0)], &[long(30.0)]);
    for columns in [40, 60, 80, 120] {
        for (comparison, length) in [(&comparison, Length::Short), (&flooded, Length::Full)] {
            let text = text(comparison, length, columns, |_, text| text.to_owned());
            let widest = text.lines().map(width).max().unwrap();
            assert!(widest <= columns, "{widest} of {columns}:\n{text}");
        }
    }
    insta::assert_snapshot!(text(&comparison, Length::Short, 40, |_, text| text.to_owned()));
    let piped = text(&flooded, Length::Full, usize::MAX, |_, text| text.to_owned());
    let names = piped.lines().filter(|line| line.contains("plant"));
    assert!(names.clone().count() > 0 && names.clone().all(|line| width(line) < 300), "{piped}");
    assert!(markdown(&flooded, Length::Full).lines().all(|line| width(line) < 600));
}

#[test]
fn a_run_that_is_too_short_says_how_long_it_must_be() {
    let mut short = run(&[row("publish", 10.0)]);
    let series = &mut short.series.rows[0];
    for list in [&mut series.requests, &mut series.failures] {
        list.truncate(3);
    }
    series.histograms.truncate(3);
    short.series.points = vec![Point::default(); 3];
    let comparison = compared(&[short.clone()], &[short]);
    let p50 = of(&comparison, "publish", "p50");
    assert_eq!(p50.words, "no evidence (too short: 4 s with requests are needed)");
}

fn medians() -> impl Strategy<Value = [f64; 4]> {
    [8.0..13.0_f64, 8.0..13.0_f64, 8.0..13.0_f64, 8.0..13.0_f64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn exchanged_sides_turn_better_into_worse(a in medians(), b in medians(), runs_a_side in 1..=4_usize) {
        let (a, b) = (runs(&a[..runs_a_side]), runs(&b[..runs_a_side]));
        let turned: Vec<Verdict> = verdicts(&compared(&b, &a)).into_iter().map(|verdict| match verdict {
            Verdict::Worse => Verdict::Better,
            Verdict::Better => Verdict::Worse,
            Verdict::HintWorse => Verdict::HintBetter,
            Verdict::HintBetter => Verdict::HintWorse,
            other => other,
        }).collect();
        prop_assert_eq!(verdicts(&compared(&a, &b)), turned);
    }

    #[test]
    fn the_order_of_runs_changes_nothing(a in medians(), b in medians()) {
        let (mut a, mut b) = (runs(&a), runs(&b));
        let before = compared(&a, &b);
        a.reverse();
        b.rotate_left(1);
        prop_assert_eq!(verdicts(&before), verdicts(&compared(&a, &b)));
    }

    #[test]
    fn equal_runs_give_no_evidence(a in medians(), runs_a_side in 1..=4_usize) {
        let comparison = compared(&runs(&a[..runs_a_side]), &runs(&a[..runs_a_side]));
        prop_assert!(!comparison.verdict.is_finding(), "{}", comparison.sentence);
    }

    #[test]
    fn another_unit_of_time_changes_no_verdict(a in medians(), b in medians(), factor in 2.0..50.0_f64) {
        let scaled = |medians: [f64; 4]| {
            let runs = medians.iter().map(|median| run(&[row("connect", 3.0 * factor), row("publish", median * factor)]));
            runs.collect::<Vec<_>>()
        };
        let (before, after) = (compared(&runs(&a), &runs(&b)), compared(&scaled(a), &scaled(b)));
        prop_assert_eq!(verdicts(&before), verdicts(&after));
    }
}
