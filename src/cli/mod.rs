//! The command line: clap types, one file per subcommand, and the only place that prints.
//!
//! Results go to standard output, everything said on the way to standard error, so that either can be piped
//! away without the other.

mod args;
pub mod broker;
pub mod compare;
mod conflicts;
mod console;
mod endpoints;
mod exit;
pub mod explain;
mod fmt;
mod init;
mod json;
mod lines;
mod load;
mod locust;
mod observer;
mod outlet;
mod outputs;
mod plan;
mod reference;
pub mod render;
pub mod replay;
mod run;
mod schema;
mod signals;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  mqtt-scenario init my.toml                           a scenario to start from
  mqtt-scenario run                                    scenarios/publish.toml on the embedded broker
  mqtt-scenario run my.toml -u 1000 -r 100 -t 5m --csv out/a
  mqtt-scenario run my.toml -H mqtt://broker.lan:1883 --only-summary
  mqtt-scenario validate my.yaml                       every mistake of a file at once
  mqtt-scenario explain E0101                          what a mistake means
  mqtt-scenario plan my.toml -u 10000                  what would run, without running it
  mqtt-scenario compare out/a out/b --fail-on 'p95 > +10%'
  mqtt-scenario broker --port 1883 --delay 5ms         a broker to rehearse with";

/// A declarative MQTT load tester with Locust's statistics
///
/// A TOML or YAML file describes brokers, user classes, tasks and load; its statistics are the CSV files
/// and tables that Locust writes.
#[derive(Debug, Parser)]
#[command(name = "mqtt-scenario", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitOptions),
    Run(run::RunOptions),
    Validate(validate::ValidateOptions),
    Plan(plan::PlanOptions),
    Compare(compare::CompareOptions),
    Replay(replay::ReplayOptions),
    Fmt(fmt::FmtOptions),
    Explain(explain::ExplainOptions),
    Schema(schema::SchemaOptions),
    Broker(broker::BrokerOptions),
}

/// Runs the program with the process's arguments.
///
/// Exit codes: 0 fine; 1 the run had failures; 2 bad usage or a bad scenario; 3 a threshold was missed;
/// 4 the runner could not go on, or an output is not whole; 130 interrupted twice.
pub fn main() -> ExitCode {
    signals::survive_file_limits();
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match cli.command {
        Command::Init(options) => init::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Validate(options) => validate::run(&options),
        Command::Plan(options) => plan::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Fmt(options) => fmt::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Schema(options) => schema::run(&options),
        Command::Broker(options) => broker::run(&options),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
