//! The command line: clap types, one file per subcommand, and the only place that prints.
//!
//! Results go to standard output and all other messages to standard error, so that either can be piped away
//! without the other.

mod args;
pub mod broker;
mod changeable;
mod command;
pub mod compare;
mod completers;
mod completions;
mod conflicts;
mod endpoints;
mod examples;
mod exit;
pub mod explain;
mod fmt;
mod github;
mod init;
mod lines;
mod load;
mod locust;
mod locustfile;
mod log;
mod man;
mod master;
pub mod merge;
mod mistake;
mod observer;
mod onlooker;
mod outputs;
mod page;
mod plan;
pub mod recorded;
mod reference;
pub mod render;
mod repeat;
pub mod replay;
pub mod report;
mod result_reference;
mod run;
mod scenario_options;
mod schema;
mod schema_file;
mod screen;
mod serve;
mod signals;
mod ticked;
pub mod trend;
mod validate;
mod web;
mod what_ran;
mod worker;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::command::{Cli, Command};

/// Runs the program with the process's arguments.
///
/// Exit codes: 0 fine; 1 the run had failures; 2 bad usage or a bad scenario; 3 a threshold was missed;
/// 4 the runner could not go on, or an output is not whole; 130 interrupted twice.
pub fn main() -> ExitCode {
    signals::survive_file_limits();
    completions::answer(Cli::command);
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match cli.command {
        Command::Init(options) => init::run(&options),
        Command::Run(options) if options.web.is_asked() => web::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Report(options) => report::run(&options),
        Command::Trend(options) => trend::run(&options),
        Command::Serve(options) => serve::run(&options),
        Command::Validate(options) => validate::run(&options),
        Command::Plan(options) => plan::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Merge(options) => merge::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Fmt(options) => fmt::run(&options),
        Command::Worker(options) => worker::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Examples(options) => examples::run(&options),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options, Cli::command()),
        Command::Locustfile(options) => locustfile::run(&options),
        Command::Master(options) => master::run(&options),
        Command::Schema(options) => schema::run(&options),
        Command::Broker(options) => broker::run(&options),
    }
}
