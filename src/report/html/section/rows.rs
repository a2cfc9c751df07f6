//! Tables of rows: how many requests, how fast, how slow.

use crate::report::html::text;
use crate::stats::result::row::{RowResult, Times};
use crate::units::fitting;

/// A table has at most so many rows.
pub(crate) const MAX_ROWS: usize = 500;

/// A table of rows.
#[derive(askama::Template)]
#[template(path = "report/rows.html", whitespace = "minimize")]
pub(crate) struct Rows {
    /// What the table is, for a screen reader.
    caption: String,
    shown: Vec<Row>,
    /// The row under the others, which stays there.
    all: Option<Row>,
    left_out: usize,
}

/// A row, and what became of its failed and its succeeded requests apart.
pub(crate) struct Row {
    pub(crate) title: String,
    /// A word beside the title.
    pub(crate) remark: &'static str,
    pub(crate) cells: Vec<Cell>,
    pub(crate) parts: Vec<Part>,
}

/// The failed or the succeeded requests of a row.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) count: String,
    pub(crate) times: Vec<String>,
}

/// A number as it is shown, and as it is sorted by.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) sort: String,
    pub(crate) class: &'static str,
}

impl Rows {
    /// The rows with requests, those with the most of them if there are too many, in the order of the result.
    pub(crate) fn of(caption: String, rows: &[RowResult], all: Option<&RowResult>) -> Self {
        let with_requests: Vec<&RowResult> = rows.iter().filter(|row| row.requests > 0).collect();
        let mut fewest: Vec<u64> = with_requests.iter().map(|row| row.requests).collect();
        fewest.sort_unstable_by(|a, b| b.cmp(a));
        let least = fewest.get(MAX_ROWS - 1).copied().unwrap_or(0);
        let shown = with_requests.iter().filter(|row| row.requests >= least).take(MAX_ROWS);
        Self {
            caption,
            shown: shown.map(|row| Row::of(text::line(&row.title()), row)).collect(),
            all: all.filter(|all| all.requests > 0).map(|all| Row::of("All requests".to_owned(), all)),
            left_out: with_requests.len().saturating_sub(MAX_ROWS),
        }
    }
}

impl Row {
    fn of(title: String, row: &RowResult) -> Self {
        let mut cells = counts(row);
        cells.extend(times(row));
        let part = |name, times: Option<&Times>, count: u64| Part {
            name,
            count: fitting::count(count),
            times: times.map_or_else(
                || vec![text::UNKNOWN.to_owned(); 5],
                |times| {
                    [times.p50, times.p90, times.p99, times.p999, times.max]
                        .map(|ms| text::time(Some(ms)))
                        .into()
                },
            ),
        };
        let parts = match (row.failures, row.succeeded_ms.as_ref(), row.failed_ms.as_ref()) {
            (0, ..) | (_, None, None) => Vec::new(),
            (failures, succeeded, failed) => vec![
                part("succeeded", succeeded, row.requests.saturating_sub(failures)),
                part("failed", failed, failures),
            ],
        };
        Self { title, remark: if row.measured { "end to end" } else { "" }, cells, parts }
    }
}

/// Requests, failures, their share and the rate.
pub(crate) fn counts(row: &RowResult) -> Vec<Cell> {
    let share = row.failure_ratio();
    let bad = if row.failures > 0 { "bad" } else { "" };
    vec![
        Cell::count(row.requests),
        Cell { class: bad, ..Cell::count(row.failures) },
        Cell { class: bad, ..Cell::new(fitting::percent(share), share) },
        Cell::new(fitting::rate(row.requests_per_s), row.requests_per_s),
    ]
}

/// p50, p90, p99, p99.9 and the longest time.
pub(crate) fn times(row: &RowResult) -> Vec<Cell> {
    let times = [50.0, 90.0, 99.0, 99.9].map(|percent| row.percentile_ms(percent));
    times.into_iter().chain([row.longest_ms()]).map(Cell::time).collect()
}

impl Cell {
    /// A number that is sorted by six decimals.
    pub(crate) fn new(text: String, sort: f64) -> Self {
        let sort = format!("{sort:.6}");
        Self { text, sort: sort.trim_end_matches('0').trim_end_matches('.').to_owned(), class: "" }
    }

    pub(crate) fn count(number: u64) -> Self {
        Self { text: fitting::count(number), sort: number.to_string(), class: "" }
    }

    pub(crate) fn time(ms: Option<f64>) -> Self {
        // Sorted before all others, since it is no time.
        Self {
            text: text::time(ms),
            sort: ms.map_or_else(|| "-1".to_owned(), |ms| ms.to_string()),
            class: "",
        }
    }
}

#[cfg(test)]
mod tests;
