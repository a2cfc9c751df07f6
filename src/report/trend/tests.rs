//! What a person and other programs read of a trend.

use crate::report::paint::Paint;
use crate::report::trend::{METRICS, Trend, TrendRun, bencher, otava, plain, text};
use crate::report::verdict::Impression;
use crate::stats::metric::Metric;
use crate::stats::result::testing::{leave, result, row};
use crate::stats::result::{Outcome, RunResult, Source};

/// A run of this day with these response times.
fn run(day: u32, revision: Option<&str>, publish_us: &[u64], failed_us: &[u64]) -> RunResult {
    let mut run = result(vec![row("connect", &[4_100], &[]), row("publish", publish_us, failed_us)]);
    run.run.started += f64::from(day) * 86_400.0;
    run.run.git_revision = revision.map(str::to_owned);
    run.verdict.outcome = if failed_us.is_empty() { Outcome::Passed } else { Outcome::Failed };
    run
}

fn trend(metrics: &[Metric], rows: &[&str]) -> Trend {
    let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
    let mut last = run(4, Some("d4e5f6a7b8c9d0"), &[36, 41, 900], &[]);
    last.rows.remove(0);
    let runs = [
        ("night-3", run(3, Some("d4e5f6a7b8c9d0"), &[30, 40, 50], &[70])),
        ("night-1", run(1, Some("a1b2c3"), &[20, 25, 28], &[])),
        ("\u{1b}[2Jnight, \"2\"", run(2, None, &[20, 26, 29], &[])),
        ("night-4", last),
    ];
    let runs = runs.iter().map(|(name, result)| TrendRun::of(name, result, metrics, &rows));
    Trend::new(metrics.to_vec(), runs.collect())
}

#[test]
fn a_person_sees_the_runs_of_each_row_and_their_course() {
    let plain = Paint { coloured: false };
    insta::assert_snapshot!(text::text(&trend(&METRICS, &[]), 100, plain));
    insta::assert_snapshot!("a_narrow_terminal", text::text(&trend(&METRICS, &["MQTT publish"]), 60, plain));
}

#[test]
fn other_programs_read_it_as_csv_and_json() {
    let trend = trend(&[Metric::Rps, Metric::Percentile(99.9)], &["publish", "Aggregated"]);
    insta::assert_snapshot!(String::from_utf8(plain::csv(&trend).unwrap()).unwrap());
    insta::assert_snapshot!("json", plain::json(&trend));
}

#[test]
fn bencher_gets_the_runs_of_the_newest_revision() {
    insta::assert_snapshot!(bencher::json(&trend(&METRICS, &["publish"])));
    let one = Trend::new(METRICS.to_vec(), trend(&METRICS, &["publish"]).runs[..1].to_vec());
    insta::assert_snapshot!("bencher_of_one_run", bencher::json(&one));
}

#[test]
fn otava_gets_columns_that_every_run_has() {
    let otava = otava::csv(&trend(&[Metric::Rps, Metric::Percentile(50.0)], &[]));
    insta::assert_snapshot!(otava.csv);
    assert_eq!(otava.left_out, ["MQTT_connect_rps", "MQTT_connect_p50"]);
}

#[test]
fn a_run_that_was_interrupted_or_got_no_answer_is_not_called_passed() {
    let mut interrupted = run(1, None, &[20], &[]);
    interrupted.run.planned_s = Some(60.0);
    "interrupted".clone_into(&mut interrupted.run.end);
    let silent = result(Vec::new());
    let mut unanswered = result(vec![row("connect", &[4_100], &[])]);
    leave(&mut unanswered, "publish", 5);
    for (result, word) in
        [(interrupted, "interrupted"), (silent, "nothing measured"), (unanswered, "unanswered")]
    {
        let run = TrendRun::of("night", &result, &METRICS, &[]);
        assert_eq!(run.impression, Impression::Doubtful);
        let trend = Trend::new(METRICS.to_vec(), vec![run]);
        let plain = Paint { coloured: false };
        let texts = [text::text(&trend, 200, plain), plain::json(&trend), csv_of(&trend)];
        assert!(texts.iter().all(|text| text.contains(word)), "{texts:?}");
    }
}

fn csv_of(trend: &Trend) -> String {
    String::from_utf8(plain::csv(trend).unwrap()).unwrap()
}

#[test]
fn rates_of_csv_files_do_not_stand_beside_those_of_whole_runs() {
    let of = |sources: [Source; 2]| {
        let runs = sources.map(|source| {
            let result = RunResult { source, ..run(1, None, &[20], &[]) };
            TrendRun::of("night", &result, &[Metric::Requests, Metric::Rps], &["Aggregated".to_owned()])
        });
        Trend::new(vec![Metric::Requests, Metric::Rps], runs.into())
    };
    let mixed = of([Source::Csv, Source::Run]);
    assert!(mixed.leaves_out_rates());
    let values: Vec<_> = mixed.runs.iter().map(|run| run.rows[0].values.clone()).collect();
    assert_eq!(values, [vec![Some(2.0), None], vec![Some(2.0), Some(1.0)]]);
    assert!(!of([Source::Csv, Source::Csv]).leaves_out_rates());
}
