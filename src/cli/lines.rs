//! Lines for people, on standard error or in a log file, written by a thread of their own; and a picture below them on a
//! terminal, which changes in place.
//!
//! A writer never waits for the reader and never fails. Lines that find the queue full, or that the system refuses, are
//! counted, and the count is shown where somebody may see it.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::screen::painter::Painter;
use crate::cli::screen::size::Size;
use crate::report::columns::fit;
use crate::report::destination::{Destination, write_all};
use crate::scenario::secrets::hide_urls;

/// Most lines that wait.
const MAX_WAITING: usize = 4_096;

/// How often a full queue is tried again at the end.
const LOOK: Duration = Duration::from_millis(10);

/// Draws lines that fit a terminal of any size, which is known only when they are drawn.
pub(super) struct Picture(Box<dyn Fn(Size) -> Vec<String> + Send>);

impl Picture {
    /// A picture that this function draws.
    pub(super) fn new(draw: impl Fn(Size) -> Vec<String> + Send + 'static) -> Self {
        Self(Box::new(draw))
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picture")
    }
}

/// What is handed to the thread.
#[derive(Debug)]
enum Message {
    Line(String),
    Show(Picture),
    EndOfShow,
    /// Everything before it has been dealt with.
    Reached(SyncSender<()>),
}

/// Where lines go.
#[derive(Debug)]
enum Sink {
    Stderr,
    File(File),
    /// The thread opens it, since opening a pipe waits for a reader.
    Pipe(Destination),
}

/// A handle: clones are the same thing.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    to: SyncSender<Message>,
    state: Arc<WriterState>,
    coloured: bool,
}

#[derive(Debug, Default)]
struct WriterState {
    /// Lines in the queue, or being written.
    waiting: AtomicU64,
    /// Lines that will never be written.
    lost: AtomicU64,
    /// How many of them the reader does not know about yet.
    untold: AtomicU64,
    why: Mutex<Option<io::Error>>,
}

impl Lines {
    /// Standard error.
    pub(super) fn stderr() -> io::Result<Self> {
        let coloured = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
        Self::start(Sink::Stderr, coloured)
    }

    /// A file, which is overwritten.
    pub(super) fn file(destination: Destination) -> io::Result<Self> {
        let sink = match destination {
            stream @ Destination::Stream(_) => Sink::Pipe(stream),
            other => Sink::File(other.begin(b"")?),
        };
        Self::start(sink, false)
    }

    fn start(sink: Sink, coloured: bool) -> io::Result<Self> {
        let (to, from) = sync_channel(MAX_WAITING);
        let state = Arc::new(WriterState::default());
        let state_too = Arc::clone(&state);
        thread::Builder::new()
            .name("lines".to_owned())
            .spawn(move || write_lines(sink, &from, &state_too))?;
        Ok(Self { to, state, coloured })
    }

    /// Says a line, or several; the text ends with a line end.
    pub(super) fn say(&self, text: impl Into<String>) {
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        if self.to.try_send(Message::Line(text.into())).is_err() {
            self.state.waiting.fetch_sub(1, Ordering::Relaxed);
            self.state.lost.fetch_add(1, Ordering::Relaxed);
            self.state.untold.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says what is wrong.
    pub(super) fn error(&self, what: impl fmt::Display) {
        let (on, off) = if self.coloured { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        self.say(format!("{on}error{off}: {}\n", hide_urls(&what.to_string())));
    }

    /// Whether colours are wanted there.
    pub(super) fn coloured(&self) -> bool {
        self.coloured
    }

    /// Shows a picture below the lines, in place of the one before. Only standard error that is a terminal can show
    /// one. What the queue has no room for would be out of date anyway.
    pub(super) fn show(&self, picture: Picture) {
        let _ = self.to.try_send(Message::Show(picture));
    }

    /// Takes the picture away.
    pub(super) fn end_show(&self) {
        let _ = self.to.try_send(Message::EndOfShow);
    }

    /// Waits until everything is written that was handed over so far, but no longer than this.
    pub(super) fn flush(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let (reached, is_reached) = sync_channel(1);
        let mut message = Message::Reached(reached);
        while let Err(TrySendError::Full(back)) = self.to.try_send(message) {
            if Instant::now() >= until {
                return;
            }
            message = back;
            thread::park_timeout(LOOK);
        }
        // Too late or never: the count of what is missing tells.
        let _ = is_reached.recv_timeout(until.saturating_duration_since(Instant::now()));
    }

    /// How many lines have not been written, and why if the system said so.
    pub(super) fn missing(&self) -> Option<String> {
        let count = self.state.waiting.load(Ordering::Relaxed) + self.state.lost.load(Ordering::Relaxed);
        let why = self.state.why.lock().unwrap_or_else(PoisonError::into_inner);
        let why = why.as_ref().map_or_else(|| "nobody read them in time".to_owned(), ToString::to_string);
        let lines = if count == 1 { "line" } else { "lines" };
        (count > 0).then(|| format!("{count} {lines} could not be written: {why}"))
    }
}

fn write_lines(sink: Sink, from: &Receiver<Message>, state: &WriterState) {
    let is_stderr = matches!(sink, Sink::Stderr);
    let file = match sink {
        Sink::Stderr => io::stderr().as_fd().try_clone_to_owned().map(File::from),
        Sink::File(file) => Ok(file),
        Sink::Pipe(destination) => destination.begin(b""),
    };
    let write = |text: &str| match &file {
        Ok(file) => write_all(file, text.as_bytes()),
        Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
    };
    let (mut painter, mut shown) = (Painter::default(), None::<Picture>);
    // Whether lines have been written in the place of the picture.
    let mut is_covered = false;
    loop {
        let message = match from.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Disconnected) => return,
            // Many lines at once are followed by one picture.
            Err(TryRecvError::Empty) => {
                if let (Some(Picture(draw)), true) = (&shown, is_covered) {
                    let size = Size::of_stderr();
                    let _ = write(&painter.frame(&draw(size), size.columns));
                    is_covered = false;
                }
                match from.recv() {
                    Ok(message) => message,
                    Err(RecvError) => return,
                }
            }
        };
        match message {
            Message::Line(mut text) => {
                let missing = state.untold.swap(0, Ordering::Relaxed);
                if missing > 0 {
                    text = format!("[{missing} lines are missing here: nobody read them in time]\n{text}");
                }
                if let Some(size) = Size::of_stderr_terminal().filter(|_| is_stderr) {
                    text = fitted(text, size.columns);
                }
                if shown.is_some() {
                    text = painter.above(&text, Size::of_stderr().columns);
                    is_covered = true;
                }
                if let Err(error) = write(&text) {
                    state.lost.fetch_add(1, Ordering::Relaxed);
                    *state.why.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
                state.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            // A picture that cannot be drawn is no loss: the lines tell whether standard error is gone.
            Message::Show(picture) => {
                let size = Size::of_stderr();
                let _ = write(&painter.frame(&picture.0(size), size.columns));
                (shown, is_covered) = (Some(picture), false);
            }
            Message::EndOfShow => {
                if shown.take().is_some() {
                    let _ = write(&painter.clear(Size::of_stderr().columns));
                }
            }
            Message::Reached(reached) => {
                let _ = reached.try_send(());
            }
        }
    }
}

/// A text whose long lines are broken between words. What has colours was fitted before they were added.
fn fitted(text: String, columns: usize) -> String {
    if text.contains('\u{1b}') { text } else { fit(&text, columns) }
}

#[cfg(test)]
mod tests;
