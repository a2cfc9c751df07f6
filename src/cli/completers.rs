//! What a shell may complete beside flags: files of scenarios, and the classes and tags of the one that stands on the line.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};

use crate::cli::changeable::Changeable;
use crate::scenario::files::Format;
use crate::scenario::source::Source;

/// Completes the files of scenarios.
pub(super) fn scenarios() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        PathCompleter::any().filter(|path| path.is_dir() || Format::of(path).is_some()).complete(word)
    })
}

/// Completes the user classes of the scenario on the line.
pub(super) fn user_classes() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let classes =
            scenario_on_the_line().map(|(_, parsed)| parsed.scenario.user_classes).unwrap_or_default();
        // An abstract class has no users of its own.
        let real = classes.into_iter().filter(|(_, class)| class.is_abstract != Some(true));
        candidates(word, real.map(|(name, _)| name))
    })
}

/// Completes the tags of the scenario on the line.
pub(super) fn tags() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let tags =
            scenario_on_the_line().map(|(source, parsed)| Changeable::of(&parsed.scenario, &source).tags);
        let mut tags: Vec<_> = tags.into_iter().flatten().flat_map(|(_, tags)| tags).collect();
        tags.sort_unstable();
        tags.dedup();
        candidates(word, tags.into_iter())
    })
}

/// The first word of the line that names a scenario that is there.
fn scenario_on_the_line() -> Option<(Source, crate::scenario::parse::Parsed)> {
    let mut files =
        env::args_os().map(PathBuf::from).filter(|path| Format::of(path).is_some() && path.is_file());
    files.find_map(|path| Source::read(&path).ok())
}

/// Those of the names that begin as the word does. Of a list with commas, the last name is completed.
fn candidates(word: &OsStr, names: impl Iterator<Item = String>) -> Vec<CompletionCandidate> {
    let word = word.to_string_lossy();
    let (before, begun) = word.rsplit_once(',').map_or(("", &*word), |(before, begun)| (before, begun));
    let comma = if before.is_empty() { "" } else { "," };
    names
        .filter(|name| name.starts_with(begun))
        .map(|name| CompletionCandidate::new(format!("{before}{comma}{name}")))
        .collect()
}
