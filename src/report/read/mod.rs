//! Recorded results, read back: the document `result.json`, and the CSV files of a run, Locust's own included.
//!
//! Everything here turns bytes into a [`RunResult`](crate::stats::result::RunResult) or into an error that names path,
//! line and cure. `cli::recorded` finds and opens the files. A damaged file is refused as a whole: half a file would
//! look like a faster run.

pub mod csv;
pub mod document;
mod possible;
pub mod problem;
pub mod same_run;
