//! `received.PART`: parts of a received message, for messages that the user sends later.

use crate::mqtt::property;

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Topic,
    Payload,
    ResponseTopic,
    CorrelationData,
}

impl Part {
    /// The part that a template calls so.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "received.topic" => Some(Self::Topic),
            "received.payload" => Some(Self::Payload),
            "received.response_topic" => Some(Self::ResponseTopic),
            "received.correlation_data" => Some(Self::CorrelationData),
            _ => None,
        }
    }

    /// What a template calls it, if only MQTT 5 has it.
    pub(crate) fn of_5(self) -> Option<&'static str> {
        match self {
            Self::Topic | Self::Payload => None,
            Self::ResponseTopic => Some("`received.response_topic`"),
            Self::CorrelationData => Some("`received.correlation_data`"),
        }
    }
}

/// The message that a step of a user has taken last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    topic: Vec<u8>,
    payload: Vec<u8>,
    response_topic: Vec<u8>,
    correlation_data: Vec<u8>,
}

/// Where none was taken: all parts are empty.
pub static NOTHING: Received = Received {
    topic: Vec::new(),
    payload: Vec::new(),
    response_topic: Vec::new(),
    correlation_data: Vec::new(),
};

impl Received {
    /// One of these parts; a part that the message does not have is empty.
    pub fn new(topic: &str, payload: &[u8], properties: &[u8]) -> Self {
        let mut received = Self::default();
        received.set(topic, payload, properties);
        received
    }

    /// Becomes this message, in the memory of the one before.
    pub fn set(&mut self, topic: &str, payload: &[u8], properties: &[u8]) {
        let of = |number| property::find(properties, number).unwrap_or_default();
        for (part, bytes) in [
            (&mut self.topic, topic.as_bytes()),
            (&mut self.payload, payload),
            (&mut self.response_topic, of(property::RESPONSE_TOPIC)),
            (&mut self.correlation_data, of(property::CORRELATION_DATA)),
        ] {
            part.clear();
            part.extend_from_slice(bytes);
        }
    }

    pub(super) fn part(&self, part: Part) -> &[u8] {
        match part {
            Part::Topic => &self.topic,
            Part::Payload => &self.payload,
            Part::ResponseTopic => &self.response_topic,
            Part::CorrelationData => &self.correlation_data,
        }
    }
}
