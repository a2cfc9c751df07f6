//! Texts with `${…}` in them, parsed once to segments and rendered into a reused buffer.
//!
//! Own and not a template engine: the language has no logic, everything in it can be checked before the run,
//! and rendering stands on the path of every message, so it neither allocates nor looks up a name. What
//! does not change during a run (constants, environment, host name) is literal text after [`Template::parse`].
//!
//! ```
//! # use std::{cell::RefCell, collections::{BTreeMap, BTreeSet}};
//! use mqtt_scenario::template::random::Random;
//! use mqtt_scenario::template::names::{Columns, Names, Place};
//! use mqtt_scenario::template::{NOTHING, Scope, Template, UserScope};
//!
//! # let (vars, used_vars, columns) = (BTreeMap::new(), RefCell::new(BTreeSet::new()), Columns::default());
//! # let env = |_: &str| None;
//! let names = Names {
//!     class: Some("device"),
//!     vars: &vars,
//!     used_vars: &used_vars,
//!     columns: &columns,
//!     env: &env,
//!     hostname: "h",
//!     run_id: None,
//! };
//! let template = Template::parse("${user.class}/${user.number}/${seq}", Place::Topic, &names).unwrap();
//!
//! let user = UserScope { number: 7, index: 2, client_id: b"c7".to_vec() };
//! let mut random = Random::for_user(0, "device", 2);
//! let mut topic = Vec::new();
//! let mut scope = Scope {
//!     user: &user,
//!     rows: &[],
//!     iteration: 0,
//!     seq: 1,
//!     now_ns: 0,
//!     random: &mut random,
//!     walks: &mut [],
//!     received: &NOTHING,
//! };
//! template.render(&mut scope, &mut topic);
//! assert_eq!(topic, b"device/7/1");
//! ```

use std::fmt;

use crate::template::column::Column;
use crate::template::random::Random;
use crate::template::render::{Cursor, ISO_BYTES};
use crate::template::row::Row;
use crate::template::walk::Walk;

mod call;
pub mod codes;
pub mod column;
pub(crate) mod foreign;
pub(crate) mod json;
pub mod names;
pub mod parse;
pub mod random;
mod received;
mod render;
mod row;
mod walk;

pub(crate) use crate::template::received::Part;
pub use crate::template::received::{NOTHING, Received};
pub use crate::template::walk::NOT_BEGUN;

/// How long a user keeps a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// As long as it lives.
    User,
    /// For one message that uses the feed.
    Message,
}

/// A parsed text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    source: Box<str>,
    segments: Box<[Segment]>,
    /// The most bytes it renders to, but for client ids.
    most: usize,
    /// How many times the length of the client id come on top of that at most.
    client_ids: usize,
    /// Whether there is something in it that was received, of which nobody knows how long it is.
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

/// How often a text changes; the later ones include the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Varies {
    /// The same for everybody.
    Never,
    /// Fixed while a user lives.
    PerUser,
    /// Different with each rendering: progress, time and random draws.
    PerMessage,
}

/// What a template of a user's can draw on at one moment.
#[derive(Debug)]
pub struct Scope<'a> {
    /// Who renders.
    pub user: &'a UserScope,
    /// The user's present row of each feed of its class.
    pub rows: &'a [u32],
    /// How many task runs the user has ended.
    pub iteration: u64,
    /// The how manieth message of this publish step and user, from 1.
    pub seq: u64,
    /// Now, in nanoseconds since 1970 (UTC).
    pub now_ns: u64,
    /// The user's draws.
    pub random: &'a mut Random,
    /// Where each `walk` of the user's class stands for it; [`NOT_BEGUN`] at first.
    pub walks: &'a mut [i64],
    /// What the user has received last.
    pub received: &'a Received,
}

/// What is fixed while a user lives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserScope {
    /// The how manieth user of the run, from 1.
    pub number: u64,
    /// The how manieth user of its class, from 0.
    pub index: u64,
    /// Its client id, rendered; empty until it is.
    pub client_id: Vec<u8>,
}

/// One piece of a template.
#[derive(Debug, Clone, PartialEq)]
enum Segment {
    Literal(Literal),
    UserNumber,
    UserIndex,
    ClientId,
    Iteration,
    Seq,
    NowMs,
    NowNs,
    NowIso,
    Uuid,
    /// `count` possible numbers from `low` on; a count of 0 stands for all 2^64.
    RandomInt {
        low: i64,
        count: u64,
    },
    RandomFloat {
        low: f64,
        high: f64,
    },
    RandomString(usize),
    RandomBytes(usize),
    Choice(Box<[Box<[u8]>]>),
    Row(Row),
    Walk(Walk),
    /// The client id as it stands between the quotes of a JSON text.
    JsonClientId,
    Received(Part),
    /// The same as it stands between the quotes of a JSON text.
    JsonReceived(Part),
}

/// A fixed piece of text. Its head stands beside it at full width, since copying a known number of bytes takes
/// two instructions and copying few of an unknown number a call.
#[derive(Clone, PartialEq)]
struct Literal {
    text: Box<[u8]>,
    head: [u8; HEAD],
}

/// Longest text that is copied at full width.
const HEAD: usize = 32;

impl Literal {
    fn new(text: &[u8]) -> Self {
        let mut head = [0; HEAD];
        let length = text.len().min(HEAD);
        head[..length].copy_from_slice(&text[..length]);
        Self { text: text.into(), head }
    }
}

impl fmt::Debug for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

impl Template {
    fn new(source: &str, segments: Box<[Segment]>) -> Self {
        let most = segments.iter().fold(0_usize, |sum, segment| sum.saturating_add(segment.length((0, 0)).1));
        let client_ids = segments.iter().map(|segment| match segment {
            Segment::ClientId => 1,
            Segment::JsonClientId => json::LONGEST,
            _ => 0,
        });
        let client_ids = client_ids.sum();
        let is_received =
            |segment: &Segment| matches!(segment, Segment::Received(_) | Segment::JsonReceived(_));
        let uses_received = segments.iter().any(is_received);
        Self { source: source.into(), segments, most, client_ids, uses_received }
    }

    /// A text that is not looked into.
    pub(crate) fn literally(text: &str) -> Self {
        let literal = Segment::Literal(Literal::new(text.as_bytes()));
        Self::new(text, if text.is_empty() { Box::new([]) } else { Box::new([literal]) })
    }

    /// The same with a fixed text before it.
    pub(crate) fn after(&self, text: &str) -> Self {
        let mut segments = vec![Segment::Literal(Literal::new(text.as_bytes()))];
        segments.extend_from_slice(&self.segments);
        Self::new(&format!("{text}{}", self.source), parse::merged(segments))
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

    /// The parts of received messages in it.
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

    /// The columns of feeds in it, each with the place of its feed in the class.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.rows().map(|row| (row.feed, &*row.column))
    }

    /// The places of the feeds in it that give a row for each message.
    pub(crate) fn feeds_per_message(&self) -> impl Iterator<Item = usize> {
        self.rows().filter(|row| row.is_per_message()).map(|row| row.feed)
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Row(row) => Some(row),
            _ => None,
        })
    }

    /// Gives each `walk` in it a place of its own among those of its class, of which there are `walks` so far.
    pub fn place_walks(&mut self, walks: &mut usize) {
        for segment in &mut self.segments {
            if let Segment::Walk(walk) = segment {
                walk.place = *walks;
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
            let parts = self.received().map(|part| json::LONGEST * scope.received.part(part).len());
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

impl Segment {
    fn varies(&self) -> Varies {
        match self {
            Self::Literal(_) => Varies::Never,
            Self::UserNumber | Self::UserIndex | Self::ClientId | Self::JsonClientId => Varies::PerUser,
            Self::Row(row) if !row.is_per_message() => Varies::PerUser,
            Self::Row(_)
            | Self::Walk(_)
            | Self::Iteration
            | Self::Seq
            | Self::NowMs
            | Self::NowNs
            | Self::NowIso
            | Self::Uuid
            | Self::RandomInt { .. }
            | Self::RandomFloat { .. }
            | Self::RandomString(_)
            | Self::RandomBytes(_)
            | Self::Choice(_)
            | Self::Received(_)
            | Self::JsonReceived(_) => Varies::PerMessage,
        }
    }

    fn length(&self, client_id: (usize, usize)) -> (usize, usize) {
        match self {
            Self::Literal(literal) => (literal.text.len(), literal.text.len()),
            // A user's number is at most a u32; 2^64 has 20 digits, -2^63 19 and a sign.
            Self::UserNumber | Self::UserIndex => (1, 10),
            Self::Iteration | Self::Seq | Self::NowMs | Self::NowNs | Self::RandomInt { .. } => (1, 20),
            Self::ClientId => client_id,
            Self::Received(_) | Self::JsonReceived(_) => (1, 1),
            Self::JsonClientId => (client_id.0, client_id.1.saturating_mul(json::LONGEST)),
            Self::Row(row) => row.column.length(),
            Self::Walk(walk) => walk.length(),
            Self::NowIso => (ISO_BYTES, ISO_BYTES),
            Self::Uuid => (36, 36),
            // Written out without an exponent: the smallest one has 324 digits behind the point and a sign.
            Self::RandomFloat { .. } => (1, 350),
            Self::RandomString(n) | Self::RandomBytes(n) => (*n, *n),
            Self::Choice(texts) => {
                let lengths = texts.iter().map(|text| text.len());
                (lengths.clone().min().unwrap_or(0), lengths.max().unwrap_or(0))
            }
        }
    }
}

#[cfg(test)]
mod tests;
