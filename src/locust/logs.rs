//! The last lines of the log, which the web interface of the master shows for each worker.
//!
//! A master replaces what it has, so all lines go out each time, as Locust's own workers send them. It keeps 500 lines of its
//! own log, and so does this.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many lines are kept.
const LINES: usize = 500;

/// The most bytes of a line; the rest is cut off, so that 500 lines are a message of a sensible size.
const LINE_BYTES: usize = 2_000;

/// The last lines of a log. Clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct LastLines(Arc<Mutex<Ring>>);

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<String>,
    has_news: bool,
}

impl LastLines {
    /// Adds a line, without its end.
    pub fn add(&self, line: &str) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.lines.len() == LINES {
            ring.lines.pop_front();
        }
        let end = line.floor_char_boundary(LINE_BYTES);
        ring.lines.push_back(line[..end].to_owned());
        ring.has_news = true;
    }

    /// All lines, oldest first, if there is a new one since the last call.
    pub fn take_if_new(&self) -> Option<Vec<String>> {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = std::mem::take(&mut ring.has_news);
        news.then(|| ring.lines.iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests;
