//! Response times in as few bytes as there are: what is kept of each interval of a run.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::stats::fine::FineTimes;
use crate::stats::hdr_v2;

/// Response times of one row and interval: the counters of an HDR histogram in the encoding V2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedTimes(Box<[u8]>);

impl PackedTimes {
    /// Returns whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// The times, to count with.
    pub fn unpack(&self) -> FineTimes {
        // Only this file makes them, from counters or from a text that was checked.
        hdr_v2::read_counters(&self.0).map(FineTimes::from_counts).unwrap_or_default()
    }

    /// A histogram in the form of interval logs: compressed encoding V2 of `HdrHistogram` in base64.
    pub fn log_text(&self) -> String {
        STANDARD.encode(hdr_v2::in_zlib(&self.0))
    }
}

impl From<&FineTimes> for PackedTimes {
    fn from(times: &FineTimes) -> Self {
        Self(hdr_v2::counters(times.counts()).into())
    }
}

impl Serialize for PackedTimes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_empty() {
            return serializer.serialize_none();
        }
        serializer.serialize_str(&STANDARD.encode(hdr_v2::histogram(&self.0)))
    }
}

impl<'de> Deserialize<'de> for PackedTimes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(text) = Option::<Cow<'de, str>>::deserialize(deserializer)? else {
            return Ok(Self::default());
        };
        let bytes = STANDARD.decode(text.as_bytes()).map_err(D::Error::custom)?;
        let counters = hdr_v2::counters_of(&bytes).map_err(D::Error::custom)?;
        hdr_v2::read_counters(counters).map_err(D::Error::custom)?;
        Ok(Self(counters.into()))
    }
}

impl JsonSchema for PackedTimes {
    fn schema_name() -> Cow<'static, str> {
        "Histogram".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An HDR histogram in base64 (encoding V2 of HdrHistogram, not compressed), in nanoseconds; \
                            null if nothing was counted.",
            "type": ["string", "null"],
            "contentEncoding": "base64",
        })
    }
}

impl Serialize for FineTimes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PackedTimes::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FineTimes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(PackedTimes::deserialize(deserializer)?.unpack())
    }
}

impl JsonSchema for FineTimes {
    fn schema_name() -> Cow<'static, str> {
        PackedTimes::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        PackedTimes::json_schema(generator)
    }
}

#[cfg(test)]
mod tests;
