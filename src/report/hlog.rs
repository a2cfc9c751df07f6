//! An interval log of `HdrHistogram`, version 1.3: one line per row and second, with the row as its tag.
//!
//! Source: `HistogramLogWriter` and `HistogramLogReader` of `HdrHistogram` for Java. A line is the tag, the begin of the
//! interval in seconds since the start of the run, its length in seconds, its longest time in milliseconds, and the
//! histogram, compressed and in base64. A tag ends at a comma and a line is a record, so both are written otherwise in
//! it. All requests together have no tag: that is what tools show that know no tags.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use crate::stats::over_time::Interval;
use crate::stats::{RowKey, UnixMicros};

/// The span of a second, and the start of the run.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// When the run started.
    pub start: UnixMicros,
    /// When the second began.
    pub from: UnixMicros,
    /// When it ended.
    pub until: UnixMicros,
}

/// The lines before the first second.
pub fn head(start: UnixMicros) -> String {
    let seconds = start.as_secs_f64();
    format!(
        "#[mqtt-scenario: response times in nanoseconds, one line per row and second; lines without Tag are all \
         requests together]\n\
         #[Histogram log format version 1.3]\n\
         #[StartTime: {seconds:.3} (seconds since epoch), {}]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
        humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + Duration::from_micros(start.0)),
    )
}

/// The lines of a second: all requests, and each row that had response times.
pub fn push_second<'a>(
    lines: &mut String,
    span: Span,
    all: &Interval,
    rows: impl Iterator<Item = (&'a RowKey, &'a Interval)>,
) {
    push_line(lines, span, "", all);
    for (row, interval) in rows {
        push_line(lines, span, &tag(row), interval);
    }
}

fn push_line(lines: &mut String, Span { start, from, until }: Span, tag: &str, interval: &Interval) {
    if interval.times.is_empty() {
        return;
    }
    if !tag.is_empty() {
        let _ = write!(lines, "Tag={tag},");
    }
    let seconds = |from: UnixMicros, until: UnixMicros| until.0.saturating_sub(from.0) as f64 / 1e6;
    let longest_ms = interval.times.unpack().percentile_ms(100.0).unwrap_or(0.0);
    // Writing to a String cannot fail.
    let _ = writeln!(
        lines,
        "{:.3},{:.3},{longest_ms:.6},{}",
        seconds(start, from),
        seconds(from, until),
        interval.times.log_text()
    );
}

/// A row as a tag: blanks, commas and control characters become `_`, since readers split lines at them.
fn tag(row: &RowKey) -> String {
    let title = format!("{} {}", row.request_type, row.name);
    let plain = |c: char| if c == ',' || c.is_whitespace() || c.is_control() { '_' } else { c };
    title.trim_start().chars().map(plain).collect()
}
