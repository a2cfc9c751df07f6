use std::time::Duration;

use super::*;
use crate::plan::load::ClassRate;
use crate::stats::RowKey;
use crate::stats::recorder::Recorder;
use crate::stats::threshold::Threshold;

/// A broker and a generator with known limits, one second after the other.
struct World {
    search: RateSearch,
    /// How much faster than planned schedules go.
    factor: f64,
    statistics: Statistics,
    recorder: Recorder,
    seconds: u64,
    /// Up to this rate the broker answers in 5 ms, above it in 50 ms.
    broker_limit: f64,
    /// At most this many task runs can begin.
    most_begun: f64,
    /// Above this rate the generator is at its limit.
    generator_limit: f64,
}

impl World {
    fn new(until: &str, step_s: u64) -> Self {
        let (until, step) = (Threshold::parse(until).unwrap(), Duration::from_secs(step_s));
        let (low, high) = (100.0, 10_000.0);
        let rates = vec![Some(ClassRate::PerClass(50.0))];
        let search = RateSearch::of(RateSearchSettings { low, high, until, step, rates }, &[1]);
        let row = RowKey { request_type: "MQTT".to_owned(), name: "publish".to_owned() };
        Self {
            factor: search.first_factor().unwrap(),
            search,
            statistics: Statistics::new(1_000.0, false),
            recorder: Recorder::new(UnixMicros(1_000_000_000), &[row], false),
            seconds: 1_000,
            broker_limit: f64::INFINITY,
            most_begun: f64::INFINITY,
            generator_limit: f64::INFINITY,
        }
    }

    /// One second at the present rate. Returns whether the search is over.
    fn second(&mut self) -> bool {
        let rate = self.factor * self.search.planned;
        let settling = self.search.step.as_ref().is_some_and(|step| step.ticks < 2);
        let ms = match settling {
            // Far too slow, and of no meaning.
            true => 900,
            false if rate <= self.broker_limit => 5,
            false => 50,
        };
        for n in 0..50 {
            let at = UnixMicros(self.seconds * 1_000_000 + n);
            let row = crate::stats::RowId(0);
            if settling {
                self.recorder.record_failure(row, at, Some(ms * 1_000_000), 0, "slow");
            } else {
                self.recorder.record(row, at, Some(ms * 1_000_000), 0);
            }
        }
        self.seconds += 1;
        self.statistics.merge(vec![self.recorder.take(UnixMicros(self.seconds * 1_000_000))]);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let begun = rate.min(self.most_begun).round() as u64;
        let limited = rate > self.generator_limit;
        let at = UnixMicros(self.seconds * 1_000_000);
        let second = Second { at, now: at, statistics: &self.statistics, begun, limited };
        let progress = self.search.tick(second);
        self.follow(&progress)
    }

    fn follow(&mut self, progress: &Progress) -> bool {
        self.factor = progress.factor.unwrap_or(self.factor);
        progress.is_over
    }

    fn run(mut self) -> RateSearchReport {
        let begun = self.search.begin(UnixMicros(self.seconds * 1_000_000));
        self.follow(&begun);
        let limit = self.seconds + 1_000;
        while !self.second() {
            assert!(self.seconds < limit, "it does not end");
        }
        let taken = self.seconds + 1_000 - limit;
        let (tried, step) = (self.search.report.probes.len() as u64, self.search.settings.step.as_secs());
        assert_eq!(taken, tried * step, "each rate is tried for one step");
        self.search.report
    }
}

#[test]
fn the_saturation_point_of_the_broker_is_found_on_what_is_left_after_settling() {
    for until in ["p99 < 20ms", "average < 6ms", "failures < 1%"] {
        let mut world = World::new(until, 10);
        world.broker_limit = 777.0;
        let report = world.run();
        assert!(report.complete);
        if until.starts_with("failures") {
            // Only what does not count failed.
            assert_eq!(report.highest, Some(10_000.0));
            continue;
        }
        let highest = report.highest.unwrap();
        assert!((777.0 / 1.05..=777.0).contains(&highest), "{until}: {highest}");
        assert!(report.probes.iter().all(|probe| probe.failures == 0), "{until}");
        assert_eq!(report.lowest_failed().unwrap().verdict, Verdict::Missed);
    }
}

#[test]
fn a_rate_that_cannot_be_kept_up_does_not_hold() {
    let mut world = World::new("p99 < 20ms", 10);
    world.most_begun = 950.0;
    let report = world.run();
    let highest = report.highest.unwrap();
    assert!((1_000.0 / 1.05..=1_000.0).contains(&highest), "95 % are enough: {highest}");
    assert_eq!(report.lowest_failed().unwrap().verdict, Verdict::Behind);
}

#[test]
fn a_generator_at_its_limit_is_told_apart() {
    let mut world = World::new("p99 < 20ms", 10);
    (world.generator_limit, world.broker_limit) = (300.0, 5_000.0);
    let report = world.run();
    assert!((300.0 / 1.05..=300.0).contains(&report.highest.unwrap()));
    assert_eq!(report.lowest_failed().unwrap().verdict, Verdict::Saturated);
}

#[test]
fn a_fifth_of_a_step_is_left_out_in_whole_seconds() {
    assert_eq!([2, 3, 5, 6, 10, 60].map(ticks_to_settle), [1, 1, 1, 2, 2, 12]);
}
