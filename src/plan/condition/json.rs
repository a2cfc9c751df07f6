//! Values of a JSON text without a tree of it: a broker may send a message of a hundred megabytes, and a tree takes
//! more than thirty times as much.
//!
//! Values without a pointer to them are skipped; the others are compared while they are read. Only the text itself is
//! kept, and the depth is that of the pointers and of the values to compare with.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// A place in a JSON text, and what is there.
#[derive(Debug)]
pub(super) struct Sought<'w> {
    /// JSON pointer (RFC 6901).
    pub(super) pointer: &'w str,
    /// What must be there; nothing, if what is there shall be taken.
    pub(super) wanted: Option<&'w Value>,
    pub(super) found: Found,
}

/// What is at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// Nothing.
    Absent,
    /// What is wanted, or something else.
    Same(bool),
    /// This, which was to be taken.
    Taken(Value),
}

/// Looks for all of them; `None` if the bytes are no JSON. Of a key that stands twice in one object the last counts.
pub(super) fn look(bytes: &[u8], sought: &mut [Sought<'_>]) -> Option<()> {
    let text = str::from_utf8(bytes).ok()?;
    let mut left: Vec<usize> = (0..sought.len()).collect();
    while !left.is_empty() {
        // A value cannot be compared and be walked through in one go.
        let mut chosen: Vec<(usize, &str)> = Vec::new();
        left.retain(|index| {
            let pointer = sought[*index].pointer;
            let goes_along =
                chosen.iter().all(|(_, other)| !contains(pointer, other) && !contains(other, pointer));
            if goes_along {
                chosen.push((*index, pointer));
            }
            !goes_along
        });
        chosen.retain(|(_, pointer)| pointer.is_empty() || pointer.starts_with('/'));
        let mut json = serde_json::Deserializer::from_str(text);
        visit(chosen, sought).deserialize(&mut json).and_then(|()| json.end()).ok()?;
    }
    Some(())
}

/// Whether one pointer leads to what another leads to or into it.
fn contains(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What to do with the value that all these ways lead into: the rest of each way is empty if it ends here, and then it
/// is the only one.
fn visit<'v, 'w>(ways: Vec<(usize, &'w str)>, sought: &'v mut [Sought<'w>]) -> Visit<'v, 'w> {
    Visit { ways, sought }
}

struct Visit<'v, 'w> {
    ways: Vec<(usize, &'w str)>,
    sought: &'v mut [Sought<'w>],
}

impl<'de> DeserializeSeed<'de> for Visit<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let Some((index, "")) = self.ways.first() else {
            return json.deserialize_any(self);
        };
        let sought = &mut self.sought[*index];
        sought.found = match sought.wanted {
            Some(wanted) => Found::Same(Compare(wanted).deserialize(json)?),
            None => Found::Taken(serde::Deserialize::deserialize(json)?),
        };
        Ok(())
    }
}

impl<'w> Visit<'_, 'w> {
    /// The ways that go on through a child, which are its own from now on.
    fn leading(&mut self, is_child: impl Fn(&str) -> bool) -> Vec<(usize, &'w str)> {
        let ways = self.ways.iter().filter_map(|(index, way)| {
            let way = way.strip_prefix('/')?;
            let end = way.find('/').unwrap_or(way.len());
            is_child(&way[..end]).then_some((*index, &way[end..]))
        });
        let ways: Vec<_> = ways.collect();
        for (index, _) in &ways {
            self.sought[*index].found = Found::Absent;
        }
        ways
    }
}

impl<'de> Visitor<'de> for Visit<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(ways) =
            map.next_key_seed(Key(|key: &str| self.leading(|token| is_token_of(token, key))))?
        {
            if ways.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(visit(ways, self.sought))?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let ways = self.leading(|token| index_of(token) == Some(index));
            let went_on = if ways.is_empty() {
                list.next_element::<IgnoredAny>()?.is_some()
            } else {
                list.next_element_seed(visit(ways, self.sought))?.is_some()
            };
            if !went_on {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Whether a part of a pointer names a key.
fn is_token_of(token: &str, key: &str) -> bool {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~") == key } else { token == key }
}

/// The place in a list that a part of a pointer names.
fn index_of(token: &str) -> Option<usize> {
    let is_plain = !token.starts_with('+') && (token == "0" || !token.starts_with('0'));
    is_plain.then(|| token.parse().ok()).flatten()
}

/// What a function makes of a key, without a copy of it.
struct Key<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Key<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<T, D::Error> {
        key.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Key<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<T, E> {
        Ok((self.0)(key))
    }
}

/// Whether what is read is this value; 1 and 1.0 are the same.
struct Compare<'w>(&'w Value);

impl<'de> DeserializeSeed<'de> for Compare<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Compare<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let nothing = serde_json::Map::new();
        let wanted = self.0.as_object();
        let entries = wanted.unwrap_or(&nothing);
        let (mut same, mut has_others) = (BTreeMap::new(), false);
        while let Some(entry) = map.next_key_seed(Key(|key: &str| entries.get_key_value(key)))? {
            if let Some((key, value)) = entry {
                // The last of its name counts.
                same.insert(key, map.next_value_seed(Compare(value))?);
            } else {
                has_others = true;
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(wanted.is_some() && !has_others && same.len() == entries.len() && same.values().all(|same| *same))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let wanted = self.0.as_array();
        let mut same = wanted.is_some();
        for item in wanted.into_iter().flatten() {
            match list.next_element_seed(Compare(item))? {
                Some(is_same) => same &= is_same,
                None => return Ok(false),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            same = false;
        }
        Ok(same)
    }

    fn visit_bool<E>(self, found: bool) -> Result<bool, E> {
        Ok(*self.0 == Value::Bool(found))
    }

    fn visit_u64<E>(self, found: u64) -> Result<bool, E> {
        Ok(self.is_number(Some(found.into())))
    }

    fn visit_i64<E>(self, found: i64) -> Result<bool, E> {
        Ok(self.is_number(Some(found.into())))
    }

    fn visit_f64<E>(self, found: f64) -> Result<bool, E> {
        Ok(self.is_number(Number::from_f64(found)))
    }

    fn visit_str<E>(self, found: &str) -> Result<bool, E> {
        Ok(self.0.as_str() == Some(found))
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(self.0.is_null())
    }
}

impl Compare<'_> {
    fn is_number(&self, found: Option<Number>) -> bool {
        matches!((self.0, found), (Value::Number(wanted), Some(found)) if same_number(wanted, &found))
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    // Two whole numbers are compared as such: beyond 2^53 some of them are the same as floats.
    if a.is_f64() || b.is_f64() { a.as_f64() == b.as_f64() } else { a == b }
}

#[cfg(test)]
mod tests;
