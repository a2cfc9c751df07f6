//! Compiles steps to a flat list: sorts their texts by how often they change, and numbers their rows.
//!
//! Data that a user keeps (rendered texts, row ids, counters) get their slots here. Equal ones share a slot. So the
//! engine knows the size of a user before it makes the first one.

mod connect;
mod measure;
mod publish;
mod receive;
mod subscribe;

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use crate::compile::client::{Difference, warn_of_difference};
use crate::compile::codes;
use crate::compile::payloads::Payloads;
use crate::compile::problems::Problems;
use crate::compile::protocol::ProtocolCaps;
use crate::compile::timing::pause;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::Qos;
use crate::plan::receive::Keeps;
use crate::plan::{Broker, ConnectPhases, Request, Row, Step, Steps, Text};
use crate::scenario::model;
use crate::stats::{RowId, RowKey};
use crate::template::names::{Names, Place};
use crate::template::{Template, Varies};
use crate::units::HumanDuration;

const DEFAULT_REQUEST_TYPE: &str = "MQTT";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_REPEAT_DEPTH: usize = 16;
const MAX_STEPS: usize = 1_000_000;

/// The rows known before the run, each once.
#[derive(Default)]
pub(super) struct Rows {
    keys: Vec<RowKey>,
    ids: BTreeMap<RowKey, RowId>,
}

impl Rows {
    fn id(&mut self, request_type: &str, name: String) -> RowId {
        let key = RowKey { request_type: request_type.to_owned(), name };
        // A file with 2^32 steps cannot be.
        let next = RowId(u32::try_from(self.keys.len()).unwrap_or(u32::MAX));
        *self.ids.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            next
        })
    }

    pub(super) fn into_keys(self) -> Vec<RowKey> {
        self.keys
    }
}

/// Compiles the steps of one class, and knows what its users keep.
pub(super) struct StepCompiler<'a> {
    names: &'a Names<'a>,
    /// The class's client id, if there is nothing wrong with it.
    client_id: Option<&'a Template>,
    /// What the class's broker speaks, if that is known.
    pub(super) protocol: Option<ProtocolCaps<'a>>,
    /// The class's broker, if connects to it are recorded in parts.
    pub(super) detailed: Option<&'a Broker>,
    pub(super) connect_phases: Vec<ConnectPhases>,
    payloads: &'a Payloads<'a>,
    rows: &'a mut Rows,
    /// Slots of texts per user, by template: in one class, one spelling means one thing.
    pub(super) texts: HashMap<String, usize>,
    /// Slots of rows per user, by type and template of the name.
    pub(super) user_rows: HashMap<(String, String), usize>,
    pub(super) counters: usize,
    pub(super) walks: usize,
    pub(super) repeat_depth: usize,
    pub(super) first_connect: Option<Request>,
    pub(super) user_row_places: Vec<FieldPath>,
    pub(super) measure_places: Vec<FieldPath>,
    pub(super) timeouts: Vec<(FieldPath, Duration)>,
    /// What steps wait for, and where they say so.
    awaited: Vec<(FieldPath, Text)>,
    pub(super) keeps: Keeps,
    receives: bool,
}

/// The keys by which each request can be recorded differently.
struct Recording<'a> {
    name: Option<&'a str>,
    request_type: Option<&'a str>,
    record: Option<bool>,
}

impl<'a> StepCompiler<'a> {
    pub(super) fn new(
        names: &'a Names<'a>,
        client_id: Option<&'a Template>,
        payloads: &'a Payloads<'a>,
        rows: &'a mut Rows,
    ) -> Self {
        Self {
            names,
            client_id,
            protocol: None,
            detailed: None,
            connect_phases: Vec::new(),
            payloads,
            rows,
            texts: HashMap::new(),
            user_rows: HashMap::new(),
            counters: 0,
            walks: 0,
            repeat_depth: 0,
            first_connect: None,
            user_row_places: Vec::new(),
            measure_places: Vec::new(),
            timeouts: Vec::new(),
            awaited: Vec::new(),
            keeps: Keeps::default(),
            receives: false,
        }
    }

    pub(super) fn class_name(&self) -> &'a str {
        self.names.class.unwrap_or_default()
    }

    pub(super) fn steps(
        &mut self,
        steps: &[model::step::Step],
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Steps {
        let mut flat = Vec::new();
        self.list(steps, at, 0, &mut flat, problems);
        if flat.len() > MAX_STEPS {
            let message = format!("{} steps are more than the {MAX_STEPS} that a list can have", flat.len());
            problems.add(
                Diagnostic::error(codes::TOO_MANY_STEPS, at.clone(), message)
                    .help("use `repeat` for what is done several times"),
            );
        }
        Steps(flat)
    }

    /// Notes the mistakes of steps that do not belong to the run; nothing of them stays.
    pub(super) fn check_only(
        &self,
        steps: &[model::step::Step],
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) {
        let mut rows = Rows::default();
        let mut compiler = StepCompiler::new(self.names, self.client_id, self.payloads, &mut rows);
        compiler.protocol = self.protocol;
        compiler.receives = self.receives;
        compiler.steps(steps, at, problems);
    }

    pub(super) fn reconnect(&mut self) -> Request {
        let request = self.first_connect.clone().unwrap_or_else(|| Request {
            row: Row::Static(self.rows.id(DEFAULT_REQUEST_TYPE, "connect".to_owned())),
            record: true,
        });
        self.note_parts(&request.row);
        request
    }

    fn list(
        &mut self,
        steps: &[model::step::Step],
        at: &FieldPath,
        level: usize,
        flat: &mut Vec<Step>,
        problems: &mut Problems<'_>,
    ) {
        for (i, step) in steps.iter().enumerate() {
            if problems.is_full() {
                break;
            }
            let at = at.index(i);
            match step {
                model::step::Step::Connect(connect) => {
                    let recording = Recording {
                        name: connect.name.as_deref(),
                        request_type: connect.request_type.as_deref(),
                        record: connect.record,
                    };
                    let request = self.request(&recording, "connect", &at.key("connect"), problems);
                    self.note_parts(&request.row);
                    self.first_connect.get_or_insert_with(|| request.clone());
                    flat.push(Step::Connect(request));
                }
                model::step::Step::Disconnect(disconnect) => {
                    let recording = Recording {
                        name: disconnect.name.as_deref(),
                        request_type: disconnect.request_type.as_deref(),
                        record: disconnect.record,
                    };
                    let at = at.key("disconnect");
                    let request = self.request(&recording, "disconnect", &at, problems);
                    let abrupt = disconnect.abrupt.unwrap_or(false);
                    if let Some(protocol) = self.protocol.as_ref().filter(|_| abrupt) {
                        let difference = Difference::AbruptDisconnect;
                        warn_of_difference(protocol.client(), difference, &at.key("abrupt"), problems);
                    }
                    flat.push(Step::Disconnect { abrupt, request });
                }
                model::step::Step::Publish(publish) => {
                    flat.extend(self.publish(publish, &at.key("publish"), problems));
                }
                model::step::Step::Subscribe(subscribe) => {
                    flat.extend(self.subscribe(subscribe, &at.key("subscribe"), problems));
                }
                model::step::Step::Unsubscribe(unsubscribe) => {
                    flat.extend(self.unsubscribe(unsubscribe, &at.key("unsubscribe"), problems));
                }
                model::step::Step::Receive(receive) => {
                    flat.extend(self.receive(receive, &at.key("receive"), problems));
                }
                model::step::Step::Request(request) => {
                    flat.extend(self.exchange(request, &at.key("request"), problems));
                }
                model::step::Step::Wait(wait) => {
                    flat.push(Step::Wait(pause(*wait, &at.key("wait"), problems)));
                }
                model::step::Step::Repeat(repeat) => {
                    self.repeat(repeat, &at.key("repeat"), level, flat, problems);
                }
            }
        }
    }

    fn repeat(
        &mut self,
        repeat: &model::step::Repeat,
        at: &FieldPath,
        level: usize,
        flat: &mut Vec<Step>,
        problems: &mut Problems<'_>,
    ) {
        if level == MAX_REPEAT_DEPTH {
            let message = format!("`repeat` is nested more than {MAX_REPEAT_DEPTH} deep");
            problems.add(
                Diagnostic::error(codes::TOO_MANY_STEPS, at.clone(), message)
                    .help("multiply the `times` of an outer and an inner one"),
            );
            return;
        }
        let times_at = at.key("times");
        match repeat.times {
            None => problems.add_absence(
                Diagnostic::error(codes::MISSING, times_at, "this `repeat` does not say how often")
                    .help("add `times`, a whole number"),
            ),
            Some(0) => {
                problems.range(
                    &times_at,
                    "`times` must be at least 1",
                    "remove the `repeat` if its steps should not run",
                );
            }
            Some(_) => {}
        }
        if repeat.steps.is_empty() {
            problems.add_absence(
                Diagnostic::error(codes::EMPTY, at.key("steps"), "this `repeat` has no steps")
                    .help("add `steps`: a list of what to repeat"),
            );
        }
        self.repeat_depth = self.repeat_depth.max(level + 1);
        flat.push(Step::Repeat { level, times: repeat.times.unwrap_or(1) });
        let first = flat.len();
        self.list(&repeat.steps, &at.key("steps"), level + 1, flat, problems);
        flat.push(Step::EndRepeat { level, first });
    }

    fn timeout(
        &mut self,
        timeout: Option<HumanDuration>,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Duration {
        timeout.map_or(DEFAULT_TIMEOUT, |timeout| {
            let at = at.key("timeout");
            let timeout = problems.positive_duration(timeout, "a timeout", &at);
            self.timeouts.push((at, timeout));
            timeout
        })
    }

    fn text(&mut self, template: Template) -> Text {
        match template.varies() {
            Varies::Never => Text::Constant(template.literal().unwrap_or_default().into()),
            Varies::PerUser => {
                Text::PerUser { slot: slot(&mut self.texts, template.source().to_owned()), template }
            }
            Varies::PerMessage => Text::PerMessage(template),
        }
    }

    fn request(
        &mut self,
        recording: &Recording<'_>,
        default: &str,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Request {
        let request_type = recording.request_type.unwrap_or(DEFAULT_REQUEST_TYPE);
        for (key, text) in [("name", recording.name), ("request_type", recording.request_type)] {
            if text == Some("") {
                let message = format!("`{key}` cannot be empty");
                problems.add(
                    Diagnostic::error(codes::EMPTY, at.key(key), message)
                        .help("leave it out for the default"),
                );
            }
        }
        let template = recording
            .name
            .and_then(|name| problems.template(name, Place::RowName, self.names, &at.key("name")));
        let row = match template {
            Some(name) if name.varies() != Varies::Never => {
                self.user_row_places.push(at.key("name"));
                let row = (request_type.to_owned(), name.source().to_owned());
                Row::PerUser {
                    slot: slot(&mut self.user_rows, row),
                    request_type: request_type.to_owned(),
                    name,
                }
            }
            Some(name) => {
                let name = String::from_utf8_lossy(name.literal().unwrap_or_default()).into_owned();
                Row::Static(self.rows.id(request_type, name))
            }
            None => Row::Static(self.rows.id(request_type, default.to_owned())),
        };
        Request { row, record: recording.record.unwrap_or(true) }
    }
}

/// The quality of service, and the number that was written for it.
pub(super) fn quality(written: Option<u8>, at: &FieldPath, problems: &mut Problems<'_>) -> (u8, Qos) {
    let level = written.unwrap_or(0);
    let qos = Qos::from_level(level).unwrap_or_else(|| {
        let message = format!("there is no quality of service {level}");
        problems.range(&at.key("qos"), message, "write 0, 1 or 2");
        Qos::AtMostOnce
    });
    (level, qos)
}

/// The slot of an item, the next one if it is new.
fn slot<T: Eq + Hash>(slots: &mut HashMap<T, usize>, item: T) -> usize {
    let next = slots.len();
    *slots.entry(item).or_insert(next)
}
