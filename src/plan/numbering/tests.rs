use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn a_process_that_is_alone_counts() {
    assert_eq!([1, 2, 3].map(|started| Numbering::ALONE.number(started)), [1, 2, 3]);
    assert_eq!([0, 1, 2].map(|started| Numbering::ALONE.index(started)), [0, 1, 2]);
}

#[test]
fn expected_workers_take_turns_and_others_have_blocks() {
    for (index, expected, numbers) in [
        (0, 2, [1, 3, 5]),
        (1, 2, [2, 4, 6]),
        (2, 2, [2_000_001, 2_000_002, 2_000_003]),
        (1, 1, [1_000_001, 1_000_002, 1_000_003]),
        (0, 0, [1, 2, 3]),
    ] {
        let numbering = Numbering::of_worker(index, expected);
        assert_eq!([1, 2, 3].map(|started| numbering.number(started)), numbers, "{index} of {expected}");
    }
}

proptest! {
    #[test]
    fn no_two_workers_have_a_user_of_one_number(
        expected in 0_u64..20, started in prop::collection::vec(0_u64..200, 1..30),
    ) {
        let mut seen = BTreeSet::new();
        for (index, users) in (0..).zip(started) {
            let numbering = Numbering::of_worker(index, expected);
            for user in 1..=users {
                prop_assert!(seen.insert(numbering.number(user)), "user {} of worker {}", user, index);
                prop_assert_eq!(numbering.index(user - 1) + 1, numbering.number(user));
            }
        }
    }
}
