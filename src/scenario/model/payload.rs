//! What messages carry: payloads and the feeds that fill them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, de};

use crate::units::ByteSize;

/// A table of values, one row per user or per message.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Feed {
    /// A CSV file (RFC 4180, UTF-8) with a header line that names the columns, by path from the folder of this file.
    /// Commas separate columns; a value with a comma, quote or line break in it stands in double quotes. Required.
    pub csv: Option<String>,
    /// Who gets which row. Default `sequential`.
    pub order: Option<FeedOrder>,
    /// How long a user keeps its row. Default `user`.
    pub per: Option<FeedPer>,
}

/// Who gets which row of a feed. The same in every run of one seed, whatever the number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedOrder {
    /// One after the other, from the first again after the last. Per user: the user with index 0 gets the first
    /// row. Per message: each user goes through the rows, beginning with the one of its index.
    #[default]
    Sequential,
    /// Drawn from all rows, each time anew.
    Random,
    /// One after the other, and none twice, by users of several user classes neither. Fewer rows than users are a
    /// mistake. Per message, each user has an equal share of the rows and stops when it has used them; what is left
    /// over, less than a row per user, is not used.
    Unique,
}

/// How long a user keeps its row of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedPer {
    /// As long as it lives.
    #[default]
    User,
    /// For one message: each publish that uses the feed in its topic or payload gets a row, the same for both.
    Message,
}

/// What a message carries: a text, or a table with one of these keys.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// A text, a template.
    #[serde(rename = "$text")]
    Plain(String),
    /// The same, spelt out.
    Text(String),
    /// A JSON value. Texts in it are templates, keys are not; whatever is rendered into them, the message is JSON. A
    /// text that is nothing but a number's template, such as `"${seq}"` or `"${random_int(1, 6)}"`, becomes a number;
    /// columns of feeds stay texts.
    Json(Json),
    /// Bytes in hexadecimal; white space between them is passed over.
    Hex(String),
    /// Bytes in base64, the standard one, with or without `=` at its end; white space is passed over.
    Base64(String),
    /// The bytes of a file, by path from the folder of this one; of UTF-8 text without a byte order mark.
    File(String),
    /// A file of which each message carries one line as it is, without its end, by path from the folder of this
    /// one. At each publish with it, each user goes through the lines, beginning with the one of its index.
    Lines(String),
    /// So many letters and digits of no meaning.
    Size(Size),
    /// One of `payloads`, by its name; such a one cannot be `named` itself.
    Named(String),
}

/// A number of bytes: `"1KiB"`, or a table with this key.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Always so many.
    #[serde(rename = "$text")]
    Exactly(ByteSize),
    /// Evenly distributed between two sizes, both included.
    Between(ByteSize, ByteSize),
}

/// A JSON value as it stands in the file, keys in their order.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`; only YAML can say it.
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

    /// Anything: part of the place that it stands in, since a definition of it would say nothing.
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
