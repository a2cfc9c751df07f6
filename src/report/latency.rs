//! Response times to the microsecond in words, for the end of a run and for its progress.
//!
//! They stand beside Locust's tables and never in them: Locust's buckets know nothing below a millisecond, and
//! its times start when a user got round to a request, not when it should have.

use crate::stats::latency::LatencySummary;
use crate::stats::snapshot::Snapshot;

/// Percentiles of all response times and, if users keep a pace, from the intended moments; a line each, nothing
/// without response times.
pub fn summary(snapshot: &Snapshot) -> String {
    let line = |what: &str, summary: &Option<LatencySummary>| {
        summary.map_or_else(String::new, |LatencySummary { p50_ms, p99_ms, max_ms, .. }| {
            format!("{what}: p50 {p50_ms:.3} ms, p99 {p99_ms:.3} ms, max {max_ms:.3} ms\n")
        })
    };
    line("Response times", &snapshot.latency)
        + &line("From their intended moments (constant_pacing)", &snapshot.intended)
}

/// Percentiles of the last tick, to hang on a line of progress.
pub fn tick(snapshot: &Snapshot) -> String {
    let part = |what: &str, summary: &Option<LatencySummary>| {
        summary.map_or_else(String::new, |LatencySummary { p50_ms, p99_ms, .. }| {
            format!("  {what}p50 {p50_ms:.2} ms  p99 {p99_ms:.2} ms")
        })
    };
    part("", &snapshot.tick_latency) + &part("intended ", &snapshot.tick_intended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::recorder::Recorder;
    use crate::stats::statistics::Statistics;
    use crate::stats::{RowId, RowKey, UnixMicros};

    #[test]
    fn a_pace_adds_the_times_from_the_intended_moments() {
        let row = RowKey { request_type: "MQTT".into(), name: "publish".into() };
        let mut recorder = Recorder::new(UnixMicros(0), &[row], false);
        let mut statistics = Statistics::new(0.0, false);
        assert_eq!(summary(&statistics.snapshot(0.0)), "");
        assert_eq!(tick(&statistics.snapshot(0.0)), "");

        recorder.record(RowId(0), UnixMicros(1), Some(250_000), 0);
        statistics.merge(vec![recorder.take(UnixMicros(2))]);
        let raw = "Response times: p50 0.250 ms, p99 0.250 ms, max 0.250 ms\n";
        assert_eq!(summary(&statistics.snapshot(0.0)), raw);
        assert_eq!(tick(&statistics.snapshot(0.0)), "  p50 0.25 ms  p99 0.25 ms");

        // 30 ms at a pace of 10 ms: one start was missed by 20 ms, one by 10.
        recorder.record_intended(30_000_000);
        recorder.missed_starts(30_000_000, 10_000_000);
        statistics.merge(vec![recorder.take(UnixMicros(3))]);
        let snapshot = statistics.snapshot(0.0);
        let intended =
            "From their intended moments (constant_pacing): p50 20.005 ms, p99 30.015 ms, max 30.015 ms\n";
        assert_eq!(summary(&snapshot), format!("{raw}{intended}"));
        assert_eq!(tick(&snapshot), "  intended p50 20.00 ms  p99 30.02 ms", "nothing else in this tick");
        statistics.reset(0.0);
        assert_eq!(summary(&statistics.snapshot(0.0)), "", "a reset takes it back");
    }
}
