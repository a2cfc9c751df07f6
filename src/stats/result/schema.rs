//! The JSON Schema of `result.json`, generated from the types of the result and their docs.
//!
//! It describes what this program writes, so every key is required and what is not known is `null`. Readers of results of
//! other versions should pass over keys that they do not know. Draft 7, as the schema of the scenario.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use crate::stats::result::RunResult;

/// The schema, keys in the order of the document.
pub fn schema() -> Value {
    of::<RunResult>("result.json of mqtt-scenario")
}

/// The schema of a document that this program writes.
pub fn of<T: JsonSchema>(title: &str) -> Value {
    let settings = SchemaSettings::draft07().for_serialize().with_transform(Tidy);
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

/// The schema as text, as it is committed: two spaces of indentation, and an end of line.
pub fn text() -> String {
    format!("{:#}\n", schema())
}

/// Takes away what says nothing to a reader of results: line breaks of the source, formats and limits of Rust's types,
/// and the values that the program takes for keys that are absent.
#[derive(Debug, Clone)]
struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        for key in ["format", "minimum", "maximum", "default"] {
            schema.remove(key);
        }
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        transform_subschemas(self, schema);
    }
}

#[cfg(test)]
mod tests;
