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
    /// The highest rate that held.
    holds: Option<f64>,
    /// The lowest rate that failed.
    fails: Option<f64>,
    /// The rate to try now.
    rate: Option<f64>,
}

impl Bisection {
    /// A search from `low` to `high`, both above 0 and in this order.
    pub(crate) fn new(low: f64, high: f64) -> Self {
        Self { high, holds: None, fails: None, rate: Some(low) }
    }

    /// The rate to try now; `None` when the search is over.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// The highest rate that held so far.
    pub(crate) fn highest(&self) -> Option<f64> {
        self.holds
    }

    /// Takes the verdict on the present rate.
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rates that are tried if all up to `limit` hold, and the result.
    fn bisect(low: f64, high: f64, limit: f64) -> (Vec<f64>, Option<f64>) {
        let mut bisection = Bisection::new(low, high);
        let mut tried = Vec::new();
        while let Some(rate) = bisection.rate() {
            tried.push(rate);
            bisection.judge(rate <= limit);
        }
        (tried, bisection.highest())
    }

    #[test]
    fn rates_double_until_one_fails_and_are_halved_in_between() {
        for (low, high, limit, tried, highest) in [
            (100.0, 1_000.0, 50.0, vec![100.0], None),
            (100.0, 1_000.0, 5_000.0, vec![100.0, 200.0, 400.0, 800.0, 1_000.0], Some(1_000.0)),
            (100.0, 100.0, 100.0, vec![100.0], Some(100.0)),
            (100.0, 1_000.0, 330.0, vec![100.0, 200.0, 400.0, 300.0, 350.0, 325.0, 337.5], Some(325.0)),
        ] {
            assert_eq!(bisect(low, high, limit), (tried, highest), "{low} {high} {limit}");
        }
    }

    proptest! {
        #[test]
        fn the_limit_is_found_within_five_percent_and_the_range(
            low in 0.001_f64..1e6, span in 1.0_f64..1e6, limit in 1e-4_f64..1e13,
        ) {
            let high = low * span;
            let (tried, highest) = bisect(low, high, limit);
            // Doublings and halvings.
            prop_assert!(tried.len() <= 2 + 20 + 6, "{}", tried.len());
            prop_assert!(tried.iter().all(|rate| (low..=high).contains(rate)));
            match highest {
                None => prop_assert!(limit < low),
                Some(highest) => {
                    prop_assert!(highest <= limit);
                    prop_assert!(highest >= high || limit < highest * CLOSE);
                }
            }
        }

        #[test]
        fn it_ends_whatever_the_verdicts_are(verdicts in prop::collection::vec(any::<bool>(), 64)) {
            let mut bisection = Bisection::new(10.0, 1e6);
            for holds in verdicts {
                bisection.judge(holds);
            }
            prop_assert_eq!(bisection.rate(), None);
        }
    }
}
