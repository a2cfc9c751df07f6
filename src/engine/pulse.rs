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

/// Watches for gaps as long as a handle exists. All clones are handles of the same watch.
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

    /// Takes the gaps since the last call.
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
mod tests {
    use super::*;

    fn at(monotonic: u64, boot: u64) -> Beat {
        Beat { monotonic: Duration::from_millis(monotonic), boot: Duration::from_millis(boot) }
    }

    #[test]
    fn a_gap_of_either_clock_is_told_with_its_length() {
        let gaps = |beats: &[Beat]| {
            let mut seen = Beats { last: beats[0], gaps: Vec::new() };
            beats[1..].iter().for_each(|beat| seen.beat(*beat));
            seen.gaps.iter().map(|gap| (gap.length.as_millis(), gap.in_run.as_millis())).collect::<Vec<_>>()
        };
        assert_eq!(gaps(&[at(0, 0), at(50, 50), at(550, 550), at(600, 600)]), []);
        assert_eq!(gaps(&[at(0, 7), at(50, 57), at(551, 558), at(600, 607)]), [(501, 501)]);
        assert_eq!(gaps(&[at(0, 0), at(4_000, 4_000), at(4_050, 4_050)]), [(4_000, 4_000)], "stopped");
        assert_eq!(gaps(&[at(0, 0), at(50, 9_050), at(100, 9_100)]), [(9_050, 50)], "suspended");
        // Who is first awake tells it, and nobody twice.
        assert_eq!(gaps(&[at(0, 0), at(2_000, 2_000), at(2_001, 2_001), at(2_002, 2_002)]), [(2_000, 2_000)]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "it waits for another thread, in real time")]
    fn it_ends_with_its_last_handle() {
        let pulse = Pulse::start();
        let beats = Arc::downgrade(&pulse.0);
        drop(pulse);
        thread::sleep(3 * PERIOD);
        assert!(beats.upgrade().is_none(), "nothing beats any more");
    }
}
