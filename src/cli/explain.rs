//! `explain`: the meaning of a diagnostic's code, the reason, a wrong and a right example.
//!
//! The text is `docs/codes.md`, which is compiled in. So the web and the terminal have the same text, and a test
//! compiles its examples.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;

use crate::cli::exit;
use crate::diagnostic::nearest;

const TEXT: &str = include_str!("../../docs/codes.md");

const AFTER_HELP: &str = "\
Examples:
  mqtt-scenario explain          all codes
  mqtt-scenario explain E0101";

/// Explain the code of a mistake or a warning, with a wrong and a right example
///
/// Without a code, it lists all codes.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ExplainOptions {
    /// The code that a diagnostic shows in brackets
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(super) fn run(options: &ExplainOptions) -> ExitCode {
    match &options.code {
        None => exit::output(&listed()),
        Some(code) => match find(code) {
            Ok(entry) => exit::output(&explained(&entry)),
            Err(help) => {
                exit::error(exit::BAD_INPUT, format_args!("there is no code `{code}`\nhelp: {help}"))
            }
        },
    }
}

/// A code with what is written about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The code.
    pub code: &'static str,
    /// What it means, one sentence.
    pub meaning: &'static str,
    /// Why it matters and examples: Markdown.
    pub body: &'static str,
}

/// All codes, in their order.
pub fn entries() -> impl Iterator<Item = Entry> {
    TEXT.split("\n## ").skip(1).filter_map(|section| {
        let (title, body) = section.split_once('\n')?;
        let (code, meaning) = title.split_once(": ")?;
        Some(Entry { code, meaning, body: body.trim_matches('\n') })
    })
}

/// The entry of a code in any case, or which codes could have been meant.
fn find(code: &str) -> Result<Entry, String> {
    let code = code.trim_matches(['[', ']']).to_ascii_uppercase();
    entries().find(|entry| entry.code == code).ok_or_else(|| {
        match nearest(&code, entries().map(|entry| entry.code)) {
            Some(near) => format!("did you mean {near}? `mqtt-scenario explain` lists all of them"),
            None => "`mqtt-scenario explain` lists all of them".to_owned(),
        }
    })
}

fn listed() -> String {
    let mut out = String::new();
    for Entry { code, meaning, .. } in entries() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{code}  {meaning}");
    }
    out
}

/// The entry for a terminal: fences become indentation.
fn explained(entry: &Entry) -> String {
    let what = if entry.code.starts_with('W') { "warning" } else { "error" };
    let mut out = format!("{what} {}: {}\n", entry.code, entry.meaning);
    if !entry.body.is_empty() {
        out.push('\n');
    }
    let mut inside = false;
    for line in entry.body.lines() {
        match line.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(info) => {
                inside = true;
                out.push_str(if info.ends_with("wrong") { "wrong:\n" } else { "right:\n" });
            }
            None if line.is_empty() => out.push('\n'),
            None => {
                out.push_str(if inside { "    " } else { "" });
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}
