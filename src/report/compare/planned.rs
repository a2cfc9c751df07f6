//! Which rows a run should have had: those of its plan, and those with requests that never came to an end.
//!
//! A broker that stops answering leaves no row behind. Without the plan such a run would look as if it had done something
//! else, and the plan is read from its text since that is what a result keeps of it.

use std::collections::BTreeSet;

use crate::stats::RowKey;
use crate::stats::result::RunResult;

/// The line of a plan's text above its rows.
const HEADING: &str = "rows of the statistics: ";

/// The rows of a plan.
#[derive(Debug, Clone, Default)]
pub struct PlannedRows {
    /// Type and name, as the plan's text has them.
    listed: BTreeSet<String>,
    begun: BTreeSet<RowKey>,
}

impl PlannedRows {
    /// The rows that a run should have had, as far as its result tells: nothing of CSV files.
    pub fn of(run: &RunResult) -> Self {
        let lines = run.run.plan_text.iter().flat_map(|text| text.lines());
        let below = lines.skip_while(|line| !line.starts_with(HEADING)).skip(1);
        let listed = below.map_while(|line| line.strip_prefix("  ")).map(str::to_owned).collect();
        let key = |request_type: &String, name: &String| RowKey {
            request_type: request_type.clone(),
            name: name.clone(),
        };
        let unfinished = run.unfinished.rows.iter().map(|row| key(&row.request_type, &row.name));
        Self { listed, begun: unfinished.collect() }
    }

    /// Whether the run should have had this row.
    pub fn has(&self, row: &RowKey) -> bool {
        self.begun.contains(row) || self.listed.contains(&format!("{} {}", row.request_type, row.name))
    }
}
