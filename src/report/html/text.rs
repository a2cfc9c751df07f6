//! Texts of a result as the page shows them.
//!
//! The template escapes what HTML would understand. Here goes what a reader would not see or would see in a wrong order:
//! control characters and the marks that turn the direction of a text are written as escapes, `\u{202e}`.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use crate::units::fitting;

/// Names and messages are cut behind so many characters; `result.json` has them whole.
const MAX_CHARACTERS: usize = 400;
/// Texts of files are cut behind so many characters.
const MAX_FILE_CHARACTERS: usize = 60_000;
/// What stands where a number is not known.
pub const UNKNOWN: &str = "–";

/// A text of one line: a name, a message, an address.
pub fn line(text: &str) -> String {
    cut(text, MAX_CHARACTERS, |_| false)
}

/// Type and name of a row, the name alone if it has no type.
pub fn row(request_type: &str, name: &str) -> String {
    if request_type.is_empty() { line(name) } else { line(&format!("{request_type} {name}")) }
}

/// A text of several lines: a file.
pub fn file(text: &str) -> String {
    cut(&text.replace("\r\n", "\n"), MAX_FILE_CHARACTERS, |c| matches!(c, '\n' | '\t'))
}

fn cut(text: &str, max: usize, stays: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len().min(max * 4));
    for c in text.chars().take(max) {
        if stays(c) || !is_hidden(c) {
            shown.push(c);
        } else {
            // Writing to a String cannot fail.
            let _ = match c {
                '\n' | '\r' | '\t' => write!(shown, "{}", c.escape_default()),
                c => write!(shown, "{}", c.escape_unicode()),
            };
        }
    }
    let left = text.chars().count().saturating_sub(max);
    if left > 0 {
        let _ = write!(shown, " … ({} more characters)", fitting::count(left as u64));
    }
    shown
}

/// Control characters, and format characters that show nothing or change the direction. Not the two joiners: emoji
/// and Persian words need them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A moment of unix time: `2026-11-29 16:40:50 UTC`.
pub fn moment(unix_s: f64) -> String {
    let since_epoch = Duration::try_from_secs_f64(unix_s).ok().filter(|time| !time.is_zero());
    let moment = since_epoch.and_then(|time| SystemTime::UNIX_EPOCH.checked_add(time));
    let mut text = String::new();
    match moment {
        // It refuses years of five digits.
        Some(moment) if write!(text, "{}", humantime::format_rfc3339_seconds(moment)).is_ok() => {
            text.replace('T', " ").replace('Z', " UTC")
        }
        _ => UNKNOWN.to_owned(),
    }
}

/// A length of time: `12.5 s`, `10 min 3 s`, `2 h 5 min`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length in whole seconds")]
pub fn length(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return UNKNOWN.to_owned();
    }
    if seconds < 59.95 {
        let text = format!("{seconds:.1}");
        return format!("{} s", text.strip_suffix(".0").unwrap_or(&text));
    }
    let whole = seconds.round() as u64;
    let (large, small, units) = if whole < 3_600 {
        (whole / 60, whole % 60, ["min", "s"])
    } else {
        (whole / 3_600, whole / 60 % 60, ["h", "min"])
    };
    match small {
        0 => format!("{} {}", fitting::count(large), units[0]),
        small => format!("{} {} {small} {}", fitting::count(large), units[0], units[1]),
    }
}

/// A time in milliseconds, if it is known.
pub fn time(ms: Option<f64>) -> String {
    ms.filter(|ms| ms.is_finite() && *ms >= 0.0).map_or_else(|| UNKNOWN.to_owned(), fitting::time_ms)
}

#[cfg(test)]
mod tests;
