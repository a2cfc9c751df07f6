//! What users of a plan would send, rendered: real texts, with time standing still.

use crate::mqtt::property::{self, CORRELATION_DATA, RESPONSE_TOPIC};
use crate::mqtt::{Qos, Version};
use crate::plan::feed::Rows;
use crate::plan::measure::{StampPlace, Stamping};
use crate::plan::payload::Payload;
use crate::plan::properties::Properties;
use crate::plan::{Publish, Text, UserClass};
use crate::stats::stamp::{self, Publisher, Stamp};
use crate::template::random::Random;
use crate::template::{NOT_BEGUN, Received, Scope, Template, UserScope};

/// The time in sample messages: the first moment of 2026.
const NOW_NS: u64 = 1_767_225_600_000_000_000;
/// How many renderings the mean size of a message is taken from.
const MEASURED: u32 = 8;

/// A message as it would be sent.
pub(super) struct SampleMessage {
    pub(super) topic: Vec<u8>,
    pub(super) payload: Vec<u8>,
    /// Properties of MQTT 5, encoded.
    pub(super) properties: Vec<u8>,
}

/// A user that renders but does not run.
#[derive(Clone)]
pub(super) struct SampleUser {
    pub(super) scope: UserScope,
    pub(super) username: Option<Vec<u8>>,
    pub(super) password: Option<Vec<u8>>,
    /// Topic and payload of its will.
    pub(super) will: Option<(Vec<u8>, Vec<u8>)>,
    random: Random,
    rows: Rows,
    walks: Box<[i64]>,
}

impl SampleUser {
    /// A user as the engine makes it: first its rows are drawn, then its client id, user name, password
    /// and will.
    pub(super) fn new(class: &UserClass, seed: u64, number: u64, index: u64) -> Self {
        let mut random = Random::for_user(seed, &class.name, index);
        let rows = Rows::new(&class.feeds, index, &mut random);
        let scope = UserScope { number, index, client_id: Vec::new() };
        let walks = vec![NOT_BEGUN; class.walks].into();
        let mut user = Self { scope, username: None, password: None, will: None, random, rows, walks };
        user.scope.client_id = user.render_template(&class.client_id);
        user.username = class.username.as_ref().map(|username| user.render_template(username));
        user.password = class.password.as_ref().map(|password| user.render_template(&password.0));
        if let Some(will) = &class.will {
            let topic = user.render_template(&will.topic);
            let payload = match &will.payload {
                Payload::Text(text) => user.render(text),
                Payload::Lines(lines) => lines.line(index, 1).to_vec(),
                Payload::Filling(filling) => filling.draw(&mut user.random).to_vec(),
            };
            // They are not shown, but draw as those of the engine do.
            user.properties(&will.properties);
            user.will = Some((topic, payload));
        }
        user
    }

    /// Its next message of a step.
    pub(super) fn message(&mut self, class: &UserClass, publish: &Publish) -> SampleMessage {
        self.rows.take(&class.feeds, &publish.feeds, self.scope.index, &mut self.random);
        // In the engine's order: properties are drawn before a filling.
        let topic = self.render(&publish.topic);
        let stamp = publish.stamp.as_deref().map(|stamping| (stamping, self.stamp(publish, stamping)));
        let text = match &publish.payload {
            Payload::Text(text) => Some(self.render(text)),
            Payload::Lines(_) | Payload::Filling(_) => None,
        };
        let rest = match publish.stamp.as_deref() {
            Some(Stamping { place: StampPlace::Json { rest, .. }, .. }) => self.render_template(rest),
            _ => Vec::new(),
        };
        let mut properties = self.properties(&publish.properties);
        let mut payload = match &publish.payload {
            Payload::Text(_) => text.unwrap_or_default(),
            Payload::Lines(lines) => lines.line(self.scope.index, 1).to_vec(),
            Payload::Filling(filling) => filling.draw(&mut self.random).to_vec(),
        };
        match stamp {
            None => {}
            Some((Stamping { place: StampPlace::Property, .. }, stamp)) => {
                properties.extend(Stamping::property(&stamp));
            }
            Some((Stamping { place: StampPlace::Prefix, .. }, stamp)) => {
                payload.splice(..0, stamp);
            }
            Some((Stamping { place: StampPlace::Json { .. }, .. }, stamp)) => {
                payload.extend(stamp);
                payload.extend(rest);
            }
        }
        SampleMessage { topic, payload, properties }
    }

    /// The stamp of a first message.
    fn stamp(&self, publish: &Publish, stamping: &Stamping) -> [u8; stamp::LENGTH] {
        let by_topic = matches!(publish.topic, Text::PerMessage(_));
        let publisher = Publisher::new(0, self.scope.number);
        Stamp { time_ns: NOW_NS, late_us: None, publisher, step: stamping.step, by_topic, seq: 1 }.encode()
    }

    /// Properties as they go on the wire.
    fn properties(&mut self, properties: &Properties) -> Vec<u8> {
        let mut out = Vec::new();
        properties.write(&mut out, |template, out| out.extend(self.render_template(template)));
        out
    }

    pub(super) fn render(&mut self, text: &Text) -> Vec<u8> {
        match text {
            Text::Constant(text) => text.to_vec(),
            Text::PerUser { template, .. } | Text::PerMessage(template) => self.render_template(template),
        }
    }

    fn render_template(&mut self, template: &Template) -> Vec<u8> {
        let mut out = Vec::new();
        // Nobody knows what will come: it stands as in the file.
        let mut properties = Vec::new();
        property::put_text(&mut properties, RESPONSE_TOPIC, b"${received.response_topic}");
        property::put_text(&mut properties, CORRELATION_DATA, b"${received.correlation_data}");
        let received = Received::new("${received.topic}", b"${received.payload}", &properties);
        let mut scope = Scope {
            user: &self.scope,
            rows: self.rows.current(),
            iteration: 0,
            seq: 1,
            now_ns: NOW_NS,
            random: &mut self.random,
            walks: &mut self.walks,
            received: &received,
        };
        template.render(&mut scope, &mut out);
        out
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
