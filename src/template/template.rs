//! A parsed text: what it can become, and its rendering.

use std::fmt;

use crate::template::column::Column;
use crate::template::cursor::{Cursor, HEAD, Literal};
use crate::template::escape::LONGEST;
use crate::template::received::Part;
use crate::template::row::Row;
use crate::template::scope::Scope;
use crate::template::segment::{Segment, merged};
use crate::template::varies::Varies;

/// A parsed text with its `${…}` expressions.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub(super) source: Box<str>,
    pub(super) segments: Box<[Segment]>,
    /// The most bytes it renders to, but for client ids.
    most: usize,
    /// How many times the length of the client id come on top of that at most.
    client_ids: usize,
    /// Whether it contains parts of a received message, whose length is unknown.
    uses_received: bool,
}

/// A template that is never shown.
#[derive(Clone, PartialEq)]
pub struct Secret(pub Template);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Template {
    pub(super) fn new(source: &str, segments: Box<[Segment]>) -> Self {
        let most = segments.iter().fold(0_usize, |sum, segment| sum.saturating_add(segment.length((0, 0)).1));
        let client_ids = segments.iter().map(|segment| match segment {
            Segment::ClientId => 1,
            Segment::JsonClientId => LONGEST,
            _ => 0,
        });
        let client_ids = client_ids.sum();
        let is_received =
            |segment: &Segment| matches!(segment, Segment::Received(_) | Segment::JsonReceived(_));
        let uses_received = segments.iter().any(is_received);
        Self { source: source.into(), segments, most, client_ids, uses_received }
    }

    /// Makes a template of a text without looking for `${` in it.
    pub(crate) fn literally(text: &str) -> Self {
        let literal = Segment::Literal(Literal::new(text.as_bytes()));
        Self::new(text, if text.is_empty() { Box::new([]) } else { Box::new([literal]) })
    }

    pub(crate) fn after(&self, text: &str) -> Self {
        let mut segments = vec![Segment::Literal(Literal::new(text.as_bytes()))];
        segments.extend_from_slice(&self.segments);
        Self::new(&format!("{text}{}", self.source), merged(segments))
    }

    /// Whether it begins with this byte, whatever is rendered into it.
    pub(crate) fn begins_with(&self, byte: u8) -> bool {
        matches!(self.segments.first(), Some(Segment::Literal(first)) if first.text.first() == Some(&byte))
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How often the rendered text changes.
    pub fn varies(&self) -> Varies {
        self.segments.iter().map(Segment::varies).max().unwrap_or(Varies::Never)
    }

    /// The rendered text if it never changes.
    pub fn literal(&self) -> Option<&[u8]> {
        match &*self.segments {
            [] => Some(&[]),
            [Segment::Literal(literal)] => Some(&literal.text),
            _ => None,
        }
    }

    /// Whether the client id is part of it.
    pub fn uses_client_id(&self) -> bool {
        self.segments.iter().any(|segment| matches!(segment, Segment::ClientId | Segment::JsonClientId))
    }

    /// Whether something is part of it that the user has received.
    pub fn uses_received(&self) -> bool {
        self.uses_received
    }

    pub(crate) fn received(&self) -> impl Iterator<Item = Part> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Received(part) | Segment::JsonReceived(part) => Some(*part),
            _ => None,
        })
    }

    /// Whether two users of one run can never get the same text from it: by the user's number, by a feed that
    /// gives no row and no value twice, or, but for chance, by a UUID.
    pub fn is_unique_in_run(&self) -> bool {
        self.segments.iter().any(|segment| match segment {
            Segment::UserNumber | Segment::Uuid => true,
            Segment::Row(row) => row.tells_users_apart(),
            _ => false,
        })
    }

    /// Whether something in it is drawn, other than a UUID.
    pub fn is_drawn(&self) -> bool {
        self.segments.iter().any(|segment| {
            matches!(
                segment,
                Segment::RandomInt { .. }
                    | Segment::RandomFloat { .. }
                    | Segment::RandomString(_)
                    | Segment::Choice(_)
            )
        })
    }

    /// Whether it is nothing but a number, rendered as JSON writes one too.
    pub(crate) fn is_number(&self) -> bool {
        matches!(
            &*self.segments,
            [Segment::UserNumber
                | Segment::UserIndex
                | Segment::Iteration
                | Segment::Seq
                | Segment::NowMs
                | Segment::NowNs
                | Segment::RandomInt { .. }
                | Segment::RandomFloat { .. }
                | Segment::Walk(_)]
        )
    }

    /// The columns of feeds in it, each with the index of its feed in the class.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.rows().map(|row| (row.feed, &*row.column))
    }

    /// The indices of the feeds in it that give a row for each message.
    pub(crate) fn feeds_per_message(&self) -> impl Iterator<Item = usize> {
        self.rows().filter(|row| row.is_per_message()).map(|row| row.feed)
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Row(row) => Some(row),
            _ => None,
        })
    }

    /// Numbers each `walk` in it among those of its class. There are `walks` of them so far.
    pub fn number_walks(&mut self, walks: &mut usize) {
        for segment in &mut self.segments {
            if let Segment::Walk(walk) = segment {
                walk.index = *walks;
                *walks += 1;
            }
        }
    }

    /// Whether both render the same, however they were written.
    pub fn renders_like(&self, other: &Self) -> bool {
        self.segments == other.segments
    }

    /// The fixed parts of the text, those that draws and feeds choose from included.
    pub fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.segments.iter().flat_map(|segment| {
            let (one, many): (Option<&[u8]>, &[Box<[u8]>]) = match segment {
                Segment::Literal(literal) => (Some(&literal.text), &[]),
                Segment::Row(row) => (Some(row.column.bytes()), &[]),
                Segment::Choice(texts) => (None, texts),
                _ => (None, &[]),
            };
            one.into_iter().chain(many.iter().map(AsRef::as_ref))
        })
    }

    /// The fewest and the most bytes that the text can have, with client ids of `client_id` bytes. What was received
    /// counts as one byte, as nobody knows: the session sees to it that it fits.
    pub fn length(&self, client_id: (usize, usize)) -> (usize, usize) {
        self.segments
            .iter()
            .map(|segment| segment.length(client_id))
            .fold((0, 0), |sum, length| (sum.0.saturating_add(length.0), sum.1.saturating_add(length.1)))
    }

    /// Appends the text to `out`; allocates nothing else.
    #[inline]
    pub fn render(&self, scope: &mut Scope<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        // Room for all of it at once, and for a head that stands wider than its text.
        let mut room = self.most + self.client_ids * scope.user.client_id.len() + HEAD;
        if self.uses_received {
            let parts = self.received().map(|part| LONGEST * scope.received.part(part).len());
            room += parts.sum::<usize>();
        }
        out.resize(start + room, 0);
        let mut cursor = Cursor { bytes: out, at: start };
        for segment in &self.segments {
            segment.render(scope, &mut cursor);
        }
        let end = cursor.at;
        out.truncate(end);
    }
}
