//! Requests that never came to an end, for the console.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::stats::unfinished::{Unfinished, Waits};

/// A line for all and one for each row; nothing if everything came to its end.
pub fn table(rows: &[Unfinished]) -> String {
    let mut text = String::new();
    if rows.is_empty() {
        return text;
    }
    let total = Unfinished::total(rows);
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "\nUnfinished: {}, the oldest after {}; not counted in the rows above",
        requests(total.count),
        Age(total)
    );
    let title = |row: &Unfinished| format!("{} {}", row.row.request_type, row.row.name);
    let width = rows.iter().map(|row| title(row).trim_start().chars().count()).max().unwrap_or(0);
    let digits = rows.iter().map(|row| row.waits.count.to_string().len()).max().unwrap_or(0);
    for row in rows {
        let title = title(row);
        let Waits { count, .. } = row.waits;
        let _ = writeln!(text, "  {:width$}  {count:digits$}  oldest {}", title.trim_start(), Age(row.waits));
    }
    text
}

/// A line about those that had waited for too long; `None` if there are none.
pub fn warning(rows: &[Unfinished]) -> Option<String> {
    let total = Unfinished::total(rows);
    (total.overdue > 0).then(|| {
        format!(
            "{} had waited for too long when the run ended, the oldest for {}: the broker may have stopped answering. \
             They count as unfinished and not as failures",
            requests(total.overdue),
            Age(total)
        )
    })
}

fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

/// How long the oldest had waited, to three digits or so.
struct Age(Waits);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = Duration::from_nanos(self.0.oldest_ns);
        match age.as_secs_f64() {
            seconds if seconds >= 10.0 => write!(f, "{seconds:.1} s"),
            seconds if seconds >= 1.0 => write!(f, "{seconds:.2} s"),
            seconds if seconds >= 0.1 => write!(f, "{:.0} ms", seconds * 1e3),
            seconds => write!(f, "{:.2} ms", seconds * 1e3),
        }
    }
}

#[cfg(test)]
mod tests;
