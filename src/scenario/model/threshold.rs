//! Conditions on the results of a run.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::units::HumanDuration;

/// A condition on the results of a run: a text, or a table that says more about it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// A condition on the whole run, judged at its end.
    #[serde(rename = "$text")]
    Plain(String),
    /// A condition on a stage, or one that ends the run.
    #[serde(rename = "$table")]
    Table(ThresholdTable),
}

/// A condition on a stage, or one that ends the run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ThresholdTable {
    /// The condition, such as `"p99[publish] < 50ms"`. Required.
    pub check: Option<String>,
    /// The stage that it is about: its name, or its number in quotes, from `"1"`. Default: the whole run.
    pub stage: Option<String>,
    /// Whether the run ends when the condition is missed. It is then checked each second. Default false.
    pub abort: Option<bool>,
    /// How much of the run, or of the stage, has to be over before the condition can end the run. Default: 0 for what
    /// can never be met again, such as `failures < 10`, and 10 s for what rises and falls, such as a percentile.
    pub after: Option<HumanDuration>,
}

impl Threshold {
    /// The same as a table.
    pub fn table(&self) -> ThresholdTable {
        match self {
            Self::Plain(check) => ThresholdTable { check: Some(check.clone()), ..ThresholdTable::default() },
            Self::Table(table) => table.clone(),
        }
    }
}
