//! Which rates a search tries: doubled from the lowest as long as they hold, then halved in between.
//!
//! ```text
//! low  2·low  4·low  …  holds │ fails        bisected until the two are within 5 %
//! ```
//! Nothing here measures or waits: rates come out and verdicts go in, so that its laws can be tested.

use std::time::Duration;

use crate::plan::ids::ClassId;
use crate::stats::threshold::Threshold;

/// How close the highest rate that holds and the lowest that fails come at the end: 5 %.
const CLOSE: f64 = 1.05;

/// Search for the highest rate that the brokers sustain.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The lowest rate to try: task runs per second of all classes with a rate.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// What must hold of all requests of a step.
    pub until: Threshold,
    /// How long each rate is tried: whole seconds, at least 2.
    pub step: Duration,
    /// The rate of each class of the plan by itself: of each user or of the class, if it has one.
    pub rates: Vec<Option<ClassRate>>,
}

/// The rate of a class, per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClassRate {
    /// Of each user.
    PerUser(f64),
    /// Of all users of the class together.
    PerClass(f64),
}

impl Search {
    /// Whether the task runs of a class count.
    pub fn is_rated(&self, class: ClassId) -> bool {
        self.rates.get(class.0).is_some_and(Option::is_some)
    }

    /// The rate of all classes together that the plan has by itself when each class has this many users; 0 if no class
    /// with a rate has users.
    pub fn planned(&self, users: &[u32]) -> f64 {
        let of_class = |(rate, users): (&Option<ClassRate>, &u32)| match rate {
            Some(_) if *users == 0 => 0.0,
            Some(ClassRate::PerUser(rate)) => rate * f64::from(*users),
            Some(ClassRate::PerClass(rate)) => *rate,
            None => 0.0,
        };
        self.rates.iter().zip(users).map(of_class).sum()
    }
}

/// The state of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Hunt {
    high: f64,
    /// The highest rate that held.
    holds: Option<f64>,
    /// The lowest that failed.
    fails: Option<f64>,
    /// The rate to try.
    rate: Option<f64>,
}

impl Hunt {
    /// A search from `low` to `high`, both above 0 and in this order.
    pub fn new(low: f64, high: f64) -> Self {
        Self { high, holds: None, fails: None, rate: Some(low) }
    }

    /// The rate to try now; nothing when the search is over.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// The highest rate that held so far.
    pub fn highest(&self) -> Option<f64> {
        self.holds
    }

    /// How the present rate came off.
    pub fn judge(&mut self, holds: bool) {
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
    fn hunt(low: f64, high: f64, knee: f64) -> (Vec<f64>, Option<f64>) {
        let mut hunt = Hunt::new(low, high);
        let mut tried = Vec::new();
        while let Some(rate) = hunt.rate() {
            tried.push(rate);
            hunt.judge(rate <= knee);
        }
        (tried, hunt.highest())
    }

    #[test]
    fn rates_double_until_one_fails_and_are_halved_in_between() {
        for (low, high, knee, tried, highest) in [
            (100.0, 1_000.0, 50.0, vec![100.0], None),
            (100.0, 1_000.0, 5_000.0, vec![100.0, 200.0, 400.0, 800.0, 1_000.0], Some(1_000.0)),
            (100.0, 100.0, 100.0, vec![100.0], Some(100.0)),
            (100.0, 1_000.0, 330.0, vec![100.0, 200.0, 400.0, 300.0, 350.0, 325.0, 337.5], Some(325.0)),
        ] {
            assert_eq!(hunt(low, high, knee), (tried, highest), "{low} {high} {knee}");
        }
    }

    proptest! {
        #[test]
        fn the_knee_is_found_within_five_percent_and_the_range(
            low in 0.001_f64..1e6, span in 1.0_f64..1e6, knee in 1e-4_f64..1e13,
        ) {
            let high = low * span;
            let (tried, highest) = hunt(low, high, knee);
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
            let mut hunt = Hunt::new(10.0, 1e6);
            for holds in verdicts {
                hunt.judge(holds);
            }
            prop_assert_eq!(hunt.rate(), None);
        }
    }
}
