//! `schema`: the scenario language and `result.json` as JSON Schemas, for editors and readers of results.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::{exit, reference, result_reference, schema_file};
use crate::scenario::{self, files};
use crate::stats::result;

const AFTER_HELP: &str = "\
An editor with a TOML or YAML language server completes and checks a scenario that names the schema
in its first line:
  #:schema scenario.schema.json                            TOML (Even Better TOML, taplo)
  # yaml-language-server: $schema=scenario.schema.json     YAML

Examples:
  mqtt-scenario schema --write                             scenario.schema.json into this folder
  mqtt-scenario schema --write load/my.toml                beside that scenario
  mqtt-scenario schema result > result.schema.json
  mqtt-scenario schema --format markdown | less";

/// Print the JSON Schema (draft 7) of scenarios, or that of result.json
///
/// It holds every key with its meaning and type; that of scenarios also limits and defaults.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct SchemaOptions {
    /// Of which file
    #[arg(value_enum, default_value_t = Of::Scenario)]
    of: Of,

    /// How to write it down
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,

    /// Write the schema of scenarios as scenario.schema.json beside this scenario, or into this folder
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = ".")]
    #[arg(conflicts_with_all = ["format", "of"])]
    write: Option<PathBuf>,
}

/// A file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The scenario, which you write
    Scenario,
    /// result.json, which a run writes
    Result,
}

/// How a schema is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON Schema, for editors
    Json,
    /// The reference, for people: docs/scenario.md, docs/result.md
    Markdown,
}

pub(super) fn run(options: &SchemaOptions) -> ExitCode {
    if let Some(place) = &options.write {
        if !place.is_dir() && files::Format::of(place).is_none() {
            let place = place.display();
            let help = "name a scenario (.toml, .yaml, .yml) or a folder that is there; without --write it is printed";
            return exit::error(
                exit::BAD_INPUT,
                format_args!("{place} is neither a scenario nor a folder\nhelp: {help}"),
            );
        }
        return match schema_file::write_for(place) {
            Ok(path) => exit::output(&format!("{}: written\n", path.display())),
            Err(error) => {
                let path = schema_file::path_for(place);
                exit::error(exit::CANNOT_GO_ON, format_args!("cannot write {}: {error}", path.display()))
            }
        };
    }
    exit::output(&match (options.of, options.format) {
        (Of::Scenario, Format::Json) => scenario::schema::text(),
        (Of::Scenario, Format::Markdown) => reference::markdown(&scenario::schema::schema()),
        (Of::Result, Format::Json) => result::schema::text(),
        (Of::Result, Format::Markdown) => result_reference::markdown(&result::schema::schema()),
    })
}
