//! Several runs of one scenario: a line for each while they go on, and how far they differ at the end.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::report::columns::{cut, left, printable, right};
use crate::report::verdict::impression;
use crate::stats::RowKey;
use crate::stats::result::RunResult;
use crate::stats::result::row::RowResult;
use crate::units::fitting::{count, percent, rate, time_ms};

/// Columns of the names of rows.
const NAME: usize = 36;

/// One run in one line: its name, its outcome and its most important numbers.
pub fn line(name: &str, result: &RunResult) -> String {
    let all = &result.aggregated;
    let (_, outcome) = impression(result);
    let outcome = outcome.to_lowercase();
    let times = all.response_times_ms.map_or_else(String::new, |times| {
        format!("  p50 {}  p99 {}", time_ms(times.p50), time_ms(times.p99))
    });
    let limit = if result.generator.was_the_limit { "  (the load generator was the limit)" } else { "" };
    format!(
        "{name:<4} {outcome}  {} requests ({})  {} failed{times}{limit}",
        count(all.requests),
        rate(all.requests_per_s),
        count(all.failures)
    )
}

/// A number of several runs: the middle one, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    middle: f64,
    /// The difference of the largest and the smallest as a share of the middle one; `None` if that is 0, and of one run.
    share: Option<f64>,
}

/// The spread of some numbers; `None` without any.
fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_by(f64::total_cmp);
    let (first, last) = (*values.first()?, *values.last()?);
    let half = values.len() / 2;
    let middle = match values.len() % 2 {
        1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    };
    let share = (values.len() > 1 && middle > 0.0).then(|| (last - first) / middle);
    Some(Spread { middle, share })
}

/// What the numbers of so many runs are.
fn heading(runs: usize) -> String {
    match runs {
        1 => "1 run".to_owned(),
        runs => {
            format!(
                "{runs} runs: the middle one, and in brackets the largest less the smallest in percent of it"
            )
        }
    }
}

/// A table of the rows of several runs of one scenario: the middle of each number, and behind it how far the runs lie
/// apart. Differences between two scenarios that are smaller than that are chance.
pub fn text(runs: &[RunResult]) -> String {
    let mut rows: BTreeMap<RowKey, Vec<&RowResult>> = BTreeMap::new();
    for row in runs.iter().flat_map(|run| &run.rows) {
        let key = RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
        rows.entry(key).or_default().push(row);
    }
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{}\n\n{} {} {} {} {}",
        heading(runs.len()),
        left("row", NAME),
        right("requests/s", 18),
        right("p50", 18),
        right("p99", 18),
        right("failures", 10),
    );
    let aggregated = runs.iter().map(|run| &run.aggregated).collect::<Vec<_>>();
    let named = rows.into_values().chain([aggregated]);
    for of_row in named {
        let Some(first) = of_row.first() else { continue };
        let number = |value: &dyn Fn(&RowResult) -> Option<f64>, text: fn(f64) -> String| {
            let found = spread(of_row.iter().filter_map(|row| value(row)).collect());
            found.map_or_else(
                || "-".to_owned(),
                |Spread { middle, share }| {
                    format!(
                        "{}{}",
                        text(middle),
                        share.map_or_else(String::new, |share| format!(" ({})", percent(share)))
                    )
                },
            )
        };
        let failures: u64 = of_row.iter().map(|row| row.failures).sum();
        let _ = writeln!(
            out,
            "{} {} {} {} {}",
            left(&cut(&printable(&first.title()), NAME), NAME),
            right(&number(&|row| Some(row.requests_per_s), rate), 18),
            right(&number(&|row| row.response_times_ms.map(|times| times.p50), time_ms), 18),
            right(&number(&|row| row.response_times_ms.map(|times| times.p99), time_ms), 18),
            right(&count(failures), 10),
        );
    }
    out
}

#[cfg(test)]
mod tests;
