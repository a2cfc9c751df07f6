//! Payloads: every way of saying what a message carries, as a text or as bytes made once.
//!
//! A named payload is compiled for each step that uses it, since `${user.class}` and `${row.COLUMN}` differ from
//! class to class; what is the same for all (files, fillers, decoded bytes) is made once and shared.

mod stamp;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::diagnostic::{Diagnostic, FieldPath, Mark, nearest};
use crate::mqtt::MAX_PACKET_BYTES;
use crate::plan::Text;
use crate::plan::codes;
use crate::plan::column::Column;
use crate::plan::compile::files::{self, ReadFile};
use crate::plan::compile::problems::{Problems, suggestion};
use crate::plan::payload::{Filling, Lines, Payload};
use crate::plan::random::Random;
use crate::plan::template::Template;
use crate::plan::template::json::JsonTemplate;
use crate::plan::template::names::{Names, Place};
use crate::scenario::model;
use crate::scenario::model::payload::{Json, Size};
use crate::units::ByteSize;

/// Standard base64, with or without `=` at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Of what fillers are made.
const CHARACTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a publish carries, before its text has its slot.
pub(super) enum Carried {
    Template(Template),
    Made(Payload),
}

/// Where in a JSON value a stamp shall stand.
#[derive(Clone, Copy)]
pub(super) struct Pointed<'a> {
    /// As written.
    pub(super) pointer: &'a str,
    /// Its parts.
    pub(super) parts: &'a [Box<str>],
    /// Where it is written.
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
    ) -> Option<Carried> {
        let payload = self.resolve(payload, at, problems)?;
        self.unnamed(payload, place, names, at, problems)
    }

    /// Compiles a JSON payload as what stands before a stamp and behind it; likewise.
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
            let help = "write payload = { json = { … } }; for any other payload there is \"prefix\"";
            problems.add(Diagnostic::error(codes::STAMP_PLACE, place.at.clone(), message).help(help));
            return None;
        };
        if let Err(why) = stamp::fits(value, place.parts) {
            let message = format!("the stamp cannot stand at `{}`: {why}", place.pointer);
            let help = "point to a text of the payload that the stamp takes the place of, or to a new key of an object";
            problems.add(Diagnostic::error(codes::STAMP_PLACE, place.at.clone(), message).help(help));
            return None;
        }
        *at = at.key("json");
        let mut json = JsonTemplate::default();
        write(value, Some(place.parts), Place::JsonText, &mut json, names, at, problems)
            .then(|| json.finish_around_stamp())
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
            if !self.used.borrow().contains(name) {
                let mut at = FieldPath::root().key("payloads").key(name.as_str());
                self.unnamed(payload, Place::Payload, names, &mut at, problems);
            }
        }
    }

    /// Notes the named payloads that nothing uses.
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
    ) -> Option<Carried> {
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
                problems.template(text, place, names, at).map(Carried::Template)
            }
            Written::Json(value) => json(value, place.in_json(), names, at, problems).map(Carried::Template),
            Written::Hex(text) => self.once(at, || hex(text, at, problems).map(constant)),
            Written::Base64(text) => self.once(at, || base64(text, at, problems).map(constant)),
            Written::File(path) => {
                self.once(at, || files::read(self.files, path, at, problems).map(constant))
            }
            Written::Lines(path) => self.once(at, || self.lines(path, at, problems)),
            Written::Size(size) => self.once(at, || filler(*size, at, problems)),
            Written::Named(_) => {
                problems.add(
                    Diagnostic::error(
                        codes::NAMED_NAME,
                        at.clone(),
                        "a named payload cannot be another name",
                    )
                    .help("write what it carries, such as `text` or `json`"),
                );
                None
            }
        }
    }

    fn once(&self, at: &FieldPath, make: impl FnOnce() -> Option<Payload>) -> Option<Carried> {
        if let Some(known) = self.made.borrow().get(at) {
            return known.clone().map(Carried::Made);
        }
        let made = make();
        self.made.borrow_mut().insert(at.clone(), made.clone());
        made.map(Carried::Made)
    }

    fn lines(&self, path: &str, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Payload> {
        let bytes = files::read(self.files, path, at, problems)?;
        if bytes.is_empty() {
            let message = format!("the file `{path}` has no lines");
            problems.add(
                Diagnostic::error(codes::NO_LINES, at.clone(), message)
                    .help("each message carries one of its lines: add some"),
            );
            return None;
        }
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        Some(Payload::Lines(Lines(Arc::new(Column::new(path, lines)))))
    }
}

fn constant(bytes: Vec<u8>) -> Payload {
    Payload::Text(Text::Constant(bytes.into()))
}

/// The template of a JSON value, on one line and without white space, keys in their order. `place` says what its texts
/// may hold.
pub(super) fn json(
    value: &Json,
    place: Place,
    names: &Names<'_>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<Template> {
    let mut json = JsonTemplate::default();
    write(value, None, place, &mut json, names, at, problems).then(|| json.finish())
}

/// Writes a value, with a stamp where `stamp` points to; false if there is a mistake in it.
fn write(
    value: &Json,
    stamp: Option<&[Box<str>]>,
    place: Place,
    json: &mut JsonTemplate,
    names: &Names<'_>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> bool {
    let mut is_right = true;
    if stamp.is_some_and(<[_]>::is_empty) {
        json.stamp();
        return true;
    }
    match value {
        Json::Null => json.raw("null"),
        Json::Bool(value) => json.raw(if *value { "true" } else { "false" }),
        Json::Integer(number) => json.raw(&number.to_string()),
        // With a fraction, if only `.0`, or with an exponent. The file cannot hold what JSON has no word for.
        Json::Float(number) => json.raw(&format!("{number:?}")),
        Json::Text(text) => match problems.template(text, place, names, at) {
            Some(template) => json.template(&template),
            None => is_right = false,
        },
        Json::List(items) => {
            for (i, item) in items.iter().enumerate() {
                json.raw(if i == 0 { "[" } else { "," });
                let stamp = stamp::beneath(stamp, &i.to_string());
                is_right &= write(item, stamp, place, json, names, &at.index(i), problems);
            }
            json.raw(if items.is_empty() { "[]" } else { "]" });
        }
        Json::Object(entries) => {
            for (i, (key, value)) in entries.iter().enumerate() {
                json.raw(if i == 0 { "{" } else { "," });
                json.literal(key);
                json.raw(":");
                let stamp = stamp::beneath(stamp, key);
                is_right &= write(value, stamp, place, json, names, &at.key(key.as_str()), problems);
            }
            if let Some(key) = stamp::new_key(stamp, entries) {
                json.raw(if entries.is_empty() { "{" } else { "," });
                json.literal(key);
                json.raw(":");
                json.stamp();
                json.raw("}");
            } else {
                json.raw(if entries.is_empty() { "{}" } else { "}" });
            }
        }
    }
    is_right
}

fn hex(text: &str, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half = None;
    for (place, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let Some(digit) = c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else {
            let message = format!("`{}` is not a hexadecimal digit", c.escape_debug());
            let help = "the digits are 0 to 9 and a to f; a text belongs under `text`";
            wrong(codes::HEX, message, help, place..place + c.len_utf8(), at, problems);
            return None;
        };
        match half.take() {
            None => half = Some((place, digit)),
            Some((_, high)) => bytes.push(high << 4 | digit),
        }
    }
    if let Some((place, _)) = half {
        let help = "each byte has two digits: write 0f for 15";
        wrong(
            codes::HEX,
            "the second digit of the last byte is missing",
            help,
            place..place + 1,
            at,
            problems,
        );
        return None;
    }
    Some(bytes)
}

fn base64(text: &str, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Vec<u8>> {
    use base64::DecodeError::{InvalidByte, InvalidLastSymbol};
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let mut digits = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len());
    for (place, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        if !is_digit(c) {
            let message = format!("`{}` is not a base64 digit", c.escape_debug());
            let help = match c {
                '-' | '_' => "in standard base64, which is meant here, `-` is `+` and `_` is `/`",
                _ => "the digits are A to Z, a to z, 0 to 9, `+` and `/`; a text belongs under `text`",
            };
            wrong(codes::BASE64, message, help, place..place + c.len_utf8(), at, problems);
            return None;
        }
        digits.push(c);
        places.push(place);
    }
    let error = match BASE64.decode(&digits) {
        Ok(bytes) => return Some(bytes),
        Err(error) => error,
    };
    let place = match error {
        InvalidByte(digit, _) | InvalidLastSymbol { offset: digit, .. } => places.get(digit).copied(),
        _ => None,
    };
    let mark = place.map_or(0..text.len(), |place| place..place + 1);
    let (message, help) = match error {
        InvalidByte(..) => ("`=` stands before the end", "it only fills the last group of four digits"),
        InvalidLastSymbol { .. } => {
            ("the last digit has bits that belong to no byte", "something is missing at the end, or too much")
        }
        _ => ("the last group of digits is incomplete", "four digits make three bytes: something is missing"),
    };
    wrong(codes::BASE64, message, help, mark, at, problems);
    None
}

fn wrong(
    code: &'static str,
    message: impl Into<String>,
    help: &str,
    mark: Range<usize>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    problems.add(Diagnostic::error(code, at.clone(), message).marking(Mark::Within(mark)).help(help));
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
