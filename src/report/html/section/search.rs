//! The search for the highest rate.

use askama::Template;

use crate::report::html::section::rows::Cell;
use crate::report::html::text;
use crate::stats::result::{RunResult, TriedRate};
use crate::units::fitting;

#[derive(Template)]
#[template(path = "report/search.html", whitespace = "minimize")]
pub(crate) struct Search {
    sentence: String,
    until: String,
    complete: bool,
    tried: Vec<Tried>,
}

struct Tried {
    cells: Vec<Cell>,
    class: &'static str,
    verdict: &'static str,
}

impl Search {
    /// `None` if the run was no search.
    pub(crate) fn of(result: &RunResult) -> Option<Self> {
        let search = result.search.as_ref()?;
        Some(Self {
            sentence: text::line(&search.sentence),
            until: text::line(&search.until),
            complete: search.complete,
            tried: search.tried.iter().map(Tried::of).collect(),
        })
    }
}

impl Tried {
    fn of(rate: &TriedRate) -> Self {
        let cells = vec![
            Cell::new(fitting::rate(rate.rate), rate.rate),
            Cell::new(fitting::rate(rate.achieved), rate.achieved),
            Cell::time(rate.p50_ms),
            Cell::time(rate.p99_ms),
            Cell::count(rate.failures),
        ];
        let (class, verdict) = match (rate.holds, rate.generator_was_the_limit) {
            (_, true) => ("open", "the load generator was the limit"),
            (true, false) => ("good", "holds"),
            (false, false) => ("bad", "does not hold"),
        };
        Self { cells, class, verdict }
    }
}
