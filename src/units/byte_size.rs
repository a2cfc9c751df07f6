//! Numbers of bytes: `20B`, `1KiB`, `1.5MB`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::units::text::deserialize_text;

/// A number of bytes.
///
/// Written as a number, which may have a fraction, with a unit: `B`, the decimal `kB`, `MB`, `GB` or the binary
/// `KiB`, `MiB`, `GiB`, in capitals or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ByteSize(pub u64);

/// Why a text is not a number of bytes: lower case, without the text itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ByteSizeError {
    /// It does not begin with a number.
    #[error("a number is missing")]
    NoNumber,
    /// There is no unit behind the number.
    #[error("a unit is missing after {0}")]
    NoUnit(String),
    /// The unit is unknown.
    #[error("`{0}` is not a unit of size (B, kB, MB, GB, KiB, MiB, GiB)")]
    UnknownUnit(String),
    /// It needs more than 64 bits, or is not a whole number of bytes.
    #[error("it is not a whole number of bytes, or too large")]
    OutOfRange,
}

const UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim());
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || number.ends_with('.') {
            return Err(ByteSizeError::NoNumber);
        }
        if unit.is_empty() {
            return Err(ByteSizeError::NoUnit(number.to_owned()));
        }
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) else {
            return Err(ByteSizeError::UnknownUnit(unit.to_owned()));
        };
        // In whole numbers, so that nothing is rounded: digits without the point, times the unit, by a power of ten.
        let digits: u128 = format!("{whole}{fraction}").parse().map_err(|_| ByteSizeError::OutOfRange)?;
        let places = u32::try_from(fraction.len()).map_err(|_| ByteSizeError::OutOfRange)?;
        let scale = 10_u128.checked_pow(places).ok_or(ByteSizeError::OutOfRange)?;
        let scaled = digits.checked_mul(u128::from(*factor)).ok_or(ByteSizeError::OutOfRange)?;
        if scaled % scale != 0 {
            return Err(ByteSizeError::OutOfRange);
        }
        u64::try_from(scaled / scale).map(Self).map_err(|_| ByteSizeError::OutOfRange)
    }
}

/// In the largest binary unit that gives a whole number; reads back to the same value.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = UNITS.iter().rev().filter(|(name, _)| name.contains('i'));
        let fitting = binary.into_iter().find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor));
        let (unit, factor) = fitting.unwrap_or(&UNITS[0]);
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of bytes: a number with a unit, which is `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`.",
            "type": "string",
            "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*([bB]|[kKmMgG][iI]?[bB])\s*$",
            "examples": ["20B", "1KiB", "1.5MB"],
        })
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "number of bytes")
    }
}

#[cfg(test)]
mod tests;
