//! The scenario file as written: serde types one to one with its keys, their docs the language's reference.
//!
//! Every field is optional here, also those that a scenario cannot do without: a missing one is found by
//! `plan::compile` together with all other mistakes, so that one wrong value never hides another. Variants
//! are externally tagged and nothing is flattened, since both would cost the exact place of a mistake.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, de};

use crate::units::HumanDuration;

/// A whole scenario file.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Version of the scenario language; this one is 1. Required.
    pub version: Option<u32>,
    /// Name of the scenario, shown in the plan and the reports. Default: the file's name without ending.
    pub name: Option<String>,
    /// Seed of all random draws; two runs of one seed draw the same. Default 0.
    pub seed: Option<u64>,
    /// Constants for templates: `${vars.NAME}`.
    pub vars: BTreeMap<String, Scalar>,
    /// The systems under test, by name. At least one.
    pub brokers: BTreeMap<String, Broker>,
    /// How many users, how fast, how long.
    pub load: Load,
    /// Kinds of simulated clients, by name. At least one.
    pub user_classes: BTreeMap<String, UserClass>,
}

/// A constant: text, whole number, number or truth value, as text in a template.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar(pub String);

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

            /// With a fraction, if only `.0`, as it stands in the file.
            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(format!("{number:?}")))
            }
        }

        deserializer.deserialize_any(AnyScalar)
    }
}

/// A step that could not be read has been reported and becomes a pause of no length, so that the steps
/// behind it keep their place in the list.
fn steps<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    let steps = Vec::<Option<Step>>::deserialize(deserializer)?;
    Ok(steps.into_iter().map(|step| step.unwrap_or(Step::Wait(HumanDuration::default()))).collect())
}

/// A system under test.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Broker {
    /// `mqtt://HOST[:PORT]` (port 1883), or `embedded:` for a broker inside this process on loopback, with
    /// planted faults as options: `embedded:?delay=5ms&loss=0.01`. A template of `vars` and `env`. Required.
    pub url: Option<String>,
    /// How long a connect may take, from the first packet to CONNACK. Default 10 s.
    pub connect_timeout: Option<HumanDuration>,
    /// Longest silence before a PINGREQ; whole seconds up to 65535, 0 for never. Default 60 s.
    pub keep_alive: Option<HumanDuration>,
    /// How many QoS 1 and 2 messages of one user may wait for acknowledgement at once, 1 to 65535; a
    /// further publish waits for its turn. Default 20, as in paho; brokers refuse more unless told to.
    pub inflight: Option<u16>,
    /// Local addresses to connect from, in turn. One address has about 28,000 ports for one broker address;
    /// on loopback, any of 127.0.0.0/8 will do. Default: the system chooses.
    pub source_addresses: Vec<String>,
}

/// How many users, how fast, how long: Locust's `-u`, `-r`, `-t` and `--stop-timeout`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// Users in all. Default 1.
    pub users: Option<u32>,
    /// Users started per second, above 0. Default 1.
    pub spawn_rate: Option<f64>,
    /// Length of the run, the ramp included. Default: until it is stopped.
    pub run_time: Option<HumanDuration>,
    /// How long users may finish their task when the run stops. Default 0: they are stopped where they are.
    pub stop_timeout: Option<HumanDuration>,
}

/// A kind of simulated client. Each user of it has one MQTT connection.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserClass {
    /// Name of the broker. Default: the only one of the file.
    pub broker: Option<String>,
    /// Share of the users beside other classes, above 0. Default 1.
    pub weight: Option<f64>,
    /// Exactly so many users, given out before the weighted ones; excludes `weight`.
    pub fixed_count: Option<u32>,
    /// Client id, a template of values that do not change while a user lives.
    /// Default `${user.class}-${user.number}`.
    pub client_id: Option<String>,
    /// User name, a template of values that do not change while a user lives. Default: none.
    pub username: Option<String>,
    /// Password, likewise; never shown. Needs `username`. Default: none.
    pub password: Option<String>,
    /// Pause between tasks. Default: none.
    pub wait_time: Option<WaitTime>,
    /// Steps of each user before its first task.
    #[serde(deserialize_with = "steps")]
    pub on_start: Vec<Step>,
    /// What each user does, over and over, one picked by weight at a time. At least one.
    pub tasks: Vec<Task>,
    /// Steps of each user when it stops.
    #[serde(deserialize_with = "steps")]
    pub on_stop: Vec<Step>,
}

/// Pause between tasks: Locust's four.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitTime {
    /// Always so long.
    Constant(HumanDuration),
    /// Evenly distributed between two lengths, the second excluded.
    Between(HumanDuration, HumanDuration),
    /// Task starts are so far apart, if the task is not longer; no catching up.
    ConstantPacing(HumanDuration),
    /// Task starts per second and user, likewise.
    ConstantThroughput(f64),
}

/// A list of steps that a user picks by weight.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Task {
    /// Name for plans and messages. Required, unique in its class.
    pub name: Option<String>,
    /// Share of the picks, a whole number; 0 for never. Default 1.
    pub weight: Option<u32>,
    /// Words by which `--tags` and `--exclude-tags` choose.
    pub tags: Vec<String>,
    /// What to do, in order. At least one.
    #[serde(deserialize_with = "steps")]
    pub steps: Vec<Step>,
}

/// One action of a user: a table with its name as the only key, or, without any options, the name alone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Open the connection and wait for CONNACK.
    Connect(Connect),
    /// Close the connection.
    Disconnect(Disconnect),
    /// Send a message and wait for its acknowledgement.
    Publish(Publish),
    /// Ask for messages and wait until the broker grants it.
    Subscribe(Subscribe),
    /// Pause for so long; the connection is kept alive.
    Wait(HumanDuration),
    /// Do steps several times.
    Repeat(Repeat),
}

/// Open the connection and wait for CONNACK, up to the broker's `connect_timeout`. A failed attempt is a
/// failed request and is tried again after a growing pause. Nothing happens if the user is connected.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connect {
    /// Row of the statistics, a template of values that do not change while a user lives. Default `connect`.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// Close the connection with DISCONNECT, or without.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Disconnect {
    /// Drop the connection without DISCONNECT, as a lost device does. Default false.
    pub abrupt: Option<bool>,
    /// Row of the statistics, likewise. Default `disconnect`.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// Send a message and wait for its acknowledgement: PUBACK for QoS 1, PUBCOMP for QoS 2; QoS 0 counts as
/// acknowledged when it is written to the socket.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Publish {
    /// Topic, a template. Required.
    pub topic: Option<String>,
    /// Payload, a template. Default empty.
    pub payload: Option<String>,
    /// Quality of service: 0, 1 or 2. Default 0.
    pub qos: Option<u8>,
    /// Whether the broker shall keep the message for later subscribers. Default false.
    pub retain: Option<bool>,
    /// How long to wait for the acknowledgement before the request has failed. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Whether the step waits for the acknowledgement; with `false` the next step starts at once and the
    /// request is recorded when the acknowledgement comes. Default true.
    pub await_ack: Option<bool>,
    /// Row of the statistics, a template of values that do not change while a user lives.
    /// Default `publish:QOS:TOPIC`, the topic as written in the file.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// Ask for the messages of a filter and wait for SUBACK. What arrives is counted from then on, whatever the user
/// does. A subscription ends with `disconnect`; with a lost connection it does not: it is made again, as a
/// request of its own, as soon as there is a new one.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscribe {
    /// Filter with the wildcards `+` and `#`, or `$share/GROUP/FILTER`; a template of values that do not change
    /// while a user lives. Required.
    pub filter: Option<String>,
    /// Highest quality of service of what is delivered: 0, 1 or 2. Default 0.
    pub qos: Option<u8>,
    /// How long to wait for SUBACK before the request has failed. Default 10 s.
    pub timeout: Option<HumanDuration>,
    /// Row of the statistics, a template of values that do not change while a user lives.
    /// Default `subscribe:QOS:FILTER`, the filter as written in the file.
    pub name: Option<String>,
    /// Type of the row. Default `MQTT`.
    pub request_type: Option<String>,
    /// Whether successes are written to the statistics; failures always are. Default true.
    pub record: Option<bool>,
}

/// Do steps several times.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Repeat {
    /// How often. Required, at least 1.
    pub times: Option<u32>,
    /// What to do, in order. At least one.
    #[serde(deserialize_with = "steps")]
    pub steps: Vec<Step>,
}
