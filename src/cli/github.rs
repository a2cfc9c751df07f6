//! What a run tells GitHub Actions: annotations on missed thresholds, and a summary of the job.
//!
//! The workflow runner says by variables of the environment that it is there, so no flag asks for it.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::report::github::{annotations, job_summary};
use crate::stats::result::RunResult;

/// The workflow commands for standard output; empty outside of a workflow.
pub(super) fn commands(result: &RunResult) -> String {
    let is_there = env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    if is_there { annotations(result) } else { String::new() }
}

/// Adds the result to the summary of the job, if there is one. An error names the file.
pub(super) fn summarize(result: &RunResult) -> Result<(), String> {
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = PathBuf::from(path);
    let append = || -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(job_summary(result).as_bytes())
    };
    append().map_err(|error| format!("cannot write the job summary {}: {error}", path.display()))
}
