//! The command line: clap types, one file per subcommand, and the only place that prints.

use std::process::ExitCode;

pub mod replay;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
