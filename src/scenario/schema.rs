//! The JSON Schema of the scenario file, for editors: generated from the model, whose docs are its descriptions.
//!
//! The doc of a key says in fixed words what a schema has keywords for, so that both can never differ:
//! "Required" and "At least one." make a key required, "Default VALUE" gives its default ("Default: …" is for
//! defaults that are no value). Draft 7, since that is what editors' TOML and YAML servers know.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::scenario::de::is_plain;
use crate::scenario::editor_schema::for_editors;
use crate::scenario::model::Scenario;

/// Objects that `include` puts together from several files: what they need need not stand in each of them.
const MERGED: [&str; 3] = ["Broker", "Feed", "Search"];

/// By this an editor knows the schema, wherever the file lies. It is a name and no address.
pub const ID: &str = "urn:mqtt-scenario:schema:scenario:1";

/// The schema, keys in the order of the model, and alternatives as the model has them.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07()
        .with_transform(Tidy)
        .with_transform(Plain)
        .with_transform(Words)
        .with_transform(BareSteps)
        .with_transform(Includes);
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<Scenario>();
    schema.insert("title".to_owned(), "mqtt-scenario".into());
    schema.insert("$id".to_owned(), ID.into());
    schema.to_value()
}

/// The schema as editors get it, as text, as it is committed: two spaces of indentation, and an end of line.
pub fn text() -> String {
    format!("{:#}\n", for_editors(schema()))
}

/// What the generator says and an editor's reader should not see: that every field can be null (an absent key
/// is one thing, an empty one most likely not finished), line breaks of the source, formats of Rust.
#[derive(Debug, Clone)]
struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|of| of != "null");
            if let [of] = types.as_slice() {
                let of = of.clone();
                schema.insert("type".to_owned(), of);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|choice| choice.get("type").is_none_or(|of| of != "null"));
            if let [Value::Object(only)] = choices.as_slice() {
                let only = only.clone();
                schema.remove("anyOf");
                for (key, value) in only {
                    if key == "$ref" {
                        // Draft 7 knows nothing beside a `$ref`.
                        schema.insert("allOf".to_owned(), json!([{ "$ref": value }]));
                    } else {
                        schema.insert(key, value);
                    }
                }
            }
        }
        if schema.get("default") == Some(&Value::Null) {
            // In place: the keys behind it keep their order.
            schema.ensure_object().shift_remove("default");
        }
        if let Some(Value::String(description)) = schema.get("description") {
            let one_line = description.replace('\n', " ");
            schema.insert("description".to_owned(), one_line.into());
        }
        // `uint32` and the like: the limits say it, and validators know no such format.
        schema.remove("format");
        transform_subschemas(self, schema);
    }
}

/// Choices that have no key in the file are their content.
#[derive(Debug, Clone)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(Value::Object(properties)) = schema.get("properties") else { return };
        let Some((_, content)) = properties.iter().find(|(choice, _)| is_plain(choice)) else { return };
        let (mut content, description) = (content.clone(), schema.get("description").cloned());
        if let (Value::Object(content), Some(description)) = (&mut content, description) {
            if let Some(reference) = content.remove("$ref") {
                content.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
            }
            content.insert("description".to_owned(), description);
        }
        if let Ok(content) = Schema::try_from(content) {
            *schema = content;
        }
    }
}

/// What the docs of keys say in fixed words.
#[derive(Debug, Clone)]
struct Words;

impl Transform for Words {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let mut required = Vec::new();
        let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
        for (key, property) in properties {
            let Value::Object(property) = property else { continue };
            let Some(Value::String(description)) = property.get("description") else { continue };
            let at_least_one = description.contains("At least one.");
            if at_least_one || description.contains("Required") {
                required.push(Value::from(key.as_str()));
            }
            let (empty, least) = if is_type(property, "array") {
                (Some(json!([])), "minItems")
            } else {
                (property.contains_key("additionalProperties").then(|| json!({})), "minProperties")
            };
            let default = if description.contains("At least one") {
                None
            } else {
                default(description, is_duration(property)).or(empty)
            };
            if at_least_one {
                property.insert(least.to_owned(), 1.into());
            }
            property.remove("default");
            if let Some(default) = default {
                property.insert("default".to_owned(), default);
            }
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
    }
}

fn is_type(schema: &Map<String, Value>, name: &str) -> bool {
    schema.get("type").is_some_and(|of| of == name)
}

fn is_duration(schema: &Map<String, Value>) -> bool {
    let reference = schema.get("$ref").or_else(|| schema.get("allOf")?.get(0)?.get("$ref"));
    reference.is_some_and(|reference| reference == "#/definitions/Duration")
}

/// The value behind "Default": `10 s`, `0`, `true`, or a text in backticks.
fn default(description: &str, is_duration: bool) -> Option<Value> {
    let (_, rest) = description.split_once("Default ")?;
    if let Some(rest) = rest.strip_prefix('`') {
        return rest.split_once('`').map(|(text, _)| text.into());
    }
    let end = rest.find([',', ':', ';']).unwrap_or(rest.len());
    let value = rest[..end].split(". ").next().unwrap_or_default().trim_end_matches('.');
    match value {
        "0" if is_duration => Some("0s".into()),
        _ if is_duration => Some(value.replace(' ', "").into()),
        _ => serde_json::from_str(value).ok(),
    }
}

/// A choice that needs nothing inside can be written as its name alone.
#[derive(Debug, Clone)]
struct BareSteps;

impl Transform for BareSteps {
    fn transform(&mut self, schema: &mut Schema) {
        let Some(Value::Object(definitions)) = schema.get("definitions") else { return };
        let mut definitions = definitions.clone();
        let needs_nothing = |reference: &str| {
            let name = reference.trim_start_matches("#/definitions/");
            definitions.get(name).is_some_and(|of| {
                let needs = |key| of.get(key).is_some();
                of.get("type").is_some_and(|of| of == "object") && !needs("required") && !needs("oneOf")
            })
        };
        let mut additions = Vec::new();
        for (name, definition) in &definitions {
            let Some(Value::Array(choices)) = definition.get("oneOf") else { continue };
            let bare: Vec<Value> = choices
                .iter()
                .filter_map(|choice| {
                    let (key, content) = choice.get("properties")?.as_object()?.iter().next()?;
                    needs_nothing(content.get("$ref")?.as_str()?).then(|| key.as_str().into())
                })
                .collect();
            if !bare.is_empty() {
                additions.push((name.clone(), bare));
            }
        }
        for (name, bare) in additions {
            if let Some(Value::Array(choices)) =
                definitions.get_mut(&name).and_then(|definition| definition.get_mut("oneOf"))
            {
                let description = "The name alone, without any options.";
                choices.push(json!({ "description": description, "type": "string", "enum": bare }));
            }
        }
        schema.insert("definitions".to_owned(), definitions.into());
    }
}

/// What a scenario needs in all need not stand in one file if that includes others.
#[derive(Debug, Clone)]
struct Includes;

impl Transform for Includes {
    fn transform(&mut self, schema: &mut Schema) {
        let root = schema.remove("required");
        let mut of = |name: &str| {
            let definition = schema.get_mut("definitions")?.get_mut(name)?.as_object_mut()?;
            definition.remove("required")
        };
        let [broker, feed, search] = MERGED.map(|name| json!({ "required": of(name) }));
        schema.insert("if".to_owned(), json!({ "not": { "required": ["include"] } }));
        schema.insert(
            "then".to_owned(),
            json!({
                "required": root,
                "properties": {
                    "brokers": { "additionalProperties": broker },
                    "feeds": { "additionalProperties": feed },
                    "load": { "properties": { "search": search } },
                },
            }),
        );
    }
}

#[cfg(test)]
mod tests;
