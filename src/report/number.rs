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
mod tests;
