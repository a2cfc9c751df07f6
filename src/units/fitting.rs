//! Numbers for people, each in the unit that fits it: `28 µs`, `4.10 ms`, `12,345/s`.
//!
//! They have three significant digits, since our histograms know no more. Zeros at the end stay (`4.10 ms`): they are
//! known, and a column of numbers keeps its form. A share of a hundred never reads `0 %` or `100 %` unless it is.

use std::time::Duration;

use crate::units::duration::HumanDuration;

/// Units of time, each with its length in milliseconds.
const TIMES: [(&str, f64); 4] = [("h", 3_600_000.0), ("min", 60_000.0), ("s", 1e3), ("ms", 1.0)];

/// Units of sizes, each with its length in bytes.
const SIZES: [(&str, f64); 4] =
    [("TiB", 1_099_511_627_776.0), ("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("KiB", 1_024.0)];

/// A time in milliseconds: `28 µs`, `4.10 ms`, `1.25 s`, `16.7 min`. Below a millisecond it is in whole microseconds,
/// since nothing shorter is measured. What is no time (negative, not a number, infinite) is `-`.
pub fn time_ms(ms: f64) -> String {
    if !ms.is_finite() || ms < 0.0 {
        return "-".to_owned();
    }
    let microseconds = (ms * 1e3).round();
    if microseconds < 1e3 {
        return if microseconds < 1.0 && ms > 0.0 {
            "<1 µs".to_owned()
        } else {
            format!("{microseconds:.0} µs")
        };
    }
    in_unit(ms, &TIMES)
}

/// A rate in events per second: `0.250/s`, `12.5/s`, `12,345/s`. What is no rate is `-`.
pub fn rate(per_s: f64) -> String {
    if !per_s.is_finite() || per_s < 0.0 {
        return "-".to_owned();
    }
    if per_s == 0.0 {
        return "0/s".to_owned();
    }
    if per_s < 0.000_5 {
        return "<0.001/s".to_owned();
    }
    format!("{}/s", digits(per_s))
}

/// A number of things: `1,234,567`.
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// A share, 0 to 1, of a hundred: `0 %`, `0.12 %`, `12.5 %`, `100 %`. What is no share is `-`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        percent if !percent.is_finite() || percent < 0.0 => "-".to_owned(),
        0.0 => "0 %".to_owned(),
        percent if percent < 0.01 => "<0.01 %".to_owned(),
        percent if percent < 9.995 => format!("{percent:.2} %"),
        percent if percent < 99.95 => format!("{percent:.1} %"),
        percent if percent < 100.0 => ">99.9 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// A size: `512 B`, `1.25 KiB`, `20.0 MiB`.
pub fn bytes(bytes: u64) -> String {
    if bytes < 1_024 { format!("{bytes} B") } else { in_unit(bytes as f64, &SIZES) }
}

/// A time on a clock that counts from 0, in whole seconds: `00:04`, `12:30`, `1:02:03`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// How long a run lasts: `20ms`, `0.5s`, `2.9s`, `12s`, `1m 30s`. Below ten seconds it has one decimal, unless that is 0.
pub fn length(time: Duration) -> String {
    let ms = time.as_millis();
    let tenths = (ms + 50) / 100;
    if ms < 100 {
        return format!("{ms}ms");
    }
    if tenths < 100 {
        let decimal = if tenths.is_multiple_of(10) { String::new() } else { format!(".{}", tenths % 10) };
        return format!("{}{decimal}s", tenths / 10);
    }
    let seconds = u64::try_from((ms + 500) / 1_000).unwrap_or(u64::MAX);
    HumanDuration(Duration::from_secs(seconds)).to_string()
}

/// A quantity in the largest unit of which it has one or more after rounding; the last unit holds what is smaller.
fn in_unit(quantity: f64, units: &[(&str, f64)]) -> String {
    let fits = |(_, length): &&(&str, f64)| rounded(quantity / length) >= 1.0;
    let Some((unit, length)) = units.iter().find(fits).or(units.last()) else { return digits(quantity) };
    format!("{} {unit}", digits(quantity / length))
}

/// To three significant digits, from 0.01 up.
fn rounded(number: f64) -> f64 {
    let scale = match number {
        number if number >= 100.0 => 1.0,
        number if number >= 10.0 => 10.0,
        number if number >= 1.0 => 100.0,
        _ => 1_000.0,
    };
    (number * scale).round() / scale
}

/// Three significant digits, or all of a whole number that has more.
fn digits(number: f64) -> String {
    let number = rounded(number);
    match number {
        number if number >= 100.0 => grouped(&format!("{number:.0}")),
        number if number >= 10.0 => format!("{number:.1}"),
        number if number >= 1.0 => format!("{number:.2}"),
        number => format!("{number:.3}"),
    }
}

/// Digits with a comma between thousands.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
