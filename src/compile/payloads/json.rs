//! JSON values as templates, and whether a stamp can stand in them.

use crate::compile::problems::Problems;
use crate::diagnostic::FieldPath;
use crate::scenario::model::payload::Json;
use crate::template::Template;
use crate::template::json::JsonTemplate;
use crate::template::names::{Names, Place};

/// The template of a JSON value, on one line and without white space, keys in their order. `place` says what its texts
/// may hold.
pub(in crate::compile) fn template(
    value: &Json,
    place: Place,
    names: &Names<'_>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<Template> {
    let mut json = JsonTemplate::default();
    write(value, None, place, &mut json, names, at, problems).then(|| json.finish())
}

/// The same, as what stands before a stamp and behind it; `pointer`, which must fit, says where the stamp is.
pub(super) fn around_stamp(
    value: &Json,
    pointer: &[Box<str>],
    names: &Names<'_>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<(Template, Template)> {
    let mut json = JsonTemplate::default();
    write(value, Some(pointer), Place::JsonText, &mut json, names, at, problems)
        .then(|| json.finish_around_stamp())
}

/// Writes a value, with a stamp where `stamp` points to; false if there is a mistake in it.
fn write(
    value: &Json,
    stamp: Option<&[Box<str>]>,
    place: Place,
    json: &mut JsonTemplate,
    names: &Names<'_>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> bool {
    let mut is_right = true;
    if stamp.is_some_and(<[_]>::is_empty) {
        json.stamp();
        return true;
    }
    match value {
        Json::Null => json.raw("null"),
        Json::Bool(value) => json.raw(if *value { "true" } else { "false" }),
        Json::Integer(number) => json.raw(&number.to_string()),
        // With a fraction, if only `.0`, or with an exponent. The file cannot hold what JSON has no word for.
        Json::Float(number) => json.raw(&format!("{number:?}")),
        Json::Text(text) => match problems.template(text, place, names, at) {
            Some(template) => json.template(&template),
            None => is_right = false,
        },
        Json::List(items) => {
            for (i, item) in items.iter().enumerate() {
                json.raw(if i == 0 { "[" } else { "," });
                let stamp = beneath(stamp, &i.to_string());
                is_right &= write(item, stamp, place, json, names, &at.index(i), problems);
            }
            json.raw(if items.is_empty() { "[]" } else { "]" });
        }
        Json::Object(entries) => {
            for (i, (key, value)) in entries.iter().enumerate() {
                json.raw(if i == 0 { "{" } else { "," });
                json.literal(key);
                json.raw(":");
                let stamp = beneath(stamp, key);
                is_right &= write(value, stamp, place, json, names, &at.key(key.as_str()), problems);
            }
            if let Some(key) = new_key(stamp, entries) {
                json.raw(if entries.is_empty() { "{" } else { "," });
                json.literal(key);
                json.raw(":");
                json.stamp();
                json.raw("}");
            } else {
                json.raw(if entries.is_empty() { "{}" } else { "}" });
            }
        }
    }
    is_right
}

/// Whether a stamp can stand at the end of a pointer: in the place of a text, or as a new key of an object; says why
/// not.
pub(super) fn fits(value: &Json, parts: &[Box<str>]) -> Result<(), String> {
    let Some((part, rest)) = parts.split_first() else {
        return match value {
            Json::Text(_) => Ok(()),
            Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Float(_) => {
                Err("the value there is not a text".to_owned())
            }
            Json::List(_) | Json::Object(_) => Err("the value there holds other values".to_owned()),
        };
    };
    match value {
        Json::Object(entries) => match entries.iter().find(|(key, _)| **key == **part) {
            Some((_, value)) => fits(value, rest),
            None if rest.is_empty() => Ok(()),
            None => Err(format!("there is no key `{part}`")),
        },
        Json::List(items) => match part.parse::<usize>().ok().and_then(|index| items.get(index)) {
            Some(item) => fits(item, rest),
            None => Err(format!("there is no item `{part}`")),
        },
        _ => Err(format!("there is no object or list that could hold `{part}`")),
    }
}

/// The rest of a pointer for what stands at `key`, if it leads there.
pub(super) fn beneath<'a>(pointer: Option<&'a [Box<str>]>, key: &str) -> Option<&'a [Box<str>]> {
    let (part, rest) = pointer?.split_first()?;
    (**part == *key).then_some(rest)
}

/// The key that an object gets for a stamp, if it has none of that name.
pub(super) fn new_key<'a>(pointer: Option<&'a [Box<str>]>, entries: &[(String, Json)]) -> Option<&'a str> {
    match pointer? {
        [key] if entries.iter().all(|(known, _)| **known != **key) => Some(key),
        _ => None,
    }
}
