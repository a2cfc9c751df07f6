use proptest::prelude::*;

use super::*;

#[test]
fn a_linear_scale_begins_at_zero_and_ends_at_a_round_number() {
    for (highest, whole, top, labels) in [
        (0.0, false, 1.0, 2),
        (3.0, true, 3.0, 4),
        (1.0, true, 1.0, 2),
        (0.07, false, 0.08, 5),
        (2_013.0, false, 2_500.0, 6),
        (1_000.0, true, 1_000.0, 6),
    ] {
        let quantity = if whole { Quantity::Count } else { Quantity::PerSecond };
        let scale = Scale::linear([f64::NAN, highest], quantity);
        let Scale::Linear { top: found, .. } = scale else { panic!("{scale:?}") };
        assert!((found - top).abs() < 1e-9, "{highest}: {found}");
        assert_eq!(scale.ticks().len(), labels, "{highest}: {:?}", scale.ticks());
    }
}

#[test]
fn a_logarithmic_scale_lies_between_round_numbers() {
    for (values, low, high, labels) in [
        (vec![], 1.0, 10.0, 4),
        (vec![0.0, 3.0], 2.0, 5.0, 2),
        (vec![1.0, 1.0], 1.0, 2.0, 2),
        (vec![0.028, 0.9], 0.02, 1.0, 6),
        (vec![0.028, 1_900.0], 0.02, 2_000.0, 5),
    ] {
        let scale = Scale::log(values.clone());
        let Scale::Log { low: found_low, high: found_high } = scale else { panic!("{scale:?}") };
        assert!((found_low / low - 1.0).abs() < 1e-9, "{values:?}: {scale:?}");
        assert!((found_high / high - 1.0).abs() < 1e-9, "{values:?}: {scale:?}");
        assert_eq!(scale.ticks().len(), labels, "{values:?}: {:?}", scale.ticks());
    }
}

#[test]
fn whole_numbers_have_a_step_each() {
    let steps = [
        Scale::linear([7.0], Quantity::Count).steps([7.0, 3.0]),
        Scale::linear([7.0], Quantity::PerSecond).steps([7.0, 3.5]),
        Scale::log([7.0]).steps([7.0]),
    ];
    assert_eq!(steps.map(f64::to_bits), [8.0, FINE_STEPS, FINE_STEPS].map(f64::to_bits));
}

proptest! {
    #[test]
    fn every_value_stands_on_its_scale_and_there_are_labels(
        values in proptest::collection::vec(1e-6..1e9_f64, 1..20),
    ) {
        for scale in [Scale::linear(values.clone(), Quantity::TimeMs), Scale::log(values.clone())] {
            let end = match scale { Scale::Linear { top, .. } => top, Scale::Log { high, .. } => high };
            prop_assert!(values.iter().all(|value| *value <= end * 1.000_001), "{scale:?}");
            let ticks = scale.ticks();
            prop_assert!((2..=9).contains(&ticks.len()), "{scale:?} {ticks:?}");
            prop_assert!(ticks.is_sorted(), "{ticks:?}");
        }
    }
}
