//! The page of a trend: for each row a chart of each metric over the runs, and the table of the runs.
//!
//! The runs stand at equal distances: a week without one is no news, and two runs of one minute can be told apart.

#[cfg(test)]
pub(super) mod tests;

use std::ops::Range;

use askama::Template;

use crate::report::html::chart::across::Across;
use crate::report::html::chart::axes::RunLabel;
use crate::report::html::chart::lines::{Line, LineChart};
use crate::report::html::chart::quantity::Quantity;
use crate::report::html::frame::Frame;
use crate::report::html::section::figure::Figure;
use crate::report::html::section::rows::Cell;
use crate::report::html::text;
use crate::report::trend::text::{change, shown};
use crate::report::trend::{Trend, TrendRun, is_aggregated, title};
use crate::report::verdict::Impression;
use crate::stats::RowKey;
use crate::stats::metric::{Metric, Unit};

/// So many rows have charts; `--row` chooses others.
const MAX_ROWS: usize = 20;
/// So many characters of a git revision tell it apart.
const REVISION: usize = 12;
/// The same under a chart, where room is short.
const SHORT_REVISION: usize = 8;

#[derive(Template)]
#[template(path = "trend/page.html", whitespace = "minimize")]
struct Page {
    frame: Frame,
    rows: Vec<(String, RowOfRuns)>,
    left_out: usize,
    /// The words of the metrics: the headings of the tables.
    metrics: Vec<(String, String)>,
    runs: Vec<Run>,
}

/// One row of the statistics over all runs.
struct RowOfRuns {
    figures: Vec<Figure>,
    /// The runs that have the row, by their index, with a cell for each metric.
    lines: Vec<(usize, Vec<Cell>)>,
}

struct Run {
    name: String,
    scenario: String,
    started: Cell,
    revision: String,
    class: &'static str,
    outcome: String,
    /// All of it in one line, for the values under the pointer.
    title: String,
}

/// The page of a trend: a whole HTML document. Its size grows with rows, metrics and runs, about 30 bytes a value.
///
/// # Errors
/// What `askama` reports if it cannot write a value; no value of a result is known to cause it.
pub fn trend(trend: &Trend) -> askama::Result<String> {
    let keys = trend.keys();
    let labels = labels(&trend.runs);
    let row = |key: &RowKey| {
        let title = if is_aggregated(key) { "All requests".to_owned() } else { text::line(&title(key)) };
        let figures = figures(trend, key, &title, &labels)?;
        Ok((title, RowOfRuns { figures, lines: lines(trend, key) }))
    };
    Page {
        frame: frame(&trend.runs),
        rows: keys.iter().take(MAX_ROWS).map(row).collect::<askama::Result<_>>()?,
        left_out: keys.len().saturating_sub(MAX_ROWS),
        metrics: trend.metrics.iter().map(|metric| (metric.to_string(), meaning(*metric))).collect(),
        runs: trend.runs.iter().map(Run::of).collect(),
    }
    .render()
}

fn frame(runs: &[TrendRun]) -> Frame {
    let mut scenarios: Vec<&str> = runs.iter().map(|run| run.scenario.as_str()).collect();
    scenarios.sort_unstable();
    scenarios.dedup();
    let title = match scenarios[..] {
        [scenario] if !scenario.is_empty() => text::line(scenario),
        _ => "Load tests over time".to_owned(),
    };
    let span = [runs.first(), runs.last()].map(|run| text::moment(run.map_or(0.0, |run| run.started)));
    let subtitle = match (runs, span) {
        ([_], [at, _]) => format!("1 run, {at}"),
        (runs, [from, to]) => format!("{} runs, {from} to {to}", runs.len()),
    };
    Frame { title, kind: "Trend of load tests", subtitle, program: String::new(), back: None }
}

/// What stands under a chart: the day of a run, or its time if all are of one day, and its revision.
fn labels(runs: &[TrendRun]) -> Vec<RunLabel> {
    let moments: Vec<String> = runs.iter().map(|run| text::moment(run.started)).collect();
    // In `2025-03-03 11:06:40 UTC`, what all have in common says nothing.
    let have_in_common = |part: Range<usize>| {
        moments
            .windows(2)
            .all(|pair| matches!(pair, [one, other] if one.get(part.clone()) == other.get(part.clone())))
    };
    let shown = if have_in_common(0..10) {
        11..16
    } else if have_in_common(0..4) {
        5..10
    } else {
        0..10
    };
    let label = |(run, moment): (&TrendRun, &String)| RunLabel {
        when: moment.get(shown.clone()).unwrap_or(text::UNKNOWN).to_owned(),
        revision: revision(run, SHORT_REVISION),
    };
    runs.iter().zip(&moments).map(label).collect()
}

fn revision(run: &TrendRun, characters: usize) -> String {
    let revision = run.git_revision.as_deref().unwrap_or_default();
    text::line(&revision.chars().take(characters).collect::<String>())
}

fn figures(trend: &Trend, key: &RowKey, row: &str, labels: &[RunLabel]) -> askama::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (number, metric) in trend.metrics.iter().enumerate() {
        let values = trend.values(key, number);
        let heading = heading(*metric);
        let across = Across::Runs { count: u32::try_from(values.len()).unwrap_or(u32::MAX) };
        let points = (0_u32..).zip(&values).map(|(run, value)| (f64::from(run), *value)).collect();
        let word = metric.to_string();
        let chart = LineChart {
            label: format!("{heading}: {row}"),
            across,
            quantity: quantity(*metric),
            logarithmic: false,
            lines: vec![Line { name: &word, class: class(*metric), points }],
            marks: &[],
            wide: false,
            bands: &[],
            runs: labels,
        };
        if chart.is_empty() {
            continue;
        }
        let change =
            change(*metric, &values).map_or_else(String::new, |change| format!(" First to last: {change}."));
        figures.push(Figure {
            title: heading.into(),
            meaning: format!("{}{change}", meaning(*metric)).into(),
            legend: Vec::new(),
            svg: chart.svg()?,
            caption: across.caption(),
            wide: false,
            shades: false,
        });
    }
    Ok(figures)
}

fn lines(trend: &Trend, key: &RowKey) -> Vec<(usize, Vec<Cell>)> {
    let cell = |(metric, value): (&Metric, &Option<f64>)| match value {
        Some(number) => Cell::new(shown(*metric, *value), *number),
        // Sorted before all others, since it is no number.
        None => Cell { text: text::UNKNOWN.to_owned(), sort: "-1".to_owned(), class: "" },
    };
    let line = |(index, run): (usize, &TrendRun)| {
        Some((index, trend.metrics.iter().zip(run.row(key)?).map(cell).collect()))
    };
    trend.runs.iter().enumerate().filter_map(line).collect()
}

impl Run {
    fn of(run: &TrendRun) -> Self {
        let revision = revision(run, REVISION);
        let outcome = run.word.to_lowercase();
        let name = text::line(&run.name);
        let moment = text::moment(run.started);
        let git = if revision.is_empty() { String::new() } else { format!(", git {revision}") };
        Self {
            title: format!("{name}, {moment}{git}, {outcome}"),
            name,
            scenario: text::line(&run.scenario),
            started: Cell::new(moment, run.started),
            revision: if revision.is_empty() { text::UNKNOWN.to_owned() } else { revision },
            class: match run.impression {
                Impression::Good => "good",
                Impression::Doubtful => "open",
                Impression::Bad => "bad",
            },
            outcome,
        }
    }
}

fn quantity(metric: Metric) -> Quantity {
    match metric.unit() {
        Unit::Milliseconds => Quantity::TimeMs,
        Unit::PerSecond => Quantity::PerSecond,
        Unit::Percent => Quantity::Percent,
        Unit::Count | Unit::Bytes | Unit::Cores => Quantity::Count,
    }
}

fn class(metric: Metric) -> &'static str {
    if metric.is_of_failures() || metric.is_of_unfinished() { "c-bad" } else { "c-all" }
}

/// The title of a chart.
fn heading(metric: Metric) -> String {
    match metric {
        Metric::Requests => "Requests".to_owned(),
        Metric::Rps => "Requests per second".to_owned(),
        Metric::Failures => "Failures".to_owned(),
        Metric::FailureRatio => "Failures in percent".to_owned(),
        Metric::FailuresPerS => "Failures per second".to_owned(),
        Metric::Unfinished => "Unfinished requests".to_owned(),
        other => other.to_string(),
    }
}

/// A sentence that explains a metric of rows.
fn meaning(metric: Metric) -> String {
    let sentence = match metric {
        Metric::Percentile(percent) => return format!("{percent} % of the requests took at most this time."),
        Metric::Requests => "Requests that ended, failed ones included.",
        Metric::Rps => "Requests that ended per second, mean over the run.",
        Metric::Failures => "Requests that failed.",
        Metric::FailureRatio => "Failed requests in percent of all.",
        Metric::FailuresPerS => "Requests that failed per second, mean over the run.",
        Metric::Unfinished => "Requests that never came to an end.",
        Metric::Median => "Half of the requests took at most this time.",
        Metric::Average => "The mean response time.",
        Metric::Min => "The fastest request.",
        Metric::Max => "The slowest request.",
        _ => "",
    };
    sentence.to_owned()
}
