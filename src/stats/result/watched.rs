//! What a broker said of itself while the run went on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The figures of a broker from one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Watched {
    /// The name of the broker in the scenario.
    pub broker: String,
    /// Where the figures come from: a filter and the server that publishes them, or the address of metrics.
    pub source: String,
    /// Each figure that is a number, ordered by name.
    pub figures: Vec<WatchedFigure>,
    /// Each figure that is a text, such as a version, ordered by name.
    pub texts: Vec<WatchedText>,
    /// What went wrong, in sentences.
    pub notes: Vec<String>,
}

/// A figure of a broker. Its unit is the broker's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WatchedFigure {
    /// Its topic, or its name with its labels.
    pub name: String,
    /// Its value at the start of the run; if it was not known yet, its first value.
    pub first: f64,
    /// Its last value.
    pub last: f64,
    /// Its lowest value.
    pub lowest: f64,
    /// Its highest value.
    pub highest: f64,
    /// Its values over time; of very many, each second one is left out.
    pub points: Vec<WatchedPoint>,
}

/// A value of a figure at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchedPoint {
    /// When it was told, in seconds since the start of the run; 0 for what was told before.
    pub at_s: f64,
    /// The value.
    pub value: f64,
}

/// A text that a broker tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WatchedText {
    /// Its topic.
    pub name: String,
    /// The last text, cut behind 200 characters.
    pub text: String,
}

impl WatchedFigure {
    /// A figure with these values in the order of time; `None` if there are none.
    pub fn of(name: String, points: Vec<WatchedPoint>) -> Option<Self> {
        let (first, last) = (points.first()?.value, points.last()?.value);
        let values = || points.iter().map(|point| point.value);
        Some(Self {
            name,
            first,
            last,
            lowest: values().fold(first, f64::min),
            highest: values().fold(first, f64::max),
            points,
        })
    }

    /// The value that was told last at this moment, in seconds since the start of the run.
    pub fn at(&self, at_s: f64) -> Option<f64> {
        let known = self.points.partition_point(|point| point.at_s <= at_s);
        Some(self.points.get(known.checked_sub(1)?)?.value)
    }
}
