//! `init`: a scenario to start from.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::report::destination::Destination;
use crate::scenario::files::Format;

const TOML: &str = include_str!("starter.toml");
const YAML: &str = include_str!("starter.yaml");

const AFTER_HELP: &str = "\
The scenario runs as it is, on a broker inside the process. Its comments say what to change.

Examples:
  mqtt-scenario init                  scenario.toml
  mqtt-scenario init load/fleet.yaml  the same in YAML";

/// Write a commented scenario to start from
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct InitOptions {
    /// The file to write; its ending chooses between TOML and YAML
    #[arg(value_name = "FILE", default_value = "scenario.toml")]
    file: PathBuf,

    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
}

pub(super) fn run(options: &InitOptions) -> ExitCode {
    let file = options.file.display();
    let text = match Format::of(&options.file) {
        Some(Format::Toml) => TOML,
        Some(Format::Yaml) => YAML,
        None => {
            let help = "the name of a scenario ends in .toml, .yaml or .yml";
            let message = format_args!("cannot tell the format of {file} from its name\nhelp: {help}");
            return exit::error(exit::BAD_INPUT, message);
        }
    };
    let written = if options.force {
        Destination::find(&options.file).and_then(|to| to.replace_for_good(text.as_bytes()))
    } else {
        Destination::create_for_good(&options.file, text.as_bytes())
    };
    match written {
        Ok(()) => exit::output(&format!("{file}: written; run it with: mqtt-scenario run {file}\n")),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let help = "name another file, or give --force to overwrite it";
            exit::error(exit::BAD_INPUT, format_args!("{file} exists\nhelp: {help}"))
        }
        Err(error) => exit::error(exit::CANNOT_GO_ON, format_args!("cannot write {file}: {error}")),
    }
}
