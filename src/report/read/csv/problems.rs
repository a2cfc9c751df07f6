//! `_failures.csv` and `_exceptions.csv`.

use crate::report::read::csv::table::Table;
use crate::report::read::problem::{Problem, Wanted};
use crate::stats::result::{ExceptionResult, FailureResult};
use crate::units::Date;

/// Reads the bytes of a `_failures.csv`: the failures, the most frequent first. Before Locust 2.44 it has no times.
pub fn failures(bytes: &[u8]) -> Result<Vec<FailureResult>, Problem> {
    let mut table = Table::open(bytes, Wanted::Failures)?;
    let [request_type, name, error, occurrences] =
        table.columns(["Method", "Name", "Error", "Occurrences"])?;
    let times = ["First Seen", "Last Seen"].map(|heading| table.column(heading));
    let mut failures = Vec::new();
    while let Some(record) = table.next() {
        let record = record?;
        let seconds = |at: usize| {
            let text = record.text(at);
            let seconds = unix_seconds(text);
            let expected = "a time such as 2026-11-29T17:00:00Z";
            if text.is_empty() {
                Ok(None)
            } else {
                seconds.map(Some).ok_or_else(|| record.problem(at, expected))
            }
        };
        let [first_seen, last_seen] = times.map(|at| at.map_or(Ok(None), seconds));
        failures.push(FailureResult {
            request_type: record.text(request_type).to_owned(),
            name: record.text(name).to_owned(),
            error: record.text(error).to_owned(),
            occurrences: record.count(occurrences)?,
            first_seen: first_seen?,
            last_seen: last_seen?,
        });
    }
    // Equal counts stay in the order of the file.
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.occurrences));
    Ok(failures)
}

/// Reads the bytes of an `_exceptions.csv`.
pub fn exceptions(bytes: &[u8]) -> Result<Vec<ExceptionResult>, Problem> {
    let mut table = Table::open(bytes, Wanted::Exceptions)?;
    let [count, message, traceback] = table.columns(["Count", "Message", "Traceback"])?;
    let mut exceptions = Vec::new();
    while let Some(record) = table.next() {
        let record = record?;
        exceptions.push(ExceptionResult {
            count: record.count(count)?,
            message: record.text(message).to_owned(),
            traceback: record.text(traceback).to_owned(),
        });
    }
    Ok(exceptions)
}

/// The unix time of `2026-11-29T17:00:00Z`.
fn unix_seconds(text: &str) -> Option<f64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let date = Date { year, month, day };
    let days = date.unix_day();
    // A day such as the 31st of June is another day in the calendar.
    let is_there = Date::of_unix_day(days) == date && hour < 24 && minute < 60 && second <= 60;
    is_there.then(|| (days * 86_400 + hour * 3_600 + minute * 60 + second) as f64)
}

fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    let mut numbers = [0; 3];
    for ((number, part), digits) in numbers.iter_mut().zip(parts).zip(digits) {
        let fits = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| fits)?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests;
