//! What of a start changes nothing, said in a sentence.
//!
//! It is no mistake, since Locust takes it without a word. But a misspelt key, or a broker that stays the old one, must not
//! look as if it had been taken.

use crate::report::html::text::line;
use crate::web::command::Start;

const NAMED: usize = 10;

const KEY_CHARS: usize = 60;

/// A sentence on what nobody understands.
pub fn not_understood(start: &Start) -> Option<String> {
    (!start.unknown.is_empty())
        .then(|| format!("Not understood, so it changes nothing: {}", names(&start.unknown)))
}

/// A sentence on what the stages of the scenario decide.
pub fn of_stages(start: &Start) -> Option<String> {
    (!start.of_stages.is_empty())
        .then(|| format!("The stages of the scenario decide these: {}", names(&start.of_stages)))
}

/// A sentence on what is asked for and cannot be changed in a run that goes on.
pub fn not_changeable(start: &Start) -> Option<String> {
    let keys = [
        ("run_time", start.run_time.is_some()),
        ("host", start.host.is_some()),
        ("user_classes", start.user_classes.is_some()),
        ("tags", start.tags.is_some()),
        ("exclude_tags", start.exclude_tags.is_some()),
    ];
    let keys = keys.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key.to_owned());
    let keys: Vec<_> = keys.chain(start.settings.iter().map(|(key, _)| key.clone())).collect();
    (!keys.is_empty()).then(|| format!("These stay as they are while a run goes on: {}", names(&keys)))
}

fn names(keys: &[String]) -> String {
    let cut = |key: &String| {
        let text = line(&key.chars().take(KEY_CHARS).collect::<String>());
        if key.chars().nth(KEY_CHARS).is_some() { format!("{text}…") } else { text }
    };
    let mut names: Vec<_> = keys.iter().take(NAMED).map(cut).collect();
    if keys.len() > NAMED {
        names.push(format!("and {} more", keys.len() - NAMED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests;
