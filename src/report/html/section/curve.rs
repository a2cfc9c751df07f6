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
mod tests;
