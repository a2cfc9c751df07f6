//! `fmt`: TOML scenarios in the one layout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::cli::load::draw;
use crate::diagnostic::{Diagnostic, FileId};
use crate::report::destination::Destination;
use crate::scenario::codes;
use crate::scenario::files::{Format, ReadError};
use crate::scenario::layout::layout;
use crate::scenario::source::Source;

/// With `--check`: a file is laid out differently.
const DIFFERENT: u8 = 1;

const AFTER_HELP: &str = "\
Comments, the order of keys, the spelling of values and the line ends inside lists stay as they
are. YAML files are not formatted.

Exit codes:
  0 all files are formatted; 1 a file is not formatted (--check);
  2 a file cannot be formatted and is left as it is;
  4 a file cannot be written and is left as it is

Examples:
  mqtt-scenario fmt scenarios/*.toml
  mqtt-scenario fmt --check my.toml";

/// Format TOML scenarios: spacing, indentation and blank lines
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct FmtOptions {
    /// The scenario files, in TOML
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Change nothing, but list the files that are not formatted and exit with code 1 if there are any
    #[arg(long)]
    check: bool,
}

pub(super) fn run(options: &FmtOptions) -> ExitCode {
    let mut different = String::new();
    let mut refused = None;
    for file in &options.files {
        match laid_out(file) {
            Ok(None) => {}
            Ok(Some(_)) if options.check => {
                different.push_str(&file.display().to_string());
                different.push('\n');
            }
            Ok(Some(text)) => {
                let written = Destination::find(file).and_then(|to| to.replace_for_good(text.as_bytes()));
                if let Err(error) = written {
                    let message = format_args!("cannot write {}: {error}", file.display());
                    refused = Some(exit::error(exit::CANNOT_GO_ON, message));
                }
            }
            Err(code) => refused = Some(code),
        }
    }
    let printed = exit::output(&different);
    refused.unwrap_or(if different.is_empty() { printed } else { ExitCode::from(DIFFERENT) })
}

/// Returns the formatted file, or `None` if it is formatted already; an error has been reported.
fn laid_out(path: &Path) -> Result<Option<String>, ExitCode> {
    if Format::of(path) == Some(Format::Yaml) {
        let help = "only TOML files are formatted; use a formatter such as prettier for YAML";
        let message = format_args!("{} is YAML\nhelp: {help}", path.display());
        return Err(exit::error(exit::BAD_INPUT, message));
    }
    let (source, parsed) = Source::read(path).map_err(|error| exit::error(exit::BAD_INPUT, error))?;
    let broken: Vec<Diagnostic> =
        parsed.diagnostics.into_iter().filter(|found| is_syntax(found.code)).collect();
    if !broken.is_empty() {
        draw(&broken, &source);
        return Err(ExitCode::from(exit::BAD_INPUT));
    }
    let text = layout(source.file(FileId::default()).text());
    let written = fs::read_to_string(path)
        .map_err(|source| exit::error(exit::BAD_INPUT, ReadError::Io { path: path.to_owned(), source }))?;
    Ok((text != written).then_some(text))
}

/// Whether the text cannot be taken apart; what is wrong with its keys and values does not matter here.
fn is_syntax(code: &str) -> bool {
    [codes::SYNTAX, codes::DUPLICATE_KEY, codes::TOO_LARGE].contains(&code)
}
