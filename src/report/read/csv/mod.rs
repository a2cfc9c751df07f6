//! The four CSV files of a run as a result: Locust's own, and ours, which are the same.
//!
//! ```text
//! table ──▶ stats    rows and their percentile columns
//!       ──▶ history  the run over time, from differences of the totals
//!       ──▶ problems failures and exceptions
//!       run: all of them as one RunResult, with notes on what the files cannot tell
//! ```

pub mod history;
pub mod problems;
pub mod run;
pub mod stats;
mod table;
