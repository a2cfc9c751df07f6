//! Users of a Locust worker that send nothing: each makes ten requests a second, and one of ten fails. What they have made
//! is counted here, beside what they record.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use mqtt_scenario::locust::message::{ClassChange, Spawn};
use mqtt_scenario::locust::protocol::Applied;
use mqtt_scenario::locust::report::ClassCounts;
use mqtt_scenario::locust::worker::Users;
use mqtt_scenario::stats::interval::Interval;
use mqtt_scenario::stats::recorder::Recorder;
use mqtt_scenario::stats::{RowId, RowKey, UnixMicros};
use tokio::time::{Instant, sleep_until};

const PER_SECOND: f64 = 10.0;

/// How long a user takes for its last task, if it may.
const LAST_TASK: Duration = Duration::from_millis(700);

/// The users of one worker. Clones are the same users.
#[derive(Clone)]
pub(crate) struct FakeUsers(Rc<RefCell<Inner>>);

struct Inner {
    classes: Vec<String>,
    counts: ClassCounts,
    recorder: Recorder,
    interval: Interval,
    since: Instant,
    rest: f64,
    made: u64,
    failed: u64,
    /// When the last one is gone.
    until: Option<Instant>,
    told: Option<Spawn>,
}

impl FakeUsers {
    /// Users of these classes, none of which is there yet.
    pub(crate) fn of(classes: &[&str]) -> Self {
        let row = RowKey { request_type: "MQTT".to_owned(), name: "publish".to_owned() };
        Self(Rc::new(RefCell::new(Inner {
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            counts: classes.iter().map(|&class| (class.to_owned(), 0)).collect(),
            recorder: Recorder::new(unix_now(), &[row], false),
            interval: Interval::new(unix_now()),
            since: Instant::now(),
            rest: 0.0,
            made: 0,
            failed: 0,
            until: None,
            told: None,
        })))
    }

    /// How many requests they made, and how many of them failed.
    pub(crate) fn made(&self) -> (u64, u64) {
        let mut inner = self.0.borrow_mut();
        inner.go_on();
        (inner.made, inner.failed)
    }

    /// Counts from 0 again.
    pub(crate) fn count_anew(&self) {
        let mut inner = self.0.borrow_mut();
        inner.go_on();
        (inner.made, inner.failed) = (0, 0);
    }

    /// A text among the options of the last message that told them their number.
    pub(crate) fn option(&self, name: &str) -> Option<String> {
        self.0.borrow().told.as_ref()?.text(name).map(str::to_owned)
    }

    /// How many there are.
    pub(crate) fn number(&self) -> u64 {
        self.counts().values().sum()
    }
}

impl Inner {
    /// Makes the requests that are due.
    fn go_on(&mut self) {
        let now = Instant::now();
        let end = self.until.map_or(now, |until| until.min(now));
        let users = self.counts.values().sum::<u64>() as f64;
        let seconds = end.saturating_duration_since(self.since).as_secs_f64();
        self.rest += users * PER_SECOND * seconds;
        while self.rest >= 1.0 {
            self.rest -= 1.0;
            self.made += 1;
            let response_ns = Some(1_500_000 + self.made % 300 * 1_000_000);
            if self.made.is_multiple_of(10) {
                self.failed += 1;
                self.recorder.record_failure(RowId(0), unix_now(), response_ns, 20, "no PUBACK");
            } else {
                self.recorder.record(RowId(0), unix_now(), response_ns, 20);
            }
        }
        self.since = now;
        if end < now {
            self.counts.values_mut().for_each(|count| *count = 0);
        }
    }
}

impl Users for FakeUsers {
    fn take_index(&mut self, _: u64) {}

    fn apply(&mut self, spawn: &Spawn) -> Applied {
        let mut inner = self.0.borrow_mut();
        inner.go_on();
        inner.until = None;
        inner.told = Some(spawn.clone());
        let (mut counts, mut problems) = (ClassCounts::new(), Vec::new());
        for (class, &count) in &spawn.user_classes_count {
            if inner.classes.contains(class) {
                counts.insert(class.clone(), count);
            } else {
                problems.push(format!("there is no class {class}"));
            }
        }
        inner.counts = counts.clone();
        Applied { counts, problems, has_failed: false }
    }

    fn change_class(&mut self, _: &ClassChange) -> Result<(), String> {
        Err("fake users do not change".to_owned())
    }

    fn counts(&self) -> ClassCounts {
        let mut inner = self.0.borrow_mut();
        inner.go_on();
        inner.counts.clone()
    }

    fn take(&mut self) -> Interval {
        let mut inner = self.0.borrow_mut();
        inner.go_on();
        let now = unix_now();
        let batch = inner.recorder.take(now);
        inner.interval.merge(&batch);
        inner.interval.take(now)
    }

    fn clear(&mut self) {
        drop(self.take());
    }

    fn stop(&mut self, patience: Duration) {
        let mut inner = self.0.borrow_mut();
        inner.go_on();
        let until = Instant::now() + patience.min(LAST_TASK);
        let users = inner.counts.values().sum::<u64>();
        let earlier = inner.until.map_or(until, |before| before.min(until));
        inner.until = Some(if users == 0 { Instant::now() } else { earlier });
    }

    async fn gone(&mut self) {
        let until = self.0.borrow().until;
        let Some(until) = until else { return pending().await };
        sleep_until(until).await;
        let mut inner = self.0.borrow_mut();
        inner.go_on();
        inner.counts.values_mut().for_each(|count| *count = 0);
    }
}

fn unix_now() -> UnixMicros {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixMicros(u64::try_from(since.as_micros()).unwrap())
}
