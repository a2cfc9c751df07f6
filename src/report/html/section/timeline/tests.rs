use super::*;

#[test]
fn a_last_interval_of_a_few_milliseconds_is_not_drawn() {
    let points = [1.0, 2.0, 2.01].map(|at_s| Point { at_s, ..Point::default() });
    assert_eq!(without_stub(&points, 1).len(), 2);
    assert_eq!(without_stub(&points[..2], 1).len(), 2);
    assert_eq!(without_stub(&points[2..], 60).len(), 1, "the only one");
    assert_eq!(without_stub(&[], 1).len(), 0);
}
