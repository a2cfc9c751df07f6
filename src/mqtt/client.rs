//! Which client drives the connections of a broker.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// Which client drives the connections of a broker's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// This program's own.
    #[default]
    Native,
    /// rumqttc, as devices in Rust use it: one write for each packet, and about 25 KiB for each connection. What it
    /// cannot do is a mistake of the scenario: docs/transports.md lists it.
    Rumqttc,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Rumqttc => "rumqttc",
        })
    }
}
