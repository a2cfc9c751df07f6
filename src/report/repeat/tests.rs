use super::*;

#[test]
fn a_spread_is_around_the_middle() {
    assert_eq!(spread(vec![]), None);
    assert_eq!(spread(vec![3.0, 1.0, 2.0]), Some(Spread { middle: 2.0, share: Some(1.0) }));
    assert_eq!(spread(vec![4.0, 2.0]), Some(Spread { middle: 3.0, share: Some(2.0 / 3.0) }));
    assert_eq!(spread(vec![3.0]), Some(Spread { middle: 3.0, share: None }));
    assert_eq!(spread(vec![0.0, 0.0]), Some(Spread { middle: 0.0, share: None }));
}
