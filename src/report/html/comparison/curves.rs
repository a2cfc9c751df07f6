//! The charts of a comparison: for each row the distribution of response times, the rate and p99 over time, with a thin
//! line for each run and a colour for each side.

use std::cmp::Reverse;

use askama::Template;

use crate::report::compare::comparison::{Comparison, RowComparison};
use crate::report::html::chart::across::Across;
use crate::report::html::chart::lines::{Line, LineChart};
use crate::report::html::chart::quantity::Quantity;
use crate::report::html::comparison::binned::{At, Steps};
use crate::report::html::comparison::table::{is_all, title};
use crate::report::html::section::curve::curve;
use crate::report::html::section::figure::Figure;
use crate::stats::fine::FineTimes;
use crate::stats::result::RunResult;
use crate::stats::result::row::RowResult;
use crate::stats::result::series::RowSeries;

/// Beside all requests together, so many rows with the most requests have charts.
const MAX_ROWS: usize = 12;
/// So many runs of a side have lines: more would hide each other.
const MAX_RUNS: usize = 8;

#[derive(Template)]
#[template(path = "comparison/curves.html", whitespace = "minimize")]
pub(super) struct Curves {
    /// Title and charts, in the order of the table; all requests first.
    rows: Vec<(String, Vec<Figure>)>,
    /// How many rows have no charts.
    left_out: usize,
    /// Why something is missing, in sentences.
    missing: Vec<String>,
}

/// A run that has lines: its side's class, its name, and what was recorded.
struct Drawn<'r> {
    class: &'static str,
    name: String,
    run: &'r RunResult,
}

/// A row of a run that has lines, and its numbers over time.
struct DrawnRow<'r> {
    drawn: &'r Drawn<'r>,
    row: &'r RowResult,
    series: Option<&'r RowSeries>,
}

impl Curves {
    pub(super) fn of(comparison: &Comparison, a: &[RunResult], b: &[RunResult]) -> askama::Result<Self> {
        let drawn: Vec<Drawn<'_>> = [("c-a", "A", a), ("c-b", "B", b)]
            .into_iter()
            .flat_map(|(class, side, runs)| {
                let one = move |(number, run)| Drawn { class, name: name(side, number, runs.len()), run };
                (1..).zip(runs).take(MAX_RUNS).map(one)
            })
            .collect();
        let steps = Steps::of(drawn.iter().map(|drawn| &drawn.run.series));
        let mut shown = Vec::new();
        for row in &comparison.rows {
            let rows = of_row(&drawn, row);
            let requests: u64 = rows.iter().map(|row| row.row.requests).sum();
            shown.push((is_all(row), requests, title(row), rows));
        }
        shown.sort_by_key(|(is_all, requests, ..)| (!is_all, Reverse(*requests)));
        let most = MAX_ROWS + usize::from(shown.first().is_some_and(|(is_all, ..)| *is_all));
        let left_out = shown.len().saturating_sub(most);
        let mut rows = Vec::new();
        for (_, _, title, lines) in shown.into_iter().take(most) {
            let figures = figures(&title, &lines, steps)?;
            if !figures.is_empty() {
                rows.push((title, figures));
            }
        }
        Ok(Self { rows, left_out, missing: missing(a, b, steps.is_some()) })
    }
}

/// `A`, or `A2` if the side has several runs.
pub(super) fn name(side: &str, number: usize, runs: usize) -> String {
    if runs == 1 { side.to_owned() } else { format!("{side}{number}") }
}

/// The row in each run that has it.
fn of_row<'r>(drawn: &'r [Drawn<'r>], wanted: &RowComparison) -> Vec<DrawnRow<'r>> {
    let same = |request_type: &str, name: &str| request_type == wanted.request_type && name == wanted.name;
    let in_run = |drawn: &'r Drawn<'r>| {
        let series = &drawn.run.series;
        if is_all(wanted) {
            return Some(DrawnRow { drawn, row: &drawn.run.aggregated, series: Some(&series.all) });
        }
        let row = drawn.run.rows.iter().find(|row| same(&row.request_type, &row.name))?;
        let series = series.rows.iter().find(|series| same(&series.request_type, &series.name));
        Some(DrawnRow { drawn, row, series })
    };
    drawn.iter().filter_map(in_run).collect()
}

fn figures(title: &str, rows: &[DrawnRow<'_>], steps: Option<Steps>) -> askama::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    figures.extend(distribution(title, rows)?);
    if let Some(steps) = steps {
        let lines = |which: usize| {
            let points = |row: &DrawnRow<'_>| match row.series {
                Some(series) => std::mem::take(&mut steps.lines(&row.drawn.run.series.points, series)[which]),
                None => Vec::new(),
            };
            rows.iter().map(points).collect::<Vec<_>>()
        };
        let step_s = steps.step_s;
        let rate = format!(
            "How many requests ended per second, failed ones included. Each point is the mean of {step_s} s."
        );
        figures.extend(over_time(
            ["Requests per second", &rate],
            title,
            rows,
            lines(0),
            steps,
            Quantity::PerSecond,
        )?);
        let p99 = format!(
            "99 % of the requests took at most this time, failed ones included. Each point is of the requests of {step_s} s."
        );
        figures.extend(over_time(["p99 over time", &p99], title, rows, lines(1), steps, Quantity::TimeMs)?);
    }
    Ok(figures)
}

/// Of the requests that succeeded, as in the table.
fn distribution(title: &str, rows: &[DrawnRow<'_>]) -> askama::Result<Option<Figure>> {
    let succeeded: Vec<FineTimes> =
        rows.iter().map(|row| row.row.histogram.without(&row.row.failed_histogram)).collect();
    let across = Across::Quantile { requests: succeeded.iter().map(FineTimes::count).max().unwrap_or(0) };
    let quantiles = across.quantiles();
    let points = succeeded.iter().map(|times| match times.count() {
        0 => Vec::new(),
        _ => curve(times, &quantiles),
    });
    let meaning = "How long the fastest 50 %, 90 %, 99 % … of the requests took that succeeded. A line ends at the slowest \
                   request of its run. Where the lines of the two sides lie apart, the sides differ; at the right end, where \
                   few requests are left, all runs do.";
    figure(
        ["Distribution of response times", meaning],
        title,
        rows,
        points.collect(),
        across,
        Quantity::TimeMs,
    )
}

fn over_time(
    texts: [&str; 2],
    title: &str,
    rows: &[DrawnRow<'_>],
    points: Vec<Vec<At>>,
    steps: Steps,
    quantity: Quantity,
) -> askama::Result<Option<Figure>> {
    let across = Across::Time { length_s: steps.length_s, interval_s: steps.step_s, started: None };
    figure(texts, title, rows, points, across, quantity)
}

/// A chart with a line for each run, if any has a value. Times have a logarithmic scale.
fn figure(
    [heading, meaning]: [&str; 2],
    title: &str,
    rows: &[DrawnRow<'_>],
    points: Vec<Vec<At>>,
    across: Across,
    quantity: Quantity,
) -> askama::Result<Option<Figure>> {
    let lines = rows.iter().zip(points).filter(|(_, points)| points.iter().any(|(_, value)| value.is_some()));
    let lines = lines.map(|(row, points)| Line { name: &row.drawn.name, class: row.drawn.class, points });
    let is_distribution = matches!(across, Across::Quantile { .. });
    let chart = LineChart {
        label: format!("{heading}: {title}"),
        across,
        quantity,
        logarithmic: quantity == Quantity::TimeMs,
        lines: lines.collect(),
        marks: &[],
        wide: is_distribution,
        bands: &[],
        runs: &[],
    };
    if chart.is_empty() {
        return Ok(None);
    }
    let sides = [("c-a", "A"), ("c-b", "B")];
    let has_line = |(class, _): &(&str, &str)| chart.lines.iter().any(|line| line.class == *class);
    Ok(Some(Figure {
        title: heading.to_owned().into(),
        meaning: meaning.to_owned().into(),
        legend: sides.into_iter().filter(has_line).collect(),
        svg: chart.svg()?,
        caption: across.caption(),
        wide: is_distribution,
        shades: false,
    }))
}

/// Why the page lacks charts that other pages have.
fn missing(a: &[RunResult], b: &[RunResult], has_series: bool) -> Vec<String> {
    let mut missing = Vec::new();
    for (side, runs) in [("A", a), ("B", b)] {
        let lacks = |run: &&RunResult| run.aggregated.requests > 0 && run.aggregated.histogram.is_empty();
        let lacking: Vec<String> = (1..)
            .zip(runs)
            .filter(|(_, run)| lacks(run))
            .map(|(number, _)| name(side, number, runs.len()))
            .collect();
        if !lacking.is_empty() {
            missing.push(format!(
                "{} has no histograms of response times, since CSV files do not keep them: there is no line for it in \
                 the distributions, and its p99 over time is that of the file.",
                lacking.join(", ")
            ));
        }
        if runs.len() > MAX_RUNS {
            missing.push(format!("The charts show the first {MAX_RUNS} runs of {side}."));
        }
    }
    if !has_series {
        missing.push("These results have no numbers over time, so there are no charts over time.".to_owned());
    }
    missing
}
