//! The properties of MQTT 5 packets from the broker: what is wrong with them is the broker's mistake.

use crate::client::failure::Failure;
use crate::mqtt::properties::{self, PropertyError};

pub(super) use crate::mqtt::properties::{Allowed, Value};

impl From<PropertyError> for Failure {
    fn from(error: PropertyError) -> Self {
        Self::Protocol(error.what())
    }
}

/// Takes properties off the head of a packet's body and gives each to `each`. What is left is the rest of the
/// body.
pub(super) fn read<'a>(
    body: &'a [u8],
    allowed: Allowed,
    each: impl FnMut(u8, Value<'a>) -> Result<(), Failure>,
) -> Result<&'a [u8], Failure> {
    properties::read(body, allowed, each)
}
