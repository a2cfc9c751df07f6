//! `schema`: the scenario language and `result.json` as JSON Schemas, for editors and readers of results.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::{exit, reference, result_reference};
use crate::scenario;
use crate::stats::result;

const AFTER_HELP: &str = "\
An editor with a TOML or YAML language server completes and checks a scenario that names the schema
in its first line:
  #:schema scenario.schema.json                            TOML (Even Better TOML, taplo)
  # yaml-language-server: $schema=scenario.schema.json     YAML

Examples:
  mqtt-scenario schema > scenario.schema.json
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
    exit::output(&match (options.of, options.format) {
        (Of::Scenario, Format::Json) => scenario::schema::text(),
        (Of::Scenario, Format::Markdown) => reference::markdown(&scenario::schema::schema()),
        (Of::Result, Format::Json) => result::schema::text(),
        (Of::Result, Format::Markdown) => result_reference::markdown(&result::schema::schema()),
    })
}
