//! A stamp in a JSON value: where a pointer leads to, and whether a text can stand there.

use crate::scenario::model::payload::Json;

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
