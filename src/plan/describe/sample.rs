//! What users of a plan would send, rendered: real texts, with time standing still.

use crate::mqtt::Qos;
use crate::plan::feed::Rows;
use crate::plan::payload::Payload;
use crate::plan::random::Random;
use crate::plan::template::{NOT_BEGUN, Scope, Template, UserScope};
use crate::plan::{Publish, Text, UserClass};

/// The time in sample messages: the first moment of 2026.
const NOW_NS: u64 = 1_767_225_600_000_000_000;
/// How many renderings the mean size of a message is taken from.
const MEASURED: u32 = 8;

/// A user that renders but does not run.
#[derive(Clone)]
pub(super) struct SampleUser {
    pub(super) scope: UserScope,
    pub(super) username: Option<Vec<u8>>,
    pub(super) password: Option<Vec<u8>>,
    random: Random,
    rows: Rows,
    walks: Box<[i64]>,
}

impl SampleUser {
    /// A user as the engine makes it: first its rows are drawn, then its client id, user name and password.
    pub(super) fn new(class: &UserClass, seed: u64, number: u64, index: u64) -> Self {
        let mut random = Random::for_user(seed, &class.name, index);
        let rows = Rows::new(&class.feeds, index, &mut random);
        let scope = UserScope { number, index, client_id: Vec::new() };
        let walks = vec![NOT_BEGUN; class.walks].into();
        let mut user = Self { scope, username: None, password: None, random, rows, walks };
        user.scope.client_id = user.render_template(&class.client_id);
        user.username = class.username.as_ref().map(|username| user.render_template(username));
        user.password = class.password.as_ref().map(|password| user.render_template(&password.0));
        user
    }

    /// Topic and payload of its next message of a step.
    pub(super) fn message(&mut self, class: &UserClass, publish: &Publish) -> (Vec<u8>, Vec<u8>) {
        self.rows.take(&class.feeds, &publish.feeds, self.scope.index, &mut self.random);
        (self.render(&publish.topic), self.payload(&publish.payload))
    }

    fn payload(&mut self, payload: &Payload) -> Vec<u8> {
        match payload {
            Payload::Text(text) => self.render(text),
            Payload::Lines(lines) => lines.line(self.scope.index, 1).to_vec(),
            Payload::Filling(filling) => filling.draw(&mut self.random).to_vec(),
        }
    }

    pub(super) fn render(&mut self, text: &Text) -> Vec<u8> {
        match text {
            Text::Constant(text) => text.to_vec(),
            Text::PerUser { template, .. } | Text::PerMessage(template) => self.render_template(template),
        }
    }

    fn render_template(&mut self, template: &Template) -> Vec<u8> {
        let mut out = Vec::new();
        let mut scope = Scope {
            user: &self.scope,
            rows: self.rows.current(),
            iteration: 0,
            seq: 1,
            now_ns: NOW_NS,
            random: &mut self.random,
            walks: &mut self.walks,
        };
        template.render(&mut scope, &mut out);
        out
    }

    /// The mean size of the packets of a publish step, from the fixed header on, over a few of them.
    pub(super) fn packet_bytes(&mut self, class: &UserClass, publish: &Publish) -> f64 {
        let id_bytes = if publish.qos == Qos::AtMostOnce { 0 } else { 2 };
        let size = |topic: f64, payload: f64| {
            let rest = 2.0 + topic + f64::from(id_bytes) + payload;
            // A byte of type and flags, and the length in groups of seven bits.
            let length_bytes = (rest.max(1.0).log2() / 7.0).floor() + 1.0;
            1.0 + length_bytes + rest
        };
        let is_constant = |text: &Text| !matches!(text, Text::PerMessage(_));
        let is_same = match &publish.payload {
            Payload::Text(text) => is_constant(text) && is_constant(&publish.topic),
            Payload::Lines(_) | Payload::Filling(_) => is_constant(&publish.topic),
        };
        let times = if is_same { 1 } else { MEASURED };
        let sizes = (0..times).map(|_| {
            let (topic, payload) = self.message(class, publish);
            size(topic.len() as f64, mean_bytes(&publish.payload).unwrap_or(payload.len() as f64))
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
