use super::*;
use crate::report::read::csv::run::{CsvFile, CsvFiles};

/// The CSV files of a run of one connect row with this many requests and this p95, and other rows given as text.
fn table(p95: &str, requests: u32, others: &str) -> RunResult {
    let failures = requests.min(2);
    let text = format!(
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
             Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,95%\n\
             {others}MQTT,connect,{requests},{failures},5,5.0,1.0,9.0,0.0,10.0,0.5,{p95}\n\
             ,Aggregated,{requests},{failures},5,5.0,1.0,9.0,0.0,10.0,0.5,{p95}\n"
    );
    let stats = CsvFile { path: "x_stats.csv", bytes: text.as_bytes() };
    let (history, failures, exceptions) = (None, None, None);
    CsvFiles { name: "x", stats, history, failures, exceptions, written: 0.0 }.parse().unwrap()
}

fn judged(expression: &str, a: RunResult, b: RunResult) -> Vec<(Outcome, String)> {
    let fail_on: FailOn = expression.parse().unwrap();
    let (a, b) = ([a], [b]);
    fail_on.check(&a, &b).unwrap();
    let checks = fail_on.judge(&Pairs::of(&a, &b));
    checks.into_iter().map(|check| (check.outcome, format!("{}: {}", check.row, check.detail))).collect()
}

#[test]
fn limits_are_held_against_the_change_or_the_value() {
    use Outcome::{Fail, Pass};
    for (expression, base, new, outcome, detail) in [
        ("p95 > +10%", "100", "110", Pass, "Aggregated: p95 100 → 110 ms, +10 ms (+10.0%) ~"),
        ("p95 >= +10%", "100", "110", Fail, "Aggregated: p95 100 → 110 ms, +10 ms (+10.0%) ~"),
        ("p95 > +10%", "100", "120", Fail, "Aggregated: p95 100 → 120 ms, +20 ms (+20.0%)"),
        ("p95 > +10%", "120", "100", Pass, "Aggregated: p95 120 → 100 ms, -20 ms (-16.7%)"),
        ("p95 > +1000%", "0", "1", Fail, "Aggregated: p95 0 → 1 ms, +1 ms (from 0) ~"),
        ("average > +0%", "0", "0", Pass, "Aggregated: average 5 → 5 ms, 0 ms (0%)"),
        ("p95 > +20ms", "100", "120", Pass, "Aggregated: p95 100 → 120 ms, +20 ms (+20.0%)"),
        ("p95 > +0.01s", "100", "120", Fail, "Aggregated: p95 100 → 120 ms, +20 ms (+20.0%)"),
        ("p95 < -10%", "100", "80", Fail, "Aggregated: p95 100 → 80 ms, -20 ms (-20.0%)"),
        ("p95[connect] > 99ms", "1", "100", Fail, "MQTT connect: p95 100 ms"),
        ("p95[MQTT connect] > 100ms", "1", "100", Pass, "MQTT connect: p95 100 ms"),
        ("failures > 0", "1", "1", Fail, "Aggregated: failures 2"),
        ("failures > +0", "1", "1", Pass, "Aggregated: failures 2 → 2, 0 (0%)"),
        ("failure_ratio > 0.2%", "1", "1", Pass, "Aggregated: failure_ratio 0.2000%"),
        ("failure_ratio > +0pp", "1", "1", Pass, "Aggregated: failure_ratio 0.2000 → 0.2000%, 0pp (0%)"),
    ] {
        let judged = judged(expression, table(base, 1000, ""), table(new, 1000, ""));
        assert_eq!(judged, [(outcome, detail.to_owned())], "{expression} {base} {new}");
    }
}

#[test]
fn what_cannot_be_judged_fails_and_says_why() {
    let other = "MQTT,other,5,0,5,5.0,1.0,9.0,0.0,10.0,0.0,7\n";
    let full = || table("7", 10, "");
    let with_other = || table("7", 10, other);
    let idle = || table("N/A", 0, "");
    let only = |expression: &str, base, new| {
        let judged = judged(expression, base, new);
        assert_eq!(judged.len(), 1, "{judged:?}");
        judged.into_iter().next().unwrap()
    };
    for (judged, outcome, detail) in [
        (only("p95[no] > 1", full(), full()), Outcome::Fail, "no: neither side has this row"),
        (
            only("p95[other] > 9s", with_other(), full()),
            Outcome::Fail,
            "MQTT other: B does not have this row",
        ),
        (
            only("p95[other] > +9s", full(), with_other()),
            Outcome::Fail,
            "MQTT other: A does not have this row",
        ),
        (only("p95[other] > 9s", full(), with_other()), Outcome::Pass, "MQTT other: p95 7 ms"),
        (
            only("p95 > 9s", full(), idle()),
            Outcome::Fail,
            "Aggregated: B has no p95 for this row: it had no requests",
        ),
        (
            only("median > +9s", idle(), full()),
            Outcome::Fail,
            "Aggregated: A has no median for this row: it had no requests",
        ),
    ] {
        assert_eq!(judged, (outcome, detail.to_owned()));
    }
}

#[test]
fn every_row_skips_what_came_and_fails_what_went() {
    let other = || table("7", 10, "MQTT,other,5,0,5,5.0,1.0,9.0,0.0,10.0,0.0,7\n");
    let outcomes = |judged: Vec<(Outcome, String)>| judged.into_iter().map(|j| j.0).collect::<Vec<_>>();
    let came = judged("p95[*] > +10%", table("7", 10, ""), other());
    assert_eq!(outcomes(came), [Outcome::Unclear, Outcome::Skip]);
    let went = judged("p95[*] > +10%", other(), table("7", 10, ""));
    assert_eq!(outcomes(went), [Outcome::Unclear, Outcome::Fail]);
}

#[test]
fn whole_milliseconds_prove_nothing_of_their_parts() {
    use Outcome::{Fail, Pass, Unclear};
    for (expression, base, new, outcome) in [
        // 0 may be anything up to half a millisecond.
        ("p95 > 0.1ms", "0", "0", Fail),
        ("p95 > 0.6ms", "0", "0", Pass),
        ("p95 > 0ms", "0", "0", Fail),
        ("p95 > 2.3ms", "2", "2", Fail),
        ("p95 > 2.7ms", "2", "2", Pass),
        ("p95 > 2ms", "2", "2", Pass),
        ("p95 > +0.1ms", "0", "0", Fail),
        ("p95 > +0.1ms", "5", "3", Pass),
        ("p95 > +1ms", "3", "3", Pass),
        ("p95 > +5%", "7", "7", Unclear),
        ("p95 > +0%", "0", "0", Unclear),
        ("p95 > +5%", "7", "5", Pass),
        ("p95 > +5%", "50", "50", Pass),
        // A file's average is exact.
        ("average > 5.1ms", "7", "7", Pass),
        ("average > +0.1ms", "7", "7", Pass),
    ] {
        let judged = judged(expression, table(base, 1000, ""), table(new, 1000, ""));
        assert_eq!(judged[0].0, outcome, "{expression} {base} {new}: {judged:?}");
        let told = judged[0].1.ends_with(": below the file's resolution of 1 ms");
        assert_eq!(told, outcome != Pass, "{judged:?}");
    }
}

#[test]
fn a_column_that_is_not_there_is_an_error() {
    let fail_on: FailOn = "p97 > 1ms".parse().unwrap();
    let error = fail_on.check(&[table("7", 1, "")], &[table("7", 1, "")]).unwrap_err();
    assert_eq!(error.to_string(), "x: no column `97%`; found: `95%`");
}

#[test]
fn the_mean_of_several_runs_counts_and_a_run_without_the_row_fails() {
    let fail_on: FailOn = "p95[connect] > +15%".parse().unwrap();
    let runs = |p95: [&str; 2]| p95.map(|p95| table(p95, 1000, ""));
    let (a, b) = (runs(["90", "110"]), runs(["110", "130"]));
    let check = &fail_on.judge(&Pairs::of(&a, &b))[0];
    assert_eq!((check.outcome, check.detail.as_str()), (Outcome::Fail, "p95 100 → 120 ms, +20 ms (+20.0%)"));
    let mut without = b;
    without[1].rows.clear();
    let check = &fail_on.judge(&Pairs::of(&a, &without))[0];
    assert_eq!((check.outcome, check.detail.as_str()), (Outcome::Fail, "B does not have this row"));
}
