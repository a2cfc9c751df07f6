//! The command line: clap types, one file per subcommand, and the only place that prints.

pub mod compare;
pub mod render;

use std::process::ExitCode;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
