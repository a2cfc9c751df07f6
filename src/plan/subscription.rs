//! What subscriptions are made of, and their end.

use std::time::Duration;

use crate::mqtt::{Qos, SubscribeOptions};
use crate::plan::{Request, Text};

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

/// End subscriptions.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsubscribe {
    /// Of which filters, at least one, in one packet; never [`Text::PerMessage`].
    pub filters: Vec<Text>,
    /// How long to wait for UNSUBACK.
    pub timeout: Duration,
    /// How it is recorded.
    pub request: Request,
}
