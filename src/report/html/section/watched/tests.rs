use super::*;
use crate::stats::result::watched::WatchedPoint;

fn told(at_s: &[f64]) -> Watched {
    let points = at_s.iter().map(|at_s| WatchedPoint { at_s: *at_s, value: 1.0 }).collect();
    let figures = WatchedFigure::of("clients".to_owned(), points).into_iter().collect();
    Watched { figures, ..Watched::default() }
}

#[test]
fn figures_that_come_late_or_end_early_are_told_as_such() {
    let mut result = RunResult::default();
    result.run.ended = 20.0;
    assert_eq!((late_begin(&told(&[0.0, 19.0])), silence(&told(&[0.0, 19.0]), &result)), (None, None));
    assert!(late_begin(&told(&[1.4, 19.0])).unwrap().contains("1.4 s after the start"));
    assert!(silence(&told(&[0.0, 12.5]), &result).unwrap().contains("7.5 s before the end"));
    verdict::RUNNING.clone_into(&mut result.run.end);
    assert!(silence(&told(&[0.0, 12.5]), &result).unwrap().ends_with("7.5 s ago."));
    assert_eq!((late_begin(&told(&[])), silence(&told(&[]), &result)), (None, None));
}
