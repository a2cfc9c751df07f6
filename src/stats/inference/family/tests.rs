use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn logarithms(a: &[f64], b: &[f64]) -> Variable {
    let logarithms = |values: &[f64]| values.iter().map(|value| value.ln()).collect();
    Variable { scale: Scale::Logarithmic, a: logarithms(a), b: logarithms(b), variance_within: 0.0 }
}

fn shares(a: &[f64], b: &[f64]) -> Variable {
    Variable { scale: Scale::Linear, a: a.to_vec(), b: b.to_vec(), variance_within: 0.0 }
}

fn of(variables: &[Variable]) -> Vec<f64> {
    let first = &variables[0];
    probabilities(variables, &Splits::of(first.a.len(), first.b.len()), 0.05)
}

fn assert_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
    assert!(near, "{found:?} is not {expected:?}");
}

#[test]
fn groups_that_do_not_overlap_are_one_split_of_all() {
    let slower = logarithms(&[10.0, 10.1, 10.2, 10.3], &[12.0, 12.1, 12.3, 12.4]);
    assert_near(&of(&[slower]), &[2.0 / 70.0]);
    let faster = logarithms(&[12.0, 12.1, 12.3, 12.4], &[10.0, 10.1, 10.2, 10.3]);
    assert_near(&of(&[faster]), &[2.0 / 70.0]);
    let three = logarithms(&[10.0, 10.1, 10.2], &[12.0, 12.1, 12.3]);
    assert_near(&of(&[three]), &[2.0 / 20.0]);
}

#[test]
fn groups_that_overlap_by_one_run_worked_by_hand() {
    // 1, 2, 3, 5 and 4, 6, 7, 8: only the split that exchanges 5 and 4 goes further.
    let shares = shares(&[0.1, 0.2, 0.3, 0.5], &[0.4, 0.6, 0.7, 0.8]);
    assert_near(&of(&[shares]), &[4.0 / 70.0]);
}

#[test]
fn what_differs_by_less_than_the_least_effect_does_not_differ() {
    let little = logarithms(&[100.0, 100.1, 100.2, 100.3], &[104.0, 104.1, 104.2, 104.3]);
    assert_near(&of(&[little]), &[1.0]);
    assert_near(&of(&[logarithms(&[7.0; 4], &[7.0; 4])]), &[1.0]);
    assert_near(&of(&[shares(&[0.0; 4], &[0.0; 4])]), &[1.0]);
}

#[test]
fn failures_that_came_are_found_from_nothing() {
    assert_near(&of(&[shares(&[0.0; 4], &[0.01, 0.02, 0.01, 0.03])]), &[2.0 / 70.0]);
    assert_near(&of(&[shares(&[0.0; 4], &[0.01, 0.02, 0.01, 0.0])]), &[2.0 * 5.0 / 70.0]);
}

#[test]
fn noise_of_others_does_not_hide_a_change_and_is_not_found_with_it() {
    let slower = logarithms(&[10.0, 10.1, 10.2, 10.3], &[12.0, 12.1, 12.3, 12.4]);
    let noise = logarithms(&[10.0, 17.0, 12.0, 11.0], &[11.5, 10.0, 16.0, 12.0]);
    let found = of(&[noise, slower]);
    assert_near(&found[1..], &[2.0 / 70.0]);
    assert!(found[0] > 0.5);
}

#[test]
fn what_is_worse_does_not_hide_what_is_better() {
    let faster = logarithms(&[12.0, 12.1, 12.3, 12.4], &[10.0, 10.1, 10.2, 10.3]);
    let failing = shares(&[0.0; 4], &[0.05, 0.06, 0.05, 0.05]);
    assert_near(&of(&[faster, failing]), &[2.0 / 70.0; 2]);
}

#[test]
fn values_that_lie_together_by_chance_hide_nothing() {
    // The first one splits 2 and 2 into two tight groups, but it is known to be noisy.
    let mut chance = logarithms(&[10.0, 10.0, 14.0, 14.0], &[10.0, 10.0, 14.0, 14.0]);
    let slower = logarithms(&[10.0, 10.1, 10.9, 10.3], &[12.0, 12.9, 12.3, 12.4]);
    assert!(of(&[chance.clone(), slower.clone()])[1] > 0.05);
    chance.variance_within = 0.03;
    assert_near(&of(&[chance, slower])[1..], &[2.0 / 70.0]);
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    vec(1.0..1.3_f64, 4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn sides_order_and_unit_change_nothing(a in values(), b in values(), c in values(), d in values(), unit in 1e-3..1e3_f64) {
        let expected = of(&[logarithms(&a, &b), logarithms(&c, &d)]);
        assert_near(&of(&[logarithms(&b, &a), logarithms(&d, &c)]), &expected);
        let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
        assert_near(
            &of(&[logarithms(&turned(&a), &b), logarithms(&turned(&c), &d)]),
            &expected,
        );
        let scaled = |values: &[f64]| values.iter().map(|value| value * unit).collect::<Vec<_>>();
        assert_near(
            &of(&[logarithms(&scaled(&a), &scaled(&b)), logarithms(&scaled(&c), &scaled(&d))]),
            &expected,
        );
        let other_way = of(&[logarithms(&c, &d), logarithms(&a, &b)]);
        assert_near(&[other_way[1], other_way[0]], &expected);
    }
}
