//! Words of other tools and of everyday speech, and what they are called here.
//!
//! People who come from Locust, k6, `JMeter`, `MQTTX` or `emqtt_bench` write its words first. If a word means one of
//! the keys that are allowed there, that key is proposed, as for a misspelt one. If the language says the same at
//! another place or in another way, the advice names that.

mod advice;
mod choices;
mod keys;

pub(super) use advice::Advice;

use std::borrow::Cow;

use crate::scenario::foreign::advice::advice;
use crate::scenario::foreign::choices::CHOICES;
use crate::scenario::foreign::keys::KEYS;
use crate::scenario::node::Value;

/// What a key means that the language does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// The same as a key that can stand there.
    Key(&'static str),
    /// Something that is said in another way.
    Advice(&'static Advice),
}

/// A broker without its name.
const ONE_BROKER: &Advice =
    &advice("a broker has a name, any: brokers.NAME.url = \"mqtt://HOST:PORT\"", "brokers");

/// What the command line calls the load, at the top of the file.
const ONE_LOAD: &Advice = &advice("write it inside `load`: load = { users = 10, run_time = \"1m\" }", "");

/// What a key means that stands in a table with these keys.
pub(super) fn meant(key: &str, known: &[&'static str], value: Option<&Value>) -> Option<Meant> {
    let word = plain(key);
    if known.contains(&"user_classes") {
        let is_table = matches!(value, Some(Value::Table(_)));
        let has_url = matches!(value, Some(Value::Table(table)) if table.get("url").is_some());
        match &*word {
            "broker" | "brokers" if has_url || !is_table => return Some(Meant::Advice(ONE_BROKER)),
            "users" | "user" if is_table => return Some(Meant::Key("user_classes")),
            "users" | "user" => return Some(Meant::Advice(ONE_LOAD)),
            _ => {}
        }
    }
    if let Some(same) = known.iter().copied().find(|name| plain(name) == word) {
        return Some(Meant::Key(same));
    }
    let table = KEYS.iter().find(|table| table.keys.iter().all(|key| known.contains(key)))?;
    let holds = |words: &[&str]| words.contains(&&*word);
    if let Some((name, _)) = table.synonyms.iter().find(|(_, words)| holds(words)) {
        return Some(Meant::Key(name));
    }
    table.advice.iter().find(|(_, words)| holds(words)).map(|(advice, _)| Meant::Advice(advice))
}

pub(super) fn meant_choice(choice: &str, of: &str) -> Option<&'static str> {
    let word = plain(choice);
    let (_, choices) = CHOICES.iter().find(|(name, _)| *name == of)?;
    choices.iter().find(|(name, words)| plain(name) == word || words.contains(&&*word)).map(|(name, _)| *name)
}

/// A word without what spelling can differ in.
fn plain(word: &str) -> Cow<'_, str> {
    let differs = |c: char| c.is_ascii_uppercase() || matches!(c, '_' | '-' | ' ');
    if word.contains(differs) {
        let kept = word.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
        Cow::Owned(kept.map(|c| c.to_ascii_lowercase()).collect())
    } else {
        Cow::Borrowed(word)
    }
}

#[cfg(test)]
mod tests;
