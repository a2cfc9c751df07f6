//! Payloads: every way of saying what a message carries, as a text or as bytes made once.
//!
//! A named payload is compiled for each step that uses it, since `${user.class}` and `${row.COLUMN}` differ from
//! class to class; what is the same for all (files, fillers, decoded bytes) is made once and shared.

mod encoded;
pub(super) mod json;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::compile::codes;
use crate::compile::files::{self, MAX_LINES, ReadFile};
use crate::compile::problems::{Problems, suggestion};
use crate::diagnostic::{Diagnostic, FieldPath, nearest};
use crate::mqtt::MAX_PACKET_BYTES;
use crate::plan::Text;
use crate::plan::payload::{Filling, Lines, Payload};
use crate::scenario::model;
use crate::scenario::model::payload::Size;
use crate::template::Template;
use crate::template::column::Column;
use crate::template::names::{Names, Place};
use crate::template::random::Random;
use crate::units::ByteSize;

/// The characters of filler bytes.
const CHARACTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a publish carries, before its text has its slot.
pub(super) enum PayloadSource {
    Template(Template),
    Made(Payload),
}

/// Where in a JSON value a stamp shall stand.
#[derive(Clone, Copy)]
pub(super) struct Pointed<'a> {
    pub(super) pointer: &'a str,
    pub(super) parts: &'a [Box<str>],
    pub(super) at: &'a FieldPath,
}

/// The named payloads of a scenario, and whatever of payloads is made once.
pub(super) struct Payloads<'a> {
    named: &'a BTreeMap<String, model::payload::Payload>,
    files: ReadFile<'a>,
    used: RefCell<BTreeSet<String>>,
    /// By their places; nothing where there is a mistake, which has been told.
    made: RefCell<BTreeMap<FieldPath, Option<Payload>>>,
}

impl<'a> Payloads<'a> {
    pub(super) fn new(named: &'a BTreeMap<String, model::payload::Payload>, files: ReadFile<'a>) -> Self {
        Self { named, files, used: RefCell::default(), made: RefCell::default() }
    }

    /// Compiles the payload of a message, or of a will (`place`); nothing if there is a mistake in it. `at` becomes
    /// the place of what it really is.
    pub(super) fn compile(
        &self,
        payload: &model::payload::Payload,
        place: Place,
        names: &Names<'_>,
        at: &mut FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<PayloadSource> {
        let payload = self.resolve(payload, at, problems)?;
        self.unnamed(payload, place, names, at, problems)
    }

    /// Compiles a JSON payload as the texts before and after its stamp; `None` if there is a mistake in it.
    pub(super) fn compile_around(
        &self,
        payload: Option<&model::payload::Payload>,
        place: Pointed<'_>,
        names: &Names<'_>,
        at: &mut FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<(Template, Template)> {
        let payload = match payload {
            Some(payload) => Some(self.resolve(payload, at, problems)?),
            None if problems.absence_explained(at) => return None,
            None => None,
        };
        let Some(model::payload::Payload::Json(value)) = payload else {
            let message = format!("`json:{}` needs a payload that is JSON", place.pointer);
            let help = "write payload = { json = { … } }; for any other payload write \"prefix\"";
            problems.add(Diagnostic::error(codes::STAMP_PLACE, place.at.clone(), message).help(help));
            return None;
        };
        if let Err(why) = json::fits(value, place.parts) {
            let message = format!("the stamp cannot stand at `{}`: {why}", place.pointer);
            let help = "point to a text of the payload that the stamp replaces, or to a new key of an object";
            problems.add(Diagnostic::error(codes::STAMP_PLACE, place.at.clone(), message).help(help));
            return None;
        }
        *at = at.key("json");
        json::around_stamp(value, place.parts, names, at, problems)
    }

    /// What a payload really is: `at` becomes its place.
    fn resolve<'p>(
        &'p self,
        payload: &'p model::payload::Payload,
        at: &mut FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<&'p model::payload::Payload> {
        let model::payload::Payload::Named(name) = payload else { return Some(payload) };
        let named_at = FieldPath::root().key("payloads").key(name.as_str());
        let Some(payload) = self.named.get(name) else {
            self.unknown(name, &at.key("named"), &named_at, problems);
            return None;
        };
        self.used.borrow_mut().insert(name.clone());
        *at = named_at;
        Some(payload)
    }

    /// Compiles the named payloads that nothing uses, so that their mistakes are found too.
    pub(super) fn check_unused(&self, names: &Names<'_>, problems: &mut Problems<'_>) {
        for (name, payload) in self.named {
            if !problems.is_full() && !self.used.borrow().contains(name) {
                let mut at = FieldPath::root().key("payloads").key(name.as_str());
                self.unnamed(payload, Place::Payload, names, &mut at, problems);
            }
        }
    }

    pub(super) fn warn(&self, problems: &mut Problems<'_>) {
        let used = self.used.borrow();
        for name in self.named.keys().filter(|name| !used.contains(*name)) {
            let message = format!("no publish and no will uses the payload `{name}`");
            let help = format!("use it as `payload = {{ named = \"{name}\" }}`, or remove it");
            let at = FieldPath::root().key("payloads").key(name.as_str());
            problems.add(Diagnostic::warning(codes::UNUSED_PAYLOAD, at, message).help(help));
        }
    }

    fn unknown(&self, name: &str, at: &FieldPath, unread: &FieldPath, problems: &mut Problems<'_>) {
        if problems.absence_explained(unread) {
            return;
        }
        let known = self.named.keys().map(String::as_str);
        let help = if self.named.is_empty() {
            "the scenario has no `payloads` yet; add them".to_owned()
        } else {
            // What was meant is used, and must not be called unused on top.
            self.used.borrow_mut().extend(nearest(name, known.clone()).map(str::to_owned));
            suggestion(name, "payloads", known)
        };
        let message = format!("there is no payload `{name}`");
        problems.add(Diagnostic::error(codes::UNKNOWN_PAYLOAD, at.clone(), message).help(help));
    }

    fn unnamed(
        &self,
        payload: &model::payload::Payload,
        place: Place,
        names: &Names<'_>,
        at: &mut FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<PayloadSource> {
        use model::payload::Payload as Written;
        let key = match payload {
            Written::Plain(_) => None,
            Written::Text(_) => Some("text"),
            Written::Json(_) => Some("json"),
            Written::Hex(_) => Some("hex"),
            Written::Base64(_) => Some("base64"),
            Written::File(_) => Some("file"),
            Written::Lines(_) => Some("lines"),
            Written::Size(_) => Some("size"),
            Written::Named(_) => Some("named"),
        };
        if let Some(key) = key {
            *at = at.key(key);
        }
        match payload {
            Written::Plain(text) | Written::Text(text) => {
                problems.template(text, place, names, at).map(PayloadSource::Template)
            }
            Written::Json(value) => {
                json::template(value, place.in_json(), names, at, problems).map(PayloadSource::Template)
            }
            Written::Hex(text) => self.once(at, || encoded::hex(text, at, problems).map(constant)),
            Written::Base64(text) => self.once(at, || encoded::base64(text, at, problems).map(constant)),
            Written::File(path) => {
                self.once(at, || files::read(self.files, path, at, problems).map(without_mark).map(constant))
            }
            Written::Lines(path) => self.once(at, || self.lines(path, at, problems)),
            Written::Size(size) => self.once(at, || filler(*size, at, problems)),
            Written::Named(_) => {
                problems.add(
                    Diagnostic::error(
                        codes::NAMED_NAME,
                        at.clone(),
                        "a named payload cannot refer to another name",
                    )
                    .help("write what it carries, such as `text` or `json`"),
                );
                None
            }
        }
    }

    fn once(&self, at: &FieldPath, make: impl FnOnce() -> Option<Payload>) -> Option<PayloadSource> {
        if let Some(known) = self.made.borrow().get(at) {
            return known.clone().map(PayloadSource::Made);
        }
        let made = make();
        self.made.borrow_mut().insert(at.clone(), made.clone());
        made.map(PayloadSource::Made)
    }

    fn lines(&self, path: &str, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Payload> {
        let bytes = files::read_text(self.files, path, at, problems)?;
        if bytes.is_empty() {
            let message = format!("the file `{path}` has no lines");
            problems.add(
                Diagnostic::error(codes::NO_LINES, at.clone(), message)
                    .help("each message carries one of its lines: add some"),
            );
            return None;
        }
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let count = memchr::memchr_iter(b'\n', text).count() + 1;
        if count > MAX_LINES {
            let message = format!("the file `{path}` has {count} lines; at most {MAX_LINES} are read");
            problems.add(Diagnostic::error(codes::FILE, at.clone(), message).help("use fewer lines"));
            return None;
        }
        let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        Some(Payload::Lines(Lines(Arc::new(Column::new(path, lines)))))
    }
}

/// A text that an editor has marked as UTF-8 is sent without the mark; bytes that are no text are sent as they are.
fn without_mark(bytes: Vec<u8>) -> Vec<u8> {
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(text) if str::from_utf8(text).is_ok() => text.to_vec(),
        _ => bytes,
    }
}

fn constant(bytes: Vec<u8>) -> Payload {
    Payload::Text(Text::Constant(bytes.into()))
}

/// Filler bytes: letters and digits, so that whoever looks at a message sees a line of text.
fn filler(size: Size, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Payload> {
    let (least, most, at) = match size {
        Size::Exactly(size) => (size, size, at.clone()),
        Size::Between(least, most) => (least, most, at.key("between")),
    };
    if least > most {
        problems.range(&at, "`between` starts above its end", "put the smaller size first");
        return None;
    }
    let fits = |ByteSize(size)| usize::try_from(size).ok().filter(|size| *size <= MAX_PACKET_BYTES);
    let (Some(least), Some(most)) = (fits(least), fits(most)) else {
        let message =
            format!("a payload of {most} is longer than the {MAX_PACKET_BYTES} bytes that MQTT carries");
        problems.add(Diagnostic::error(codes::TOO_LONG, at, message).help("make it shorter"));
        return None;
    };
    let mut random = Random::for_user(0, "filler", 0);
    let mut character = || CHARACTERS[usize::try_from(random.below(CHARACTERS.len() as u64)).unwrap_or(0)];
    let block: Vec<u8> = (0..4096).map(|_| character()).collect();
    let bytes: Arc<[u8]> = block.iter().copied().cycle().take(most).collect();
    Some(match size {
        Size::Exactly(_) => Payload::Text(Text::Constant(bytes)),
        Size::Between(..) => Payload::Filling(Filling { bytes, least }),
    })
}
