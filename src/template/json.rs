//! Templates of JSON values. They stay valid JSON with any value in their texts.
//!
//! Everything known at compile is escaped there: literal text, choices, the columns of feeds. Only a client id
//! and what was received can bring in a quote later, so only those are looked at while rendering.

use crate::template::cursor::Literal;
use crate::template::escape::escaped;
use crate::template::segment::{Segment, merged};
use crate::template::template::Template;

/// Puts the template of a JSON value together, from its beginning to its end.
#[derive(Default)]
pub(crate) struct JsonTemplate {
    source: String,
    segments: Vec<Segment>,
    /// Where the stamp stands: in the source and among the segments.
    stamp: Option<(usize, usize)>,
}

impl JsonTemplate {
    /// What is JSON already: brackets, commas, numbers, words.
    pub(crate) fn raw(&mut self, json: &str) {
        self.source.push_str(json);
        self.segments.push(Segment::Literal(Literal::new(json.as_bytes())));
    }

    /// A text that is no template: a key.
    pub(crate) fn literal(&mut self, text: &str) {
        let escaped = escaped(text.as_bytes());
        // Escaping leaves UTF-8 as it is.
        self.raw(&format!("\"{}\"", String::from_utf8_lossy(&escaped)));
    }

    /// A text, or a number if the template is nothing but one.
    pub(crate) fn template(&mut self, template: &Template) {
        if template.is_number() {
            self.source.push_str(template.source());
            self.segments.extend_from_slice(&template.segments);
            return;
        }
        let quote = || Segment::Literal(Literal::new(b"\""));
        self.source.push('"');
        self.source.push_str(&String::from_utf8_lossy(&escaped(template.source().as_bytes())));
        self.source.push('"');
        self.segments.push(quote());
        self.segments.extend(template.segments.iter().map(segment));
        self.segments.push(quote());
    }

    /// A text that is a stamp. Only its quotes are known.
    pub(crate) fn stamp(&mut self) {
        self.raw("\"");
        self.stamp = Some((self.source.len(), self.segments.len()));
        self.raw("\"");
    }

    pub(crate) fn finish_around_stamp(mut self) -> (Template, Template) {
        let (source, index) = self.stamp.unwrap_or((self.source.len(), self.segments.len()));
        let rest = merged(self.segments.split_off(index));
        let (before, behind) = self.source.split_at(source);
        (Template::new(before, merged(self.segments)), Template::new(behind, rest))
    }

    pub(crate) fn finish(self) -> Template {
        Template::new(&self.source, merged(self.segments))
    }
}

/// What a segment is inside of a JSON text.
fn segment(segment: &Segment) -> Segment {
    match segment {
        Segment::Literal(literal) => Segment::Literal(Literal::new(&escaped(&literal.text))),
        Segment::Choice(texts) => Segment::Choice(texts.iter().map(|text| escaped(text).into()).collect()),
        Segment::ClientId => Segment::JsonClientId,
        Segment::Row(row) => Segment::Row(row.in_json()),
        Segment::Received(part) => Segment::JsonReceived(*part),
        // Numbers, time stamps, letters and digits need no escape. Raw bytes cannot stand in a text of JSON.
        Segment::UserNumber
        | Segment::UserIndex
        | Segment::Iteration
        | Segment::Seq
        | Segment::NowMs
        | Segment::NowNs
        | Segment::NowIso
        | Segment::Uuid
        | Segment::RandomInt { .. }
        | Segment::RandomFloat { .. }
        | Segment::RandomString(_)
        | Segment::RandomBytes(_)
        | Segment::Walk(_)
        | Segment::JsonClientId
        | Segment::JsonReceived(_) => segment.clone(),
    }
}
