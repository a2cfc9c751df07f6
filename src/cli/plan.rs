//! `plan`: what would run, as text or JSON, and what differs between two scenarios.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::exit;
use crate::cli::load::{ScenarioOptions, load};
use crate::plan::Plan;
use crate::plan::describe::{describe, describe_json, ratio};
use crate::plan::diff::diff;

/// Two scenarios differ, as in `diff`.
const DIFFERENT: u8 = 1;

const AFTER_HELP: &str = "\
Of two scenarios it shows what differs by meaning: classes, tasks and steps by their names,
values before and after, users and rates as results. Comments, order of keys and TOML or YAML
make no difference. What the command line says (-u, -H, ...) holds for both.

Exit codes:
  0 fine, two scenarios mean the same; 1 they differ; 2 bad usage or scenario

Examples:
  mqtt-scenario plan my.toml -u 10000
  mqtt-scenario plan my.toml --format json | jq .load.traffic
  mqtt-scenario plan before.toml after.yaml
  mqtt-scenario plan my.toml --show-task-ratio";

/// Show what a scenario would do, without doing it
///
/// Users per class, tasks and their shares, steps with sample messages, rates, what the run needs, and when it
/// ends. Passwords are never shown.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct PlanOptions {
    #[command(flatten)]
    scenario: ScenarioOptions,

    /// Another scenario: show what differs from the first
    #[arg(value_name = "OTHER", conflicts_with_all = ["format", "show_task_ratio", "show_task_ratio_json"])]
    other: Option<PathBuf>,

    /// How to write the plan; docs/plan-json.md tells the shape of the JSON
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    #[command(flatten)]
    ratio: RatioOptions,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For scripts
    Json,
}

/// Locust's two flags, which print something instead of doing anything.
#[derive(Debug, Args)]
pub(super) struct RatioOptions {
    /// Print the shares of tasks, as Locust does, and nothing else
    #[arg(long)]
    show_task_ratio: bool,

    /// The same as JSON
    #[arg(long, conflicts_with = "show_task_ratio")]
    show_task_ratio_json: bool,
}

impl RatioOptions {
    /// What to print instead of all else, if that was asked for.
    pub(super) fn text(&self, plan: &Plan) -> Option<String> {
        if self.show_task_ratio {
            Some(ratio::table(plan))
        } else {
            self.show_task_ratio_json.then(|| format!("{:#}\n", ratio::json(plan)))
        }
    }
}

pub(super) fn run(options: &PlanOptions) -> ExitCode {
    try_run(options).unwrap_or_else(|code| code)
}

fn try_run(options: &PlanOptions) -> Result<ExitCode, ExitCode> {
    let plan = load(&options.scenario)?;
    if let Some(other) = &options.other {
        let mut second = options.scenario.clone();
        second.scenario.clone_from(other);
        let other = load(&second)?;
        let differences = diff(&describe_json(&plan), &describe_json(&other));
        let printed = exit::output(&differences);
        return Ok(if differences.is_empty() { printed } else { ExitCode::from(DIFFERENT) });
    }
    let text = options.ratio.text(&plan).unwrap_or_else(|| match options.format {
        Format::Text => describe(&plan),
        Format::Json => format!("{:#}\n", describe_json(&plan)),
    });
    Ok(exit::output(&text))
}
