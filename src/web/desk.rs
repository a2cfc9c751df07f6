//! What is shared by the runner and everybody who watches.
//!
//! The runner never waits at the desk: it puts down what is known now, in place of what lay there, and takes commands
//! when it likes. A visitor that is too slow misses what lay there in between.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::stats::result::RunResult;
use crate::web::command::{Answer, Command, Refusal};
use crate::web::now::Now;
use crate::web::offer::Offer;

/// So many lines of the log are kept, as Locust does.
const LOG_LINES: usize = 500;

/// A line of the log is cut after so many bytes: a broker may have written what stands in it.
const LINE_BYTES: usize = 4_096;

const COMMANDS: usize = 16;

/// For so long the runner may think about a command.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Somebody who asked this long ago may still be there.
const INTEREST: Duration = Duration::from_secs(10);

/// A result or totals up to now are waited for so long: the runner makes them with the next tick.
const RESULT_TIME: Duration = Duration::from_secs(3);

/// What is shared by the runner and everybody who watches. Clones are the same desk.
#[derive(Debug, Clone)]
pub struct Desk(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    offer: Mutex<Arc<Offer>>,
    now: watch::Sender<Arc<Now>>,
    commands: mpsc::Sender<Asked>,
    log: Mutex<Log>,
    history: Mutex<Vec<u8>>,
    program: String,
    totals: Mutex<Vec<oneshot::Sender<Arc<Now>>>>,
    watchers: AtomicUsize,
    made: Instant,
    /// When somebody last asked for a result, in milliseconds since `made` and one more; 0 if nobody has.
    asked: AtomicU64,
}

#[derive(Debug, Default)]
struct Log {
    lines: VecDeque<Arc<str>>,
    /// How many lines there were in all.
    written: u64,
}

impl Desk {
    /// A desk on which nothing lies but what can be run, and the runner's end of its commands.
    pub fn new(offer: Offer) -> (Self, Commands) {
        let (commands, asked) = mpsc::channel(COMMANDS);
        let shared = Shared {
            offer: Mutex::new(Arc::new(offer)),
            now: watch::Sender::new(Arc::new(Now::default())),
            commands,
            log: Mutex::default(),
            history: Mutex::default(),
            program: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
            totals: Mutex::default(),
            watchers: AtomicUsize::new(0),
            made: Instant::now(),
            asked: AtomicU64::new(0),
        };
        (Self(Arc::new(shared)), Commands(asked))
    }

    /// Puts down what is known now: once a second, and whenever the phase changes.
    pub fn tell(&self, now: Now) {
        let now = Arc::new(now);
        if now.totals.is_some() {
            for waiting in self.lock_totals().drain(..) {
                let _ = waiting.send(Arc::clone(&now));
            }
        }
        self.0.now.send_replace(now);
    }

    /// Adds a line to the log, which keeps the last 500. Line ends at its end do not count.
    pub fn log(&self, line: &str) {
        let line = line.trim_end_matches(['\r', '\n']);
        let end = line.floor_char_boundary(LINE_BYTES);
        let line = if end < line.len() { format!("{}…", &line[..end]).into() } else { line.into() };
        let mut log = self.lock_log();
        if log.lines.len() == LOG_LINES {
            log.lines.pop_front();
        }
        log.lines.push_back(line);
        log.written += 1;
    }

    /// A word that tells this program from one that is started later at the same address.
    pub fn program(&self) -> &str {
        &self.0.program
    }

    /// Begins the history of a run: the file `_stats_history.csv` with this first line.
    pub fn begin_history(&self, header: &str) {
        *self.lock_history() = header.as_bytes().to_vec();
    }

    /// Adds rows to the history in place of its last `replaced` bytes.
    pub fn add_history(&self, replaced: usize, rows: &str) {
        let mut history = self.lock_history();
        let kept = history.len().saturating_sub(replaced);
        history.truncate(kept);
        history.extend_from_slice(rows.as_bytes());
    }

    /// The history of the last run, or of this one up to now; empty before the first.
    pub fn history(&self) -> Vec<u8> {
        self.lock_history().clone()
    }

    /// Whether somebody watches, or asked for a result in the last ten seconds. Only then the runner makes
    /// [`Now::result`] while a run goes on.
    pub fn is_watched(&self) -> bool {
        let asked = self.0.asked.load(Ordering::Relaxed);
        let interest = u64::try_from(INTEREST.as_millis()).unwrap_or(u64::MAX);
        self.0.watchers.load(Ordering::Relaxed) > 0
            || (asked > 0 && self.clock().saturating_sub(asked) < interest)
    }

    /// How many visitors watch.
    pub fn watchers(&self) -> usize {
        self.0.watchers.load(Ordering::Relaxed)
    }

    /// What can be run.
    pub fn offer(&self) -> Arc<Offer> {
        Arc::clone(&self.lock_offer())
    }

    /// Offers something else from now on, and wakes everybody who watches.
    pub fn offer_anew(&self, offer: Offer) {
        {
            let mut current = self.lock_offer();
            let edition = current.edition + 1;
            *current = Arc::new(Offer { edition, ..offer });
        }
        self.0.now.send_modify(|_| {});
    }

    /// What was told last.
    pub fn now(&self) -> Arc<Now> {
        Arc::clone(&self.0.now.borrow())
    }

    /// A visitor of what is told from now on. It counts until it is dropped.
    pub fn watch(&self) -> Watcher {
        self.0.watchers.fetch_add(1, Ordering::Relaxed);
        Watcher { now: self.0.now.subscribe(), desk: self.clone() }
    }

    /// The result of the last run, or of this one up to now: waits for the runner to make it if nobody has watched.
    /// `None` before the first run, and if the runner makes none in time.
    pub async fn result(&self) -> Option<Arc<RunResult>> {
        self.0.asked.store(self.clock(), Ordering::Relaxed);
        let mut told = self.0.now.subscribe();
        let wanted = |now: &Arc<Now>| now.result.is_some() || !now.phase.is_run();
        let now = timeout(RESULT_TIME, told.wait_for(wanted)).await.ok()?.ok()?;
        now.result.clone()
    }

    /// Whether somebody waits for [`Now::totals`]: then the runner makes them once, with its next tick.
    pub fn wants_totals(&self) -> bool {
        self.lock_totals().iter().any(|waiting| !waiting.is_closed())
    }

    /// What is known now, with the totals of this run up to now or those of the run that is over: waits for the runner
    /// to make them while a run goes on. Before the first run there are no totals in it. `None` if the runner makes
    /// none in time.
    pub async fn totals(&self) -> Option<Arc<Now>> {
        let mut told = self.0.now.subscribe();
        let (waiting, made) = oneshot::channel();
        {
            let mut all = self.lock_totals();
            all.retain(|waiting| !waiting.is_closed());
            all.push(waiting);
        }
        let over = told.wait_for(|now| !now.phase.is_run());
        tokio::select! {
            biased;
            Ok(now) = made => Some(now),
            Ok(now) = over => Some(Arc::clone(&now)),
            () = sleep(RESULT_TIME) => None,
        }
    }

    /// The lines of the log behind the first `seen` that were ever written, of those that are kept, and how many were
    /// written in all.
    pub fn logged(&self, seen: u64) -> (Vec<Arc<str>>, u64) {
        let log = self.lock_log();
        let new = usize::try_from(log.written.saturating_sub(seen)).unwrap_or(usize::MAX);
        let known = log.lines.len().saturating_sub(new);
        (log.lines.iter().skip(known).cloned().collect(), log.written)
    }

    /// Asks the runner, and waits for its answer up to ten seconds.
    ///
    /// # Errors
    /// What the runner refuses, and a runner that is busy, slow or gone.
    pub async fn ask(&self, command: Command) -> Result<Answer, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.0.commands.try_send(Asked { command, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::Busy,
            mpsc::error::TrySendError::Closed(_) => Refusal::Gone,
        })?;
        match timeout(ANSWER_TIME, answered).await {
            Ok(answer) => answer.unwrap_or(Err(Refusal::Gone)),
            Err(_) => Err(Refusal::NoAnswer),
        }
    }

    /// Milliseconds since the desk was made, and one more.
    fn clock(&self) -> u64 {
        u64::try_from(self.0.made.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn lock_offer(&self) -> MutexGuard<'_, Arc<Offer>> {
        // It is replaced as a whole, so there is always a whole one.
        self.0.offer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_totals(&self) -> MutexGuard<'_, Vec<oneshot::Sender<Arc<Now>>>> {
        // A list in which somebody may be missing is still a list.
        self.0.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_history(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_log(&self) -> MutexGuard<'_, Log> {
        // A log in which a line may be missing is still a log.
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who watches.
#[derive(Debug)]
pub struct Watcher {
    now: watch::Receiver<Arc<Now>>,
    desk: Desk,
}

impl Watcher {
    /// Waits until something new is told, and returns the newest; what came before it is skipped. Cancel-safe.
    pub async fn changed(&mut self) -> Arc<Now> {
        // The sender is in the desk that this watcher holds, so it is never gone.
        let _ = self.now.changed().await;
        Arc::clone(&self.now.borrow_and_update())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.desk.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The runner's end: what visitors ask, in order. Once it is dropped, every visitor learns that the program ends.
#[derive(Debug)]
pub struct Commands(mpsc::Receiver<Asked>);

impl Commands {
    /// Waits for the next command; `None` if there is no desk any more, so that nobody can ask. Cancel-safe.
    pub async fn next(&mut self) -> Option<Asked> {
        self.0.recv().await
    }
}

/// A command, and the visitor that waits for its answer.
#[derive(Debug)]
pub struct Asked {
    /// What the visitor wants.
    pub command: Command,
    answer: oneshot::Sender<Result<Answer, Refusal>>,
}

impl Asked {
    /// Answers. A visitor that has left does not matter. One that gets no answer is told that the program ends.
    pub fn answer(self, answer: Result<Answer, Refusal>) {
        let _ = self.answer.send(answer);
    }
}

#[cfg(test)]
mod tests;
