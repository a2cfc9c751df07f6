//! `schema`: the scenario language as a JSON Schema, for editors.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::{exit, reference};
use crate::scenario::schema;

const AFTER_HELP: &str = "\
An editor with a TOML or YAML language server completes and checks a scenario that names the schema
in its first line:
  #:schema scenario.schema.json                            TOML (Even Better TOML, taplo)
  # yaml-language-server: $schema=scenario.schema.json     YAML

Examples:
  mqtt-scenario schema > scenario.schema.json
  mqtt-scenario schema --format markdown | less";

/// Print the scenario language as a JSON Schema (draft 7)
///
/// It holds every key with its meaning, type, limits and default.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct SchemaOptions {
    /// How to write the language down
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

/// How the language is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON Schema, for editors
    Json,
    /// The reference, for people: docs/scenario.md
    Markdown,
}

pub(super) fn run(options: &SchemaOptions) -> ExitCode {
    exit::output(&match options.format {
        Format::Json => schema::text(),
        Format::Markdown => reference::markdown(&schema::schema()),
    })
}
