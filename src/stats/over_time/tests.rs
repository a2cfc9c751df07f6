use super::*;
use proptest::prelude::*;

fn point(second: u32) -> Point {
    Point { at_s: f64::from(second + 1), requests: 1, users: second, ..Point::default() }
}

/// A run of so many seconds in which every row that divides the second has a request of a millisecond.
fn run(seconds: u32, rows: usize) -> Course {
    let mut course = Course::default();
    let mut times = FineTimes::default();
    times.record(1_000_000);
    let one = Interval { requests: 1, failures: 0, times: PackedTimes::from(&times) };
    for second in 0..seconds {
        let of = (0..rows).filter(|row| (second as usize).is_multiple_of(row + 1));
        let rows_of = of.map(|row| (row, one.clone())).collect();
        course.add(point(second), &Second { all: one.clone(), rows: rows_of }, rows);
    }
    course
}

proptest! {
    #[test]
    fn nothing_is_lost_however_long_a_run_is(seconds in 1..5_000_u32, rows in 1..7_usize) {
        let mut course = run(seconds, rows);
        course.close();
        let interval_s = course.interval_s;
        prop_assert!(course.points.len() <= MAX_INTERVALS + 1);
        prop_assert_eq!(course.points.len(), seconds.div_ceil(interval_s) as usize);
        prop_assert_eq!(course.points.iter().map(|point| point.requests).sum::<u64>(), u64::from(seconds));
        for (index, point) in (1..).zip(&course.points) {
            let end = f64::from((index * interval_s).min(seconds));
            prop_assert!((point.at_s - end).abs() < 1e-9);
        }
        for (row, intervals) in (1..).zip(&course.rows) {
            let wanted = u64::from(seconds.div_ceil(row));
            let requests: u64 = intervals.iter().map(|interval| interval.requests).sum();
            let timed: u64 = intervals.iter().map(|interval| interval.times.unpack().count()).sum();
            prop_assert_eq!((requests, timed), (wanted, wanted));
        }
    }
}

#[test]
fn a_short_end_belongs_to_the_interval_before() {
    let mut course = run(4, 3);
    let whole = course.clone();
    course.join_short_end();
    assert_eq!(course.points, whole.points, "it is a whole second");
    let mut times = FineTimes::default();
    times.record(2_000_000);
    let one = Interval { requests: 1, failures: 1, times: PackedTimes::from(&times) };
    let end = Point { at_s: 4.2, requests: 1, failures: 1, ..Point::default() };
    let rows = vec![(1, one.clone()), (2, one.clone())];
    course.add(end, &Second { all: one, rows }, 3);
    course.join_short_end();
    assert_eq!(course.points.len(), 4);
    let last = &course.points[3];
    assert_eq!((last.at_s, last.requests, last.failures, last.users), (4.2, 2, 1, 3));
    let requests = |row: usize| course.rows[row].iter().map(|it| it.requests).collect::<Vec<_>>();
    assert_eq!(
        [requests(0), requests(1), requests(2)],
        [vec![1, 1, 1, 1], vec![1, 0, 1, 1], vec![1, 0, 0, 2]]
    );
    assert_eq!(course.all[3].times.unpack().count(), 2);
}

#[test]
fn many_rows_have_fewer_intervals() {
    let course = run(600, MAX_ROWS);
    assert_eq!((course.interval_s, course.points.len()), (16, 37));
    assert_eq!(run(600, 1).interval_s, 1);
}
