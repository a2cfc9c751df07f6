//! What was measured for a threshold, in the unit that fits it: `p50 92 µs` and not `p50 0.092159 ms`.
//!
//! `result.json` keeps the exact value. Where the fitting text of a value would read like the limit, the exact one is
//! shown instead: `p50 < 92us` that was missed at 92.2 µs must not look as if it had been met.

use crate::stats::criterion::{Criterion, Form, Limit};
use crate::stats::metric::{Unit, decimals};
use crate::stats::result::ThresholdResult;
use crate::units::fitting::{bytes, count, percent, rate, time_ms};

/// The measured value with its unit, or why there is none.
pub fn sentence(of: &ThresholdResult) -> String {
    fitting(of).unwrap_or_else(|| of.sentence.clone())
}

/// `None` if there is no value, or no text that fits it better.
fn fitting(of: &ThresholdResult) -> Option<String> {
    let value = of.value?;
    let criterion = Criterion::parse(&of.threshold, Form::Own).ok()?;
    let (metric, Limit::Own(limit)) = (criterion.metric, criterion.limit) else { return None };
    let unit = metric.unit();
    let exact = format!("{metric} {value:.*}{}", decimals(&[value]), unit.suffix());
    // What follows stays: when it was measured, or what is to be known of it.
    let rest = of.sentence.strip_prefix(&exact)?;
    let fitted = text(value, unit)?;
    let same_as_limit = value.total_cmp(&limit).is_ne() && text(limit, unit)? == fitted;
    (!same_as_limit).then(|| format!("{metric} {fitted}{rest}"))
}

fn text(value: f64, unit: Unit) -> Option<String> {
    let whole = (0.0..=9e15).contains(&value) && value.fract() == 0.0;
    // Of a whole number that is so small, nothing is lost.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole, and in the range"
    )]
    let number = whole.then_some(value as u64);
    match unit {
        Unit::Milliseconds => Some(time_ms(value)),
        Unit::PerSecond => Some(rate(value)),
        Unit::Count => number.map(count),
        Unit::Bytes => number.map(bytes),
        Unit::Percent => Some(percent(value / 100.0)),
        Unit::Cores => Some(format!("{value:.2} cores")),
    }
}

#[cfg(test)]
mod tests;
