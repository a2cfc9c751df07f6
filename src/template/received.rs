//! `received.PART`: parts of a received message, for messages that the user sends later.

use crate::mqtt::property;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Topic,
    /// This level of the topic, from 1.
    Level(u16),
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
            Self::Topic | Self::Level(_) | Self::Payload => None,
            Self::ResponseTopic => Some("`received.response_topic`"),
            Self::CorrelationData => Some("`received.correlation_data`"),
        }
    }
}

/// The last level that a template can ask for: topics have at most so many in Mosquitto, and fewer in others.
pub(super) const MAX_LEVEL: u16 = 200;

/// The message that a step of a user has taken last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    topic: Vec<u8>,
    /// What stands for the levels of the topic, if that is not the topic itself.
    levels: Option<Vec<u8>>,
    payload: Vec<u8>,
    response_topic: Vec<u8>,
    correlation_data: Vec<u8>,
}

/// Where none was taken: all parts are empty.
pub static NOTHING: Received = Received {
    topic: Vec::new(),
    levels: None,
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

    /// In place of a message: its parts are the templates that would quote them.
    pub fn sample() -> Self {
        let part = |name| format!("${{received.{name}}}").into_bytes();
        let levels: Vec<_> = (1..=MAX_LEVEL).map(|level| format!("${{received.level({level})}}")).collect();
        Self {
            topic: part("topic"),
            levels: Some(levels.join("/").into_bytes()),
            payload: part("payload"),
            response_topic: part("response_topic"),
            correlation_data: part("correlation_data"),
        }
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
        self.levels = None;
    }

    pub(super) fn part(&self, part: Part) -> &[u8] {
        match part {
            Part::Topic => &self.topic,
            Part::Level(level) => {
                let topic = self.levels.as_ref().unwrap_or(&self.topic);
                topic.split(|byte| *byte == b'/').nth(usize::from(level) - 1).unwrap_or_default()
            }
            Part::Payload => &self.payload,
            Part::ResponseTopic => &self.response_topic,
            Part::CorrelationData => &self.correlation_data,
        }
    }
}
