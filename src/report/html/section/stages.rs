//! The stages of a run, and the rows of each.

use askama::Template;

use crate::report::html::section::rows::{self, Cell, Rows};
use crate::report::html::text;
use crate::stats::result::{RunResult, StageResult};

/// The rows of stages are shown if there are at most so many of them in all: beyond it they would be most of the page.
const MAX_ROWS_OF_STAGES: usize = 200;

#[derive(Template)]
#[template(path = "report/stages.html", whitespace = "minimize")]
pub(crate) struct Stages {
    stages: Vec<Stage>,
    details: Vec<(String, Rows)>,
}

struct Stage {
    name: String,
    cells: Vec<Cell>,
}

impl Stages {
    /// `None` if the run has only one stage, whose numbers are those of the run.
    pub(crate) fn of(result: &RunResult) -> Option<Self> {
        if result.stages.len() < 2 {
            return None;
        }
        let has_details =
            result.stages.iter().map(|stage| stage.rows.len()).sum::<usize>() <= MAX_ROWS_OF_STAGES;
        let details =
            result.stages.iter().filter(|stage| has_details && !stage.rows.is_empty()).map(|stage| {
                let name = text::line(&stage.name);
                let rows = Rows::of(format!("Rows of stage {name}"), &stage.rows, None);
                (name, rows)
            });
        Some(Self { stages: result.stages.iter().map(Stage::of).collect(), details: details.collect() })
    }
}

impl Stage {
    fn of(stage: &StageResult) -> Self {
        let moment = |seconds: f64| Cell::new(text::length(seconds), seconds);
        let mut cells =
            vec![moment(stage.begins_s), moment(stage.ends_s), Cell::count(u64::from(stage.users))];
        cells.extend(rows::counts(&stage.aggregated));
        cells.extend(rows::times(&stage.aggregated));
        Self { name: text::line(&stage.name), cells }
    }
}
