use proptest::prelude::*;

use super::*;

#[test]
fn more_or_fewer_users_are_the_same_mix() {
    let of = |counts: &[u32], total| Users::PerClass(counts.to_vec()).with_total(total);
    let table: [(&[u32], u32, &[u32]); 7] = [
        (&[6, 3], 10, &[7, 3]),
        (&[6, 3], 11, &[7, 4]),
        (&[6, 3], 8, &[5, 3]),
        (&[6, 3], 0, &[0, 0]),
        (&[6, 0, 2], 16, &[12, 0, 4]),
        // Equal quotients: the first class grows first, and shrinks last.
        (&[1, 1], 3, &[2, 1]),
        (&[1, 1], 1, &[1, 0]),
    ];
    for (counts, total, expected) in table {
        assert_eq!(of(counts, total), Users::PerClass(expected.to_vec()), "{counts:?} {total}");
    }
    assert_eq!(of(&[0, 0], 3), Users::Total(3));
    assert_eq!(of(&[0, 0], 0), Users::PerClass(vec![0, 0]));
    assert_eq!(Users::Total(9).with_total(3), Users::Total(3));
}

proptest! {
    #[test]
    fn one_more_in_all_is_one_more_of_one_class(
        counts in prop::collection::vec(0_u32..40, 1..6), total in 0_u32..200,
    ) {
        let users = Users::PerClass(counts);
        prop_assume!(users.total() > 0);
        let (Users::PerClass(fewer), Users::PerClass(more)) =
            (users.with_total(total), users.with_total(total + 1)) else { panic!("other classes") };
        prop_assert_eq!(fewer.iter().sum::<u32>(), total);
        prop_assert_eq!(more.iter().sum::<u32>(), total + 1);
        prop_assert!(fewer.iter().zip(&more).all(|(fewer, more)| fewer <= more), "{:?} {:?}", fewer, more);
    }
}
