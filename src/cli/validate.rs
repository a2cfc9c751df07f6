//! `validate`: every mistake of a scenario, and nothing else.

use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::cli::load::{ScenarioOptions, load};

/// Check a scenario: tell every mistake at once, start nothing
///
/// Exit code 0 if the scenario can run, 2 if it cannot.
#[derive(Debug, Args)]
pub(super) struct ValidateOptions {
    #[command(flatten)]
    scenario: ScenarioOptions,
}

pub(super) fn run(options: &ValidateOptions) -> ExitCode {
    match load(&options.scenario) {
        Ok(plan) => exit::output(&format!(
            "{}: fine ({} user {}, {} {})\n",
            options.scenario.scenario.display(),
            plan.classes.len(),
            if plan.classes.len() == 1 { "class" } else { "classes" },
            plan.rows.len(),
            if plan.rows.len() == 1 { "row" } else { "rows" },
        )),
        Err(code) => code,
    }
}
