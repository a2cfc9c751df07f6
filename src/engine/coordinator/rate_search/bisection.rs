//! The order in which a rate search tries rates. Verdicts go in, and rates come out; nothing here measures or waits.

/// The search ends when the highest rate that holds and the lowest rate that fails are within 5 %.
const CLOSE: f64 = 1.05;

/// Which rate a search tries next. The rate doubles as long as it holds; then it is halved in between:
///
/// ```text
/// low  2·low  4·low  …  holds │ fails        until the two are within 5 %
/// ```
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bisection {
    high: f64,
    holds: Option<f64>,
    fails: Option<f64>,
    rate: Option<f64>,
}

impl Bisection {
    /// A search from `low` to `high`, both above 0 and in this order.
    pub(crate) fn new(low: f64, high: f64) -> Self {
        Self { high, holds: None, fails: None, rate: Some(low) }
    }

    pub(crate) fn rate(&self) -> Option<f64> {
        self.rate
    }

    pub(crate) fn highest(&self) -> Option<f64> {
        self.holds
    }

    pub(crate) fn judge(&mut self, holds: bool) {
        let Some(rate) = self.rate else { return };
        if holds {
            self.holds = Some(rate);
        } else {
            self.fails = Some(rate);
        }
        self.rate = match (self.holds, self.fails) {
            // The lowest fails.
            (None, _) => None,
            (Some(holds), None) if holds >= self.high => None,
            (Some(holds), None) => Some((holds * 2.0).min(self.high)),
            (Some(holds), Some(fails)) if fails <= holds * CLOSE => None,
            (Some(holds), Some(fails)) => Some(f64::midpoint(holds, fails)),
        };
    }
}

#[cfg(test)]
mod tests;
