//! Which rates a search tries. Nothing here measures or waits: rates come out and verdicts go in.

/// How close the highest rate that holds and the lowest that fails come at the end: 5 %.
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
    /// The lowest that failed.
    fails: Option<f64>,
    /// The rate to try.
    rate: Option<f64>,
}

impl Bisection {
    /// A search from `low` to `high`, both above 0 and in this order.
    pub(crate) fn new(low: f64, high: f64) -> Self {
        Self { high, holds: None, fails: None, rate: Some(low) }
    }

    /// The rate to try now; nothing when the search is over.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// The highest rate that held so far.
    pub(crate) fn highest(&self) -> Option<f64> {
        self.holds
    }

    /// How the present rate came off.
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

    /// The rates that are tried if all up to `knee` hold, and what comes out.
    fn bisect(low: f64, high: f64, knee: f64) -> (Vec<f64>, Option<f64>) {
        let mut bisection = Bisection::new(low, high);
        let mut tried = Vec::new();
        while let Some(rate) = bisection.rate() {
            tried.push(rate);
            bisection.judge(rate <= knee);
        }
        (tried, bisection.highest())
    }

    #[test]
    fn rates_double_until_one_fails_and_are_halved_in_between() {
        for (low, high, knee, tried, highest) in [
            (100.0, 1_000.0, 50.0, vec![100.0], None),
            (100.0, 1_000.0, 5_000.0, vec![100.0, 200.0, 400.0, 800.0, 1_000.0], Some(1_000.0)),
            (100.0, 100.0, 100.0, vec![100.0], Some(100.0)),
            (100.0, 1_000.0, 330.0, vec![100.0, 200.0, 400.0, 300.0, 350.0, 325.0, 337.5], Some(325.0)),
        ] {
            assert_eq!(bisect(low, high, knee), (tried, highest), "{low} {high} {knee}");
        }
    }

    proptest! {
        #[test]
        fn the_knee_is_found_within_five_percent_and_the_range(
            low in 0.001_f64..1e6, span in 1.0_f64..1e6, knee in 1e-4_f64..1e13,
        ) {
            let high = low * span;
            let (tried, highest) = bisect(low, high, knee);
            // Doublings and halvings.
            prop_assert!(tried.len() <= 2 + 20 + 6, "{}", tried.len());
            prop_assert!(tried.iter().all(|rate| (low..=high).contains(rate)));
            match highest {
                None => prop_assert!(knee < low),
                Some(highest) => {
                    prop_assert!(highest <= knee);
                    prop_assert!(highest >= high || knee < highest * CLOSE);
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
