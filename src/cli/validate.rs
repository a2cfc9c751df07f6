//! `validate`: every mistake of a scenario, and nothing else; as text for people, as JSON for editors and CI.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::exit;
use crate::cli::load::{Checked, Loaded, SAMPLE, check, environment, tell};
use crate::cli::render::{Lines, Placed, placed};
use crate::cli::scenario_options::ScenarioOptions;
use crate::diagnostic::{Diagnostic, Severity};
use crate::scenario::codes;
use crate::scenario::files::ReadError;
use crate::scenario::secrets::{Secrets, hide_urls};
use crate::scenario::source::Source;

/// Check a scenario and report all its mistakes at once, without starting it
///
/// The exit code is 0 if the scenario can run and 2 if it cannot.
///
/// With `--format json`, standard output is one object: `scenario`, the file as named; `fine`, whether it can run;
/// and `diagnostics`, a list of objects with `file`, `line`, `column`, `end_line`, `end_column` (from 1, in
/// characters; the end is the place behind the last one), `code`, `severity` (`error` or `warning`), `message`,
/// `label`, `help` and `path` (the last three may be null). What concerns a file as a whole stands at its first
/// character.
#[derive(Debug, Args)]
pub(super) struct ValidateOptions {
    #[command(flatten)]
    scenario: ScenarioOptions,

    /// How to report the mistakes
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,
}

/// How mistakes are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with the lines of the file, on standard error
    Text,
    /// For programs, on standard output
    Json,
}

impl ValidateOptions {
    /// The scenario that it is about.
    pub(super) fn scenario(&mut self) -> &mut ScenarioOptions {
        &mut self.scenario
    }
}

pub(super) fn run(options: &ValidateOptions) -> ExitCode {
    let checked = match check(&options.scenario, SAMPLE, &environment) {
        Ok(checked) => checked,
        Err(code) => return code,
    };
    if options.format == Format::Json {
        let report = report(&options.scenario, &checked);
        let said = exit::output(&format!("{report:#}\n"));
        let is_fine = matches!(&checked, Ok(checked) if checked.plan.is_some());
        return if is_fine || said != ExitCode::SUCCESS { said } else { ExitCode::from(exit::BAD_INPUT) };
    }
    match tell(&options.scenario, checked, SAMPLE) {
        Ok(Loaded { plan, warnings, variables, .. }) => {
            exit::say(&warnings);
            exit::say(&options.scenario.locust.told.text(&variables));
            exit::output(&format!(
                "{}: fine ({} user {}, {} {})\n",
                options.scenario.path().display(),
                plan.classes.len(),
                if plan.classes.len() == 1 { "class" } else { "classes" },
                plan.rows.len(),
                if plan.rows.len() == 1 { "row" } else { "rows" },
            ))
        }
        Err(code) => code,
    }
}

fn report(options: &ScenarioOptions, checked: &Result<Checked, ReadError>) -> Value {
    let name = options.path().display().to_string();
    let (is_fine, diagnostics) = match checked {
        Ok(checked) => (checked.plan.is_some(), list(&checked.diagnostics, &checked.source)),
        Err(error) => (false, vec![unreadable(&name, error)]),
    };
    json!({ "scenario": name, "fine": is_fine, "diagnostics": diagnostics })
}

fn list(diagnostics: &[Diagnostic], source: &Source) -> Vec<Value> {
    let mut lines = Lines::new(source);
    let secrets = Secrets::of(source);
    let placed = placed(diagnostics, source);
    placed.iter().map(|placed| diagnostic(placed, source, &secrets, &mut lines)).collect()
}

fn diagnostic(
    Placed { place, diagnostic }: &Placed<'_>,
    source: &Source,
    secrets: &Secrets<'_>,
    lines: &mut Lines<'_>,
) -> Value {
    let said = secrets.masked(diagnostic, place);
    let file = source.file(place.file);
    let (line, start, _) = lines.at(place);
    let column = file.text()[start..place.span.start].chars().count() + 1;
    let end_column = column + file.text()[place.span.clone()].chars().count();
    json!({
        "file": file.name(),
        "line": line,
        "column": column,
        "end_line": line,
        "end_column": end_column,
        "code": diagnostic.code,
        "severity": match diagnostic.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
        "message": said.message,
        "label": Some(&said.label).filter(|label| !label.is_empty()),
        "help": said.help,
        "path": Some(said.at.to_string()).filter(|path| !path.is_empty()),
    })
}

fn unreadable(name: &str, error: &ReadError) -> Value {
    let line = if let ReadError::NotUtf8 { line, .. } = error { *line } else { 1 };
    json!({
        "file": name,
        "line": line,
        "column": 1,
        "end_line": line,
        "end_column": 1,
        "code": codes::UNREADABLE,
        "severity": "error",
        "message": hide_urls(&error.to_string()),
        "label": null,
        "help": null,
        "path": null,
    })
}
