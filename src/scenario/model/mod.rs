//! The scenario file as written: serde types one to one with its keys, their docs the language's reference.
//!
//! Every field is optional here, also those that a scenario cannot do without: a missing one is found by
//! `compile` together with all other mistakes, so that one wrong value never hides another. Variants
//! are externally tagged and nothing is flattened, since both would cost the exact place of a mistake.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, de};

use crate::scenario::model::broker::Broker;
use crate::scenario::model::load::Load;
use crate::scenario::model::payload::{Feed, Payload};
use crate::scenario::model::user_class::UserClass;

pub mod broker;
pub mod in_order;
pub mod load;
pub mod payload;
pub mod protocol;
pub mod receive;
pub mod step;
pub mod subscription;
pub mod user_class;

/// A whole scenario file.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Version of the scenario language; this one is 1. Required.
    #[schemars(extend("enum" = [1]))]
    pub version: Option<u32>,
    /// Name of the scenario, shown in the plan and the reports. Default: the file's name without ending.
    pub name: Option<String>,
    /// Seed of all random draws; two runs of one seed draw the same. Default 0.
    pub seed: Option<u64>,
    /// Other scenario files, TOML or YAML, by path from this one. What stands here wins over what they say, and a
    /// later one over an earlier: tables are merged key by key; lists, values and choices such as a wait time or a
    /// payload are replaced. Paths in a file count from its own folder.
    pub include: Vec<String>,
    /// Constants for templates: `${vars.NAME}`. Each stands for the text that is written here, in quotes or not:
    /// `1.10`, `+49`, `0x10` and `2026-01-31` stay as they are.
    pub vars: BTreeMap<String, Scalar>,
    /// The systems under test, by name. At least one.
    pub brokers: BTreeMap<String, Broker>,
    /// Tables of values for templates, by name: `${row.COLUMN}`.
    pub feeds: BTreeMap<String, Feed>,
    /// Payloads for publish steps, by name: `payload = { named = "NAME" }`.
    pub payloads: BTreeMap<String, Payload>,
    /// How many users, how fast, how long. Default: one user, until it is stopped.
    pub load: Load,
    /// Kinds of simulated clients, by name. At least one.
    pub user_classes: BTreeMap<String, UserClass>,
    /// What must hold at the end of a run, or it exits with code 3: `"p99 < 200ms"`, `"failures < 1%"`,
    /// `"p95[MQTT connect] < 1s"`, `"unfinished < 1"`. See `compare --fail-on` for the words; `unfinished`, requests that
    /// still waited when their user was gone, is for thresholds alone.
    pub thresholds: Vec<String>,
}

/// A constant: in a template, the text that is written in the file, in quotes or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar(pub String);

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Text, a number, `true` or `false`; in a template, the text that is written in the file: \
                            `1.10` stays `1.10`.",
            "type": ["string", "number", "boolean"],
        })
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyScalar;

        impl de::Visitor<'_> for AnyScalar {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, `true` or `false`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            /// Only below a misspelt `vars`, as the others above: see `scenario::constants`.
            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(format!("{number:?}")))
            }
        }

        deserializer.deserialize_any(AnyScalar)
    }
}
