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
