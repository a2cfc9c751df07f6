//! What failed and why: failures by text, faults of the scenario, and requests that never came to an end.

use askama::Template;

use crate::report::html::section::rows::{Cell, MAX_ROWS};
use crate::report::html::text;
use crate::stats::result::row::UnfinishedRow;
use crate::stats::result::{ExceptionResult, FailureResult, RunResult};
use crate::units::fitting;

/// Exceptions have a traceback each, so few of them are shown.
const MAX_EXCEPTIONS: usize = 20;

#[derive(Template)]
#[template(path = "report/failures.html", whitespace = "minimize")]
pub(crate) struct Failures {
    by_text: Vec<Failure>,
    /// What stands there if there are no texts.
    without_texts: String,
    left_out: usize,
    exceptions: Vec<(String, String, String)>,
    exceptions_left_out: usize,
    /// How many requests never ended, and how many of these are overdue; `None` if all did.
    unfinished: Option<String>,
    unfinished_rows: Vec<(String, Vec<Cell>)>,
}

struct Failure {
    row: String,
    error: String,
    occurrences: Cell,
    share: Cell,
    first: Cell,
    last: Cell,
}

impl Failures {
    pub(crate) fn of(result: &RunResult) -> Self {
        let failure = |failure: &FailureResult| {
            let share = failure.occurrences as f64
                / result.aggregated.failures.max(failure.occurrences).max(1) as f64;
            let moment =
                |unix_s: Option<f64>| Cell::new(seen(unix_s, result.run.started), unix_s.unwrap_or(0.0));
            Failure {
                row: text::row(&failure.request_type, &failure.name),
                error: text::line(&failure.error),
                occurrences: Cell::count(failure.occurrences),
                share: Cell::new(fitting::percent(share), share),
                first: moment(failure.first_seen),
                last: moment(failure.last_seen),
            }
        };
        let exception = |exception: &ExceptionResult| {
            let count = fitting::count(exception.count);
            (count, text::line(&exception.message), text::file(&exception.traceback))
        };
        let unfinished = &result.unfinished;
        let unfinished_row = |row: &UnfinishedRow| {
            let cells = vec![Cell::count(row.count), Cell::count(row.overdue), Cell::time(row.oldest_ms)];
            (text::row(&row.request_type, &row.name), cells)
        };
        Self {
            by_text: result.failures.iter().take(MAX_ROWS).map(failure).collect(),
            without_texts: match result.aggregated.failures {
                0 => "No request failed.".to_owned(),
                failures => {
                    format!("{} requests failed; this result does not tell why.", fitting::count(failures))
                }
            },
            left_out: result.failures.len().saturating_sub(MAX_ROWS),
            exceptions: result.exceptions.iter().take(MAX_EXCEPTIONS).map(exception).collect(),
            exceptions_left_out: result.exceptions.len().saturating_sub(MAX_EXCEPTIONS),
            unfinished: (unfinished.count > 0).then(|| {
                format!(
                    "{} still waited for an answer when the run ended; {} of them for longer than their timeout. The \
                     oldest one had waited for {}.",
                    fitting::count(unfinished.count),
                    fitting::count(unfinished.overdue),
                    text::time(unfinished.oldest_ms)
                )
            }),
            unfinished_rows: unfinished.rows.iter().take(MAX_ROWS).map(unfinished_row).collect(),
        }
    }
}

/// A moment since the start of the run if that is known, and on the clock: `1 min 5 s (16:42:05 UTC)`.
fn seen(unix_s: Option<f64>, started: f64) -> String {
    let Some(unix_s) = unix_s else { return text::UNKNOWN.to_owned() };
    let moment = text::moment(unix_s);
    let clock = moment.split_once(' ').map_or(moment.as_str(), |(_, clock)| clock);
    let since_start = unix_s - started;
    if started > 0.0 && (0.0..86_400.0).contains(&since_start) {
        return format!("{} ({clock})", text::length(since_start));
    }
    moment
}

#[cfg(test)]
mod tests;
