//! Numbers as Python writes them.
//!
//! Rust's `{:?}` of a float has as many digits and goes over to an exponent at the same two places (below 10^-4,
//! from 10^16) as Python's `repr`. Two things differ: how the exponent is written, and the last digit where two
//! texts of the shortest length are equally near to the float: Python takes the even one (`2^50 + 0.25` is
//! `1125899906842624.2`). The tests check all this, in case a later Rust changes it.

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
        let text = nearest_shortest(self.0);
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

/// `{:?}`, but of equally near texts the one with an even last digit.
fn nearest_shortest(x: f64) -> String {
    let shortest = format!("{x:?}");
    // With a precision Rust rounds the exact value, ties to even. That text has the digits of the shortest but
    // need not read back as `x` at a power of two, where the floats below are closer than those above.
    let nearest = match shortest.split_once('e') {
        Some((digits, _)) => format!("{x:.*e}", decimals(digits)),
        None => format!("{x:.*}", decimals(&shortest)),
    };
    if nearest.parse().is_ok_and(|read: f64| read.to_bits() == x.to_bits()) { nearest } else { shortest }
}

fn decimals(digits: &str) -> usize {
    digits.split_once('.').map_or(0, |(_, decimals)| decimals.len())
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
            (2_f64.powi(50) + 0.25, "1125899906842624.2"),
            (2_f64.powi(50) + 0.75, "1125899906842624.8"),
            (22_073_371_467_442.0 + 0.5625, "22073371467442.562"),
            (9_007_199_254_740_994.0, "9007199254740994.0"),
            (2_f64.powi(-44), "5.684341886080802e-14"),
            (2_f64.powi(66), "7.378697629483821e+19"),
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
