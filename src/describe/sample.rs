//! The messages that the first users of a class would send, rendered as the engine does, at a fixed time.

use crate::mqtt::{Qos, Version};
use crate::plan::measure::StampPlace;
use crate::plan::payload::Payload;
use crate::plan::persona::{Buffers, Moment, Persona, Rendered, StampText};
use crate::plan::{Publish, Text, UserClass};
use crate::stats::stamp::{Publisher, Stamp};
use crate::template::Received;

/// The time in sample messages: the first moment of 2026.
const NOW_NS: u64 = 1_767_225_600_000_000_000;
/// How many renderings the mean size of a message is taken from.
const MEASURED: u32 = 8;

pub(super) struct SampleMessage {
    pub(super) topic: Vec<u8>,
    pub(super) payload: Vec<u8>,
    /// Properties of MQTT 5, encoded.
    pub(super) properties: Vec<u8>,
}

/// A user that renders but does not run.
#[derive(Clone)]
pub(super) struct SampleUser {
    persona: Persona,
    /// What stands for a received message: the templates that would quote it.
    received: Received,
}

impl SampleUser {
    pub(super) fn new(class: &UserClass, seed: u64, number: u64, index: u64) -> Self {
        Self { persona: Persona::new(class, seed, number, index), received: Received::sample() }
    }

    pub(super) fn persona(&self) -> &Persona {
        &self.persona
    }

    pub(super) fn message(&mut self, class: &UserClass, publish: &Publish) -> SampleMessage {
        let mut buffers = Buffers::default();
        let Self { persona, received } = self;
        let seq = persona.begin_message(class, publish, &mut buffers);
        let moment = Moment { seq, now_ns: NOW_NS, received };
        persona.render_topic(publish, moment, &mut buffers);
        let stamp = publish.stamp.as_deref().map(|stamping| {
            let publisher = Publisher::new(0, persona.number());
            let by_topic = matches!(publish.topic, Text::PerMessage(_));
            let stamp =
                Stamp { time_ns: NOW_NS, late_us: None, publisher, step: stamping.step, by_topic, seq };
            (&stamping.place, stamp.encode())
        });
        let text = stamp.as_ref().map(|(place, text)| StampText { place, text });
        persona.render_body(publish, moment, text, false, &mut buffers);
        let place = stamp.map(|(place, _)| place);
        let Rendered { topic, payload, properties } =
            persona.finish_message(publish, seq, place, &mut buffers);
        SampleMessage { topic: topic.to_vec(), payload: payload.to_vec(), properties: properties.to_vec() }
    }

    /// A text of a step that is no message of its own.
    pub(super) fn render(&mut self, text: &Text) -> Vec<u8> {
        let moment = Moment { seq: 1, now_ns: NOW_NS, received: &self.received };
        self.persona.text_now(text, moment).to_vec()
    }

    /// The mean size of the packets of a publish step, from the fixed header on, over a few of them.
    pub(super) fn packet_bytes(&mut self, version: Version, class: &UserClass, publish: &Publish) -> f64 {
        let id_bytes = if publish.qos == Qos::AtMostOnce { 0.0 } else { 2.0 };
        // Lengths are written in groups of seven bits.
        let length_bytes = |length: f64| (length.max(1.0).log2() / 7.0).floor() + 1.0;
        let size = |topic: f64, properties: f64, payload: f64| {
            let properties = match version {
                Version::V311 => 0.0,
                Version::V5 => length_bytes(properties) + properties,
            };
            let rest = 2.0 + topic + id_bytes + properties + payload;
            // And a byte of type and flags.
            1.0 + length_bytes(rest) + rest
        };
        let is_constant = |text: &Text| !matches!(text, Text::PerMessage(_));
        let is_same = match &publish.payload {
            Payload::Text(text) => is_constant(text) && is_constant(&publish.topic),
            Payload::Lines(_) | Payload::Filling(_) => is_constant(&publish.topic),
        };
        let is_stamped_json =
            publish.stamp.as_ref().is_some_and(|stamp| matches!(stamp.place, StampPlace::Json { .. }));
        let is_same = is_same && publish.properties.varying.is_empty() && !is_stamped_json;
        let times = if is_same { 1 } else { MEASURED };
        let sizes = (0..times).map(|_| {
            let SampleMessage { topic, payload, properties } = self.message(class, publish);
            let payload = mean_bytes(&publish.payload).unwrap_or(payload.len() as f64);
            size(topic.len() as f64, properties.len() as f64, payload)
        });
        sizes.sum::<f64>() / f64::from(times)
    }
}

/// The mean size of a payload that need not be rendered to tell it.
fn mean_bytes(payload: &Payload) -> Option<f64> {
    match payload {
        Payload::Text(_) => None,
        Payload::Lines(lines) => Some(lines.0.bytes().len() as f64 / lines.0.len() as f64),
        Payload::Filling(filling) => Some((filling.least + filling.bytes.len()) as f64 / 2.0),
    }
}
