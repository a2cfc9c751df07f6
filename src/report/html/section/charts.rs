//! The charts: those of one row, which the reader chooses, and those of the whole run.

use std::cmp::Reverse;

use askama::Template;

use crate::report::html::chart::quantity::Quantity;
use crate::report::html::section::figure::Figure;
use crate::report::html::section::row_charts::row_charts;
use crate::report::html::section::timeline::{OverTime, Timeline};
use crate::report::html::text;
use crate::stats::result::RunResult;
use crate::stats::result::row::RowResult;
use crate::stats::result::series::{Point, RowSeries};

/// Beside all requests together, so many rows with the most requests have charts.
const MAX_ROWS: usize = 12;

#[derive(Template)]
#[template(path = "report/charts.html", whitespace = "minimize")]
pub(crate) struct Charts {
    /// Title and charts; all requests first.
    rows: Vec<(String, Vec<Figure>)>,
    /// How many rows have no charts.
    left_out: usize,
    whole: Vec<Figure>,
    /// Why something is missing, in sentences.
    missing: Vec<String>,
    has_bands: bool,
}

/// The charts of one row and of the whole run, for a page that gets new ones all the time.
#[derive(Template)]
#[template(path = "live/charts.html", whitespace = "minimize")]
pub(crate) struct LiveCharts {
    /// The rows that can be chosen; all requests first.
    titles: Vec<String>,
    /// Which of them is shown.
    chosen: usize,
    left_out: usize,
    figures: Vec<Figure>,
    whole: Vec<Figure>,
    missing: Vec<String>,
    has_bands: bool,
}

/// A row that has charts.
struct Charted<'a> {
    title: String,
    row: &'a RowResult,
    series: Option<&'a RowSeries>,
}

impl Charted<'_> {
    fn figures(&self, timeline: Option<&Timeline>) -> askama::Result<Vec<Figure>> {
        match self.series {
            Some(series) => row_charts(&self.title, self.row, series, timeline),
            None => row_charts(&self.title, self.row, &RowSeries::default(), timeline),
        }
    }
}

/// All requests together, then the rows with the most requests; and how many rows have no charts.
fn charted(result: &RunResult) -> (Vec<Charted<'_>>, usize) {
    let title = "All requests".to_owned();
    let all = Charted { title, row: &result.aggregated, series: Some(&result.series.all) };
    let mut others: Vec<&RowResult> = result.rows.iter().filter(|row| row.requests > 0).collect();
    others.sort_by_key(|row| Reverse(row.requests));
    let left_out = others.len().saturating_sub(MAX_ROWS);
    let others = others.into_iter().take(MAX_ROWS).map(|row| {
        let same =
            |series: &&RowSeries| (&series.request_type, &series.name) == (&row.request_type, &row.name);
        let series = result.series.rows.iter().find(same);
        Charted { title: text::line(&row.title()), row, series }
    });
    ([all].into_iter().chain(others).collect(), left_out)
}

impl LiveCharts {
    /// The charts of the row with this title; of all requests if there is no such row.
    pub(crate) fn of(result: &RunResult, row: &str) -> askama::Result<Self> {
        let timeline = Timeline::of(result);
        let timeline = timeline.as_ref();
        let (mut rows, left_out) = charted(result);
        // By name: the order by requests changes all the time.
        rows[1..].sort_by(|a, b| a.title.cmp(&b.title));
        let chosen = rows.iter().position(|charted| charted.title == row).unwrap_or(0);
        let figures = rows.get(chosen).map_or_else(|| Ok(Vec::new()), |row| row.figures(timeline))?;
        let whole = match timeline {
            Some(timeline) => whole_run(&result.series.points, timeline)?,
            None => Vec::new(),
        };
        let has_bands = timeline.is_some_and(|timeline| !timeline.bands.is_empty());
        let titles = rows.into_iter().map(|charted| charted.title).collect();
        let missing =
            if result.aggregated.requests > 0 { missing(result, timeline.is_some()) } else { Vec::new() };
        Ok(Self { titles, chosen, left_out, figures, whole, missing, has_bands })
    }
}

impl Charts {
    pub(crate) fn of(result: &RunResult) -> askama::Result<Self> {
        let timeline = Timeline::of(result);
        let timeline = timeline.as_ref();
        let (charted, left_out) = charted(result);
        let mut rows = Vec::with_capacity(charted.len());
        for row in charted {
            let figures = row.figures(timeline)?;
            rows.push((row.title, figures));
        }
        rows.retain(|(_, figures)| !figures.is_empty());
        let whole = match timeline {
            Some(timeline) => whole_run(&result.series.points, timeline)?,
            None => Vec::new(),
        };
        let has_bands = timeline.is_some_and(|timeline| !timeline.bands.is_empty());
        Ok(Self { rows, left_out, whole, missing: missing(result, timeline.is_some()), has_bands })
    }
}

/// Why the page lacks charts that other pages have.
fn missing(result: &RunResult, has_series: bool) -> Vec<String> {
    let mut missing = Vec::new();
    if result.aggregated.requests == 0 {
        missing.push("No request ended in this run, so there are no response times to show.".to_owned());
    }
    if !has_series {
        missing.push("This result has no numbers over time, so there are no charts over time.".to_owned());
    } else if let Some(seconds) = result.series.percentiles_over_s {
        missing.push(format!(
            "The percentiles over time come from CSV files. Each value is that of about the last {seconds} s, so a \
             short peak looks as long as that."
        ));
    }
    if result.aggregated.requests > 0 && result.aggregated.histogram.is_empty() {
        missing.push(
            "This result has no histograms of response times, since CSV files do not keep them. So there is no \
             distribution and no heat map."
                .to_owned(),
        );
    }
    missing
}

/// Users, connections and the load generator.
fn whole_run(points: &[Point], timeline: &Timeline) -> askama::Result<Vec<Figure>> {
    let values = |value: fn(&Point) -> Option<f64>| timeline.line(points.iter().map(value));
    let whole_of = |value: fn(&Point) -> Option<u32>| {
        timeline.line(points.iter().map(|point| value(point).map(f64::from)))
    };
    let users = OverTime {
        title: "Users",
        meaning: "Wanted is what the plan asks for. Alive are the users that run. Connected are those of them that have \
                  a connection.",
        quantity: Quantity::Count,
        logarithmic: false,
        wide: false,
    };
    let connects = OverTime {
        title: "Connects per second",
        meaning: "How many connections the broker accepted. After all users have started, these are reconnects.",
        quantity: Quantity::PerSecond,
        logarithmic: false,
        wide: false,
    };
    let lag = OverTime {
        title: "Send lag of the load generator",
        meaning: "How late pauses ended, at the 99th percentile. If it is large, the load generator was too busy, and \
                  response times include its own delay.",
        quantity: Quantity::TimeMs,
        logarithmic: false,
        wide: false,
    };
    let cpu = OverTime {
        title: "CPU of the load generator",
        meaning: "100 % is one core. An embedded broker is not part of it.",
        quantity: Quantity::Percent,
        logarithmic: false,
        wide: false,
    };
    let figures = [
        timeline.figure(
            users,
            "",
            [
                ("c-wanted", "wanted", whole_of(|point| point.users_wanted)),
                ("c-users", "alive", whole_of(|point| Some(point.users))),
                ("c-connected", "connected", whole_of(|point| point.connected)),
            ],
        )?,
        timeline.figure(
            connects,
            "",
            [("c-rate", "connects", timeline.rates(points.iter().map(|point| point.connects)))],
        )?,
        timeline.figure(lag, "", [("c-p99", "send lag p99", values(|point| point.send_lag_p99_ms))])?,
        timeline.figure(
            cpu,
            "",
            [("c-users", "CPU", values(|point| point.generator_cpu_cores.map(|cores| cores * 100.0)))],
        )?,
    ];
    Ok(figures.into_iter().flatten().collect())
}
