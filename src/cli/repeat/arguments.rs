//! The command line of each of several runs, made of that of all of them.
//!
//! The words of the command line are passed on as they are, since only they say everything that a person asked for.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::cli::repeat::options::RepeatOptions;

/// Flags that say how many runs there are and where they go, and not what each of them does. Each has a value.
const OF_ALL: [&str; 7] =
    ["--repeat", "--versus", "--versus-host", "--versus-set", "--least-effect", "--out", "--run-folder"];

/// The words of `run` for one run, from those of all runs (without the program and `run`).
pub(super) fn of_each(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words;
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if OF_ALL.contains(&&*text) {
            words.next();
        } else if !OF_ALL.iter().any(|flag| text.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
        {
            kept.push(word);
        }
    }
    kept
}

/// The words of a run of side B, from those of side A, whose scenario is `scenario`.
pub(super) fn of_b(words: &[OsString], scenario: &Path, options: &RepeatOptions) -> Vec<OsString> {
    let mut words = words.to_vec();
    if let Some(other) = &options.versus {
        // A scenario is the value of `-f`, or the word without a flag that ends as the name of a scenario does.
        words = without(words, &["-f", "--locustfile"]);
        match words.iter().position(|word| word == scenario.as_os_str()) {
            Some(at) => words[at] = other.clone().into(),
            None => words.insert(0, other.clone().into()),
        }
    }
    let mut more: Vec<OsString> = Vec::new();
    if !options.versus_host.is_empty() {
        words = without(words, &["-H", "--host"]);
        more.extend(options.versus_host.iter().flat_map(|host| ["-H".into(), host.into()]));
    }
    more.extend(options.versus_set.iter().flat_map(|set| ["--set".into(), set.into()]));
    // A word after `--` would not be read as a flag.
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(end..end, more);
    words
}

/// Takes flags and their values away, in each of their spellings.
fn without(words: Vec<OsString>, flags: &[&str]) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words.into_iter();
    let joined = |word: &OsStr| {
        let text = word.to_string_lossy();
        flags.iter().any(|flag| {
            text.strip_prefix(flag).is_some_and(|rest| !flag.starts_with("--") || rest.starts_with('='))
        })
    };
    while let Some(word) = words.next() {
        if flags.iter().any(|flag| word == *flag) {
            words.next();
        } else if !joined(&word) {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
