//! The part of a user that is known without a run: its identity, and the texts of its messages.
//!
//! Users of the engine, sample messages of a description, and the search for certificates and for equal client ids
//! all render through a persona, so that they agree. It is pure: the time and the last received message are passed
//! in. Everything is drawn from one stream of random numbers, in this order:
//!
//! ```text
//! at its start   rows that it keeps │ client id │ certificate │ user name │ password │ will
//! each message   rows for messages │ topic │ payload text │ rest of a stamped JSON │ properties
//!                │ conditions on a reply and its topic │ number of filler bytes
//! ```
//! Between two messages the engine draws pauses and tasks from the same stream. Texts of filters and names of rows
//! contain no draws.

use std::sync::Arc;

use crate::plan::condition::{Check, Condition};
use crate::plan::feed::Rows;
use crate::plan::measure::{StampPlace, Stamping};
use crate::plan::payload::Payload;
use crate::plan::publish::Publish;
use crate::plan::request::{ConnectPhases, Row};
use crate::plan::step::Step;
use crate::plan::target::Certificate;
use crate::plan::text::Text;
use crate::plan::user_class::{UserClass, Will};
use crate::stats::RowKey;
use crate::stats::stamp::LENGTH;
use crate::template::random::Random;
use crate::template::{NOT_BEGUN, NOTHING, Received, Scope, Template, UserScope};

/// The identity of a user and its texts. See the [module](self).
#[derive(Clone)]
pub(crate) struct Persona {
    user: UserScope,
    /// Boxed, since most users have none.
    credentials: Option<Box<Credentials>>,
    /// Draws of messages, and of the engine's pauses and tasks.
    pub(crate) random: Random,
    /// Its present rows of feeds.
    rows: Rows,
    /// The state of each `walk`.
    walks: Box<[i64]>,
    /// How often each step with a `seq` has run.
    counters: Box<[u64]>,
    /// Texts that were rendered once, by slot.
    texts: Box<[Box<[u8]>]>,
    /// How many task runs have ended.
    pub(crate) iteration: u64,
}

/// What a user shows to its broker besides its client id.
#[derive(Clone, Default)]
struct Credentials {
    username: Option<Box<str>>,
    password: Option<Box<str>>,
    certificate: Option<CertificateFiles>,
    will: Option<WillTexts>,
}

/// The files of a client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A will with its texts rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WillTexts {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    /// Encoded.
    pub(crate) properties: Vec<u8>,
}

/// What a rendering depends on besides the user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// The value of `${seq}`.
    pub(crate) seq: u64,
    /// The time, in nanoseconds since 1970 (UTC).
    pub(crate) now_ns: u64,
    /// The message that a step of the user has taken last.
    pub(crate) received: &'a Received,
}

/// The moment at which texts are rendered that stay the same while the user lives.
const START: Moment<'static> = Moment { seq: 0, now_ns: 0, received: &NOTHING };

/// The buffers into which messages are rendered, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    topic: Vec<u8>,
    payload: Vec<u8>,
    /// Also takes what the engine adds to the properties of a request.
    pub(crate) properties: Vec<u8>,
}

/// The stamp of a message, and where it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StampText<'a> {
    pub(crate) place: &'a StampPlace,
    pub(crate) text: &'a [u8; LENGTH],
}

/// A rendered message. Its parts lie in the plan, in the persona or in the buffers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rendered<'a> {
    pub(crate) topic: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) properties: &'a [u8],
}

impl Persona {
    /// A user with this number in the run (from 1) and this index in its class (from 0).
    pub(crate) fn new(class: &UserClass, seed: u64, number: u64, index: u64) -> Self {
        let mut persona = Self {
            walks: vec![NOT_BEGUN; class.walks].into(),
            counters: vec![0; class.counters].into(),
            texts: vec![Box::default(); class.user_texts].into(),
            ..Self::with_rows_only(class, seed, number, index)
        };
        persona.render_identity(class);
        persona.render_texts(class);
        persona
    }

    /// The same user before anything is rendered for it. Enough for [`Persona::render_next`].
    pub(crate) fn with_rows_only(class: &UserClass, seed: u64, number: u64, index: u64) -> Self {
        let mut random = Random::for_user(seed, &class.name, index);
        let rows = Rows::new(&class.feeds, index, &mut random);
        Self {
            user: UserScope { number, index, client_id: Box::default() },
            credentials: None,
            random,
            rows,
            walks: Box::default(),
            counters: Box::default(),
            texts: Box::default(),
            iteration: 0,
        }
    }

    fn render_identity(&mut self, class: &UserClass) {
        self.user.client_id = self.render_next(&class.client_id).into_bytes().into();
        let UserClass { certificate, username, password, will, .. } = class;
        if certificate.is_none() && username.is_none() && password.is_none() && will.is_none() {
            return;
        }
        let certificate = certificate.as_ref().map(|files| self.render_certificate(files));
        let username = username.as_ref().map(|template| self.render_next(template).into());
        let password = password.as_ref().map(|secret| self.render_next(&secret.0).into());
        let will = will.as_ref().map(|will| self.render_will(will));
        self.credentials = Some(Box::new(Credentials { username, password, certificate, will }));
    }

    fn render_texts(&mut self, class: &UserClass) {
        for step in class.steps() {
            step.visit_texts(|text| {
                if let Text::PerUser { slot, template } = text {
                    let mut out = Vec::new();
                    self.render(template, START, &mut out);
                    self.texts[*slot] = out.into();
                }
            });
        }
    }

    /// The names of the statistics rows that are the user's own, each with its slot.
    pub(crate) fn row_names(&mut self, class: &UserClass, mut name_row: impl FnMut(usize, &RowKey)) {
        let connects = class.connect_phases.iter().flat_map(ConnectPhases::rows);
        let steps = class.steps().filter_map(Step::row);
        for row in [&class.reconnect.row].into_iter().chain(connects).chain(steps) {
            if let Row::PerUser { slot, request_type, name } = row {
                let name = self.render_next(name);
                name_row(*slot, &RowKey { request_type: request_type.clone(), name });
            }
        }
    }

    /// The number of the user in the run, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.user.number
    }

    /// The index of the user in its class, from 0.
    pub(crate) fn index(&self) -> u64 {
        self.user.index
    }

    /// Its client id, which is UTF-8.
    pub(crate) fn client_id(&self) -> &[u8] {
        &self.user.client_id
    }

    /// Its user name.
    pub(crate) fn username(&self) -> Option<&str> {
        self.credentials.as_ref()?.username.as_deref()
    }

    /// Its password.
    pub(crate) fn password(&self) -> Option<&str> {
        self.credentials.as_ref()?.password.as_deref()
    }

    /// The files of its certificate.
    pub(crate) fn certificate(&self) -> Option<&CertificateFiles> {
        self.credentials.as_ref()?.certificate.as_ref()
    }

    /// Its will.
    pub(crate) fn will(&self) -> Option<&WillTexts> {
        self.credentials.as_ref()?.will.as_ref()
    }

    /// Whether the user has used up its rows of some feed, so that it has nothing left to send.
    #[inline]
    pub(crate) fn is_out_of_rows(&self) -> bool {
        self.rows.are_used_up()
    }

    /// Counts one more run of a step. Returns its `seq`.
    #[inline]
    pub(crate) fn count(&mut self, counter: usize) -> u64 {
        self.counters[counter] += 1;
        self.counters[counter]
    }

    /// Begins a message: takes the rows that it uses and counts it. Returns its `seq`.
    #[inline]
    pub(crate) fn begin_message(&mut self, class: &UserClass, step: &Publish, buffers: &mut Buffers) -> u64 {
        buffers.topic.clear();
        buffers.payload.clear();
        buffers.properties.clear();
        if !step.feeds.is_empty() {
            self.rows.take(&class.feeds, &step.feeds, self.user.index, &mut self.random);
        }
        self.count(step.counter)
    }

    /// Renders the topic of a message, if it changes from message to message.
    #[inline]
    pub(crate) fn render_topic(&mut self, step: &Publish, moment: Moment<'_>, buffers: &mut Buffers) {
        if let Text::PerMessage(template) = &step.topic {
            self.render(template, moment, &mut buffers.topic);
        }
    }

    /// The topic of a message, once it is rendered.
    #[inline]
    pub(crate) fn topic<'a>(&'a self, step: &'a Publish, buffers: &'a Buffers) -> &'a [u8] {
        step.topic.bytes(&self.texts, &buffers.topic)
    }

    /// Renders the rest of a message after its topic. With `more_properties`, something will be appended to the
    /// properties.
    #[inline]
    pub(crate) fn render_body(
        &mut self,
        step: &Publish,
        moment: Moment<'_>,
        stamp: Option<StampText<'_>>,
        more_properties: bool,
        buffers: &mut Buffers,
    ) {
        let Buffers { payload, properties, .. } = buffers;
        if let Some(StampText { place: StampPlace::Prefix, text }) = stamp {
            payload.extend_from_slice(text);
        }
        if let Payload::Text(Text::PerMessage(template)) = &step.payload {
            self.render(template, moment, payload);
        }
        if let Some(StampText { place: StampPlace::Json { rest, .. }, text }) = stamp {
            if let Payload::Text(begin @ (Text::Constant(_) | Text::PerUser { .. })) = &step.payload {
                payload.extend_from_slice(self.text(begin));
            }
            payload.extend_from_slice(text);
            self.render(rest, moment, payload);
        }
        let property = stamp.filter(|stamp| *stamp.place == StampPlace::Property);
        if !step.properties.varying.is_empty() || more_properties || property.is_some() {
            step.properties.write(properties, |template, out| self.render(template, moment, out));
            if let Some(stamp) = property {
                properties.extend_from_slice(&Stamping::property(stamp.text));
            }
        }
    }

    /// The finished message. Draws the number of filler bytes.
    #[inline]
    pub(crate) fn finish_message<'a>(
        &'a mut self,
        step: &'a Publish,
        seq: u64,
        stamp: Option<&StampPlace>,
        buffers: &'a mut Buffers,
    ) -> Rendered<'a> {
        let Buffers { topic, payload, properties } = buffers;
        let index = self.user.index;
        let payload: &[u8] = match (stamp, &step.payload) {
            (Some(StampPlace::Json { .. }), _)
            | (Some(StampPlace::Prefix), Payload::Text(Text::PerMessage(_))) => payload,
            (Some(StampPlace::Prefix), of_step) => {
                let bytes = of_step.bytes(&self.texts, &[], (index, seq), &mut self.random);
                payload.extend_from_slice(bytes);
                payload
            }
            (_, of_step) => of_step.bytes(&self.texts, payload, (index, seq), &mut self.random),
        };
        // What is written to the buffer begins with the fixed ones.
        let properties = if properties.is_empty() { &*step.properties.fixed } else { &**properties };
        Rendered { topic: step.topic.bytes(&self.texts, topic), payload, properties }
    }

    /// A text that does not change from message to message. Empty for one that does.
    #[inline]
    pub(crate) fn text<'a>(&'a self, text: &'a Text) -> &'a [u8] {
        text.bytes(&self.texts, &[])
    }

    /// A filter as it goes on the wire. Templates of filters render to UTF-8.
    pub(crate) fn filter<'a>(&'a self, filter: &'a Text) -> &'a str {
        str::from_utf8(self.text(filter)).unwrap_or_default()
    }

    /// A text as it is now.
    pub(crate) fn text_now(&mut self, text: &Text, moment: Moment<'_>) -> Arc<[u8]> {
        match text {
            Text::Constant(bytes) => Arc::clone(bytes),
            Text::PerUser { slot, .. } => (*self.texts[*slot]).into(),
            Text::PerMessage(template) => {
                let mut out = Vec::new();
                self.render(template, moment, &mut out);
                out.into()
            }
        }
    }

    /// A condition with its texts as they are now.
    pub(crate) fn check(&mut self, condition: &Condition, moment: Moment<'_>) -> Check {
        condition.made(|text| self.text_now(text, moment))
    }

    /// Renders the next text that stays the same while the user lives.
    pub(crate) fn render_next(&mut self, template: &Template) -> String {
        let mut out = Vec::new();
        self.render(template, START, &mut out);
        // Only payloads may hold raw bytes.
        String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }

    /// Renders the files of a certificate.
    pub(crate) fn render_certificate(&mut self, files: &Certificate) -> CertificateFiles {
        CertificateFiles {
            certificate: self.render_next(&files.certificate),
            key: self.render_next(&files.key),
        }
    }

    fn render_will(&mut self, will: &Will) -> WillTexts {
        let topic = self.render_next(&will.topic);
        let mut payload = Vec::new();
        match &will.payload {
            // The texts of a will have no slots: they are rendered here only.
            Payload::Text(Text::PerUser { template, .. } | Text::PerMessage(template)) => {
                self.render(template, START, &mut payload);
            }
            of_will => {
                let texts = &self.texts;
                let bytes = of_will.bytes(texts, &[], (self.user.index, 1), &mut self.random);
                payload.extend_from_slice(bytes);
            }
        }
        let mut properties = Vec::new();
        will.properties.write(&mut properties, |template, out| self.render(template, START, out));
        WillTexts { topic, payload, properties }
    }

    fn render(&mut self, template: &Template, moment: Moment<'_>, out: &mut Vec<u8>) {
        let mut scope = Scope {
            user: &self.user,
            rows: self.rows.current(),
            iteration: self.iteration,
            seq: moment.seq,
            now_ns: moment.now_ns,
            random: &mut self.random,
            walks: &mut self.walks,
            received: moment.received,
        };
        template.render(&mut scope, out);
    }
}
