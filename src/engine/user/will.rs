//! A user's will, rendered once.

use crate::client::{self, Connect};
use crate::engine::user::User;
use crate::plan::payload::Payload;
use crate::plan::{Text, Will};

/// The texts of a will.
#[derive(Debug)]
pub(super) struct WillTexts {
    topic: String,
    payload: Vec<u8>,
    properties: Vec<u8>,
}

impl WillTexts {
    /// As it goes on the wire.
    pub(super) fn with(&self, will: &Will) -> client::Will<'_> {
        client::Will {
            topic: &self.topic,
            payload: &self.payload,
            qos: will.qos,
            retain: will.retain,
            delay_s: will.delay_s,
            properties: &self.properties,
        }
    }
}

impl<C: Connect> User<C> {
    pub(super) fn will_texts(&mut self, will: &Will) -> WillTexts {
        let topic = self.render_once(&will.topic);
        let mut payload = Vec::new();
        match &will.payload {
            Payload::Text(Text::Constant(bytes)) => payload.extend_from_slice(bytes),
            Payload::Text(Text::PerUser { template, .. } | Text::PerMessage(template)) => {
                self.render(template, 0, 0, &mut payload);
            }
            Payload::Lines(lines) => payload.extend_from_slice(lines.line(self.scope.index, 1)),
            Payload::Filling(filling) => payload.extend_from_slice(filling.draw(&mut self.random)),
        }
        let mut properties = Vec::new();
        will.properties.write(&mut properties, |template, out| self.render(template, 0, 0, out));
        WillTexts { topic, payload, properties }
    }
}
