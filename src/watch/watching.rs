//! The threads that watch, and what they know.
#![expect(clippy::disallowed_methods, reason = "threads that block, beside the engine and its clock")]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, io};

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::plan::watch::without_query;
use crate::stats::result::watched::Watched;
use crate::watch::ledger::Ledger;
use crate::watch::prometheus::Reader;
use crate::watch::source::{Metrics, Source, Sys};
use crate::watch::sys::{self, Told, now, server_name};

/// The run waits so long for the first figures, so that they are of its start.
const FIRST_FIGURES: Duration = Duration::from_secs(1);

/// The end of a run waits so long for the last figures.
const LAST_FIGURES: Duration = Duration::from_secs(2);

/// Sources that are watched. Dropping it stops them.
pub struct Watching {
    ledgers: Vec<Arc<Mutex<Ledger>>>,
    stop: CancellationToken,
    /// Dropping them stops readers of metrics.
    stops: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").field("sources", &self.ledgers.len()).finish_non_exhaustive()
    }
}

impl Watching {
    /// Begins to watch, and waits up to a second for the first figures.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(sources: Vec<Source>) -> io::Result<Self> {
        let mut watching = Self {
            ledgers: Vec::new(),
            stop: CancellationToken::new(),
            stops: Vec::new(),
            threads: Vec::new(),
        };
        let (ready, readies) = channel();
        let count = sources.len();
        for source in sources {
            watching.watch(source, ready.clone())?;
        }
        drop(ready);
        let deadline = Instant::now() + FIRST_FIGURES;
        for _ in 0..count {
            let left = deadline.saturating_duration_since(Instant::now());
            if readies.recv_timeout(left).is_err() {
                break;
            }
        }
        Ok(watching)
    }

    /// The run begins: what was told before counts as its first values.
    pub fn begin(&self) {
        for ledger in &self.ledgers {
            ledger.lock().unwrap_or_else(PoisonError::into_inner).begin();
        }
    }

    /// What is known of a run that started at this moment of unix time in seconds; in the order of the sources.
    pub fn so_far(&self, started: f64) -> Vec<Watched> {
        let of = |ledger: &Arc<Mutex<Ledger>>| {
            ledger.lock().unwrap_or_else(PoisonError::into_inner).so_far(started)
        };
        self.ledgers.iter().map(of).collect()
    }

    /// Stops: metrics are read once more, for which this waits up to two seconds. What was told stays known.
    pub fn end(&mut self) {
        self.stop.cancel();
        self.stops.clear();
        let deadline = Instant::now() + LAST_FIGURES;
        while Instant::now() < deadline && self.threads.iter().any(|thread| !thread.is_finished()) {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.threads.clear();
        for ledger in &self.ledgers {
            lock(ledger, Ledger::note_silence);
        }
    }

    fn watch(&mut self, source: Source, ready: Sender<()>) -> io::Result<()> {
        let text = match &source {
            Source::Sys(sys) => format!("{} at {}", sys.filter, server_name(sys)),
            Source::Metrics(metrics) => without_query(&metrics.url),
        };
        let ledger = Arc::new(Mutex::new(Ledger::new(source.broker(), text)));
        self.ledgers.push(Arc::clone(&ledger));
        let thread = Builder::new().name("watch".to_owned());
        let thread = match source {
            Source::Sys(sys) => {
                let stop = self.stop.clone();
                thread.spawn(move || watch_sys(&sys, &stop, &ledger, &ready))?
            }
            Source::Metrics(metrics) => {
                let (stop, stopped) = channel();
                self.stops.push(stop);
                thread.spawn(move || watch_metrics(metrics, &stopped, &ledger, &ready))?
            }
        };
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn watch_sys(sys: &Sys, stop: &CancellationToken, ledger: &Mutex<Ledger>, ready: &Sender<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return fault(ledger, &format!("The figures under {} are missing: {error}.", sys.filter));
        }
    };
    let mut tell = |told: Told<'_>| match told {
        Told::Number(name, value) => lock(ledger, |ledger| ledger.number(name, now(), value)),
        Told::Text(name, text) => lock(ledger, |ledger| ledger.text(name, text)),
        Told::Fault(sentence) => fault(ledger, &sentence),
        Told::Ready => {
            // Nobody waits any more after the first time.
            let _ = ready.send(());
        }
    };
    runtime.block_on(sys::follow(sys, stop, &mut tell));
}

fn watch_metrics(metrics: Metrics, stop: &Receiver<()>, ledger: &Mutex<Ledger>, ready: &Sender<()>) {
    Reader::new(metrics).go_on(stop, |read| {
        let at = now();
        match read {
            Ok(figures) => lock(ledger, |ledger| {
                for (name, value) in &figures {
                    ledger.number(name, at, *value);
                }
            }),
            Err(sentence) => fault(ledger, &sentence),
        }
        let _ = ready.send(());
    });
}

/// Notes what went wrong, and says it in the log the first time.
fn fault(ledger: &Mutex<Ledger>, sentence: &str) {
    lock(ledger, |ledger| {
        if ledger.note(sentence) {
            warn!("{sentence}");
        }
    });
}

fn lock(ledger: &Mutex<Ledger>, act: impl FnOnce(&mut Ledger)) {
    act(&mut ledger.lock().unwrap_or_else(PoisonError::into_inner));
}
