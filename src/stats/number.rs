//! A number that remembers whether it was an int or a float, as in Python.
//!
//! Locust prints `7` for an int and `7.0` for a float, so the two must stay different on the way from the event log to
//! the file. A live run has floats only.

use std::cmp::Ordering;

use crate::stats::bucket;

/// An int or a float, in the unit of the cell that it stands in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number, printed without a point.
    Int(i128),
    /// A float; never NaN.
    Float(f64),
}

impl Number {
    /// The int 0, which Locust prints where there is nothing.
    pub const ZERO: Self = Self::Int(0);

    /// Whether it is 0 of either kind.
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Int(0)) || self == Self::Float(0.0)
    }

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// Without its fraction: Python's `int()`. Meant for magnitudes below 10^38.
    #[expect(clippy::cast_possible_truncation, reason = "cutting off the fraction is the purpose")]
    pub fn truncated(self) -> i128 {
        match self {
            Self::Int(int) => int,
            Self::Float(float) => float as i128,
        }
    }

    /// Exact order by value; an int and a float may be equal.
    pub fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => floats(a, b),
            (Self::Int(a), Self::Float(b)) => int_and_float(a, b),
            (Self::Float(a), Self::Int(b)) => int_and_float(b, a).reverse(),
        }
    }

    /// The sum: exact for two ints, else that of the nearest floats.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Self::Int(a + b),
            _ => Self::Float(self.to_f64() + other.to_f64()),
        }
    }

    /// Locust's bucket of a response time in milliseconds.
    pub fn bucket(self) -> i128 {
        match self {
            Self::Int(ms) => bucket::of_int(ms),
            Self::Float(ms) => bucket::of_float(ms),
        }
    }
}

/// Rounding keeps the order, so only floats that are equal after it need a second look.
fn int_and_float(int: i128, float: f64) -> Ordering {
    floats(int as f64, float).then_with(|| int.cmp(&Number::Float(float).truncated()))
}

/// Unlike `total_cmp`, both zeros are equal.
fn floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

/// `total / count`, correctly rounded even where `total` has no exact float (Python's division of ints).
pub(super) fn ratio(total: i128, count: u128) -> f64 {
    const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
    let magnitude = total.unsigned_abs();
    if magnitude <= EXACT && count <= EXACT {
        return total as f64 / count as f64;
    }
    // Long division to more bits than a float has; a rest makes the last bit odd, so that no tie appears.
    let shift = magnitude.leading_zeros().min(120);
    let dividend = magnitude << shift;
    let quotient = (dividend / count) | u128::from(!dividend.is_multiple_of(count));
    let ratio = quotient as f64 / (1_u128 << shift) as f64;
    if total < 0 { -ratio } else { ratio }
}

#[cfg(test)]
mod tests;
