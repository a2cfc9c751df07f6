//! What subscriptions are made of, and their end.

use std::time::Duration;

use crate::mqtt::{Qos, SubscribeOptions};
use crate::plan::measure::Measure;
use crate::plan::request::Request;
use crate::plan::text::Text;

/// A step that subscribes.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscribe {
    /// Of which topics, at least one; asked for in one packet.
    pub filters: Vec<Subscription>,
    /// MQTT 5: what the broker shall send with each message of these, 1 to 268,435,455.
    pub identifier: Option<u32>,
    /// How long to wait for SUBACK.
    pub timeout: Duration,
    /// How it is recorded.
    pub request: Request,
    /// How what arrives is measured, if it is.
    pub measure: Option<Measure>,
}

/// A filter, and what is asked of the messages that it brings.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Which topics; never [`Text::PerMessage`].
    pub filter: Text,
    /// Highest quality of service of what is delivered.
    pub qos: Qos,
    /// What else it asks for; nothing of MQTT 3.1.1.
    pub options: SubscribeOptions,
}

/// A step that unsubscribes.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsubscribe {
    /// Of which filters, at least one, in one packet; never [`Text::PerMessage`].
    pub filters: Vec<Text>,
    /// How long to wait for UNSUBACK.
    pub timeout: Duration,
    /// How it is recorded.
    pub request: Request,
}
