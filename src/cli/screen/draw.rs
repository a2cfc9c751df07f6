//! Draws a [`View`] as lines of text that fit a terminal of any size.
//!
//! If there is too little room, the least useful goes first: empty lines, rows with few requests, failures, columns of
//! the table. How far the run has come, the row of all requests and the keys are never left out.

use std::time::Duration;

use crate::cli::screen::size::Size;
use crate::cli::screen::view::{FailureView, KeysView, View};
use crate::report::columns::{cut, cut_end, left, printable, right, width};
use crate::report::grid::{ALWAYS, Cell, Column, GAP, Grid, Row};
use crate::report::paint::{Paint, Tint};
use crate::stats::result::row::Times;
use crate::stats::snapshot::{Live, LiveRow, RECENT_SECONDS};
use crate::units::fitting::{clock, count, time_ms};

/// Columns of a bar at most.
const MAX_BAR: usize = 40;

/// No bar is drawn in fewer columns.
const MIN_BAR: usize = 8;

/// Rows that stay before failures are left out.
const LEAST_ROWS: usize = 3;

/// The lines of the screen, at most as many as the terminal has rows less one, where the cursor stays.
pub(super) fn draw(view: &View, size: Size, paint: Paint) -> Vec<String> {
    // Text in the last column makes some terminals begin a new line.
    let columns = size.columns.saturating_sub(1).max(1);
    let room = size.rows.saturating_sub(1).max(1);
    let head = [bars(view, columns, paint), counts(view, columns)].concat();
    let mut foot: Vec<_> =
        view.limit.iter().map(|text| paint.text(Tint::Warning, &cut_end(text, columns))).collect();
    foot.extend(keys(view.keys, columns, paint));
    // The heading of the table and the row of all requests.
    let fixed = head.len() + foot.len() + 2;
    let free = room.saturating_sub(fixed);
    let rows = view.live.rows.len();
    let failures = match view.failures.len() {
        0 => 0,
        // With a heading.
        kinds => (kinds + 1).min(free.saturating_sub(rows.min(LEAST_ROWS))),
    };
    let (mut lines, body) = (head, free - failures);
    // Empty lines before the table, the failures and the foot, as far as there is room.
    let wanted = rows + usize::from(view.live.rows_in_all > rows);
    let empty = body.saturating_sub(wanted).min(3);
    let empty_line = |number: usize| (empty >= number).then(String::new);
    lines.extend(empty_line(1));
    lines.extend(table(&view.live, columns, body - empty, paint));
    if failures > 0 {
        lines.extend(empty_line(2));
        lines.extend(failure_lines(view, columns, failures, paint));
    }
    lines.extend(empty_line(3));
    lines.extend(foot);
    lines.truncate(room);
    lines
}

/// How far the stage and the run have come.
fn bars(view: &View, columns: usize, paint: Paint) -> Vec<String> {
    let mut bars = Vec::new();
    if let Some(stage) = &view.stage {
        let note = format!("stage {} of {}", stage.number, stage.of);
        bars.push((printable(&stage.name), stage.elapsed, stage.length, note));
    }
    bars.push(("run".to_owned(), view.elapsed, view.length, String::new()));
    let labels = bars.iter().map(|(label, ..)| width(label)).max().unwrap_or(0).min(columns / 4);
    let texts: Vec<_> = bars.iter().map(|(_, elapsed, length, _)| time_text(*elapsed, *length)).collect();
    let texts_width = texts.iter().map(|text| width(text)).max().unwrap_or(0);
    let bar = columns.saturating_sub(labels + texts_width + 4).min(MAX_BAR);
    let line =
        |((label, elapsed, length, note), text): (&(String, Duration, Option<Duration>, String), &String)| {
            let mut line = left(&cut(label, labels), labels);
            if bar >= MIN_BAR {
                line.push_str("  ");
                line.push_str(&bar_text(*elapsed, *length, bar, paint));
            }
            line.push_str("  ");
            let used = labels + if bar >= MIN_BAR { bar + 4 } else { 2 };
            line.push_str(&cut_end(text, columns.saturating_sub(used)));
            let with_note = used + width(text) + 2 + width(note);
            if !note.is_empty() && with_note <= columns {
                line.push_str("  ");
                line.push_str(&paint.text(Tint::Dim, note));
            }
            line
        };
    bars.iter().zip(&texts).map(line).collect()
}

fn time_text(elapsed: Duration, length: Option<Duration>) -> String {
    match length {
        None => format!("{}, until it is stopped", clock(elapsed)),
        Some(length) => match length.checked_sub(elapsed).filter(|left| !left.is_zero()) {
            Some(left) => format!("{} of {}, {} left", clock(elapsed), clock(length), clock(left)),
            None => format!("{} of {}, ending", clock(elapsed), clock(length)),
        },
    }
}

fn bar_text(elapsed: Duration, length: Option<Duration>, columns: usize, paint: Paint) -> String {
    let Some(length) = length.filter(|length| !length.is_zero()) else {
        return paint.text(Tint::Dim, &"─".repeat(columns));
    };
    let millis = |time: Duration| time.as_millis().min(u128::from(u64::MAX));
    let done = (millis(elapsed.min(length)) * columns as u128 / millis(length).max(1)).min(columns as u128);
    let done = usize::try_from(done).unwrap_or(columns);
    paint.text(Tint::Progress, &"━".repeat(done)) + &paint.text(Tint::Dim, &"─".repeat(columns - done))
}

/// Users and requests in numbers, on as many lines as they take, but no more than two.
fn counts(view: &View, columns: usize) -> Vec<String> {
    let (users, all) = (view.users, &view.live.all);
    let (_, connects) = users.connects;
    let connects = match connects {
        1.. if users.connected < users.alive => format!(" ({} connects/s)", count(connects)),
        _ => String::new(),
    };
    let mut parts = vec![
        format!(
            "users {} wanted, {} alive, {} connected{connects}",
            count(users.wanted.into()),
            count(users.alive),
            count(users.connected)
        ),
        format!("requests {} ({}/s)", count(all.requests), count(all.requests_in_second)),
    ];
    let (received, received_in_second) = view.received;
    if received > 0 {
        parts.push(format!("received {} ({}/s)", count(received), count(received_in_second)));
    }
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if width(line) + 3 + width(&part) <= columns => {
                line.push_str("   ");
                line.push_str(&part);
            }
            _ => lines.push(cut_end(&part, columns)),
        }
    }
    // The table has the same numbers.
    lines.truncate(if columns < 60 { 1 } else { 2 });
    lines
}

/// The heading, at most so many rows of it besides, and the row of all requests.
fn table(live: &Live, columns: usize, body: usize, paint: Paint) -> Vec<String> {
    let has_more = live.rows_in_all > body.min(live.rows.len());
    let shown = if has_more { body.saturating_sub(1) } else { body };
    let mut busiest: Vec<_> = live.rows.iter().collect();
    busiest.sort_by_key(|row| std::cmp::Reverse(row.requests));
    busiest.truncate(shown);
    busiest.sort_by_key(|row| &row.key);
    let recent = |what: &str| format!("{what} {RECENT_SECONDS}s");
    let column = |heading: String, worth, least_width| Column { heading, worth, least_width };
    let mut grid = Grid {
        title: "row".to_owned(),
        columns: vec![
            column("requests".to_owned(), 50, 8),
            column("/s now".to_owned(), ALWAYS, 7),
            column("failures".to_owned(), ALWAYS, 8),
            column(recent("p50"), 20, 7),
            column(recent("p95"), 10, 7),
            column(recent("p99"), ALWAYS, 7),
            column(recent("max"), 15, 7),
        ],
        rows: busiest.iter().map(|row| table_row(row, &row.key.name, Tint::Plain)).collect(),
        least_name: 12,
        gap: if columns < 100 { 1 } else { GAP },
    };
    grid.rows.push(table_row(&live.all, "Aggregated", Tint::Heading));
    let mut lines = grid.lines(columns, paint);
    let more = live.rows_in_all.saturating_sub(busiest.len());
    if has_more && more > 0 && body > 0 {
        let text = format!("… {more} more {}", if more == 1 { "row" } else { "rows" });
        let last = lines.len() - 1;
        lines.insert(last, paint.text(Tint::Dim, &cut_end(&text, columns)));
    }
    lines
}

fn table_row(row: &LiveRow, name: &str, tint: Tint) -> Row {
    let time =
        |of: fn(&Times) -> f64| row.recent.as_ref().map_or_else(String::new, |times| time_ms(of(times)));
    let failures =
        Cell { text: count(row.failures), tint: if row.failures > 0 { Tint::Bad } else { Tint::Plain } };
    let cells = vec![
        count(row.requests).into(),
        count(row.requests_in_second).into(),
        failures,
        time(|times| times.p50).into(),
        time(|times| times.p95).into(),
        time(|times| times.p99).into(),
        time(|times| times.max).into(),
    ];
    Row { indent: 0, name: name.to_owned(), tint, cells }
}

/// A heading and the commonest failures, on so many lines.
fn failure_lines(view: &View, columns: usize, lines: usize, paint: Paint) -> Vec<String> {
    let shown = lines.saturating_sub(1).min(view.failures.len());
    let heading = match view.failure_kinds {
        kinds if kinds > shown => {
            format!("failures: the {shown} commonest of {kinds} kinds, and when each was last seen")
        }
        _ => "failures, and when each was last seen".to_owned(),
    };
    let mut all = vec![paint.text(Tint::Heading, &cut_end(&heading, columns))];
    let counts: Vec<_> = view.failures.iter().map(|failure| count(failure.count)).collect();
    let widest = counts.iter().take(shown).map(|text| width(text)).max().unwrap_or(0);
    for (FailureView { row, error, last, .. }, number) in view.failures.iter().zip(&counts).take(shown) {
        let before = format!("{}  {}  ", right(number, widest), clock(*last));
        let room = columns.saturating_sub(width(&before));
        // The reason matters most.
        let error = printable(error);
        let row = cut(&printable(row), room.saturating_sub(width(&error) + 2).max(room / 4));
        all.push(paint.text(Tint::Bad, &cut(&before, columns)) + &cut(&format!("{row}: {error}"), room));
    }
    all
}

fn keys(keys: KeysView, columns: usize, paint: Paint) -> Option<String> {
    let texts: &[&str] = match keys {
        KeysView::None => return None,
        KeysView::Stopping => {
            &["stopping: users finish their tasks; Ctrl-C ends the run at once", "stopping"]
        }
        KeysView::Read => &[
            "keys: w/W 1/10 users more, s/S 1/10 users fewer, q stops the run",
            "w/W +1/+10 users, s/S fewer, q stops",
            "w W s S q",
        ],
    };
    let text = texts.iter().find(|text| width(text) <= columns)?;
    Some(paint.text(Tint::Dim, text))
}

#[cfg(test)]
mod tests;
