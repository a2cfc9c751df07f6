//! The page of a trend as a whole: its size, what it says at the edges, and that no text acts in it.

use super::trend as page;
use crate::report::html::sample;
use crate::report::html::tests::assert_well_formed;
use crate::report::trend::{METRICS, Trend, TrendRun};
use crate::stats::result::{Outcome, RunResult};

/// So many runs, one a day, of which the latter half is slower and one in seven failed.
fn trend(runs: u32, rows: &[(&str, &str, f64, f64)]) -> Trend {
    let run = |day: u32| {
        let slower = if day * 2 >= runs { 1.25 } else { 1.0 };
        let rows: Vec<_> =
            rows.iter().map(|(kind, name, rate, ms)| (*kind, *name, *rate, ms * slower)).collect();
        let mut run = sample::run_of(day.into(), 5, &rows);
        run.run.started += f64::from(day) * 86_400.0;
        run.run.git_revision =
            (day != 3).then(|| format!("{:08x}", 0xa1b2_c3d4_u32.wrapping_mul(day / 2 + 1)));
        run.verdict.outcome = if day % 7 == 4 { Outcome::ThresholdMissed } else { Outcome::Passed };
        if day == 2 {
            run.rows.remove(0);
        }
        TrendRun::of(&format!("nightly/day-{day}"), &run, &METRICS, &[])
    };
    Trend::new(METRICS.to_vec(), (0..runs).map(run).collect())
}

fn page_of(trend: &Trend) -> String {
    let page = page(trend).unwrap();
    assert_well_formed(&page);
    page
}

/// What is looked at in a browser.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("trend", page_of(&trend(30, &sample::ROWS))),
        ("trend-two-runs", page_of(&trend(2, &sample::ROWS[..2]))),
    ]
}

#[test]
fn thirty_runs_of_ten_rows_take_less_than_300_kilobytes() {
    let page = page_of(&trend(30, &sample::ROWS));
    assert!(page.len() < 300_000, "{} bytes", page.len());
    // Each metric of each row and of all requests has a chart; `failures` too where there are none.
    assert_eq!(page.matches("<figure").count(), 11 * 5);
    assert_eq!(page.matches("data-run=").count(), 30);
}

#[test]
fn a_chart_is_labelled_by_day_and_revision_and_has_a_dot_for_each_run() {
    let page = page_of(&trend(3, &[("MQTT", "publish", 20.0, 1.0)]));
    for text in [">03-03</text>", ">03-05</text>", ">a1b2c3d4</text>", "Runs, the oldest first"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("data-run=\"nightly/day-0, 2025-03-03 11:06:40 UTC, git a1b2c3d4, passed\""));
    let dots = page.split("dots\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(dots.matches(" 0 0").count(), 3, "{dots}");
}

#[test]
fn labels_leave_out_what_all_runs_have_in_common() {
    let mut trend = trend(2, &[("MQTT", "publish", 20.0, 1.0)]);
    let mut labels = |later_s: f64| {
        trend.runs[1].started = trend.runs[0].started + later_s;
        super::labels(&trend.runs).into_iter().map(|label| label.when).collect::<Vec<_>>()
    };
    assert_eq!(labels(60.0), ["11:06", "11:07"]);
    assert_eq!(labels(86_400.0), ["03-03", "03-04"]);
    assert_eq!(labels(365.0 * 86_400.0), ["2025-03-03", "2026-03-03"]);
    assert_eq!(labels(f64::NAN), ["2025-03-03", "–"]);
}

#[test]
fn a_run_without_the_row_leaves_a_gap() {
    let page = page_of(&trend(4, &[("MQTT", "connect", 20.0, 1.0), ("MQTT", "publish", 20.0, 1.0)]));
    let connect = page.split("<h3>MQTT connect</h3>").nth(1).unwrap();
    let table = connect.split("</table>").next().unwrap();
    assert_eq!(table.matches("<tbody>").count(), 3, "the run of day 2 does not have it");
    let line = connect.split("data-name=\"requests\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(line.matches('m').count(), 2, "two pieces: {line}");
}

#[test]
fn no_text_of_a_run_acts_in_the_page() {
    let evil =
        "</title></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&amp;\u{202e}\u{1b}[2J\0";
    let run: RunResult = sample::hostile_of(&sample::run(2, &[("MQTT", "publish", 20.0, 1.0)]), evil);
    let run = TrendRun::of(evil, &run, &METRICS, &[]);
    let page = page_of(&Trend::new(METRICS.to_vec(), vec![run.clone(), run]));
    assert_eq!(page.matches("<script").count(), 1, "our own script");
    assert!(!page.contains("<img"), "a tag of a text");
    assert!(!page.contains(['\u{202e}', '\u{1b}', '\0']), "a text that turns the page around");
    assert!(!page.contains("=\"\"'"), "a text that left its attribute");
}

#[test]
fn without_runs_or_requests_the_page_is_whole() {
    let page = page_of(&Trend::new(METRICS.to_vec(), Vec::new()));
    assert!(page.contains("No run has a row to show.") && page.contains("There are no runs."));
    let empty = TrendRun::of("empty", &sample::empty(1.0), &METRICS, &[]);
    assert!(page_of(&Trend::new(METRICS.to_vec(), vec![empty])).contains("1 run, "));
}
