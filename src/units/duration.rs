//! Lengths of time: `250ms`, `1h 30m`.
//!
//! A bare number is not a length of time in a scenario: `30` could mean seconds as in Locust or milliseconds as
//! in most MQTT tools. Only the command line takes it, because Locust's `-t 30` does.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::units::text::deserialize_text;

/// A length of time such as `250ms`, `1.5s`, `1h30m20s` or `1h 30m`, to the nanosecond.
///
/// Written as one or more numbers with units, added up; a number may have a fraction. Units are those of the
/// `humantime` crate, from `ns` to `years`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct HumanDuration(pub Duration);

/// Why a text is not a length of time: lower case, without the text itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It holds nothing but white space.
    #[error("it is empty")]
    Empty,
    /// A number has no unit.
    #[error("a unit is missing after {0}")]
    NoUnit(String),
    /// A unit is unknown.
    #[error("`{0}` is not a unit of time (ns, us, ms, s, m, h, days, weeks)")]
    UnknownUnit(String),
    /// A character belongs to no number and to no unit.
    #[error("`{0}` is not expected there")]
    Unexpected(char),
    /// A unit has no number.
    #[error("a number is missing before `{0}`")]
    NoNumber(String),
    /// It is longer than some thousand years, or finer than a nanosecond.
    #[error("the number is too large or too fine")]
    OutOfRange,
}

/// Longest text that is read as a length of time, in bytes.
const MAX_TEXT: usize = 64;

/// Most digits of one number. Together with [`MAX_TEXT`] it keeps every sum within 64 bits of seconds, where
/// `humantime` 2.4 panics on a carry (`18446744073709551615s 1000000000ns`).
const MAX_DIGITS: usize = 11;

impl FromStr for HumanDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let digits = text.split(|c: char| !c.is_ascii_digit() && !c.is_whitespace());
        let longest = digits.map(|run| run.bytes().filter(u8::is_ascii_digit).count()).max();
        if text.len() > MAX_TEXT || longest > Some(MAX_DIGITS) {
            return Err(DurationError::OutOfRange);
        }
        humantime::parse_duration(text).map(Self).map_err(|error| explain(text, &error))
    }
}

/// `humantime` names byte offsets; a reader wants the characters that stand there.
fn explain(text: &str, error: &humantime::DurationError) -> DurationError {
    use humantime::DurationError as E;
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    match error {
        E::Empty => DurationError::Empty,
        E::NumberOverflow => DurationError::OutOfRange,
        E::UnknownUnit { start, unit, .. } if unit.is_empty() => {
            let before = text.get(..*start).unwrap_or_default().trim_end();
            let number = before.rsplit(|c: char| !c.is_ascii_digit() && c != '.').next();
            DurationError::NoUnit(number.unwrap_or_default().to_owned())
        }
        E::UnknownUnit { unit, .. } => DurationError::UnknownUnit(unit.clone()),
        E::NumberExpected(at) => match rest(*at).split_whitespace().next() {
            Some(word) if word.starts_with(char::is_alphabetic) => DurationError::NoNumber(word.to_owned()),
            _ => unexpected(rest(*at)),
        },
        E::InvalidCharacter(at) => unexpected(rest(*at)),
    }
}

fn unexpected(rest: &str) -> DurationError {
    rest.chars().next().map_or(DurationError::Empty, DurationError::Unexpected)
}

/// Reads back to the same value: `1h 30m`, `250ms`, `0s`.
impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// The units of `humantime`, as a regular expression.
pub(super) const TIME_UNITS: &str = "(nanos|nsec|ns|usec|us|\u{b5}s|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|\
                          min|m|hours|hour|hrs|hr|h|days|day|d|weeks|week|wks|wk|w|months|month|M|years|year|yrs|yr|y)";

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A length of time: numbers with units, added up.",
            "type": "string",
            "pattern": format!(r"^\s*(0|([0-9]+(\.[0-9]+)?\s*{TIME_UNITS}\s*)+)\s*$"),
            "examples": ["500ms", "1.5s", "1h 30m"],
        })
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "length of time")
    }
}

/// A run time as Locust's `-t` takes it: seconds (`30`, `0.5`), or a length of time (`1h30m`, `500ms`, `1.5s`).
pub fn parse_run_time(text: &str) -> Result<Duration, DurationError> {
    let number = text.trim();
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match number.parse::<f64>().ok().filter(|_| is_plain).map(Duration::try_from_secs_f64) {
        Some(Ok(seconds)) => Ok(seconds),
        _ => text.parse().map(|HumanDuration(duration)| duration),
    }
}

#[cfg(test)]
mod tests;
