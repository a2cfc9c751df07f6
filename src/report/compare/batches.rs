//! The error of a run's own figures, from its series of intervals.
//!
//! Percentiles of Locust's files go over about ten seconds and are written every second: only rows that far apart
//! are taken, since the ones between repeat the same requests.

use crate::report::compare::measure::Measure;
use crate::report::compare::over_time::NotOverTime;
use crate::stats::fine::FineTimes;
use crate::stats::inference::batch_means::{FEWEST, WithinRun, ranges};
use crate::stats::result::series::{RowSeries, Series};

/// The error of a figure of one row, or why the series does not tell it.
pub fn within(series: &Series, row: &RowSeries, measure: Measure) -> Result<WithinRun, NotOverTime> {
    let batches: Vec<f64> = match measure {
        Measure::Rate => rates(series, row),
        Measure::Failures => shares(row),
        Measure::Lost => return Err(NotOverTime::NoSeries),
        Measure::Mean | Measure::Percentile(_) if !row.histograms.is_empty() => of_histograms(row, measure),
        Measure::Mean => means(row),
        Measure::Percentile(percent) => percentiles(series, row, percent),
    };
    let is_of_moments = matches!(measure, Measure::Percentile(_)) && row.histograms.is_empty();
    let apart = if is_of_moments { apart(series) } else { 1 };
    match WithinRun::of(&batches) {
        Some(within) => Ok(within),
        None if batches.is_empty() && series.points.len() >= FEWEST * apart => Err(NotOverTime::NoSeries),
        None if series.points.is_empty() => Err(NotOverTime::NoSeries),
        None => Err(NotOverTime::TooShort {
            needed_s: (FEWEST * apart) as u64 * u64::from(series.interval_s.max(1)),
        }),
    }
}

/// How many intervals two percentiles of Locust's files must be apart, so that none is of the requests of the other.
fn apart(series: &Series) -> usize {
    series.percentiles_over_s.unwrap_or(1).div_ceil(series.interval_s.max(1)).max(1) as usize
}

fn rates(series: &Series, row: &RowSeries) -> Vec<f64> {
    let length = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| series.points.get(before));
        series.points.get(at).map_or(f64::from(series.interval_s), |point| point.length_s(before))
    };
    let batches = ranges(row.requests.len()).filter_map(|range| {
        let seconds: f64 = range.clone().map(length).sum();
        let requests: u64 = row.requests[range.clone()].iter().sum();
        let failures: u64 = row.failures.get(range).map_or(0, |failures| failures.iter().sum());
        let succeeded = requests.saturating_sub(failures);
        (seconds > 0.0).then(|| Measure::Rate.scaled(succeeded as f64 / seconds))
    });
    batches.collect()
}

fn shares(row: &RowSeries) -> Vec<f64> {
    let batches = ranges(row.requests.len().min(row.failures.len())).filter_map(|range| {
        let requests: u64 = row.requests[range.clone()].iter().sum();
        let failures: u64 = row.failures[range].iter().sum();
        (requests > 0).then(|| failures as f64 / requests as f64)
    });
    batches.collect()
}

fn of_histograms(row: &RowSeries, measure: Measure) -> Vec<f64> {
    let batches = ranges(row.histograms.len()).filter_map(|range| {
        let mut times = FineTimes::default();
        row.histograms[range].iter().for_each(|interval| times.absorb(&interval.unpack()));
        let value = match measure {
            Measure::Percentile(percent) => times.percentile_ms(percent),
            _ => times.mean_ms(),
        };
        value.map(|value| measure.scaled(value))
    });
    batches.collect()
}

fn means(row: &RowSeries) -> Vec<f64> {
    let batches = ranges(row.mean_ms.len().min(row.requests.len())).filter_map(|range| {
        let (mut sum, mut requests) = (0.0, 0.0);
        for at in range {
            if let Some(mean) = row.mean_ms[at] {
                sum += mean * row.requests[at] as f64;
                requests += row.requests[at] as f64;
            }
        }
        (requests > 0.0).then(|| Measure::Mean.scaled(sum / requests))
    });
    batches.collect()
}

fn percentiles(series: &Series, row: &RowSeries, percent: f64) -> Vec<f64> {
    let columns = [(50.0, &row.p50_ms), (95.0, &row.p95_ms), (99.0, &row.p99_ms), (99.9, &row.p999_ms)];
    let column = columns.into_iter().find(|(known, _)| (known - percent).abs() < 1e-9);
    let apart = apart(series);
    let values: Vec<f64> = column
        .into_iter()
        .flat_map(|(_, values)| values.iter().skip(apart - 1).step_by(apart))
        .filter_map(|value| value.map(|value| Measure::Percentile(percent).scaled(value)))
        .collect();
    ranges(values.len())
        .map(|range| range.len() as f64)
        .zip(ranges(values.len()))
        .map(|(count, range)| values[range].iter().sum::<f64>() / count)
        .collect()
}
