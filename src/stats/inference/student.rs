//! Student's t distribution.

use std::f64::consts::PI;

/// The probability that a t value of this many degrees of freedom is as far from 0 in either direction.
pub fn two_sided(t: f64, degrees: f64) -> f64 {
    if !t.is_finite() {
        return 0.0;
    }
    incomplete_beta(degrees / (degrees + t * t), degrees / 2.0, 0.5)
}

/// The t value that is exceeded in either direction with this probability (0 to 1, exclusive).
pub fn critical(probability: f64, degrees: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, degrees) > probability && high < 1e12 {
        (low, high) = (high, high * 2.0);
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if two_sided(middle, degrees) > probability { low = middle } else { high = middle }
    }
    high
}

/// The regularized incomplete beta function by its continued fraction (Lentz's way of computing it).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast on this side only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let factor = (a * x.ln() + b * (1.0 - x).ln() + log_gamma(a + b) - log_gamma(a) - log_gamma(b)).exp() / a;
    let away_from_0 = |number: f64| if number.abs() < 1e-300 { 1e-300 } else { number };
    let (mut upper, mut lower) = (1.0, 1.0 / away_from_0(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = lower;
    for step in (1..300).map(f64::from) {
        let ends = (a + 2.0 * step - 1.0, a + 2.0 * step, a + 2.0 * step + 1.0);
        let even = step * (b - step) * x / (ends.0 * ends.1);
        let odd = -(a + step) * (a + b + step) * x / (ends.1 * ends.2);
        let before = fraction;
        for term in [even, odd] {
            lower = 1.0 / away_from_0(1.0 + term * lower);
            upper = away_from_0(1.0 + term / upper);
            fraction *= upper * lower;
        }
        if (fraction - before).abs() < 1e-15 * fraction.abs() {
            break;
        }
    }
    factor * fraction
}

/// The logarithm of the gamma function for positive numbers: Stirling's series above 10, and the recurrence below.
fn log_gamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < 10.0 {
        below += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let series =
        (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - below
}

#[cfg(test)]
mod tests;
