//! What became of measured messages: a row for each measured subscription, and under it the causes of what is not as it
//! should be.

use crate::report::columns::wrapped;
use crate::report::doubts;
use crate::report::grid::{ALWAYS, Cell, Column, GAP, Grid, Row};
use crate::report::paint::{Paint, Tint};
use crate::stats::result::RunResult;
use crate::stats::result::deliveries::DeliveryRow;
use crate::stats::result::row::Times;
use crate::units::fitting::{count, time_ms};

const COLUMNS: [(&str, u8); 8] = [
    ("expected", 6),
    ("received", 7),
    ("lost", ALWAYS),
    ("duplicates", 5),
    ("reordered", 4),
    ("p50", 1),
    ("p99", 2),
    ("max", 0),
];

/// Why a shared subscription gets nothing.
const NOT_SHARED: &str =
    "of a shared subscription that never received: this MQTT 3.1.1 broker seems not to support $share";

pub(super) fn lines(result: &RunResult, columns: usize, sentence: usize, paint: Paint) -> Vec<String> {
    let Some(deliveries) = result.end_to_end.as_ref().filter(|deliveries| !deliveries.rows.is_empty()) else {
        return Vec::new();
    };
    let grid = Grid {
        title: "End to end".to_owned(),
        columns: COLUMNS
            .map(|(heading, worth)| Column { heading: heading.to_owned(), worth, least_width: 0 })
            .to_vec(),
        rows: deliveries.rows.iter().map(row).collect(),
        least_name: if columns < 80 { 12 } else { 16 },
        gap: GAP,
    };
    let shown = grid.shown(columns);
    let counts_left_out =
        ["expected", "received", "duplicates", "reordered"].iter().any(|heading| !shown.contains(heading));
    let left_out = ["p50", "p99", "max"].iter().any(|heading| !shown.contains(heading));
    let table = grid.lines(columns, paint);
    let mut lines = Vec::new();
    for (index, line) in table.into_iter().enumerate() {
        lines.push(line);
        let Some(row) = index.checked_sub(1).and_then(|index| deliveries.rows.get(index)) else { continue };
        let counts = counts_left_out.then(|| counts(row));
        for detail in counts.into_iter().chain(details(row, left_out)) {
            let parts = wrapped(&detail, sentence.saturating_sub(2), sentence.saturating_sub(4));
            let indented = parts.iter().enumerate().map(|(index, part)| match index {
                0 => format!("  {part}"),
                _ => format!("    {part}"),
            });
            lines.extend(indented);
        }
    }
    let doubts = doubts::of_messages(result);
    lines.extend(doubts.iter().flat_map(|text| wrapped(text, sentence, sentence)));
    lines
}

fn row(row: &DeliveryRow) -> Row {
    let wrong =
        |number: u64| Cell { text: count(number), tint: if number > 0 { Tint::Bad } else { Tint::Plain } };
    let time =
        |of: fn(&Times) -> f64| row.times_ms.as_ref().map_or_else(String::new, |times| time_ms(of(times)));
    let cells = vec![
        count(row.expected).into(),
        count(row.received).into(),
        wrong(row.lost.total),
        wrong(row.duplicates.total),
        wrong(row.reordered),
        time(|times| times.p50).into(),
        time(|times| times.p99).into(),
        time(|times| times.max).into(),
    ];
    Row { indent: 0, name: row.name.clone(), tint: Tint::Plain, cells }
}

/// The counts in a sentence, where the table has no room for all of them.
fn counts(row: &DeliveryRow) -> String {
    format!(
        "expected {}, received {}, lost {}, duplicates {}, reordered {}",
        count(row.expected),
        count(row.received),
        count(row.lost.total),
        count(row.duplicates.total),
        count(row.reordered)
    )
}

/// The times that the table has no room for, the causes, and what was left out of the counts.
fn details(row: &DeliveryRow, times: bool) -> Vec<String> {
    let of = |what: &str, times: &Option<Times>| {
        times.as_ref().map(|times| {
            format!(
                "{what}: p50 {}, p99 {}, max {}",
                time_ms(times.p50),
                time_ms(times.p99),
                time_ms(times.max)
            )
        })
    };
    let list = |what: &str, causes: &[(u64, &str)]| {
        let causes: Vec<_> = causes
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, cause)| format!("{} {cause}", count(*number)))
            .collect();
        (!causes.is_empty()).then(|| format!("{what}: {}", causes.join(", ")))
    };
    let DeliveryRow { lost, duplicates, .. } = row;
    let lost = list(
        "lost",
        &[
            (lost.qos_0, "by QoS 0"),
            (lost.reconnect, "during a reconnect"),
            (lost.expiry, "expired"),
            (lost.not_acknowledged, "not acknowledged to the publisher"),
            (lost.not_shared, NOT_SHARED),
            (lost.unexplained, "unexplained"),
        ],
    );
    let duplicates = list(
        "duplicates",
        &[
            (duplicates.redelivered, "delivered again"),
            (duplicates.against_qos_2, "against QoS 2"),
            (duplicates.unexplained, "unexplained"),
        ],
    );
    let beside = list(
        "not counted",
        &[
            (row.unsettled, "of which it is not known whether they should have arrived"),
            (row.retained, "from before the subscription"),
            (row.untracked, "of more streams than can be tracked"),
        ],
    );
    let whole = if times { of("from publish to arrival", &row.times_ms) } else { None };
    let service = of("from when the publish began (service time)", &row.service_time_ms);
    [whole, service, lost, duplicates, beside].into_iter().flatten().collect()
}
