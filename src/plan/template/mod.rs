//! Texts with `${…}` in them, parsed once to segments and rendered into a reused buffer.
//!
//! Own and not a template engine: the language has no logic, everything in it can be checked before the run,
//! and rendering stands on the path of every message, so it neither allocates nor looks up a name. What
//! does not change during a run (constants, environment, host name) is literal text after [`Template::parse`].
//!
//! ```
//! # use std::{cell::RefCell, collections::{BTreeMap, BTreeSet}};
//! use mqtt_scenario::plan::random::Random;
//! use mqtt_scenario::plan::template::names::{Names, Place};
//! use mqtt_scenario::plan::template::{Scope, Template, UserScope};
//!
//! # let (vars, used_vars) = (BTreeMap::new(), RefCell::new(BTreeSet::new()));
//! # let env = |_: &str| None;
//! let names = Names { class: Some("device"), vars: &vars, used_vars: &used_vars, env: &env, hostname: "h" };
//! let template = Template::parse("${user.class}/${user.number}/${seq}", Place::Topic, &names).unwrap();
//!
//! let user = UserScope { number: 7, index: 2, client_id: b"c7".to_vec() };
//! let mut random = Random::for_user(0, "device", 2);
//! let mut topic = Vec::new();
//! let mut scope = Scope { user: &user, iteration: 0, seq: 1, now_ns: 0, random: &mut random };
//! template.render(&mut scope, &mut topic);
//! assert_eq!(topic, b"device/7/1");
//! ```

use std::fmt;

use crate::plan::random::Random;
use crate::plan::template::render::{Cursor, ISO_BYTES};

mod call;
pub mod names;
pub mod parse;
mod render;

/// A parsed text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    source: Box<str>,
    segments: Box<[Segment]>,
    /// The most bytes it renders to, but for client ids.
    most: usize,
    /// How often the client id is part of it.
    client_ids: usize,
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
    /// How many task runs the user has ended.
    pub iteration: u64,
    /// The how manieth message of this publish step and user, from 1.
    pub seq: u64,
    /// Now, in nanoseconds since 1970 (UTC).
    pub now_ns: u64,
    /// The user's draws.
    pub random: &'a mut Random,
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
        let client_ids = segments.iter().filter(|segment| **segment == Segment::ClientId).count();
        Self { source: source.into(), segments, most, client_ids }
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
        self.segments.contains(&Segment::ClientId)
    }

    /// Whether two users of one run can never get the same text from it: by the user's number, or, but for
    /// chance, by a UUID.
    pub fn is_unique_in_run(&self) -> bool {
        self.segments.iter().any(|segment| matches!(segment, Segment::UserNumber | Segment::Uuid))
    }

    /// Whether both render the same, however they were written.
    pub fn renders_like(&self, other: &Self) -> bool {
        self.segments == other.segments
    }

    /// The fixed parts of the text, those that random draws choose from included.
    pub fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.segments.iter().flat_map(|segment| {
            let (one, many): (Option<&[u8]>, &[Box<[u8]>]) = match segment {
                Segment::Literal(literal) => (Some(&literal.text), &[]),
                Segment::Choice(texts) => (None, texts),
                _ => (None, &[]),
            };
            one.into_iter().chain(many.iter().map(AsRef::as_ref))
        })
    }

    /// The fewest and the most bytes that the text can have, with client ids of `client_id` bytes.
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
        out.resize(start + self.most + self.client_ids * scope.user.client_id.len() + HEAD, 0);
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
            Self::UserNumber | Self::UserIndex | Self::ClientId => Varies::PerUser,
            Self::Iteration
            | Self::Seq
            | Self::NowMs
            | Self::NowNs
            | Self::NowIso
            | Self::Uuid
            | Self::RandomInt { .. }
            | Self::RandomFloat { .. }
            | Self::RandomString(_)
            | Self::RandomBytes(_)
            | Self::Choice(_) => Varies::PerMessage,
        }
    }

    fn length(&self, client_id: (usize, usize)) -> (usize, usize) {
        match self {
            Self::Literal(literal) => (literal.text.len(), literal.text.len()),
            // A user's number is at most a u32; 2^64 has 20 digits, -2^63 19 and a sign.
            Self::UserNumber | Self::UserIndex => (1, 10),
            Self::Iteration | Self::Seq | Self::NowMs | Self::NowNs | Self::RandomInt { .. } => (1, 20),
            Self::ClientId => client_id,
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
