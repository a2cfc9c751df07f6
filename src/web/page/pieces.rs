//! The pieces of the page that change, made once for all visitors who look at the same row.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;

use crate::report::html::{Section, charts_of, sections};
use crate::web::now::Now;
use crate::web::page::state::RunState;

/// A piece of the page.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// The `id` of its place.
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
    /// What they were made of.
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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stats::result::RunResult;
    use crate::stats::result::row::RowResult;
    use crate::web::now::Phase;

    fn at(run: u32, second: u64, requests: u64, phase: Phase) -> Arc<Now> {
        let row = RowResult { name: format!("say {requests}"), requests, ..RowResult::default() };
        let aggregated = RowResult { requests, ..RowResult::default() };
        let result = RunResult { rows: vec![row], aggregated, ..RunResult::default() };
        Arc::new(Now {
            run,
            phase,
            elapsed: Duration::from_secs(second),
            result: Some(Arc::new(result)),
            ..Now::default()
        })
    }

    fn mark(pieces: &[Piece], id: &str) -> u64 {
        pieces.iter().find(|piece| piece.id == id).unwrap().mark
    }

    #[test]
    fn what_does_not_change_has_the_same_mark_and_charts_stand_behind_the_figures() {
        let pieces = Pieces::default();
        let (one, two) = (at(1, 3, 10, Phase::Running), at(1, 4, 20, Phase::Running));
        let (first, second) = (pieces.of(&one, ""), pieces.of(&two, ""));
        let ids: Vec<_> = first.iter().map(|piece| piece.id).collect();
        assert_eq!(&ids[..4], ["state", "verdict", "figures", "charts"]);
        assert_ne!(mark(&first, "rows"), mark(&second, "rows"));
        assert_eq!(mark(&first, "failures"), mark(&second, "failures"));
    }

    #[test]
    fn charts_of_a_long_run_are_made_anew_less_often_and_at_its_end() {
        let pieces = Pieces::default();
        let chart = |run, second, phase| mark(&pieces.of(&at(run, second, second, phase), ""), "charts");
        let short = chart(1, 10, Phase::Running);
        assert_ne!(chart(1, 11, Phase::Running), short, "a second is much of eleven");
        let long = chart(1, 1_200, Phase::Running);
        assert_eq!(chart(1, 1_209, Phase::Running), long);
        let later = chart(1, 1_211, Phase::Running);
        assert_ne!(later, long);
        assert_ne!(chart(1, 1_212, Phase::Stopped), later, "the end is told at once");
        assert_ne!(chart(2, 1_213, Phase::Running), later, "another run");
    }

    #[test]
    fn more_rows_than_can_be_kept_get_the_charts_of_all_requests() {
        let pieces = Pieces::default();
        let now = at(1, 5, 10, Phase::Running);
        for row in 0..MAX_ROWS + 5 {
            assert!(pieces.of(&now, &format!("no row {row}")).iter().any(|piece| piece.id == "charts"));
        }
        assert!(pieces.made.lock().unwrap().charts.len() <= MAX_ROWS + 1);
    }
}
