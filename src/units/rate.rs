//! Rates, which say how often something happens: `10/s`, `600/min`, `1/10s`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::units::duration::{DurationError, HumanDuration, TIME_UNITS};
use crate::units::text::deserialize_text;

/// A rate above 0, finite, in events per second.
///
/// It is written as a number, a slash and a time: `0.5/s`, `600/min`, `1/10s`. `10/s` means `10/1s`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

/// Two rates joined by `..`, such as `1000/s..100000/s`. The first is not above the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRange {
    /// The lower rate.
    pub low: Rate,
    /// The higher rate.
    pub high: Rate,
}

/// Why a text is not a rate: lower case, without the text itself.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RateError {
    /// There is no slash.
    #[error("it has no `/` before a unit of time")]
    NoSlash,
    /// What stands before the slash is not a number.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// What stands behind the slash is not a length of time.
    #[error("behind the `/`, {0}")]
    Time(DurationError),
    /// It is 0, negative or too large.
    #[error("it must be above 0, and at most a thousand million a second")]
    OutOfRange,
    /// There are no two points between two rates.
    #[error("it has no `..` between two rates")]
    NoRange,
    /// The first rate is above the second.
    #[error("it goes down")]
    Descending,
}

/// Highest rate that can be asked for: its period is the nanosecond that a clock can tell.
const HIGHEST: f64 = 1e9;

impl Rate {
    /// Returns the rate of this many events per second, if it is one.
    pub fn per_second(per_second: f64) -> Option<Self> {
        (per_second > 0.0 && per_second <= HIGHEST).then_some(Self(per_second))
    }

    /// Returns the number of events per second.
    pub fn as_per_second(self) -> f64 {
        self.0
    }

    /// The time from one event to the next, [`Duration::MAX`] for longer ones than that.
    pub fn period(self) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.0).unwrap_or(Duration::MAX)
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (number, time) = text.split_once('/').ok_or(RateError::NoSlash)?;
        let (number, time) = (number.trim(), time.trim());
        let events: f64 = number.parse().map_err(|_| RateError::NotANumber(number.to_owned()))?;
        let time = if time.starts_with(char::is_alphabetic) { format!("1{time}") } else { time.to_owned() };
        let time: HumanDuration = time.parse().map_err(RateError::Time)?;
        Self::per_second(events / time.0.as_secs_f64()).ok_or(RateError::OutOfRange)
    }
}

impl FromStr for RateRange {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (low, high) = text.split_once("..").ok_or(RateError::NoRange)?;
        let range = Self { low: low.parse()?, high: high.parse()? };
        if range.low > range.high { Err(RateError::Descending) } else { Ok(range) }
    }
}

/// Writes it per second; it reads back to the same value.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

/// Reads back to the same value.
impl fmt::Display for RateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.low, self.high)
    }
}

/// What a rate looks like, as a regular expression.
fn rate_pattern() -> String {
    let number = r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?";
    let part = r"[0-9]+(\.[0-9]+)?\s*";
    format!(r"^\s*{number}\s*/\s*({part})?{TIME_UNITS}\s*({part}{TIME_UNITS}\s*)*$")
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How often: a number above 0, a slash and a time. `10/s` means `10/1s`.",
            "type": "string",
            "pattern": rate_pattern(),
            "examples": ["10/s", "600/min", "1/10s"],
        })
    }
}

impl JsonSchema for RateRange {
    fn schema_name() -> Cow<'static, str> {
        "RateRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Two rates joined by `..`, the lower one first.",
            "type": "string",
            // Looser than that of a rate, which would stand here twice.
            "pattern": r"^\s*[0-9][^/]*/[^/]*[a-zA-Z]\s*\.\.\s*[0-9][^/]*/[^/]*[a-zA-Z]\s*$",
            "examples": ["1000/s..100000/s"],
        })
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "rate")
    }
}

impl<'de> Deserialize<'de> for RateRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "range of rates")
    }
}

#[cfg(test)]
mod tests;
