//! Data files of a run, each written by a thread of its own, so that a disk or a reader that is slow disturbs neither
//! the load nor its end.
//!
//! The run waits for a slow file, but not for ever. A [`Growing`] file has a queue of 64 MiB. When the queue is full,
//! the run waits up to half a second in each second, as long as bytes move. After that, lines are dropped and counted,
//! the run says so and ends with exit code 4. A file that holds a [`Latest`] state loses nothing: an older state is
//! useless when there is a newer one.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use crate::report::destination::{Destination, pieces, write_piece};

/// Most bytes that wait for a file.
const MAX_QUEUED: usize = 64 << 20;

/// How long the run waits for a full queue, for each tick.
const WAIT_PER_TICK: Duration = Duration::from_millis(500);

/// If no byte of a file was written for this long, the run does not wait for the file any more.
const STUCK: Duration = Duration::from_millis(300);

/// At the end a pipe is waited for until nothing was read from it for so long.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often a waiting thread looks whether something has moved.
const LOOK: Duration = Duration::from_millis(20);

/// How the writing of a file ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Everything is written.
    Whole,
    /// This many lines were lost, because they were not taken in time.
    Lost(u64),
    /// This many lines were not written after the system refused, as [`Growing::tick`] has reported.
    Refused(u64),
    /// The system refused to write.
    Failed(io::Error),
}

/// How long the end of a run waits for this destination: for a disk as long as it takes, and for the process's own
/// standard output too, since a pager reads on when somebody turns the page.
fn patience(destination: &Destination) -> Option<Duration> {
    (destination.is_stream() && !destination.is_open()).then_some(PATIENCE)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a, T>(changed: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    changed.wait_timeout(guard, LOOK).unwrap_or_else(PoisonError::into_inner).0
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// A file that grows by whole lines.
#[derive(Debug)]
pub(super) struct Growing {
    shared: Arc<GrowingShared>,
    patience: Option<Duration>,
    /// How many pieces were written when this was last looked at, and since when the number is the same.
    seen: (u64, Instant),
    /// How long this tick may still wait.
    may_wait: Duration,
}

#[derive(Debug, Default)]
struct GrowingShared {
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Pieces that were written.
    written: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<Chunk>,
    /// Bytes of the chunks, and of the one that is being written.
    bytes: usize,
    /// A chunk that was written, to be filled again.
    spare: Vec<u8>,
    lost: u64,
    closed: bool,
    /// The thread has ended.
    done: bool,
    error: Option<io::Error>,
    /// The error has been reported.
    told: bool,
}

/// A piece of whole lines.
#[derive(Debug)]
struct Chunk {
    /// How many bytes at the end of the file they replace.
    replaces: u64,
    bytes: Vec<u8>,
}

impl Growing {
    /// Starts its thread, which opens the file and writes its head.
    pub(super) fn start(destination: Destination, head: &str) -> io::Result<Self> {
        let shared = Arc::new(GrowingShared::default());
        let patience = patience(&destination);
        let (shared_too, head) = (Arc::clone(&shared), head.to_owned());
        thread::Builder::new().name("output".to_owned()).spawn(move || {
            let outcome = shared_too.write_chunks(&destination, head.as_bytes());
            let mut queue = lock(&shared_too.queue);
            queue.done = true;
            queue.error = outcome.err();
            queue.lose_all();
            shared_too.changed.notify_all();
        })?;
        Ok(Self { shared, patience, seen: (0, Instant::now()), may_wait: WAIT_PER_TICK })
    }

    /// A tick begins; it is an error if the file could not be written.
    pub(super) fn tick(&mut self) -> io::Result<()> {
        self.may_wait = WAIT_PER_TICK;
        let mut queue = lock(&self.shared.queue);
        let Some(error) = queue.error.take() else { return Ok(()) };
        queue.told = true;
        Err(error)
    }

    /// Hands over some whole lines and leaves an empty buffer.
    pub(super) fn send(&mut self, chunk: &mut Vec<u8>) {
        self.send_instead(0, chunk);
    }

    /// Hands over lines that replace the last bytes of the file, which must be a regular file.
    pub(super) fn send_instead(&mut self, replaced: usize, chunk: &mut Vec<u8>) {
        let shared = Arc::clone(&self.shared);
        let mut queue = lock(&shared.queue);
        if queue.bytes == 0 {
            self.seen.1 = Instant::now();
        }
        while !queue.done && queue.bytes > 0 && queue.bytes + chunk.len() > MAX_QUEUED {
            let begin = Instant::now();
            if self.may_wait.is_zero() || self.motionless(begin) >= STUCK {
                break;
            }
            queue = wait(&shared.changed, queue);
            self.may_wait = self.may_wait.saturating_sub(begin.elapsed());
        }
        if queue.done || (queue.bytes > 0 && queue.bytes + chunk.len() > MAX_QUEUED) {
            queue.lost += lines(chunk);
            chunk.clear();
            return;
        }
        queue.bytes += chunk.len();
        let bytes = std::mem::replace(chunk, std::mem::take(&mut queue.spare));
        // What was lost cannot be replaced; the file is known to be incomplete then.
        let replaces = if queue.lost > 0 { 0 } else { replaced as u64 };
        queue.chunks.push_back(Chunk { replaces, bytes });
        shared.changed.notify_all();
    }

    /// Returns whether lines were lost.
    pub(super) fn has_lost(&self) -> bool {
        lock(&self.shared.queue).lost > 0
    }

    /// For how long nothing has moved.
    fn motionless(&mut self, now: Instant) -> Duration {
        let written = self.shared.written.load(Ordering::Relaxed);
        if written != self.seen.0 {
            self.seen = (written, now);
        }
        now - self.seen.1
    }

    /// Waits until everything is written, or given up.
    pub(super) fn finish(mut self) -> Ending {
        let shared = Arc::clone(&self.shared);
        let mut queue = lock(&shared.queue);
        queue.closed = true;
        shared.changed.notify_all();
        while !queue.done {
            if self.patience.is_some_and(|patience| self.motionless(Instant::now()) >= patience) {
                queue.lose_all();
                return Ending::Lost(queue.lost);
            }
            queue = wait(&shared.changed, queue);
        }
        match queue.error.take() {
            Some(error) => Ending::Failed(error),
            None if queue.told => Ending::Refused(queue.lost),
            None if queue.lost > 0 => Ending::Lost(queue.lost),
            None => Ending::Whole,
        }
    }
}

impl GrowingShared {
    fn write_chunks(&self, destination: &Destination, head: &[u8]) -> io::Result<()> {
        let file = destination.begin(head)?;
        loop {
            let mut queue = lock(&self.queue);
            let Chunk { replaces, bytes: mut chunk } = loop {
                match queue.chunks.pop_front() {
                    Some(chunk) => break chunk,
                    None if queue.closed => return Ok(()),
                    None => queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(queue);
            if replaces > 0 {
                take_back(&file, replaces)?;
            }
            let mut rest = lines(&chunk);
            // Up to where the file consists of whole lines.
            let mut at = if destination.is_stream() { None } else { Some((&file).stream_position()?) };
            let mut whole = at;
            for piece in pieces(&chunk) {
                if let Err(error) = write_piece(&file, piece) {
                    if let Some(whole) = whole {
                        // Half a line is worse than no line; what cannot be taken back stays.
                        let _ = file.set_len(whole);
                    }
                    lock(&self.queue).lost += rest;
                    return Err(error);
                }
                rest -= lines(piece);
                at = at.map(|at| at + piece.len() as u64);
                if piece.ends_with(b"\n") {
                    whole = at;
                }
                self.written.fetch_add(1, Ordering::Relaxed);
            }
            let mut queue = lock(&self.queue);
            queue.bytes -= chunk.len();
            chunk.clear();
            queue.spare = chunk;
            self.changed.notify_all();
        }
    }
}

impl Queue {
    fn lose_all(&mut self) {
        self.lost += self.chunks.drain(..).map(|chunk| lines(&chunk.bytes)).sum::<u64>();
    }
}

/// Takes away the last bytes of a file; more is written there.
fn take_back(mut file: &File, bytes: u64) -> io::Result<()> {
    let length = file.stream_position()?.saturating_sub(bytes);
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length)).map(drop)
}

/// Collects lines for a [`Growing`] file. A write never fails here.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) file: Growing,
    buffer: Vec<u8>,
}

/// A buffer of this many bytes is handed over.
const CHUNK: usize = 1 << 20;

impl Collected {
    pub(super) fn new(file: Growing) -> Self {
        Self { file, buffer: Vec::new() }
    }
}

impl io::Write for Collected {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK && bytes.ends_with(b"\n") {
            self.file.send(&mut self.buffer);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.send(&mut self.buffer);
        }
        Ok(())
    }
}

/// A file that is replaced whole by the latest state that there is.
#[derive(Debug)]
pub(super) struct Latest<T> {
    shared: Arc<LatestShared<T>>,
    patience: Option<Duration>,
}

#[derive(Debug)]
struct LatestShared<T> {
    slot: Mutex<Slot<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Slot<T> {
    next: Option<T>,
    closed: bool,
    done: bool,
    error: Option<io::Error>,
}

impl<T: Send + 'static> Latest<T> {
    /// Starts its thread, in which `render` makes the file of a state.
    pub(super) fn start(
        destination: Destination,
        render: impl Fn(T) -> io::Result<Vec<u8>> + Send + 'static,
    ) -> io::Result<Self> {
        let slot = Slot { next: None, closed: false, done: false, error: None };
        let shared = Arc::new(LatestShared { slot: Mutex::new(slot), changed: Condvar::new() });
        let (patience, shared_too) = (patience(&destination), Arc::clone(&shared));
        thread::Builder::new().name("output".to_owned()).spawn(move || {
            let outcome = shared_too.write_states(&destination, render);
            let mut slot = lock(&shared_too.slot);
            slot.done = true;
            slot.error = outcome.err();
            shared_too.changed.notify_all();
        })?;
        Ok(Self { shared, patience })
    }

    /// Hands over a state; it is an error if an older one could not be written.
    pub(super) fn set(&self, state: T) -> io::Result<()> {
        let mut slot = lock(&self.shared.slot);
        slot.next = Some(state);
        self.shared.changed.notify_all();
        slot.error.take().map_or(Ok(()), Err)
    }

    /// Waits until the last state is written, or given up.
    pub(super) fn finish(self) -> Ending {
        let mut slot = lock(&self.shared.slot);
        slot.closed = true;
        self.shared.changed.notify_all();
        let begin = Instant::now();
        while !slot.done {
            if self.patience.is_some_and(|patience| begin.elapsed() >= patience) {
                return Ending::Lost(0);
            }
            slot = wait(&self.shared.changed, slot);
        }
        slot.error.take().map_or(Ending::Whole, Ending::Failed)
    }
}

impl<T> LatestShared<T> {
    fn write_states(
        &self,
        destination: &Destination,
        render: impl Fn(T) -> io::Result<Vec<u8>>,
    ) -> io::Result<()> {
        loop {
            let mut slot = lock(&self.slot);
            let state = loop {
                match slot.next.take() {
                    Some(state) => break state,
                    None if slot.closed => return Ok(()),
                    None => slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(slot);
            destination.replace(&render(state)?)?;
        }
    }
}
