//! Notices when the generator itself stood still: stopped by a signal, suspended, or left without a core.
//!
//! A thread of its own beats twenty times a second, and the coordinator beats at each tick. So whichever of them wakes
//! first after a gap notes it. Two clocks are read: one runs on while the machine is suspended, and the one that
//! measures response times does not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The time from one beat to the next.
const PERIOD: Duration = Duration::from_millis(50);

/// A longer time between two beats is a standstill.
const MAX_GAP: Duration = Duration::from_millis(500);

/// A time in which the generator did nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standstill {
    /// How long it was, to about fifty milliseconds.
    pub(crate) length: Duration,
    /// How much of it the run's own clock has seen. This clock does not see a suspension.
    pub(crate) in_run: Duration,
}

/// Watches for gaps as long as a clone of it exists.
#[derive(Debug, Clone)]
pub(crate) struct Pulse(Arc<Mutex<Beats>>);

/// Readings of both clocks.
#[derive(Debug, Clone, Copy)]
struct Beat {
    monotonic: Duration,
    boot: Duration,
}

#[derive(Debug)]
struct Beats {
    last: Beat,
    gaps: Vec<Standstill>,
}

impl Pulse {
    /// Starts to watch. If no thread can be started, only gaps between ticks are seen.
    pub(crate) fn start() -> Self {
        let pulse = Self(Arc::new(Mutex::new(Beats { last: Beat::now(), gaps: Vec::new() })));
        let beats = Arc::downgrade(&pulse.0);
        // The run goes on without this thread, since ticks still beat.
        let _ = thread::Builder::new().name("pulse".to_owned()).spawn(move || go_on(&beats));
        pulse
    }

    pub(crate) fn take(&self) -> Vec<Standstill> {
        let mut beats = lock(&self.0);
        beats.beat(Beat::now());
        std::mem::take(&mut beats.gaps)
    }
}

#[expect(clippy::disallowed_methods, reason = "this thread has nothing else to do")]
fn go_on(beats: &Weak<Mutex<Beats>>) {
    while let Some(beats) = beats.upgrade() {
        lock(&beats).beat(Beat::now());
        drop(beats);
        thread::sleep(PERIOD);
    }
}

/// A panic cannot leave a beat half done, so a poisoned lock is used on.
fn lock(beats: &Mutex<Beats>) -> MutexGuard<'_, Beats> {
    beats.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Beat {
    fn now() -> Self {
        let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
        Self { monotonic: read(ClockId::Monotonic), boot: read(ClockId::Boottime) }
    }
}

impl Beats {
    fn beat(&mut self, now: Beat) {
        let in_run = now.monotonic.saturating_sub(self.last.monotonic);
        let length = now.boot.saturating_sub(self.last.boot).max(in_run);
        if length > MAX_GAP {
            self.gaps.push(Standstill { length, in_run });
        }
        self.last = now;
    }
}

#[cfg(test)]
mod tests;
