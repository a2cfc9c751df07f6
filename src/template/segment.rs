//! The pieces of a parsed template.

use crate::template::cursor::Literal;
use crate::template::escape::LONGEST;
use crate::template::iso::ISO_BYTES;
use crate::template::received::Part;
use crate::template::row::Row;
use crate::template::varies::Varies;
use crate::template::walk::Walk;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
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
    JsonReceived(Part),
}

impl Segment {
    pub(super) fn varies(&self) -> Varies {
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

    pub(super) fn length(&self, client_id: (usize, usize)) -> (usize, usize) {
        match self {
            Self::Literal(literal) => (literal.text.len(), literal.text.len()),
            // A user's number is at most a u32; 2^64 has 20 digits, -2^63 19 and a sign.
            Self::UserNumber | Self::UserIndex => (1, 10),
            Self::Iteration | Self::Seq | Self::NowMs | Self::NowNs | Self::RandomInt { .. } => (1, 20),
            Self::ClientId => client_id,
            Self::Received(_) | Self::JsonReceived(_) => (1, 1),
            Self::JsonClientId => (client_id.0, client_id.1.saturating_mul(LONGEST)),
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

/// The segments with neighbouring literals put together.
pub(super) fn merged(segments: Vec<Segment>) -> Box<[Segment]> {
    let mut result = Vec::<Segment>::new();
    let mut text = Vec::new();
    for segment in segments {
        if let Segment::Literal(more) = segment {
            text.extend_from_slice(&more.text);
        } else {
            if !text.is_empty() {
                result.push(Segment::Literal(Literal::new(&text)));
                text.clear();
            }
            result.push(segment);
        }
    }
    if !text.is_empty() {
        result.push(Segment::Literal(Literal::new(&text)));
    }
    result.into()
}
