//! Locust's `--json`: one object per row, as `json.dumps(…, indent=4)` writes it.
//!
//! Source: `StatsEntry.serialize` and `stats.py` of Locust 2.47. Keys and their order are Locust's; the buckets and seconds
//! of a row ascend, while Locust has them in the order in which they came up.

use std::fmt::{Display, Write};

use crate::report::number::{PythonFloat, PythonNumber};
use crate::stats::entry::LocustSums;

/// The file, without a line end after it, as in Locust.
pub fn text(rows: &[LocustSums]) -> String {
    if rows.is_empty() {
        return "[]".to_owned();
    }
    let rows: Vec<_> = rows.iter().map(row).collect();
    format!("[\n{}\n]", rows.join(",\n"))
}

fn row(row: &LocustSums) -> String {
    let mut text = String::from("    {\n");
    let mut push = |key: &str, value: &dyn Display, is_last: bool| {
        let end = if is_last { "\n" } else { ",\n" };
        // Writing to a String cannot fail.
        let _ = write!(text, "        \"{key}\": {value}{end}");
    };
    let or_null = |value: Option<&dyn Display>| value.map_or_else(|| "null".to_owned(), ToString::to_string);
    push("name", &ascii(&row.key.name), false);
    push("method", &ascii(&row.key.request_type), false);
    let last = row.last_request.map(PythonFloat);
    push("last_request_timestamp", &or_null(last.as_ref().map(|it| it as &dyn Display)), false);
    push("start_time", &PythonFloat(row.start), false);
    push("num_requests", &row.requests, false);
    push("num_none_requests", &row.none_requests, false);
    push("num_failures", &row.failures, false);
    push("total_response_time", &PythonNumber(row.total_response_time), false);
    push("max_response_time", &PythonNumber(row.max), false);
    let min = row.min.map(PythonNumber);
    push("min_response_time", &or_null(min.as_ref().map(|it| it as &dyn Display)), false);
    push("total_content_length", &row.total_length, false);
    push("response_times", &counts(&row.buckets), false);
    push("num_reqs_per_sec", &counts(&row.requests_per_second), false);
    push("num_fail_per_sec", &counts(&row.failures_per_second), true);
    text.push_str("    }");
    text
}

/// An object of counts.
fn counts(counts: &[(impl Display, u64)]) -> String {
    if counts.is_empty() {
        return "{}".to_owned();
    }
    let lines: Vec<_> = counts.iter().map(|(key, count)| format!("            \"{key}\": {count}")).collect();
    format!("{{\n{}\n        }}", lines.join(",\n"))
}

/// A string as Python writes it: everything beyond ASCII as UTF-16 escapes.
fn ascii(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
