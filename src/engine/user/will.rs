//! A user's will, rendered once.

use crate::client::{self, Connect};
use crate::engine::user::User;
use crate::plan::Will;

/// The texts of a will.
#[derive(Debug)]
pub(super) struct WillTexts {
    topic: String,
    payload: String,
    properties: Vec<u8>,
}

impl WillTexts {
    /// As it goes on the wire.
    pub(super) fn with(&self, will: &Will) -> client::Will<'_> {
        client::Will {
            topic: &self.topic,
            payload: self.payload.as_bytes(),
            qos: will.qos,
            retain: will.retain,
            delay_s: will.delay_s,
            properties: &self.properties,
        }
    }
}

impl<C: Connect> User<C> {
    pub(super) fn will_texts(&mut self, will: &Will) -> WillTexts {
        let (topic, payload) = (self.render_once(&will.topic), self.render_once(&will.payload));
        let mut properties = Vec::new();
        will.properties.write(&mut properties, |template, out| self.render(template, 0, 0, out));
        WillTexts { topic, payload, properties }
    }
}
