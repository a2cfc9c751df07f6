use super::*;
use crate::stats::result::series::Point;
use crate::stats::result::testing::{result, row};
use crate::stats::result::what_ran::Host;

fn run(started: f64, times_us: &[u64]) -> RunResult {
    let mut run = result(vec![row("connect", &[900], &[]), row("publish", times_us, &[])]);
    (run.run.started, run.run.ended) = (started, started + 2.0);
    "vm".clone_into(&mut run.run.host.name);
    run
}

/// What the CSV files of a run tell of it, with a history or without.
fn csv(run: &RunResult, has_history: bool) -> RunResult {
    let mut csv = run.clone();
    csv.source = Source::Csv;
    csv.run.host = Host::default();
    (csv.run.started, csv.run.ended) =
        if has_history { (run.run.started.floor(), run.run.ended.ceil()) } else { (9e8, 9e8 + 2.0) };
    if has_history {
        csv.series.points = vec![Point::default()];
    }
    csv
}

#[test]
fn one_run_is_known_wherever_it_lies_and_two_runs_are_told_apart() {
    let a = run(1_700_000_000.25, &[40, 50, 61]);
    let other_numbers = run(1_700_000_000.25, &[40, 50, 62]);
    let other_time = run(1_700_000_060.5, &[40, 50, 61]);
    let mut other_host = a.clone();
    "vm-2".clone_into(&mut other_host.run.host.name);
    let nothing = |started| run(started, &[]);
    let no_requests = |started| {
        let mut run = result(vec![]);
        run.run.started = started;
        run
    };
    for (what, b, expected) in [
        ("a copy", a.clone(), Some(Sameness::Certain)),
        ("its CSV files", csv(&a, true), Some(Sameness::Certain)),
        ("its CSV files without a history", csv(&a, false), Some(Sameness::Likely)),
        ("the same numbers an hour later", other_time, Some(Sameness::Likely)),
        ("another run", other_numbers.clone(), None),
        ("the CSV files of another run", csv(&other_numbers, true), None),
        ("a run without the row", nothing(1_700_000_000.25), None),
    ] {
        let found = twins(&[&a, &b]).first().map(|twins| twins.sameness);
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(twins(&[&no_requests(1.0), &no_requests(2.0)]), [], "runs in which nothing happened");
    let copies = [csv(&a, true), csv(&a, true)];
    assert_eq!(twins(&[&copies[0], &copies[1]])[0].sameness, Sameness::Certain);
}

#[test]
fn a_run_is_known_in_a_merged_result() {
    let (a, b) = (run(1.0, &[40]), run(1.0, &[50]));
    let mut sum = run(1.0, &[40, 50]);
    sum.run.merged_ids = [ids(&a), ids(&b)].concat();
    let found = twins(&[&a, &sum, &b]);
    let certain = |at| Twins { at, sameness: Sameness::Certain };
    assert_eq!(found, [certain([0, 1]), certain([1, 2])]);
}
