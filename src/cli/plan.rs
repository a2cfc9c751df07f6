//! `plan`: shows what would run, as text or JSON, or the differences between two scenarios.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::exit;
use crate::cli::load::{Loaded, load};
use crate::cli::scenario_options::ScenarioOptions;
use crate::describe::difference::{diff, differences};
use crate::describe::{describe, describe_json, ratio};
use crate::plan::Plan;

/// Two scenarios differ, as in `diff`.
const DIFFERENT: u8 = 1;

const AFTER_HELP: &str = "\
With two scenarios, it shows how they differ in meaning: classes, tasks and steps by their names,
values before and after, and the resulting users and rates. Comments, the order of keys, and the
choice of TOML or YAML make no difference. The flags (-u, -H, ...) apply to both scenarios.

With --format json, the differences are an object: `same` is true if there are none; `differences`
is a list of objects with path, before and after (null if a value is missing); `text` has the lines.

Exit codes:
  0 the plan is fine, or two scenarios mean the same;
  1 they differ (0 with --format json); 2 wrong usage or a wrong scenario

Examples:
  mqtt-scenario plan my.toml -u 10000
  mqtt-scenario plan my.toml --format json | jq .load.traffic
  mqtt-scenario plan my.toml --shard 0/4 --run-id nightly-7
  mqtt-scenario plan before.toml after.yaml
  mqtt-scenario plan before.toml after.yaml --format json | jq '.differences[].path'
  mqtt-scenario plan my.toml --show-task-ratio";

/// Show what a scenario would do, without running it
///
/// It lists the users of each class, the tasks and their shares, the steps with sample messages, the rates, what the
/// run needs and when it ends. Passwords are never shown.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct PlanOptions {
    #[command(flatten)]
    scenario: ScenarioOptions,

    /// Another scenario, to show how it differs from the first
    #[arg(value_name = "OTHER", conflicts_with_all = ["show_task_ratio", "show_task_ratio_json", "list"])]
    other: Option<PathBuf>,

    /// How to write the plan; docs/plan-json.md describes the JSON
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

/// Locust's flags, which print something instead of doing anything.
#[derive(Debug, Clone, Args)]
pub(super) struct RatioOptions {
    /// Print the shares of tasks, as Locust does, and nothing else
    #[arg(long)]
    show_task_ratio: bool,

    /// Print the shares of tasks as JSON, and nothing else
    #[arg(long, conflicts_with = "show_task_ratio")]
    show_task_ratio_json: bool,

    /// Print the names of the user classes, as Locust does, and nothing else
    #[arg(short, long, conflicts_with_all = ["show_task_ratio", "show_task_ratio_json"])]
    list: bool,
}

impl RatioOptions {
    /// Returns what to print instead of everything else, if that was asked for.
    pub(super) fn text(&self, plan: &Plan) -> Option<String> {
        if self.list {
            let names = plan.classes.iter().flat_map(|class| ["    ", &class.name, "\n"]);
            Some(["Available Users:\n"].into_iter().chain(names).collect())
        } else if self.show_task_ratio {
            Some(ratio::table(plan))
        } else {
            self.show_task_ratio_json.then(|| format!("{:#}\n", ratio::json(plan)))
        }
    }
}

impl PlanOptions {
    /// The scenario that it is about.
    pub(super) fn scenario(&mut self) -> &mut ScenarioOptions {
        &mut self.scenario
    }
}

pub(super) fn run(options: &PlanOptions) -> ExitCode {
    try_run(options).unwrap_or_else(|code| code)
}

fn try_run(options: &PlanOptions) -> Result<ExitCode, ExitCode> {
    let Loaded { plan, variables, warnings, .. } = load(&options.scenario)?;
    exit::say(&warnings);
    exit::say(&options.scenario.locust.told.text(&variables));
    if let Some(other) = &options.other {
        let other = load(&options.scenario.with_file(other))?;
        exit::say(&other.warnings);
        let (before, after) = (describe_json(&plan), describe_json(&other.plan));
        let text = diff(&before, &after);
        if options.format == Format::Json {
            let differences = differences(&before, &after);
            let lines: Vec<_> = text.lines().collect();
            let report = json!({ "same": text.is_empty(), "differences": differences, "text": lines });
            return Ok(exit::output(&format!("{report:#}\n")));
        }
        let printed = exit::output(&text);
        return Ok(if text.is_empty() { printed } else { ExitCode::from(DIFFERENT) });
    }
    let text = options.ratio.text(&plan).unwrap_or_else(|| match options.format {
        Format::Text => describe(&plan),
        Format::Json => format!("{:#}\n", describe_json(&plan)),
    });
    Ok(exit::output(&text))
}
