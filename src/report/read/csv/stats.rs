//! `_stats.csv`: the rows of a run with their percentile columns.

use std::collections::HashSet;

use crate::report::read::csv::table::{Record, Table};
use crate::report::read::problem::{Problem, Wanted};
use crate::stats::result::row::{Percentile, RowResult, Times};

/// The rows of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// One row per request type and name, ordered by name and type.
    pub rows: Vec<RowResult>,
    /// All requests together.
    pub aggregated: RowResult,
}

impl Stats {
    /// Reads the bytes of a `_stats.csv`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let mut table = Table::open(bytes, Wanted::Stats)?;
        let columns = table.columns(HEADINGS)?;
        let length = table.column("Average Content Size");
        let percentiles = table.percentiles();
        let (mut rows, mut seen) = (Vec::new(), HashSet::new());
        let (mut twice, mut problems) = (None, Vec::new());
        while let Some(record) = table.next() {
            let record = record?;
            let row = row(&record, columns, length, &percentiles, &mut problems);
            if !seen.insert((row.request_type.clone(), row.name.clone())) {
                twice = twice.or_else(|| Some((rows.len(), record.line())));
            }
            rows.push(row);
        }
        if let Some(problem) = Problem::of(problems) {
            return Err(problem);
        }
        // The last row, whatever it is called before: a row of the user's may be named Aggregated too.
        let aggregated = rows.pop().filter(|row| row.request_type.is_empty() && row.name == "Aggregated");
        let aggregated = aggregated.ok_or(Problem::NoAggregated)?;
        match twice.filter(|(at, _)| *at < rows.len()) {
            Some((at, line)) => Err(Problem::Duplicate { line, title: rows[at].title() }),
            None => Ok(Self { rows, aggregated }),
        }
    }

    /// The percentages of the percentile columns that the file has, ascending; empty if no row has requests.
    pub fn percents(&self) -> impl Iterator<Item = f64> {
        self.aggregated.percentiles.iter().map(|column| column.percent)
    }

    /// Whether the medians follow the rule of Locust before 2.47: of an even number of requests the lower middle one.
    pub fn has_older_medians(&self) -> bool {
        self.rows.iter().chain([&self.aggregated]).any(|row| {
            let newer = row.percentile_ms(50.0).map(|ms| ms.min(row.max_ms).max(row.min_ms));
            newer.is_some_and(|newer| (newer - row.median_ms).abs() > 1e-9)
        })
    }
}

const HEADINGS: [&str; 10] = [
    "Type",
    "Name",
    "Request Count",
    "Failure Count",
    "Median Response Time",
    "Average Response Time",
    "Min Response Time",
    "Max Response Time",
    "Requests/s",
    "Failures/s",
];

/// The row of a record. What is wrong with it is added to `problems`, and then the row is good for nothing.
fn row(
    record: &Record,
    columns: [usize; HEADINGS.len()],
    length: Option<usize>,
    percentiles: &[(f64, usize)],
    problems: &mut Vec<Problem>,
) -> RowResult {
    let [request_type, name, requests, failures, median, average, min, max, per_s, failures_per_s] = columns;
    let mut found = Vec::with_capacity(percentiles.len());
    for &(percent, at) in percentiles {
        if let Some(ms) = or_default(record.number_if_any(at), problems) {
            found.push(Percentile { percent, ms });
        }
    }
    let before = problems.len();
    let mut row = RowResult {
        request_type: record.text(request_type).to_owned(),
        name: record.text(name).to_owned(),
        requests: or_default(record.count(requests), problems),
        failures: or_default(record.count(failures), problems),
        median_ms: or_default(record.number(median), problems),
        average_ms: or_default(record.number(average), problems),
        min_ms: or_default(record.number(min), problems),
        max_ms: or_default(record.number(max), problems),
        average_length_bytes: length.map_or(0.0, |at| or_default(record.number(at), problems)),
        requests_per_s: or_default(record.number(per_s), problems),
        failures_per_s: or_default(record.number(failures_per_s), problems),
        percentiles: found,
        ..RowResult::default()
    };
    let is_read = problems.len() == before;
    if is_read && row.failures > row.requests {
        problems.push(record.problem(failures, "the Request Count or less"));
    }
    if is_read && row.min_ms > row.max_ms {
        problems.push(record.problem(min, "the Max Response Time or less"));
    }
    let fallen = row.percentiles.windows(2).position(|pair| pair[1].ms < pair[0].ms);
    if let (true, Some(before)) = (is_read, fallen) {
        // All columns or none have a time, so that they stand side by side.
        let at = percentiles.get(before + 1).map_or(median, |(_, at)| *at);
        problems.push(record.problem(at, "the time of a lower percentile or more"));
    }
    row.response_times_ms = times(&row);
    row
}

fn or_default<T: Default>(read: Result<T, Problem>, problems: &mut Vec<Problem>) -> T {
    read.unwrap_or_else(|problem| {
        problems.push(problem);
        T::default()
    })
}

/// The percentiles, if the file has a column for each of them.
fn times(row: &RowResult) -> Option<Times> {
    Some(Times {
        count: row.requests,
        min: row.min_ms,
        mean: row.average_ms,
        p50: row.percentile_ms(50.0)?,
        p90: row.percentile_ms(90.0)?,
        p95: row.percentile_ms(95.0)?,
        p99: row.percentile_ms(99.0)?,
        p999: row.percentile_ms(99.9)?,
        max: row.max_ms,
    })
}

#[cfg(test)]
mod tests;
