//! The scenario file as written: serde types with the same keys. Their docs are the reference of the language.
//!
//! Every field is optional here, also where a scenario needs it: `compile` finds a missing one together with all other
//! mistakes, so one wrong value never hides another. Variants are externally tagged and nothing is flattened, since
//! both would lose the exact position of a mistake.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, de};

use crate::scenario::model::broker::Broker;
use crate::scenario::model::load::Load;
use crate::scenario::model::payload::{Feed, Payload};
use crate::scenario::model::threshold::Threshold;
use crate::scenario::model::user_class::UserClass;

pub mod broker;
pub mod in_order;
pub mod load;
pub mod payload;
pub mod protocol;
pub mod receive;
pub mod step;
pub mod subscription;
pub mod threshold;
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
    /// Seed of all random values. Two runs with the same seed have the same values. Default 0.
    pub seed: Option<u64>,
    /// Other scenario files, TOML or YAML, by path from this one. This file overrides them, and a later one overrides
    /// an earlier one. Tables are merged key by key; lists, values and choices such as a wait time or a payload are
    /// replaced. Paths in a file count from its own folder.
    pub include: Vec<String>,
    /// Constants for templates: `${vars.NAME}`. Each stands for the text that is written here, with or without quotes:
    /// `1.10`, `+49`, `0x10` and `2026-01-31` stay as they are.
    pub vars: BTreeMap<String, Scalar>,
    /// The systems under test, by name. At least one.
    pub brokers: BTreeMap<String, Broker>,
    /// Tables of values for templates, by name: `${row.COLUMN}`.
    pub feeds: BTreeMap<String, Feed>,
    /// Payloads for publish steps, by name: `payload = { named = "NAME" }`.
    pub payloads: BTreeMap<String, Payload>,
    /// How many users, how fast, how long. Default: one user, until you stop it.
    pub load: Load,
    /// Kinds of simulated clients, by name. At least one.
    pub user_classes: BTreeMap<String, UserClass>,
    /// Conditions on the results of a run; if one is missed, the exit code is 3: `"p99 < 200ms"`, `"failures < 1%"`,
    /// `"p95[MQTT connect] < 1s"`, `"lost < 1"`. `docs/thresholds.md` has all words. A table names a stage, or ends the
    /// run as soon as the condition is missed: `{ check = "p99 < 50ms", stage = "peak", abort = true }`.
    pub thresholds: Vec<Threshold>,
}

/// A constant. In a template it is the text that is written in the file, with or without quotes.
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

            /// Like the other numbers, this one comes only below a misspelt `vars`: see `scenario::constants`.
            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(format!("{number:?}")))
            }
        }

        deserializer.deserialize_any(AnyScalar)
    }
}
