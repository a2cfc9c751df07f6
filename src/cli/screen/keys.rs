//! Keys that are pressed while a run goes on.
//!
//! The terminal gives each key at once and shows none, but Ctrl-C and Ctrl-Z stay signals. Keys are read only in the
//! foreground: a process in the background that reads from its terminal or changes its modes would be stopped. The
//! modes are put back at the end, also when the program panics or is interrupted twice.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr,
};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Key {
    /// So many users more, or fewer.
    Users(i32),
    /// The end of the run.
    Stop,
}

impl Key {
    /// Locust's keys, and `q`.
    fn of(byte: u8) -> Option<Self> {
        match byte {
            b'w' => Some(Self::Users(1)),
            b'W' => Some(Self::Users(10)),
            b's' => Some(Self::Users(-1)),
            b'S' => Some(Self::Users(-10)),
            b'q' => Some(Self::Stop),
            _ => None,
        }
    }
}

/// How often the thread looks whether it is over, and whether the process is in the foreground again.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// What the terminal was like before the run.
#[derive(Debug)]
enum Terminal {
    /// Nothing has been changed.
    Untouched,
    /// Its modes have been changed from these.
    Changed(Termios),
    /// The run is over: nothing is changed any more.
    Over,
}

/// The one terminal of the process. It is global, since a second interrupt ends the process wherever it is.
static TERMINAL: Mutex<Terminal> = Mutex::new(Terminal::Untouched);

fn terminal() -> MutexGuard<'static, Terminal> {
    TERMINAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys are read as long as this lives.
#[derive(Debug)]
pub(in crate::cli) struct Keys(());

impl Drop for Keys {
    fn drop(&mut self) {
        restore();
    }
}

/// Begins to read keys, if standard input is a terminal; `press` is called on a thread of its own.
pub(in crate::cli) fn start(press: impl Fn(Key) + Send + Sync + 'static) -> Option<Keys> {
    if !isatty(io::stdin()) {
        return None;
    }
    let press = Arc::new(press);
    let keys = Keys(());
    // Without the thread there are no keys, and the run is as good.
    thread::Builder::new().name("keys".to_owned()).spawn(move || read(&*press)).ok()?;
    Some(keys)
}

/// Puts the modes of the terminal back, for good.
pub(in crate::cli) fn restore() {
    let mut terminal = terminal();
    if let Terminal::Changed(before) = &*terminal
        && is_in_foreground()
    {
        // If that fails, the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
    *terminal = Terminal::Over;
}

fn read(press: &dyn Fn(Key)) {
    let stdin = io::stdin();
    loop {
        if !prepare() {
            return;
        }
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let ready = poll(&mut fds, Some(&LOOK));
        if !matches!(ready, Ok(1..)) || !is_in_foreground() {
            if matches!(ready, Ok(1..)) {
                // The key is for somebody else, who may not take it for a while.
                let _ = poll(&mut [], Some(&LOOK));
            }
            continue;
        }
        let mut bytes = [0; 64];
        match rustix::io::read(&stdin, &mut bytes) {
            // The terminal is gone.
            Ok(0) => return,
            Ok(count) => bytes[..count].iter().filter_map(|byte| Key::of(*byte)).for_each(press),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}

/// Makes the terminal give each key at once, whenever it does not and the process is in the foreground: a shell may
/// have changed it while the process was stopped. Returns whether keys are still wanted.
fn prepare() -> bool {
    let mut terminal = terminal();
    if matches!(*terminal, Terminal::Over) {
        return false;
    }
    if !is_in_foreground() {
        return true;
    }
    let Ok(now) = tcgetattr(io::stdin()) else { return true };
    let unwanted = LocalModes::ICANON | LocalModes::ECHO;
    if now.local_modes.intersects(unwanted) {
        let mut wanted = now.clone();
        wanted.local_modes.remove(unwanted);
        wanted.special_codes[SpecialCodeIndex::VMIN] = 1;
        wanted.special_codes[SpecialCodeIndex::VTIME] = 0;
        // Keys that were pressed before are not lost.
        if tcsetattr(io::stdin(), OptionalActions::Now, &wanted).is_ok()
            && let Terminal::Untouched = &*terminal
        {
            *terminal = Terminal::Changed(now);
        }
    }
    true
}

/// Whether this process may read from its terminal.
fn is_in_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}

#[cfg(test)]
mod tests;
