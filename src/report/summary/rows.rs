//! The table of rows: how many, how fast, how slow at the tail.
//!
//! Where one table of all columns would be too wide, there are two, one of counts and one of response times, as in
//! Locust. A row with failures that also had successes tells both apart, since a broker that refuses at once would look
//! fast otherwise.

use crate::report::columns::fit;
use crate::report::grid::{ALWAYS, Cell, Column, GAP, Grid, Row};
use crate::report::paint::{Paint, Tint};
use crate::report::summary::times::{self, RowTimes};
use crate::stats::result::RunResult;
use crate::stats::result::row::RowResult;
use crate::units::fitting::{count, percent, rate, time_ms};

/// More rows than these are for files.
const MAX_ROWS: usize = 500;

/// Columns go before names get narrower than this.
const LEAST_NAME: usize = 20;

/// The same on a terminal of fewer columns than [`NARROW`].
const LEAST_NAME_IF_NARROW: usize = 12;

/// Below the columns of a usual terminal.
const NARROW: usize = 80;

/// In one table names have this room, or there are two tables.
const NAME: usize = 30;

/// The table or the two tables, what the percentiles mean, and how many rows are not shown.
/// Sentences have `sentence` columns.
pub(super) fn lines(
    result: &RunResult,
    percentiles: &[f64],
    columns: usize,
    sentence: usize,
    paint: Paint,
) -> Vec<String> {
    // The maximum has a column of its own.
    let percentiles: Vec<_> = percentiles.iter().copied().filter(|share| *share < 1.0).collect();
    let percentiles = &*percentiles;
    let least_name = if columns < NARROW { LEAST_NAME_IF_NARROW } else { LEAST_NAME };
    let grid = |parts: &[Part<'_>]| grid(result, parts, least_name);
    if RowTimes::all(&result.aggregated).is_none()
        && result.rows.iter().all(|row| RowTimes::all(row).is_none())
    {
        return grid(&[Part::Counts]).lines(columns, paint);
    }
    let one = grid(&[Part::Counts, Part::Times(percentiles)]);
    let numbers = one.width() - one.names();
    let mut lines = if numbers + one.names().min(NAME) <= columns {
        one.lines(columns, paint)
    } else {
        let mut lines = grid(&[Part::Counts]).lines(columns, paint);
        lines.push(String::new());
        lines.extend(grid(&[Part::Times(percentiles)]).lines(columns, paint));
        lines
    };
    if let (Some(least), Some(most)) = (percentiles.first(), percentiles.last()) {
        let all: Vec<_> = percentiles.iter().map(|share| times::words(*share)).collect();
        let names = if percentiles.len() == 1 {
            times::name(*least)
        } else {
            format!("{} … {}", times::name(*least), times::name(*most))
        };
        let note = format!("{names}: {} of the requests took at most this", all.join(", "));
        lines.extend(fit(&note, sentence).lines().map(|line| paint.text(Tint::Dim, line)));
    }
    if result.rows.len() > MAX_ROWS {
        let (more, all) = (result.rows.len() - MAX_ROWS, result.rows.len());
        let (more, all) = (count(more as u64), count(all as u64));
        let note = format!("{more} of {all} rows are not shown here: result.json has them");
        lines.extend(fit(&note, sentence).lines().map(str::to_owned));
    }
    lines
}

/// What columns a table has.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Counts,
    Times(&'a [f64]),
}

fn grid(result: &RunResult, parts: &[Part<'_>], least_name: usize) -> Grid {
    let has_counts = parts.iter().any(|part| matches!(part, Part::Counts));
    let has_times = parts.iter().any(|part| matches!(part, Part::Times(_)));
    let mut headings = Vec::new();
    for part in parts {
        match part {
            Part::Counts => headings.extend(["requests", "failures", "rate"].map(str::to_owned)),
            Part::Times(percentiles) => {
                headings.extend(percentiles.iter().map(|share| times::name(*share)));
                headings.push("max".to_owned());
            }
        }
    }
    let last = headings.len() - 1;
    let first_time = headings.iter().position(|heading| heading.starts_with('p')).unwrap_or(0);
    let has_usual = ["p50", "p99"].iter().all(|usual| headings.iter().any(|heading| heading == usual));
    // What remains longest is how many, how many failed, the median and the tail.
    let worth = |index: usize, heading: &str| match heading {
        "requests" | "failures" => ALWAYS,
        "p50" | "p99" => 250,
        "max" => 230,
        "rate" => 220,
        _ if !has_usual && (index == first_time || index + 1 == last) => 240,
        _ if index + 1 == last => 210,
        _ => u8::try_from(100_usize.saturating_sub(index)).unwrap_or(0),
    };
    let columns: Vec<_> = headings
        .into_iter()
        .enumerate()
        .map(|(index, heading)| Column { worth: worth(index, &heading), heading, least_width: 7 })
        .collect();
    let one_type = result.rows.windows(2).all(|two| two[0].request_type == two[1].request_type);
    let mut rows = Vec::new();
    let shown = result.rows.iter().take(MAX_ROWS).map(|row| (row, false));
    for (row, is_whole) in shown.chain([(&result.aggregated, true)]) {
        let apart = RowTimes::apart(row).filter(|_| has_times && row.failures > 0);
        let all = RowTimes::all(row);
        if !has_counts && all.is_none() {
            continue;
        }
        let name = match (is_whole, one_type) {
            (true, _) => "Aggregated".to_owned(),
            (false, true) => row.name.clone(),
            (false, false) => row.title(),
        };
        let tint = if is_whole { Tint::Heading } else { Tint::Plain };
        rows.push(Row { indent: 0, name, tint, cells: cells(parts, &counts(row), all.as_ref()) });
        if let Some((succeeded, failed)) = apart {
            for (name, times) in [("succeeded", succeeded), ("failed", failed)] {
                let counts =
                    [times.count().map_or_else(String::new, count).into(), Cell::default(), Cell::default()];
                let cells = dimmed(cells(parts, &counts, Some(&times)));
                rows.push(Row { indent: 2, name: name.to_owned(), tint: Tint::Dim, cells });
            }
        }
    }
    let title = match (has_counts, least_name < LEAST_NAME) {
        (true, _) => "Requests",
        (false, true) => "Times",
        (false, false) => "Response times",
    };
    Grid { title: title.to_owned(), columns, rows, least_name, gap: GAP }
}

fn cells(parts: &[Part<'_>], counts: &[Cell; 3], times: Option<&RowTimes<'_>>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for part in parts {
        match part {
            Part::Counts => cells.extend(counts.iter().cloned()),
            Part::Times(percentiles) => {
                let at =
                    |share: f64| times.and_then(|times| times.at(share)).map_or_else(String::new, time_ms);
                cells.extend(percentiles.iter().chain([&1.0]).map(|share| at(*share).into()));
            }
        }
    }
    cells
}

fn dimmed(cells: Vec<Cell>) -> Vec<Cell> {
    cells.into_iter().map(|cell| Cell { tint: Tint::Dim, ..cell }).collect()
}

fn counts(row: &RowResult) -> [Cell; 3] {
    [count(row.requests).into(), failures(row), rate(row.requests_per_s).into()]
}

/// How many requests of a row failed, with their share.
pub(super) fn failures(row: &RowResult) -> Cell {
    match row.failures {
        0 => "0".to_owned().into(),
        failures => {
            let text = format!("{} ({})", count(failures), percent(row.failure_ratio()));
            Cell { text, tint: Tint::Bad }
        }
    }
}
