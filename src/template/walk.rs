//! `walk(min, max, step)`: a number that drifts, as a temperature does.
//!
//! It counts in whole steps of its last decimal place, not in floating point: what it prints is what it is, with as
//! many decimals as the most exact of its arguments, and no platform rounds it differently.

use std::fmt::Write;

use crate::template::cursor::Cursor;
use crate::template::random::Random;

/// Where a walk stands before its first number.
pub const NOT_BEGUN: i64 = i64::MIN;

/// Most digits behind the point.
pub(super) const MAX_DECIMALS: u32 = 9;

/// A number that starts anywhere between two ends and moves by up to a step at a time, turned back at the ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Walk {
    /// In units of the last decimal, as the others.
    pub(super) low: i64,
    pub(super) high: i64,
    /// At least 1 and at most from end to end.
    pub(super) step: i64,
    pub(super) decimals: u32,
    /// Index among the walks of its class.
    pub(super) index: usize,
}

/// A number as written, if it is one that a walk can count with: whole, or with up to [`MAX_DECIMALS`] decimals,
/// below 10^9. In billionths, with the number of its decimals.
pub(super) fn decimal(text: &str) -> Option<(i64, u32)> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let decimals = u32::try_from(fraction.len()).ok().filter(|n| *n <= MAX_DECIMALS)?;
    let all_digits = [whole, fraction].concat().bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || !all_digits || digits.ends_with('.') {
        return None;
    }
    let number: i64 = format!("{whole}{fraction}").parse().ok()?;
    let billionths = number * 10_i64.pow(MAX_DECIMALS - decimals);
    Some((if text.starts_with('-') { -billionths } else { billionths }, decimals))
}

impl Walk {
    /// The next number; `at` is where the walk stands.
    ///
    /// Not inlined, like everything that takes long and is rarely used: see `push_iso`.
    #[inline(never)]
    pub(super) fn render(&self, at: &mut i64, random: &mut Random, out: &mut Cursor<'_>) {
        let span = self.high.abs_diff(self.low);
        *at = if *at == NOT_BEGUN {
            self.low.wrapping_add_unsigned(random.below(span + 1))
        } else {
            // From -step to step; numbers below 10^18 cannot overflow.
            let width = self.step.unsigned_abs() * 2 + 1;
            let to = at.wrapping_add_unsigned(random.below(width)) - self.step;
            if to > self.high {
                2 * self.high - to
            } else if to < self.low {
                2 * self.low - to
            } else {
                to
            }
        };
        // There is room for the longest.
        let _ = self.write(*at, out);
    }

    fn write(&self, at: i64, out: &mut impl Write) -> std::fmt::Result {
        if at < 0 {
            out.write_char('-')?;
        }
        let unit = 10_u64.pow(self.decimals);
        let (whole, fraction) = (at.unsigned_abs() / unit, at.unsigned_abs() % unit);
        out.write_str(itoa::Buffer::new().format(whole))?;
        if self.decimals == 0 {
            return Ok(());
        }
        out.write_char('.')?;
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(fraction);
        for _ in digits.len()..self.decimals as usize {
            out.write_char('0')?;
        }
        out.write_str(digits)
    }

    /// The fewest and the most bytes of its numbers.
    pub(super) fn length(&self) -> (usize, usize) {
        let decimals = if self.decimals == 0 { 0 } else { self.decimals as usize + 1 };
        let [low, high] = [self.low, self.high].map(|end| {
            let mut text = String::new();
            // Writing to a String cannot fail.
            let _ = self.write(end, &mut text);
            text.len()
        });
        (1 + decimals, low.max(high))
    }
}

#[cfg(test)]
mod tests;
