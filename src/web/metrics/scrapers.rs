//! Who scrapes, so that a program that is about to end can wait for the last scrape: without it, Prometheus would miss up
//! to an interval of the run, and all that is known at its end alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// No end is waited for longer than this.
const MOST: Duration = Duration::from_mins(1);

/// How much later than before a scrape may come: it waited for a tick, or the machine is busy.
const LATE: Duration = Duration::from_secs(2);

/// Those who scrape. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Scrapers(Arc<watch::Sender<Seen>>);

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    last: Option<Instant>,
    /// The longest time between two scrapes.
    pause: Option<Duration>,
    /// The run whose end was told.
    ended: Option<u32>,
}

impl Scrapers {
    /// Somebody was told of this run, and whether of its end.
    pub(super) fn saw(&self, run: u32, is_over: bool) {
        let now = Instant::now();
        self.0.send_modify(|seen| {
            let pause = seen.last.map(|last| now.duration_since(last));
            seen.pause = seen.pause.max(pause);
            seen.last = Some(now);
            if is_over {
                seen.ended = Some(run);
            }
        });
    }

    /// Waits until somebody was told of the end of this run, after the desk was; not at all if nobody has scraped, and
    /// no longer than whoever has scraped may take for the next time, a minute at most. The server must go on until
    /// then; the last answer may be on its way when this returns.
    ///
    /// `tell` learns for how long at most, if there is something to wait for.
    pub async fn know_the_end(&self, run: u32, tell: impl FnOnce(Duration)) {
        let mut seen = self.0.subscribe();
        let Seen { last: Some(last), pause, .. } = *seen.borrow() else { return };
        let until = last + pause.map_or(MOST, |pause| (pause + LATE).min(MOST));
        let left = until.saturating_duration_since(Instant::now());
        if !left.is_zero() && seen.borrow().ended != Some(run) {
            tell(left);
        }
        // That nobody comes any more is no fault of the run.
        let _ = timeout_at(until, seen.wait_for(|seen| seen.ended == Some(run))).await;
    }
}

#[cfg(test)]
mod tests;
