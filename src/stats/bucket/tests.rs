use super::*;
use proptest::prelude::*;

#[test]
fn ties_go_to_even_and_the_unrounded_time_chooses_the_step() {
    let table: &[(f64, i128)] = &[
        (0.4, 0),
        (0.5, 0),
        (1.5, 2),
        (2.5, 2),
        (99.4, 99),
        (99.5, 100),
        (99.999, 100),
        (100.0, 100),
        (105.0, 100),
        (115.0, 120),
        (147.0, 150),
        (995.0, 1_000),
        (999.99, 1_000),
        (1_050.0, 1_000),
        (1_150.0, 1_200),
        (3_432.0, 3_400),
        (9_950.0, 10_000),
        (10_500.0, 10_000),
        (11_500.0, 12_000),
        (58_760.0, 59_000),
        (-0.4, 0),
        (-2.5, -2),
        (-12_345.6, -12_346),
        (1e22, 10_000_000_000_000_000_000_000),
        (14_125_431_594_798_588_000.0, 14_125_431_594_798_587_904),
    ];
    for &(ms, bucket) in table {
        assert_eq!(of_float(ms), bucket, "{ms}");
    }
}

#[test]
fn every_dense_bucket_has_its_place() {
    for index in 0..DENSE {
        let ns = u64::try_from(at_dense_index(index)).unwrap() * 1_000_000;
        assert_eq!(dense_index(ns), index);
    }
    assert_eq!(at_dense_index(DENSE - 1), 100_000);
    assert!(dense_index(100_501_000_000) >= DENSE);
    assert!(dense_index(u64::MAX) >= DENSE);
}

proptest! {
    #[test]
    fn whole_milliseconds_round_alike_in_both_ways(ms in -20_000_i32..2_000_000) {
        prop_assert_eq!(of_int(i128::from(ms)), of_float(f64::from(ms)));
    }

    #[test]
    fn a_dense_place_leads_back_to_the_bucket(ns in 0..100_400_000_000_u64, half_ms in 0..200_800_u64) {
        // Any time, and the neighbours of every possible tie.
        let tie = half_ms * 500_000;
        for ns in [ns, tie.saturating_sub(1), tie, tie + 1] {
            prop_assert_eq!(at_dense_index(dense_index(ns)), of_float(ns as f64 / 1e6));
        }
    }
}
