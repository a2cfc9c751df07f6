//! The points of a percentile plot: which share of the requests took at most how long.

use crate::stats::fine::FineTimes;

/// The times at these ascending quantiles, up to 1 - 1/n: beyond it there is no request.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rounded share of a count is one"
)]
pub(crate) fn curve(times: &FineTimes, quantiles: &[f64]) -> Vec<(f64, Option<f64>)> {
    let all = times.count();
    let last = 1.0 - 1.0 / all.max(1) as f64;
    let shown = quantiles.partition_point(|quantile| *quantile <= last + 1e-12);
    let mut points = Vec::with_capacity(shown);
    let mut slots = times.times_ms();
    let (mut seen, mut slowest) = (0, None);
    for (index, quantile) in quantiles[..shown].iter().enumerate() {
        // At the last point only the slowest request is left.
        let wanted = if index + 1 == shown { all } else { ((quantile * all as f64).ceil() as u64).max(1) };
        while seen < wanted {
            let Some((ms, count)) = slots.next() else { break };
            (seen, slowest) = (seen + count, Some(ms));
        }
        points.push((*quantile, slowest));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::chart::across::Across;

    #[test]
    fn a_distribution_ends_at_its_slowest_request() {
        let mut times = FineTimes::default();
        (0..990).for_each(|_| times.record(1_000_000));
        (0..9).for_each(|_| times.record(20_000_000));
        times.record(500_000_000);
        let across = Across::Quantile { requests: 1_000 };
        let points = curve(&times, &across.quantiles());
        let at = |quantile: f64| {
            let point = points.iter().find(|(at, _)| (at - quantile).abs() < 1e-9);
            point.and_then(|(_, ms)| *ms).map(f64::round)
        };
        assert_eq!((at(0.0), at(0.9), at(0.999)), (Some(1.0), Some(1.0), Some(500.0)));
        assert!(points.is_sorted_by(|a, b| a.1 <= b.1));
        // Of ten requests nothing is known beyond 90 %.
        let mut few = FineTimes::default();
        (1..=10).for_each(|ms| few.record(ms * 1_000_000));
        let last = curve(&few, &across.quantiles()).last().copied().unwrap();
        assert!((last.0 - 0.9).abs() < 1e-9 && last.1.is_some_and(|ms| ms >= 10.0), "{last:?}");
        assert_eq!(curve(&FineTimes::default(), &across.quantiles()), [(0.0, None)]);
    }
}
