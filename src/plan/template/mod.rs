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
use std::io::Write;

use crate::plan::random::{Random, wide_product};

mod call;
pub mod names;
pub mod parse;

/// A parsed text.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    source: Box<str>,
    segments: Box<[Segment]>,
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
    Literal(Box<[u8]>),
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

impl Template {
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
            [Segment::Literal(text)] => Some(text),
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
                Segment::Literal(text) => (Some(text), &[]),
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
        for segment in &self.segments {
            segment.render(scope, out);
        }
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
            Self::Literal(text) => (text.len(), text.len()),
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

    #[inline]
    fn render(&self, scope: &mut Scope<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Literal(text) => out.extend_from_slice(text),
            Self::UserNumber => push_integer(scope.user.number, out),
            Self::UserIndex => push_integer(scope.user.index, out),
            Self::ClientId => out.extend_from_slice(&scope.user.client_id),
            Self::Iteration => push_integer(scope.iteration, out),
            Self::Seq => push_integer(scope.seq, out),
            Self::NowMs => push_integer(scope.now_ns / 1_000_000, out),
            Self::NowNs => push_integer(scope.now_ns, out),
            Self::NowIso => push_iso(scope.now_ns, out),
            Self::Uuid => push_uuid(scope.random, out),
            Self::RandomInt { low, count } => {
                let offset = if *count == 0 { scope.random.next_u64() } else { scope.random.below(*count) };
                push_integer(low.wrapping_add_unsigned(offset), out);
            }
            Self::RandomFloat { low, high } => {
                let share = scope.random.unit();
                // Not `low + share * (high - low)`: the difference of two finite numbers can be infinite.
                let number = low * (1.0 - share) + high * share;
                // Writing to a Vec cannot fail.
                let _ = write!(out, "{number}");
            }
            Self::RandomString(n) => push_random_string(*n, scope.random, out),
            Self::RandomBytes(n) => {
                let end = out.len() + n;
                while out.len() < end {
                    let bytes = scope.random.next_u64().to_le_bytes();
                    out.extend_from_slice(&bytes[..bytes.len().min(end - out.len())]);
                }
            }
            Self::Choice(texts) => {
                let chosen = usize::try_from(scope.random.below(texts.len() as u64)).unwrap_or(0);
                out.extend_from_slice(&texts[chosen]);
            }
        }
    }
}

fn push_integer(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A random UUID: version 4, variant 1 (RFC 9562, section 5.4).
fn push_uuid(random: &mut Random, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random.next_u64().to_be_bytes());
    bytes[8..].copy_from_slice(&random.next_u64().to_be_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    for (i, byte) in bytes.into_iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

/// Letters and digits, eight from one draw: 62^8 is so far below 2^64 that none is likelier by more than 10^-4.
fn push_random_string(n: usize, random: &mut Random, out: &mut Vec<u8>) {
    const CHARACTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut fraction = 0;
    for i in 0..n {
        if i % 8 == 0 {
            fraction = random.next_u64();
        }
        let (digit, rest) = wide_product(fraction, CHARACTERS.len() as u64);
        fraction = rest;
        out.push(CHARACTERS[usize::try_from(digit).unwrap_or(0)]);
    }
}

/// Bytes of a time stamp as [`push_iso`] writes it.
const ISO_BYTES: usize = "1970-01-01T00:00:00.000Z".len();

/// A time stamp in UTC with milliseconds (RFC 3339).
///
/// The day is turned into a date by Howard Hinnant's `civil_from_days`, for years that begin in March, so
/// that the leap day is a year's last.
fn push_iso(now_ns: u64, out: &mut Vec<u8>) {
    let ms = now_ns / 1_000_000;
    let (seconds, days) = (ms / 1_000 % 86_400, ms / 86_400_000 + 719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    for (number, digits, after) in [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (seconds / 3_600, 2, b':'),
        (seconds / 60 % 60, 2, b':'),
        (seconds % 60, 2, b'.'),
        (ms % 1_000, 3, b'Z'),
    ] {
        for place in (0..digits).rev() {
            out.push(b'0' + (number / 10_u64.pow(place) % 10) as u8);
        }
        out.push(after);
    }
}

#[cfg(test)]
mod tests;
