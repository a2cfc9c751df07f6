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

impl Charts {
    pub(crate) fn of(result: &RunResult) -> askama::Result<Self> {
        let timeline = Timeline::of(result);
        let timeline = timeline.as_ref();
        let all = "All requests".to_owned();
        let figures = row_charts(&all, &result.aggregated, &result.series.all, timeline)?;
        let mut rows = vec![(all, figures)];
        let mut others: Vec<&RowResult> = result.rows.iter().filter(|row| row.requests > 0).collect();
        others.sort_by_key(|row| Reverse(row.requests));
        let left_out = others.len().saturating_sub(MAX_ROWS);
        let none = RowSeries::default();
        for row in others.into_iter().take(MAX_ROWS) {
            let same =
                |series: &&RowSeries| (&series.request_type, &series.name) == (&row.request_type, &row.name);
            let series = result.series.rows.iter().find(same).unwrap_or(&none);
            let title = text::line(&row.title());
            let figures = row_charts(&title, row, series, timeline)?;
            rows.push((title, figures));
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
