//! `schema`: the scenario language as a JSON Schema, for editors.

use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::scenario::schema;

const AFTER_HELP: &str = "\
An editor with a TOML or YAML language server completes and checks a scenario that names the schema
in its first line:
  #:schema scenario.schema.json                            TOML (Even Better TOML, taplo)
  # yaml-language-server: $schema=scenario.schema.json     YAML

Examples:
  mqtt-scenario schema > scenario.schema.json";

/// Print the scenario language as a JSON Schema (draft 7)
///
/// Every key with its meaning, type, limits and default.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct SchemaOptions {}

pub(super) fn run(_: &SchemaOptions) -> ExitCode {
    exit::output(&schema::text())
}
