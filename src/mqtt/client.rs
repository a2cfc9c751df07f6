//! The MQTT client that drives the connections of a broker.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// The MQTT client that drives the connections of a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// The client of this program.
    #[default]
    Native,
    /// The crate rumqttc, for devices that run it. It costs more. docs/transports.md lists what it cannot do; a
    /// scenario that asks for it is an error.
    Rumqttc,
}

/// The shortest keep-alive time that rumqttc takes in MQTT 5, in seconds. Less makes it panic.
pub const RUMQTTC_MIN_KEEP_ALIVE_5_S: u16 = 5;

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Rumqttc => "rumqttc",
        })
    }
}
