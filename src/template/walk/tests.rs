use proptest::prelude::*;

use super::*;

#[test]
fn numbers_are_read_exactly() {
    for (text, expected) in [
        ("0", Some((0, 0))),
        ("-1.5", Some((-1_500_000_000, 1))),
        ("+20.05", Some((20_050_000_000, 2))),
        ("999999999.999999999", Some((999_999_999_999_999_999, 9))),
        ("0.0000000001", None),
        ("1000000000", None),
        ("1e3", None),
        (".5", None),
        ("5.", None),
        ("-", None),
        ("", None),
        ("--1", None),
    ] {
        assert_eq!(decimal(text), expected, "{text}");
    }
}

fn walked(walk: &Walk, steps: usize) -> Vec<(i64, String)> {
    let (mut at, mut random) = (NOT_BEGUN, Random::for_user(1, "", 0));
    let mut next = || {
        let mut bytes = [0; 64];
        let mut out = Cursor { bytes: &mut bytes, at: 0 };
        walk.render(&mut at, &mut random, &mut out);
        let end = out.at;
        (at, String::from_utf8(bytes[..end].to_vec()).unwrap())
    };
    (0..steps).map(|_| next()).collect()
}

#[test]
fn a_walk_prints_as_many_decimals_as_it_counts() {
    let walk = Walk { low: -5, high: 5, step: 10, decimals: 2, index: 0 };
    let printed: std::collections::BTreeSet<_> =
        walked(&walk, 500).into_iter().map(|(_, text)| text).collect();
    let expected =
        ["-0.05", "-0.04", "-0.03", "-0.02", "-0.01", "0.00", "0.01", "0.02", "0.03", "0.04", "0.05"];
    assert_eq!(printed, expected.map(str::to_owned).into());
}

proptest! {
    #[test]
    fn a_walk_stays_between_its_ends_and_moves_by_at_most_a_step(
        low in -1_000_i64..1_000, span in 1_i64..1_000, share in 1_i64..=1_000, decimals in 0_u32..4,
    ) {
        let walk = Walk { low, high: low + span, step: (span * share / 1_000).max(1), decimals, index: 0 };
        let numbers = walked(&walk, 50);
        let (least, most) = walk.length();
        for (number, text) in &numbers {
            prop_assert!((walk.low..=walk.high).contains(number));
            prop_assert!((least..=most).contains(&text.len()), "{}", text);
            let read: f64 = text.parse().unwrap();
            prop_assert!((read * 10_f64.powi(decimals.cast_signed()) - *number as f64).abs() < 0.01);
        }
        prop_assert!(numbers.windows(2).all(|pair| pair[0].0.abs_diff(pair[1].0) <= walk.step.unsigned_abs()));
    }
}
