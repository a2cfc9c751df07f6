//! The words of a command line before clap reads them: lists as Locust takes them, and flags that change nothing.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::cli::locust::settings;
use crate::cli::locust::told::{Place, Told};
use crate::cli::mistake::Mistake;
use crate::scenario::files::Format;

/// Commands that take a scenario.
const OF_SCENARIOS: [&str; 3] = ["run", "validate", "plan"];

/// Flags that Locust lets take several words.
pub(super) const LISTS: [&str; 7] =
    ["-T", "-E", "-C", "--tags", "--exclude-tags", "--user-classes", "--config-users"];

/// Values of `--print-stats`, which is a switch in Locust.
const FORMS: [&str; 2] = ["table", "locust"];

/// Flags of `run` about a page, which a run with `--headless` has not, and whether a value belongs to each. Metrics have
/// visitors of other names too.
const OF_A_PAGE: [(&str, bool); 6] = [
    ("--web-host", true),
    ("--web-port", true),
    ("-P", true),
    ("--autostart", false),
    ("--autoquit", true),
    ("--web-name", true),
];

const HEADLESS: &str = "--headless, so there is no page";

/// Takes flags away that change nothing, and tells of each.
pub(super) fn without_accepted(words: &[OsString]) -> (Vec<OsString>, Told) {
    let mut told = Told::default();
    if command(words) != Some("run") {
        return (words.to_vec(), told);
    }
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let has = |flag: &str| words[..end].iter().any(|word| word == flag);
    let (is_headless, has_metrics) = (has("--headless"), has("--prometheus"));
    let mut kept = Vec::new();
    let mut rest = words.iter().enumerate();
    while let Some((index, word)) = rest.next() {
        let text = word.to_str().filter(|_| index < end);
        let of_page = text
            .filter(|_| is_headless)
            .and_then(of_a_page)
            .filter(|(flag, ..)| *flag != "--web-name" || !has_metrics);
        if let Some((flag, has_value)) = of_page {
            told.accept(Place::Word(flag.to_owned()), HEADLESS);
            if has_value {
                rest.next();
            }
            continue;
        }
        let next = words.get(index + 1);
        let has_form = next.is_some_and(|next| FORMS.iter().any(|form| next == form));
        let is_ours = |text: &str| text.starts_with("--print-stats") && (has_form || text.contains('='));
        match text.filter(|text| !is_ours(text)).and_then(settings::accepted) {
            Some(why) => told.accept(Place::Word(word.to_string_lossy().into_owned()), why),
            None => kept.push(word.clone()),
        }
    }
    (kept, told)
}

/// The flag of a page that a word is, and whether the next word is its value.
fn of_a_page(word: &str) -> Option<(&'static str, bool)> {
    OF_A_PAGE.into_iter().find_map(|(flag, takes_value)| {
        let behind = word.strip_prefix(flag)?;
        let is_short = flag.len() == 2;
        (behind.is_empty() || is_short || behind.starts_with('='))
            .then_some((flag, takes_value && behind.is_empty()))
    })
}

/// Whether a word is the name of a scenario, by its ending.
pub(super) fn is_scenario(word: &OsStr) -> bool {
    Format::of(Path::new(word)).is_some()
}

/// The command, if it is one that takes a scenario.
pub(super) fn command(words: &[OsString]) -> Option<&str> {
    words.get(1).and_then(|word| word.to_str()).filter(|word| OF_SCENARIOS.contains(word))
}

/// Gives each word of a list (`-T a b`, in Locust's way) a flag of its own, up to one that names a scenario.
pub(super) fn spread(words: &[OsString]) -> Result<Vec<OsString>, Mistake> {
    let Some(command) = command(words) else { return Ok(words.to_vec()) };
    let mut spread = Vec::new();
    let mut rest = words.iter().peekable();
    while let Some(word) = rest.next() {
        if word == "--" {
            spread.push(word.clone());
            spread.extend(rest.cloned());
            break;
        }
        spread.push(word.clone());
        if !LISTS.iter().any(|flag| word == flag) {
            continue;
        }
        let mut is_first = true;
        while let Some(value) = rest.next_if(|next| !next.as_encoded_bytes().starts_with(b"-")) {
            if is_scenario(value) {
                if is_first {
                    let (flag, file) = (word.display(), value.display());
                    return Err(Mistake {
                        message: format!("{flag} has no value: {file} is the name of a scenario"),
                        help: format!(
                            "mqtt-scenario {command} {file} {flag} NAME (or {flag}={file} if you mean that value)"
                        ),
                    });
                }
                spread.push(value.clone());
                break;
            }
            if !is_first {
                spread.push(word.clone());
            }
            spread.push(value.clone());
            is_first = false;
        }
    }
    Ok(spread)
}
