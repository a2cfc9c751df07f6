//! `examples`: the scenarios of the documentation, which are in the program, so that they are at hand everywhere.
//!
//! What an example is about stands in the comment at its head, and nowhere else.

use std::process::ExitCode;

use clap::Args;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use unicode_width::UnicodeWidthStr;

use crate::cli::exit;
use crate::diagnostic::nearest;

const AFTER_HELP: &str = "\
Examples:
  mqtt-scenario examples                         what there is
  mqtt-scenario examples publish                 the text of one
  mqtt-scenario init --from publish my.toml      a copy to change, with the files that belong to it";

/// List the scenarios that are in the program, or print one
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ExamplesOptions {
    /// The example to print
    #[arg(value_name = "NAME", add = names())]
    name: Option<String>,
}

/// A scenario that is in the program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Example {
    /// What it is called.
    pub(super) name: &'static str,
    /// Its text in TOML.
    pub(super) text: &'static str,
    /// Files that it needs: their paths from its folder, and their texts.
    pub(super) besides: &'static [(&'static str, &'static str)],
}

macro_rules! examples {
    ($($name:literal $(+ $beside:literal)*),* $(,)?) => {
        &[$(Example {
            name: $name,
            text: include_str!(concat!("../../scenarios/", $name, ".toml")),
            besides: &[$(($beside, include_str!(concat!("../../scenarios/", $beside)))),*],
        }),*]
    };
}

/// The example that runs if no scenario is named and none is there.
pub(super) const PUBLISH: &str = include_str!("../../scenarios/publish.toml");

/// All examples, the simplest first.
pub(super) const ALL: &[Example] = examples![
    "publish",
    "subscribe",
    "sensors" + "sensors.csv",
    "stages",
    "rates",
    "knee",
    "fleet" + "parts/common.toml",
    "request",
    "retained",
    "subscriptions",
    "end_to_end",
    "mqtt5",
    "offline",
    "storm",
    "takeover",
    "seed",
];

impl Example {
    /// The example of this name; the error is what is wrong, and the cure.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let name = name.strip_suffix(".toml").unwrap_or(name);
        ALL.iter().find(|example| example.name == name).copied().ok_or_else(|| {
            let near = nearest(name, ALL.iter().map(|example| example.name));
            let help = match near {
                Some(near) => format!("did you mean {near}?"),
                None => "`mqtt-scenario examples` lists them".to_owned(),
            };
            format!("there is no example {name}\nhelp: {help}")
        })
    }

    /// Its text without the place of its schema, which is in the repository alone.
    pub(super) fn body(&self) -> &'static str {
        match self.text.split_once('\n') {
            Some((first, rest)) if first.starts_with("#:schema") => rest,
            _ => self.text,
        }
    }

    /// What it is about: the first sentence of its head.
    fn about(&self) -> String {
        let comment = self.text.lines().filter(|line| !line.starts_with("#:"));
        let head = comment.map_while(|line| line.strip_prefix('#')).map(str::trim);
        let head: Vec<_> =
            head.take_while(|line| !line.is_empty() && !line.starts_with("mqtt-scenario")).collect();
        let head = head.join(" ");
        let end = head.find(". ").unwrap_or(head.len());
        head[..end].trim_end_matches(['.', ':']).to_owned()
    }
}

/// Completes the names of examples.
pub(super) fn names() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let all = ALL.iter();
        all.map(|example| CompletionCandidate::new(example.name).help(Some(example.about().into()))).collect()
    })
}

pub(super) fn run(options: &ExamplesOptions) -> ExitCode {
    match &options.name {
        None => exit::output(&list()),
        Some(name) => match Example::named(name) {
            Ok(example) => exit::output(example.body()),
            Err(message) => exit::error(exit::BAD_INPUT, message),
        },
    }
}

fn list() -> String {
    let width = ALL.iter().map(|example| example.name.width()).max().unwrap_or_default();
    let mut lines: Vec<_> =
        ALL.iter().map(|example| format!("{:width$}  {}", example.name, example.about())).collect();
    lines.push("\nRun one: mqtt-scenario init --from NAME, then mqtt-scenario run NAME.toml\n".to_owned());
    lines.join("\n")
}
