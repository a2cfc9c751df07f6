//! The pieces of the page that change, made once for all visitors who look at the same row.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;

use crate::report::html::{Section, charts_of, sections};
use crate::web::now::Now;
use crate::web::page::state::RunState;

#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) id: &'static str,
    pub(super) html: Arc<str>,
    /// Two pieces with one mark are the same.
    pub(super) mark: u64,
}

/// Makes pieces, and remembers the newest.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    made: Mutex<Made>,
    marks: RandomState,
}

#[derive(Debug, Default)]
struct Made {
    now: Option<Arc<Now>>,
    all: Vec<Piece>,
    /// The charts of each row that somebody looks at, with the second of the run in which they were made.
    charts: HashMap<String, (u32, u64, Piece)>,
}

/// Charts are made anew so many times in a run of any length: they are the most of a page, and a second changes little of
/// an hour.
const STEPS: u64 = 120;

/// So many rows are looked at by different visitors at most; the others get the charts of all requests.
const MAX_ROWS: usize = 20;

impl Pieces {
    /// The pieces of the page at this moment, with the charts of the row that has this title.
    pub(super) fn of(&self, now: &Arc<Now>, row: &str) -> Vec<Piece> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !made.now.as_ref().is_some_and(|known| Arc::ptr_eq(known, now)) {
            made.all = self.make(now);
            if made.now.as_ref().is_some_and(|known| known.run != now.run) {
                made.charts.clear();
            }
            made.now = Some(Arc::clone(now));
        }
        let mut pieces = made.all.clone();
        if let Some(charts) = self.charts(&mut made, now, row) {
            let place =
                pieces.iter().position(|piece| piece.id == "figures").map_or(pieces.len(), |at| at + 1);
            pieces.insert(place, charts);
        }
        pieces
    }

    fn make(&self, now: &Now) -> Vec<Piece> {
        let length_s = now.result.as_ref().and_then(|result| result.run.planned_s);
        let state = RunState::of(now, length_s).render().unwrap_or_default();
        let sections = now.result.as_ref().and_then(|result| sections(result).ok()).unwrap_or_default();
        let sections = sections.into_iter().map(|Section { id, html }| self.piece(id, html));
        [self.piece("state", state)].into_iter().chain(sections).collect()
    }

    fn charts(&self, made: &mut Made, now: &Now, row: &str) -> Option<Piece> {
        let result = now.result.as_ref()?;
        let second = now.elapsed.as_secs();
        let is_new = |run: u32, at: u64| {
            run != now.run
                || !now.phase.is_run()
                || second < at
                || (second - at).saturating_mul(STEPS) >= second
        };
        let row = if made.charts.len() >= MAX_ROWS && !made.charts.contains_key(row) { "" } else { row };
        match made.charts.get(row) {
            Some((run, at, piece)) if !is_new(*run, *at) => Some(piece.clone()),
            _ => {
                let piece = self.piece("charts", charts_of(result, row).ok()?);
                made.charts.insert(row.to_owned(), (now.run, second, piece.clone()));
                Some(piece)
            }
        }
    }

    fn piece(&self, id: &'static str, html: String) -> Piece {
        Piece { id, mark: self.marks.hash_one(&html), html: html.into() }
    }
}

#[cfg(test)]
mod tests;
