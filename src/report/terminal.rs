//! The tables of a replay for a terminal. If it has 80 columns or more, no line is wider than it.
//!
//! The numbers are those of Locust's tables ([`table`](crate::report::table)), which are written if there is no
//! terminal. Here columns are as wide as their contents. If there is too little room, the least useful columns are left
//! out, and names are cut in their middle, since many have the same beginning or the same end.

use std::fmt::Write;

use crate::report::columns::{cut, printable, wrapped};
use crate::report::table::unwrapped;
use crate::stats::number::Number;
use crate::stats::snapshot::{Row, Snapshot};

/// A column may go before names get narrower than this.
const NAME: usize = 24;

/// More rows than these are for files.
const MAX_ROWS: usize = 500;

/// Requests, percentiles and failures, for a terminal with this many columns.
pub fn summary(snapshot: &Snapshot, columns: usize) -> String {
    let rows = snapshot.rows.len();
    let left_out = match rows.checked_sub(MAX_ROWS) {
        Some(more @ 1..) => {
            format!("{more} of {rows} rows are not shown here: --csv and --summary-json have them\n")
        }
        _ => String::new(),
    };
    [requests(snapshot, columns), left_out, percentiles(snapshot, columns), failures(snapshot, columns)]
        .concat()
}

/// The rows that are shown, Aggregated last.
fn shown(snapshot: &Snapshot) -> impl Iterator<Item = &Row> {
    snapshot.rows.iter().take(MAX_ROWS).chain([&snapshot.aggregated])
}

fn requests(snapshot: &Snapshot, columns: usize) -> String {
    let rows: Vec<_> = shown(snapshot).collect();
    let column = |heading, worth, cell: &dyn Fn(&Row) -> String| Column::new(heading, worth, &rows, cell);
    let table = vec![
        column("# reqs", ALWAYS, &|row| row.requests.to_string()),
        column("# fails", ALWAYS, &|row| format!("{}({:.2}%)", row.failures, row.fail_ratio() * 100.0)),
        column("Avg", 3, &|row| Number::Float(row.average).truncated().to_string()),
        column("Min", 1, &|row| row.min.truncated().to_string()),
        column("Max", 4, &|row| row.max.truncated().to_string()),
        column("Med", 2, &|row| row.median.truncated().to_string()),
        column("req/s", 5, &|row| format!("{:.2}", row.rps)),
        column("failures/s", 0, &|row| format!("{:.2}", row.failures_per_s)),
    ];
    draw(&rows, table, columns)
}

fn percentiles(snapshot: &Snapshot, columns: usize) -> String {
    let rows: Vec<_> = shown(snapshot).filter(|row| row.timed > 0).collect();
    // In the order of the headings; what remains longest is the median, p95, p99 and the maximum.
    let worths = [ALWAYS, 1, 3, 2, 6, ALWAYS, 4, 7, 5, 0, 8];
    let headings: Vec<_> = snapshot.percentiles.headings().collect();
    let mut table: Vec<_> = headings
        .iter()
        .zip(worths.into_iter().chain(std::iter::repeat(0)))
        .enumerate()
        .map(|(index, (heading, worth))| {
            let cell =
                |row: &Row| row.percentiles.as_ref().map_or_else(String::new, |all| all[index].to_string());
            Column::new(heading, worth, &rows, &cell)
        })
        .collect();
    table.push(Column::new("# reqs", 9, &rows, &|row| row.requests.to_string()));
    format!("Response time percentiles (approximated)\n{}", draw(&rows, table, columns))
}

fn failures(snapshot: &Snapshot, columns: usize) -> String {
    if snapshot.failures.is_empty() {
        return String::new();
    }
    let heading = "# occurrences";
    let width = heading.len() + 1;
    let mut text = format!("Error report\n{heading} Error\n{}\n", "-".repeat(columns));
    for failure in snapshot.failures_as_seen().into_iter().take(MAX_ROWS) {
        let row = &failure.what.row;
        let what = format!("{} {}: {}", row.request_type, row.name, unwrapped(&failure.what.original));
        let room = columns.saturating_sub(width).max(1);
        let lines = wrapped(&printable(&what), room, room);
        for (index, line) in lines.iter().enumerate() {
            let count = if index == 0 { failure.occurrences.to_string() } else { String::new() };
            push_line(&mut text, &format!("{count:<width$}{line}"));
        }
    }
    text.push_str(&"-".repeat(columns));
    text.push_str("\n\n");
    text
}

/// Worth of what is never left out.
const ALWAYS: u8 = u8::MAX;

/// Numbers of one kind.
struct Column {
    heading: String,
    /// The lowest goes first.
    worth: u8,
    cells: Vec<String>,
    width: usize,
}

impl Column {
    fn new(heading: &str, worth: u8, rows: &[&Row], cell: &dyn Fn(&Row) -> String) -> Self {
        let cells: Vec<_> = rows.iter().map(|row| cell(row)).collect();
        let width = cells.iter().map(String::len).max().unwrap_or(0).max(heading.len());
        Self { heading: heading.to_owned(), worth, cells, width }
    }
}

/// Types, names and the columns that fit, a rule before the last row, which is Aggregated, and an empty line.
fn draw(rows: &[&Row], mut table: Vec<Column>, columns: usize) -> String {
    let length = |text: &str| text.chars().count();
    let types: Vec<_> = rows.iter().map(|row| printable(&row.key.request_type)).collect();
    let names: Vec<_> = rows.iter().map(|row| printable(&row.key.name)).collect();
    let widest =
        |texts: &[String], heading| texts.iter().map(|text| length(text)).max().unwrap_or(0).max(heading);
    let type_width = widest(&types, 4).min(8);
    let wanted = widest(&names, 4);
    let room = |table: &[Column]| {
        let numbers: usize = table.iter().map(|column| column.width + 1).sum();
        columns.saturating_sub(numbers + type_width + 1)
    };
    while room(&table) < wanted.min(NAME) {
        let least = table.iter().enumerate().filter(|(_, column)| column.worth < ALWAYS);
        let Some((index, _)) = least.min_by_key(|(_, column)| column.worth) else { break };
        table.remove(index);
    }
    let name_width = wanted.min(room(&table)).max(1);
    let line = |request_type: &str, name: &str, cell: &dyn Fn(&Column) -> String| {
        let (request_type, name) = (cut(request_type, type_width), cut(name, name_width));
        let mut line = format!("{request_type:<type_width$} {name:<name_width$}");
        for column in &table {
            // Writing to a String cannot fail.
            let _ = write!(line, " {:>1$}", cell(column), column.width);
        }
        line
    };
    let heading = line("Type", "Name", &|column| column.heading.clone());
    let rule = "-".repeat(heading.chars().count());
    let mut text = String::new();
    push_line(&mut text, &heading);
    push_line(&mut text, &rule);
    for (index, (request_type, name)) in types.iter().zip(&names).enumerate() {
        if index + 1 == rows.len() {
            push_line(&mut text, &rule);
        }
        push_line(&mut text, &line(request_type, name, &|column| column.cells[index].clone()));
    }
    text.push('\n');
    text
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests;
