//! Numbers as Python writes them.
//!
//! Rust's `{:?}` of a float has the same shortest digits and goes over to an exponent at the same two places
//! (below 10^-4, from 10^16) as Python's `repr`; only the exponent itself is written differently. The table
//! test holds this, should a later Rust change it.

use std::fmt;

use crate::stats::number::Number;

/// A float as Python's `repr` writes it: always with a point or an exponent.
#[derive(Debug, Clone, Copy)]
pub struct PythonFloat(pub f64);

/// A number as Python's `str` writes it.
#[derive(Debug, Clone, Copy)]
pub struct PythonNumber(pub Number);

impl fmt::Display for PythonFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:?}", self.0);
        match text.split_once('e') {
            None => f.write_str(&text),
            Some((digits, exponent)) => match exponent.strip_prefix('-') {
                Some(exponent) => write!(f, "{digits}e-{exponent:0>2}"),
                None => write!(f, "{digits}e+{exponent:0>2}"),
            },
        }
    }
}

impl fmt::Display for PythonNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Number::Int(int) => write!(f, "{int}"),
            Number::Float(float) => write!(f, "{}", PythonFloat(float)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_pythons_repr() {
        // Right-hand sides printed by Python 3.11.
        let table = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (20.0, "20.0"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333333333333333"),
            (0.0001, "0.0001"),
            (0.000_099_999_99, "9.999999e-05"),
            (0.000_01, "1e-05"),
            (1.2345e-7, "1.2345e-07"),
            (-1.5e-123, "-1.5e-123"),
            (5e-324, "5e-324"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (-123_456_789_012_345_680.0, "-1.2345678901234568e+17"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
        ];
        for (float, text) in table {
            assert_eq!(PythonFloat(float).to_string(), text);
        }
    }

    #[test]
    fn ints_have_no_point() {
        assert_eq!(PythonNumber(Number::Int(-12)).to_string(), "-12");
        assert_eq!(PythonNumber(Number::Float(-12.0)).to_string(), "-12.0");
    }
}
