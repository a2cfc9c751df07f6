//! Messages of the master, read leniently: keys that we do not know are passed over, and values of options may be anything.
//!
//! What is no message is an error, whatever it is: lengths that are not there, values nested too deep, bytes after the end.

use std::collections::BTreeMap;
use std::fmt;

use rmp_serde::decode::Error as DecodeError;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::locust::message::{ClassChange, FromMaster, Locustfile, OptionValue, Spawn};

/// How deep values of the master may be nested; Locust's own have four levels.
const MAX_DEPTH: usize = 32;

/// Reads a message of the master.
pub fn decode(body: &[u8]) -> Result<FromMaster, DecodeError> {
    let mut rest = body;
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    deserializer.set_max_depth(MAX_DEPTH);
    let message = Envelope::deserialize(&mut deserializer)?.0;
    if rest.is_empty() { Ok(message) } else { Err(de::Error::custom("bytes after the end of the message")) }
}

/// A message as it comes; its third part names this worker, which knows its name.
struct Envelope(FromMaster);

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of type, data and node id")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Envelope, A::Error> {
        let missing = |index| de::Error::invalid_length(index, &self);
        let kind: String = parts.next_element()?.ok_or_else(|| missing(0))?;
        let message = parts.next_element_seed(DataOf(&kind))?.ok_or_else(|| missing(1))?;
        let _node_id: IgnoredAny = parts.next_element()?.ok_or_else(|| missing(2))?;
        match parts.next_element::<IgnoredAny>()? {
            None => Ok(Envelope(message)),
            Some(_) => Err(missing(4)),
        }
    }
}

/// Reads the data of a message of this type.
struct DataOf<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for DataOf<'_> {
    type Value = FromMaster;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FromMaster, D::Error> {
        #[derive(serde::Deserialize)]
        struct Ack {
            #[serde(default)]
            index: Option<u64>,
        }
        #[derive(serde::Deserialize)]
        struct Drain {
            #[serde(default)]
            stop_timeout: Option<f64>,
            #[serde(default)]
            number: u64,
        }
        #[derive(serde::Deserialize)]
        struct Files {
            #[serde(default)]
            locustfiles: Vec<Locustfile>,
            #[serde(default)]
            error: Option<String>,
        }
        let simple = match self.0 {
            "ack" => {
                // Masters before 2.10.3 send no data.
                let ack = Option::<Ack>::deserialize(deserializer)?;
                return Ok(FromMaster::Ack(ack.and_then(|ack| ack.index)));
            }
            "spawn" => return Ok(FromMaster::Spawn(Box::new(Spawn::deserialize(deserializer)?))),
            "update_user_class" => return Ok(FromMaster::UpdateUserClass(read_change(deserializer)?)),
            "mqtt_scenario_drain" => {
                let drain = Option::<Drain>::deserialize(deserializer)?;
                let (timeout, number) = drain.map_or((None, 0), |drain| (drain.stop_timeout, drain.number));
                return Ok(FromMaster::Drain { stop_timeout_s: timeout.unwrap_or(0.0), number });
            }
            "mqtt_scenario_reset" => return Ok(FromMaster::Reset(u64::deserialize(deserializer)?)),
            "locustfile" => {
                let Files { locustfiles, error } = Files::deserialize(deserializer)?;
                return Ok(FromMaster::Locustfile(error.map_or(Ok(locustfiles), Err)));
            }
            "heartbeat" => FromMaster::Heartbeat,
            "spawning_complete" => FromMaster::SpawningComplete,
            "stop" => FromMaster::Stop,
            "quit" => FromMaster::Quit,
            "reconnect" => FromMaster::Reconnect,
            other => FromMaster::Other(other.to_owned()),
        };
        IgnoredAny::deserialize(deserializer)?;
        Ok(simple)
    }
}

fn read_change<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ClassChange, D::Error> {
    let mut attributes = BTreeMap::<String, OptionValue>::deserialize(deserializer)?;
    match attributes.remove("user_class_name") {
        Some(OptionValue::Text(class)) => Ok(ClassChange { class, attributes }),
        _ => Err(de::Error::missing_field("user_class_name")),
    }
}

impl<'de> Deserialize<'de> for Locustfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Either {
            File { filename: String, contents: String },
            Url(String),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::File { filename, contents } => Self::File { filename, contents },
            Either::Url(url) => Self::Url(url),
        })
    }
}

impl<'de> Deserialize<'de> for OptionValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OptionVisitor)
    }
}

struct OptionVisitor;

impl<'de> Visitor<'de> for OptionVisitor {
    type Value = OptionValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<OptionValue, E> {
        Ok(OptionValue::Nil)
    }

    fn visit_bool<E>(self, value: bool) -> Result<OptionValue, E> {
        Ok(OptionValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<OptionValue, E> {
        Ok(OptionValue::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<OptionValue, E> {
        Ok(OptionValue::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<OptionValue, E> {
        Ok(OptionValue::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<OptionValue, E> {
        Ok(OptionValue::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<OptionValue, E> {
        Ok(OptionValue::Other)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<OptionValue, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| OptionValue::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<OptionValue, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(OptionValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<OptionValue, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(OptionValue::Other)
    }
}

#[cfg(test)]
mod tests;
