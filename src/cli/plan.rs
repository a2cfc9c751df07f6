//! `plan`: what would run, as text.

use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::cli::load::{ScenarioOptions, load};
use crate::plan::describe::describe;

/// Show what a scenario would do, without doing it
///
/// Users per class, tasks and their shares, steps with sample messages, rates, and when the run ends.
#[derive(Debug, Args)]
pub(super) struct PlanOptions {
    #[command(flatten)]
    scenario: ScenarioOptions,
}

pub(super) fn run(options: &PlanOptions) -> ExitCode {
    match load(&options.scenario) {
        Ok(plan) => exit::output(&describe(&plan)),
        Err(code) => code,
    }
}
