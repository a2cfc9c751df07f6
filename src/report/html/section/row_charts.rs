//! The charts of one row: rate, failures, response times over time, their distribution and a heat map.

use crate::report::html::chart::across::Across;
use crate::report::html::chart::heat::HeatMap;
use crate::report::html::chart::lines::{Line, LineChart};
use crate::report::html::chart::quantity::Quantity;
use crate::report::html::section::curve::curve;
use crate::report::html::section::figure::Figure;
use crate::report::html::section::timeline::{OverTime, Timeline};
use crate::stats::result::row::RowResult;
use crate::stats::result::series::RowSeries;

/// As many charts as the row has numbers for.
pub(super) fn row_charts(
    title: &str,
    row: &RowResult,
    series: &RowSeries,
    timeline: Option<&Timeline>,
) -> askama::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if let Some(timeline) = timeline {
        figures.extend(rate(title, row, series, timeline)?);
        figures.extend(failures(title, series, timeline)?);
        figures.extend(percentiles(title, series, timeline)?);
    }
    figures.extend(distribution(title, row)?);
    if let Some(timeline) = timeline {
        figures.extend(heat_map(title, row, series, timeline)?);
    }
    Ok(figures)
}

fn rate(
    title: &str,
    row: &RowResult,
    series: &RowSeries,
    timeline: &Timeline,
) -> askama::Result<Option<Figure>> {
    let what = if row.measured {
        ("Messages per second", "How many messages arrived in each second.")
    } else {
        ("Requests per second", "How many requests ended in each second, failed ones included.")
    };
    let what = OverTime {
        title: what.0,
        meaning: what.1,
        quantity: Quantity::PerSecond,
        logarithmic: false,
        // Nothing stands beside it if there is no chart of failures.
        wide: !has_failures(series),
    };
    let rates = timeline.rates(series.requests.iter().copied().map(Some));
    timeline.figure(what, title, [("c-rate", "rate", rates)])
}

fn has_failures(series: &RowSeries) -> bool {
    series.failures.iter().any(|failures| *failures > 0)
}

/// An axis of their own, since a few failures among many requests would not be seen; `None` without failures.
fn failures(title: &str, series: &RowSeries, timeline: &Timeline) -> askama::Result<Option<Figure>> {
    if !has_failures(series) {
        return Ok(None);
    }
    let what = OverTime {
        title: "Failures per second",
        meaning: "How many requests failed in each second.",
        quantity: Quantity::PerSecond,
        logarithmic: false,
        wide: false,
    };
    let rates = timeline.rates(series.failures.iter().copied().map(Some));
    timeline.figure(what, title, [("c-bad", "failures", rates)])
}

fn percentiles(title: &str, series: &RowSeries, timeline: &Timeline) -> askama::Result<Option<Figure>> {
    let what = OverTime {
        title: "Response times over time",
        meaning: "Of the requests that ended in an interval, 99 % took at most the time of the line p99. The scale is \
                  logarithmic.",
        quantity: Quantity::TimeMs,
        logarithmic: true,
        wide: true,
    };
    let line = |values: &[Option<f64>]| timeline.line(values.iter().copied());
    // Where lines lie over each other, the one below counts: it is drawn last.
    let lines = [
        ("c-p999", "p99.9", line(&series.p999_ms)),
        ("c-p99", "p99", line(&series.p99_ms)),
        ("c-p95", "p95", line(&series.p95_ms)),
        ("c-p50", "p50", line(&series.p50_ms)),
    ];
    timeline.figure(what, title, lines)
}

/// Which share of the requests took how long. If some failed, failed and succeeded requests have a line each: failures
/// that come fast must not look like a fast broker.
fn distribution(title: &str, row: &RowResult) -> askama::Result<Option<Figure>> {
    let succeeded = row.histogram.without(&row.failed_histogram);
    let across = Across::Quantile { requests: row.histogram.count() };
    let quantiles = across.quantiles();
    let line = |class, name, times| Line { class, name, points: curve(times, &quantiles) };
    let lines = if row.failed_histogram.is_empty() {
        vec![line("c-all", "requests", &row.histogram)]
    } else {
        vec![line("c-good", "succeeded", &succeeded), line("c-bad", "failed", &row.failed_histogram)]
    };
    let heading = "Distribution of response times";
    let legend: Vec<_> = lines.iter().map(|line| (line.class, line.name)).collect();
    let chart = LineChart {
        label: format!("{heading}: {title}"),
        across,
        quantity: Quantity::TimeMs,
        logarithmic: true,
        lines,
        marks: &[],
        wide: false,
        bands: &[],
        runs: &[],
    };
    if chart.is_empty() {
        return Ok(None);
    }
    Ok(Some(Figure {
        title: heading.into(),
        meaning: "How long the fastest 50 %, 90 %, 99 % … of the requests took. The line ends at the slowest request."
            .into(),
        legend: if legend.len() > 1 { legend } else { Vec::new() },
        svg: chart.svg()?,
        caption: across.caption(),
        wide: false,
        shades: false,
    }))
}

/// `None` without histograms.
fn heat_map(
    title: &str,
    row: &RowResult,
    series: &RowSeries,
    timeline: &Timeline,
) -> askama::Result<Option<Figure>> {
    let bounds = row.histogram.quantiles_ms([0.0, 1.0]);
    let Some(bounds) = bounds.filter(|_| series.histograms.iter().any(|times| !times.is_empty())) else {
        return Ok(None);
    };
    let heading = "Heat map of response times";
    let mut map = HeatMap::new(format!("{heading}: {title}"), timeline.across, &timeline.marks, bounds);
    for (middle, times) in timeline.middles().zip(&series.histograms) {
        times.unpack().times_ms().for_each(|(ms, count)| map.add(middle, ms, count));
    }
    Ok(Some(Figure {
        title: heading.into(),
        meaning: "Each column is a span of time. The stronger the colour of a cell, the larger the share of the requests \
                  of that time that took so long."
            .into(),
        legend: Vec::new(),
        svg: map.svg()?,
        caption: timeline.across.caption(),
        wide: false,
        shades: true,
    }))
}
