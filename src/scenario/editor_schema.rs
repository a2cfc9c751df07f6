//! The schema as editors get it: for one mistake they name one place.
//!
//! A validator that finds none of several alternatives right can only say that none is, at the place where they begin. An
//! editor then marks a whole step for a wrong `qos`. So alternatives that a reader tells apart at a glance are told apart
//! here, too: an object by its key, a text by being none. The meaning of the schema stays what it is.

use serde_json::{Map, Value, json};

/// The schema with its alternatives taken apart, as far as they can be.
pub(super) fn for_editors(mut schema: Value) -> Value {
    let Some(definitions) = schema.get("definitions").and_then(Value::as_object).cloned() else {
        return schema;
    };
    let taken_apart = definitions.iter().map(|(name, definition)| {
        (name.clone(), apart(definition, &definitions).unwrap_or_else(|| definition.clone()))
    });
    schema["definitions"] = taken_apart.collect::<Map<_, _>>().into();
    schema
}

/// What a definition with alternatives accepts, by kind.
#[derive(Default)]
struct Kinds {
    /// Keys of objects that have one key, with what is behind it.
    keys: Map<String, Value>,
    /// An object with a definition of its own.
    object: Option<Map<String, Value>>,
    words: Vec<Value>,
    meanings: Vec<Value>,
    others: Vec<Value>,
}

/// A definition without `oneOf`; `None` if it has none, or if a validator needs it.
fn apart(definition: &Value, definitions: &Map<String, Value>) -> Option<Value> {
    let alternatives = definition.get("oneOf")?.as_array()?;
    let mut kinds = Kinds::default();
    for alternative in alternatives {
        kinds.add(alternative, definitions)?;
    }
    let mut object = match (kinds.keys.is_empty(), kinds.object) {
        (true, None) if kinds.others.is_empty() => {
            return Some(words(definition, kinds.words, kinds.meanings));
        }
        (true, None) | (false, Some(_)) => return None,
        (true, Some(object)) => object,
        (false, None) => {
            let object = json!({
                "properties": kinds.keys, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
            });
            object.as_object()?.clone()
        }
    };
    object.remove("description");
    object.remove("type");
    let mut apart = Map::new();
    if let Some(description) = definition.get("description") {
        apart.insert("description".to_owned(), description.clone());
    }
    let mut others = kinds.others;
    if !kinds.words.is_empty() {
        others.push(json!({ "enum": kinds.words }));
    }
    match others.as_slice() {
        [] => {
            apart.insert("type".to_owned(), "object".into());
        }
        [only] => {
            apart.insert("if".to_owned(), json!({ "not": { "type": "object" } }));
            apart.insert("then".to_owned(), only.clone());
        }
        // A free text beside words, or two kinds of values: nothing tells them apart.
        _ => return None,
    }
    apart.extend(object);
    Some(apart.into())
}

impl Kinds {
    /// `None` if this alternative is of no kind that is known here.
    fn add(&mut self, alternative: &Value, definitions: &Map<String, Value>) -> Option<()> {
        if let Some(word) = alternative.get("const") {
            self.words.push(word.clone());
            self.meanings.extend(alternative.get("description").cloned());
        } else if let Some(words) = alternative.get("enum").and_then(Value::as_array) {
            self.words.extend_from_slice(words);
        } else if let Some(properties) = alternative.get("properties").and_then(Value::as_object) {
            let [(key, content)] = properties.iter().collect::<Vec<_>>()[..] else { return None };
            self.keys.insert(key.clone(), described(content, alternative.get("description")));
        } else if let Some(reference) = alternative.pointer("/allOf/0/$ref").and_then(Value::as_str) {
            let named = definitions.get(reference.trim_start_matches("#/definitions/"))?.as_object()?;
            match named.get("type").and_then(Value::as_str) {
                Some("object") if self.object.is_none() && !named.contains_key("oneOf") => {
                    self.object = Some(named.clone());
                }
                Some("object") => return None,
                _ => self.others.push(json!({ "$ref": reference })),
            }
        } else {
            self.others.push(alternative.clone());
        }
        Some(())
    }
}

/// One of these words. taplo and the YAML server have keywords of their own for the meaning of each.
fn words(definition: &Value, words: Vec<Value>, meanings: Vec<Value>) -> Value {
    let mut of = Map::new();
    if let Some(description) = definition.get("description") {
        of.insert("description".to_owned(), description.clone());
    }
    if meanings.len() == words.len() {
        of.insert("x-taplo".to_owned(), json!({ "docs": { "enumValues": meanings } }));
        of.insert("enumDescriptions".to_owned(), meanings.into());
    }
    of.insert("enum".to_owned(), words.into());
    of.into()
}

/// What is behind a key, with the meaning of the key.
fn described(content: &Value, description: Option<&Value>) -> Value {
    let (Some(description), Some(content)) = (description, content.as_object()) else {
        return content.clone();
    };
    let mut described = content.clone();
    if let Some(reference) = described.remove("$ref") {
        // Draft 7 knows nothing beside a `$ref`.
        described.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
    }
    described.insert("description".to_owned(), description.clone());
    described.into()
}

#[cfg(test)]
mod tests;
