//! The commands that there are, as clap reads them.

use clap::{Parser, Subcommand};

use crate::cli::broker::BrokerOptions;
use crate::cli::compare::CompareOptions;
use crate::cli::completions::CompletionsOptions;
use crate::cli::examples::ExamplesOptions;
use crate::cli::explain::ExplainOptions;
use crate::cli::fmt::FmtOptions;
use crate::cli::init::InitOptions;
use crate::cli::locustfile::LocustfileOptions;
use crate::cli::man::ManOptions;
use crate::cli::master::MasterOptions;
use crate::cli::merge::MergeOptions;
use crate::cli::plan::PlanOptions;
use crate::cli::replay::ReplayOptions;
use crate::cli::report::ReportOptions;
use crate::cli::run::RunOptions;
use crate::cli::schema::SchemaOptions;
use crate::cli::serve::ServeOptions;
use crate::cli::trend::TrendOptions;
use crate::cli::validate::ValidateOptions;
use crate::cli::worker::WorkerOptions;

const EXAMPLES: &str = "\
Examples:
  mqtt-scenario init my.toml                           a scenario to start from
  mqtt-scenario examples                               the scenarios that are in the program
  mqtt-scenario run                                    scenarios/publish.toml on the embedded broker
  mqtt-scenario run my.toml -u 1000 -r 100 -t 5m --csv out/a
  mqtt-scenario run my.toml -H mqtt://broker.lan:1883 --only-summary
  mqtt-scenario validate my.yaml                       every mistake of a file at once
  mqtt-scenario explain E0101                          what a mistake means
  mqtt-scenario plan my.toml -u 10000                  what would run, without running it
  mqtt-scenario compare out/a out/b --fail-on 'p95 > +10%'
  mqtt-scenario report locust/run                      a report of Locust's CSV files
  mqtt-scenario merge out/machine-1 out/machine-2 --out out/all
  mqtt-scenario trend out                              many runs over time
  mqtt-scenario run my.toml --web                      a live page, as Locust's on port 8089
  mqtt-scenario serve out                              a page over finished runs
  mqtt-scenario locustfile my.toml > locustfile.py     the file of a Locust master for it
  mqtt-scenario master my.toml -- --headless -u 1000   a Locust master for it
  mqtt-scenario worker --master-host loadtest.lan      users of a Locust master
  mqtt-scenario broker --port 1883 --delay 5ms         a broker to rehearse with";

/// A declarative MQTT load tester with Locust's statistics
///
/// A TOML or YAML file describes brokers, user classes, tasks and load. The statistics are the CSV files
/// and tables that Locust writes.
#[derive(Debug, Parser)]
#[command(name = "mqtt-scenario", version, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[expect(clippy::large_enum_variant, reason = "there is one of it, for a moment")]
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(InitOptions),
    Examples(ExamplesOptions),
    Run(RunOptions),
    Validate(ValidateOptions),
    Plan(PlanOptions),
    Compare(CompareOptions),
    Report(ReportOptions),
    Merge(MergeOptions),
    Trend(TrendOptions),
    Serve(ServeOptions),
    Replay(ReplayOptions),
    Fmt(FmtOptions),
    Explain(ExplainOptions),
    Locustfile(LocustfileOptions),
    Master(MasterOptions),
    Worker(WorkerOptions),
    Schema(SchemaOptions),
    Broker(BrokerOptions),
    Completions(CompletionsOptions),
    Man(ManOptions),
}

#[cfg(test)]
mod tests;
