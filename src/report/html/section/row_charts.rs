//! The charts of one row: rate, failures, response times over time, their distribution and a heat map.

use crate::report::html::chart::across::Across;
use crate::report::html::chart::heat::HeatMap;
use crate::report::html::chart::lines::{Line, LineChart};
use crate::report::html::chart::quantity::Quantity;
use crate::report::html::section::figure::Figure;
use crate::report::html::section::timeline::{OverTime, Timeline};
use crate::stats::fine::FineTimes;
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
    };
    if chart.is_empty() {
        return Ok(None);
    }
    Ok(Some(Figure {
        title: heading,
        meaning: "How long the fastest 50 %, 90 %, 99 % … of the requests took. The line ends at the slowest request.",
        legend: if legend.len() > 1 { legend } else { Vec::new() },
        svg: chart.svg()?,
        caption: across.caption(),
        wide: false,
        shades: false,
    }))
}

/// The times at these ascending quantiles, up to 1 - 1/n: beyond it there is no request.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rounded share of a count is one"
)]
fn curve(times: &FineTimes, quantiles: &[f64]) -> Vec<(f64, Option<f64>)> {
    let all = times.count();
    let last = 1.0 - 1.0 / all.max(1) as f64;
    let shown = quantiles.partition_point(|quantile| *quantile <= last + 1e-12);
    let mut points = Vec::with_capacity(shown);
    let mut slots = times.times_ms();
    let (mut seen, mut slowest) = (0, None);
    for (index, quantile) in quantiles[..shown].iter().enumerate() {
        // At the last point only the slowest request is left.
        let wanted = if index + 1 == shown { all } else { ((quantile * all as f64).ceil() as u64).max(1) };
        while seen < wanted {
            let Some((ms, count)) = slots.next() else { break };
            (seen, slowest) = (seen + count, Some(ms));
        }
        points.push((*quantile, slowest));
    }
    points
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
        title: heading,
        meaning: "Each column is a span of time. The stronger the colour of a cell, the larger the share of the requests \
                  of that time that took so long.",
        legend: Vec::new(),
        svg: map.svg()?,
        caption: timeline.across.caption(),
        wide: false,
        shades: true,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_ends_at_its_slowest_request() {
        let mut times = FineTimes::default();
        (0..990).for_each(|_| times.record(1_000_000));
        (0..9).for_each(|_| times.record(20_000_000));
        times.record(500_000_000);
        let across = Across::Quantile { requests: 1_000 };
        let points = curve(&times, &across.quantiles());
        let at = |quantile: f64| {
            let point = points.iter().find(|(at, _)| (at - quantile).abs() < 1e-9);
            point.and_then(|(_, ms)| *ms).map(f64::round)
        };
        assert_eq!((at(0.0), at(0.9), at(0.999)), (Some(1.0), Some(1.0), Some(500.0)));
        assert!(points.is_sorted_by(|a, b| a.1 <= b.1));
        // Of ten requests nothing is known beyond 90 %.
        let mut few = FineTimes::default();
        (1..=10).for_each(|ms| few.record(ms * 1_000_000));
        let last = curve(&few, &across.quantiles()).last().copied().unwrap();
        assert!((last.0 - 0.9).abs() < 1e-9 && last.1.is_some_and(|ms| ms >= 10.0), "{last:?}");
        assert_eq!(curve(&FineTimes::default(), &across.quantiles()), [(0.0, None)]);
    }
}
