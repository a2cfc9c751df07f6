//! What messages carry: payloads, and feeds with values for them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, de};

use crate::units::ByteSize;

/// A table of values, with one row per user or per message.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Feed {
    /// A CSV file (RFC 4180, UTF-8), by path from the folder of this file. Its header line names the columns. Commas
    /// separate columns; a value with a comma, quote or line break needs double quotes. Required.
    pub csv: Option<String>,
    /// Who gets which row. Default `sequential`.
    pub order: Option<FeedOrder>,
    /// How long a user keeps its row. Default `user`.
    pub per: Option<FeedPer>,
}

/// Who gets which row of a feed. It is the same in every run with the same seed, with any number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedOrder {
    /// One row after the other; after the last row the first one again. Per user: the user with index 0 gets the first
    /// row. Per message: each user goes through the rows, and starts with the row of its index.
    #[default]
    Sequential,
    /// A random row each time.
    Random,
    /// One row after the other, and no row twice, also across user classes. It is a mistake if there are fewer rows
    /// than users. Per message, each user has an equal share of the rows and stops when it has used them. The
    /// remaining rows, fewer than one per user, are not used.
    Unique,
}

/// How long a user keeps its row of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedPer {
    /// For its whole life.
    #[default]
    User,
    /// For one message: each publish that uses the feed in its topic or payload gets a row, the same one for both.
    Message,
}

/// What a message carries: a text, or a table with one of these keys.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// A text, a template.
    #[serde(rename = "$text")]
    Plain(String),
    /// The same, with its key.
    Text(String),
    /// A JSON value. Texts in it are templates, keys are not. The message is always valid JSON, whatever the templates
    /// contain. A text with only the template of a number, such as `"${seq}"` or `"${random_int(1, 6)}"`, becomes a
    /// number; columns of feeds stay texts.
    Json(Json),
    /// Bytes in hexadecimal; white space between them is ignored.
    Hex(String),
    /// Bytes in standard base64, with or without `=` at the end; white space is ignored.
    Base64(String),
    /// The bytes of a file, by path from the folder of this one; UTF-8 text without its byte order mark.
    File(String),
    /// A file, by path from the folder of this one. Each message carries one line as it is, without its line end. With
    /// each publish of this payload a user takes the next line; it starts with the line of its index.
    Lines(String),
    /// Generated letters and digits of this size.
    Size(Size),
    /// One of `payloads`, by its name. That one cannot be `named` itself.
    Named(String),
}

/// A number of bytes: `"1KiB"`, or a table with this key.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Always this size.
    #[serde(rename = "$text")]
    Exactly(ByteSize),
    /// A random size between two sizes, both included.
    Between(ByteSize, ByteSize),
}

/// A JSON value as in the file, with its keys in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`; only YAML can express it.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// A number with a fraction.
    Float(f64),
    /// A text, a template.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }

    /// A JSON value can be anything, so the schema has no definition of it.
    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyJson;

        impl<'de> de::Visitor<'de> for AnyJson {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
                Ok(Json::Integer(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
                Ok(Json::Integer(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
                Ok(Json::Float(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(text.to_owned()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
                let mut object = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    object.push(entry);
                }
                Ok(Json::Object(object))
            }
        }

        deserializer.deserialize_any(AnyJson)
    }
}
