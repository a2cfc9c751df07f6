//! Response times to the microsecond in words, for the end of a run and for its progress.
//!
//! They are shown beside Locust's tables and never in them: Locust's buckets have no times below a millisecond.
//!
//! Each request has two times. One of them is in the tables and files, the other one is here. Users with a pace wait
//! for answers by Locust's rule. So their requests count as in Locust, from the moment at which the user began them.
//! The times from when they were due are shown here, with times for missed starts. Users with a `rate` miss no start.
//! So their requests count from when they were due, and the service times are shown here. In both cases the delay that
//! a slow broker causes for later requests is not lost. Times from when a request was due include the generator's own
//! lag, which is about half a millisecond in a normal run; the send lag tells it.

use crate::stats::Starts;
use crate::stats::latency::LatencySummary;
use crate::stats::snapshot::Snapshot;

/// Late starts are shown above this share. Fewer happen in any run on a busy machine.
const WORTH_TELLING: f64 = 0.01;

/// Percentiles of all response times, and those that stand beside them if users keep a pace or a schedule; a line each,
/// nothing without response times. A last line follows if more than 1 % of the starts of a schedule were late because
/// the users were still busy.
pub fn summary(snapshot: &Snapshot) -> String {
    let line = |what: &str, summary: &Option<LatencySummary>| {
        summary.map_or_else(String::new, |LatencySummary { p50_ms, p99_ms, max_ms, .. }| {
            format!("{what}: p50 {p50_ms:.3} ms, p99 {p99_ms:.3} ms, max {max_ms:.3} ms\n")
        })
    };
    line("Response times", &snapshot.latency)
        + &line("Response times from when they were due (constant_pacing)", &snapshot.intended)
        + &line("Service time", &snapshot.began)
        + &late_starts(snapshot.starts)
}

fn late_starts(Starts { count, late }: Starts) -> String {
    let share = if count == 0 { 0.0 } else { late as f64 / count as f64 };
    if share <= WORTH_TELLING {
        return String::new();
    }
    let percent = share * 100.0;
    format!("Late starts (rate): {late} of {count} task runs, {percent:.1} %: their users were still busy\n")
}

/// Percentiles of the last tick, to hang on a line of progress.
pub fn tick(snapshot: &Snapshot) -> String {
    let part = |what: &str, summary: &Option<LatencySummary>| {
        summary.map_or_else(String::new, |LatencySummary { p50_ms, p99_ms, .. }| {
            format!("  {what}p50 {p50_ms:.2} ms  p99 {p99_ms:.2} ms")
        })
    };
    part("", &snapshot.tick_latency) + &part("from due time ", &snapshot.tick_intended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::recorder::{Recorder, ScheduledNs};
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
        let intended = "Response times from when they were due (constant_pacing): p50 20.005 ms, p99 30.015 ms, max 30.015 ms\n";
        assert_eq!(summary(&snapshot), format!("{raw}{intended}"));
        assert_eq!(
            tick(&snapshot),
            "  from due time p50 20.00 ms  p99 30.02 ms",
            "nothing else in this tick"
        );
        statistics.reset(0.0);
        assert_eq!(summary(&statistics.snapshot(0.0)), "", "a reset takes it back");
    }

    #[test]
    fn a_schedule_adds_the_raw_times_and_how_many_starts_were_late() {
        let row = RowKey { request_type: "MQTT".into(), name: "publish".into() };
        let mut recorder = Recorder::new(UnixMicros(0), &[row], false);
        let mut statistics = Statistics::new(0.0, false);
        let times = ScheduledNs { intended: 40_000_000, began: 1_000_000 };
        for n in 0..100 {
            recorder.record_scheduled(RowId(0), UnixMicros(n), times, 0, None);
            recorder.scheduled_start(n == 0);
        }
        statistics.merge(vec![recorder.take(UnixMicros(1_000))]);
        let both = "Response times: p50 40.010 ms, p99 40.010 ms, max 40.010 ms\n\
                    Service time: p50 1.000 ms, p99 1.000 ms, max 1.000 ms\n";
        assert_eq!(
            summary(&statistics.snapshot(0.0)),
            both,
            "one late start of a hundred is nothing to tell"
        );

        recorder.scheduled_start(true);
        statistics.merge(vec![recorder.take(UnixMicros(2_000))]);
        let late = "Late starts (rate): 2 of 101 task runs, 2.0 %: their users were still busy\n";
        assert_eq!(summary(&statistics.snapshot(0.0)), format!("{both}{late}"));
        statistics.reset(0.0);
        assert_eq!(summary(&statistics.snapshot(0.0)), "");
    }
}
