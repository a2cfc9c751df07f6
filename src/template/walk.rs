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
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        for (text, expected) in [
            ("0", Some((0, 0))),
            ("-1.5", Some((-1_500_000_000, 1))),
            ("+20.05", Some((20_050_000_000, 2))),
            ("999999999.999999999", Some((999_999_999_999_999_999, 9))),
            ("0.0000000001", None),
            ("1000000000", None),
            ("1e3", None),
            (".5", None),
            ("5.", None),
            ("-", None),
            ("", None),
            ("--1", None),
        ] {
            assert_eq!(decimal(text), expected, "{text}");
        }
    }

    fn walked(walk: &Walk, steps: usize) -> Vec<(i64, String)> {
        let (mut at, mut random) = (NOT_BEGUN, Random::for_user(1, "", 0));
        let mut next = || {
            let mut bytes = [0; 64];
            let mut out = Cursor { bytes: &mut bytes, at: 0 };
            walk.render(&mut at, &mut random, &mut out);
            let end = out.at;
            (at, String::from_utf8(bytes[..end].to_vec()).unwrap())
        };
        (0..steps).map(|_| next()).collect()
    }

    #[test]
    fn a_walk_prints_as_many_decimals_as_it_counts() {
        let walk = Walk { low: -5, high: 5, step: 10, decimals: 2, index: 0 };
        let printed: std::collections::BTreeSet<_> =
            walked(&walk, 500).into_iter().map(|(_, text)| text).collect();
        let expected =
            ["-0.05", "-0.04", "-0.03", "-0.02", "-0.01", "0.00", "0.01", "0.02", "0.03", "0.04", "0.05"];
        assert_eq!(printed, expected.map(str::to_owned).into());
    }

    proptest! {
        #[test]
        fn a_walk_stays_between_its_ends_and_moves_by_at_most_a_step(
            low in -1_000_i64..1_000, span in 1_i64..1_000, share in 1_i64..=1_000, decimals in 0_u32..4,
        ) {
            let walk = Walk { low, high: low + span, step: (span * share / 1_000).max(1), decimals, index: 0 };
            let numbers = walked(&walk, 50);
            let (least, most) = walk.length();
            for (number, text) in &numbers {
                prop_assert!((walk.low..=walk.high).contains(number));
                prop_assert!((least..=most).contains(&text.len()), "{}", text);
                let read: f64 = text.parse().unwrap();
                prop_assert!((read * 10_f64.powi(decimals.cast_signed()) - *number as f64).abs() < 0.01);
            }
            prop_assert!(numbers.windows(2).all(|pair| pair[0].0.abs_diff(pair[1].0) <= walk.step.unsigned_abs()));
        }
    }
}
