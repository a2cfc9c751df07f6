//! The vertical scale of a chart: where a value stands, and which values get a label.

use crate::report::html::chart::quantity::Quantity;

/// Steps of a scale whose values are not whole numbers. On a logarithmic scale of five decades a step is 0.06 % of the
/// value, so a value that is read from a path is right to half of that.
const FINE_STEPS: f64 = 20_000.0;
/// Up to this number a scale of whole numbers has a step for each of them.
const MAX_WHOLE_STEPS: f64 = 1_000_000.0;

/// A vertical scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// From 0 to a round number, in steps between labels.
    Linear {
        /// The upper end.
        top: f64,
        /// From one label to the next.
        tick: f64,
    },
    /// Equal distances are equal ratios.
    Log {
        /// The lower end, above 0.
        low: f64,
        /// The upper end, above the lower one.
        high: f64,
    },
}

impl Scale {
    /// From 0 to a round number that no value exceeds.
    pub fn linear(values: impl IntoIterator<Item = f64>, quantity: Quantity) -> Self {
        let highest = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        if highest <= 0.0 {
            return Self::Linear { top: 1.0, tick: 1.0 };
        }
        let rounded = round_up(highest / 5.0);
        let tick = if quantity.is_whole() { rounded.max(1.0) } else { rounded };
        // A top that is hit exactly needs no empty band above it; 1e-9 forgives the last bits of a division.
        Self::Linear { top: (highest / tick - 1e-9).ceil().max(1.0) * tick, tick }
    }

    /// From the round number (1, 2 or 5 times a power of ten) below all values above 0 to the one above.
    pub fn log(values: impl IntoIterator<Item = f64>) -> Self {
        let above_zero = values.into_iter().filter(|value| value.is_finite() && *value > 0.0);
        let (least, most) = above_zero
            .fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        if most <= 0.0 {
            return Self::Log { low: 1.0, high: 10.0 };
        }
        let (low, high) = (round_down(least), round_up(most));
        Self::Log { low, high: if high > low { high } else { round_up(low * 1.5) } }
    }

    /// Where a value stands, from 0 at the lower end to 1; what is beyond an end stands at that end.
    pub fn fraction(self, value: f64) -> f64 {
        let fraction = match self {
            Self::Linear { top, .. } => value / top,
            Self::Log { low, high } => (value.max(low) / low).ln() / (high / low).ln(),
        };
        fraction.clamp(0.0, 1.0)
    }

    /// The values that get a label, ascending.
    pub fn ticks(self) -> Vec<f64> {
        match self {
            Self::Linear { top, tick } => {
                (0..=6).map(|number| f64::from(number) * tick).filter(|at| *at <= top * 1.001).collect()
            }
            Self::Log { low, high } => {
                let decades = (high / low).log10();
                let first = exponent(low);
                let digits: &[f64] = if decades <= 2.1 { &[1.0, 2.0, 5.0] } else { &[1.0] };
                let every = if decades > 6.0 { 2 } else { 1 };
                let inside = |value: &f64| *value >= low * 0.999 && *value <= high * 1.001;
                (0..=20)
                    .step_by(every)
                    .flat_map(|more| digits.iter().map(move |digit| digit * power(first + more)))
                    .filter(inside)
                    .collect()
            }
        }
    }

    /// Kind and ends, for the script of the page.
    pub fn words(self) -> String {
        match self {
            Self::Linear { top, .. } => format!("linear 0 {top}"),
            Self::Log { low, high } => format!("log {low} {high}"),
        }
    }

    /// Into how many steps a path divides the scale: one for each whole number if all values are whole.
    pub fn steps(self, values: impl IntoIterator<Item = f64>) -> f64 {
        match self {
            Self::Linear { top, .. }
                if top <= MAX_WHOLE_STEPS
                    && top.fract() == 0.0
                    && values.into_iter().all(|value| value.fract() == 0.0) =>
            {
                top
            }
            _ => FINE_STEPS,
        }
    }
}

/// The exponent of the power of ten at or below a number above 0.
#[expect(clippy::cast_possible_truncation, reason = "the exponent of a float is far below 2^31")]
fn exponent(number: f64) -> i32 {
    // A number such as 1e-3 may have a logarithm a bit below its exponent.
    (number.log10() + 1e-9).floor() as i32
}

/// A power of ten; negative ones by division, which is exact to the last bit where a product is not.
fn power(exponent: i32) -> f64 {
    if exponent < 0 { 1.0 / 10_f64.powi(-exponent) } else { 10_f64.powi(exponent) }
}

fn round_up(number: f64) -> f64 {
    let power = power(exponent(number));
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * power >= number * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * power
}

fn round_down(number: f64) -> f64 {
    let power = power(exponent(number));
    let digit = [5.0, 2.0].into_iter().find(|digit| digit * power <= number * (1.0 + 1e-9));
    digit.unwrap_or(1.0) * power
}

#[cfg(test)]
mod tests;
