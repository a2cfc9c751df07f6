//! Changes from A to B as numbers and as people read them: `+20.1 %`, `from 0`, `-0.12 pp`.
//!
//! A change that rounds to nothing has no sign, and one from nothing has no number: `-0.0 %` and `inf %` tell nobody
//! anything.

use crate::report::compare::comparison::{Change, ChangeOf, Texts};
use crate::report::compare::measure::Measure;

/// The change between two values of a measure, without an interval.
pub fn of_estimate(measure: Measure, a: f64, b: f64) -> Change {
    let (of, estimate) = if measure.is_share() {
        (ChangeOf::Difference, Some(b - a))
    } else if b - a == 0.0 {
        (ChangeOf::Ratio, Some(0.0))
    } else {
        (ChangeOf::Ratio, (a > 0.0).then(|| b / a - 1.0))
    };
    Change { of, estimate, low: None, high: None, confidence: None }
}

/// Adds an interval, given as it is compared: differences of logarithms, or of shares. A share cannot leave 0 to 1, so
/// from `a`, the value of A, it cannot fall or rise beyond that.
pub fn interval(change: &mut Change, ends: [f64; 2], confidence: f64, a: f64) {
    let Some(estimate) = change.estimate else { return };
    let [low, high] = match change.of {
        ChangeOf::Ratio => ends.map(|end| end.exp() - 1.0),
        ChangeOf::Difference => ends.map(|end| end.clamp(-a.clamp(0.0, 1.0), 1.0 - a.clamp(0.0, 1.0))),
    };
    if low.is_finite() && high.is_finite() {
        // The estimate is in its interval, also in the last digit.
        (change.low, change.high) = (Some(low.min(estimate)), Some(high.max(estimate)));
        change.confidence = Some(confidence);
    }
}

/// The cells of a table, without an interval.
pub fn texts(measure: Measure, a: Option<f64>, b: Option<f64>, change: Option<&Change>) -> Texts {
    let value = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| measure.text(value));
    Texts {
        a: value(a),
        b: value(b),
        change: change.map_or_else(String::new, change_text),
        interval: String::new(),
    }
}

/// `+20.1 %`, `-0.12 pp`, `0 %`, `from 0`.
pub fn change_text(change: &Change) -> String {
    change.estimate.map_or_else(|| "from 0".to_owned(), |estimate| number_text(change.of, estimate))
}

/// `+18.1 % to +22.0 %`; empty without an interval.
pub fn interval_text(change: &Change) -> String {
    match (change.low, change.high) {
        (Some(low), Some(high)) => {
            format!("{} to {}", number_text(change.of, low), number_text(change.of, high))
        }
        _ => String::new(),
    }
}

fn number_text(of: ChangeOf, number: f64) -> String {
    let hundredths = number * 100.0;
    let (unit, decimals) = match (of, hundredths.abs()) {
        (ChangeOf::Ratio, size) if size < 99.95 => ("%", 1),
        (ChangeOf::Ratio, _) => ("%", 0),
        (ChangeOf::Difference, size) if size < 0.0995 => ("pp", 4),
        (ChangeOf::Difference, _) => ("pp", 2),
    };
    let text = format!("{hundredths:+.decimals$}");
    let is_nothing = text.chars().all(|c| matches!(c, '+' | '-' | '0' | '.'));
    if is_nothing { format!("0 {unit}") } else { format!("{text} {unit}") }
}

/// `5 %`, `2.5 %`.
pub fn plain_percent(share: f64) -> String {
    // Binary fractions of a hundred have digits that nobody wrote.
    format!("{} %", (share * 1e6).round() / 1e4)
}

#[cfg(test)]
mod tests;
