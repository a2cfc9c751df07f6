//! What users of a plan would send, rendered: real texts, with time standing still.

use std::fmt::Write;

use crate::mqtt::Qos;
use crate::plan::random::Random;
use crate::plan::template::{Scope, Template, UserScope};
use crate::plan::{Publish, Text, UserClass};

/// The time in sample messages: the first moment of 2026.
const NOW_NS: u64 = 1_767_225_600_000_000_000;
/// How many characters of a sample text are shown.
const SHOWN: usize = 100;
/// How many renderings the mean size of a message is taken from.
const MEASURED: u32 = 8;

/// A user that renders but does not run.
#[derive(Debug, Clone)]
pub(super) struct SampleUser {
    pub(super) scope: UserScope,
    pub(super) username: Option<Vec<u8>>,
    random: Random,
}

impl SampleUser {
    /// A user as the engine makes it: first its client id is drawn, then its user name.
    pub(super) fn new(class: &UserClass, seed: u64, number: u64, index: u64) -> Self {
        let random = Random::for_user(seed, &class.name, index);
        let scope = UserScope { number, index, client_id: Vec::new() };
        let mut user = Self { scope, username: None, random };
        user.scope.client_id = user.render_template(&class.client_id);
        user.username = class.username.as_ref().map(|username| user.render_template(username));
        user
    }

    pub(super) fn render(&mut self, text: &Text) -> Vec<u8> {
        match text {
            Text::Constant(text) => text.clone(),
            Text::PerUser { template, .. } | Text::PerMessage(template) => self.render_template(template),
        }
    }

    fn render_template(&mut self, template: &Template) -> Vec<u8> {
        let mut out = Vec::new();
        let random = &mut self.random;
        let mut scope = Scope { user: &self.scope, iteration: 0, seq: 1, now_ns: NOW_NS, random };
        template.render(&mut scope, &mut out);
        out
    }

    /// The mean size of the packets of a publish step, from the fixed header on, over a few of them.
    pub(super) fn packet_bytes(&mut self, publish: &Publish) -> f64 {
        let id_bytes = if publish.qos == Qos::AtMostOnce { 0 } else { 2 };
        let mut size = || {
            let rest = 2 + self.render(&publish.topic).len() + id_bytes + self.render(&publish.payload).len();
            // A byte of type and flags, and the length in groups of seven bits.
            let length_bytes = (rest.max(1).ilog2() / 7 + 1) as usize;
            (1 + length_bytes + rest) as f64
        };
        let is_constant = |text: &Text| !matches!(text, Text::PerMessage(_));
        let times = if is_constant(&publish.topic) && is_constant(&publish.payload) { 1 } else { MEASURED };
        (0..times).map(|_| size()).sum::<f64>() / f64::from(times)
    }
}

/// A text on one line, shortened; bytes that are no text in hexadecimal.
pub(super) fn shown(text: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(text) else {
        let mut hex = String::from("0x");
        for byte in text.iter().take(SHOWN / 2) {
            let _ = write!(hex, "{byte:02x}");
        }
        return if text.len() > SHOWN / 2 { hex + "…" } else { hex };
    };
    let mut line = String::new();
    for c in text.chars().take(SHOWN) {
        match c {
            // JSON stays readable.
            '"' => line.push(c),
            c => line.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    format!("\"{line}\"")
}
