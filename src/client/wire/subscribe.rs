//! SUBSCRIBE, UNSUBSCRIBE and the answers of brokers to them.
//!
//! An answer has one code for each filter, in the same order. Only the UNSUBACK of 3.1.1 has just a packet id. The
//! driver checks that there are as many codes as filters, because only it knows the request.

use crate::client::failure::Reason;
use crate::client::failure::{Ack, Failure};
use crate::client::seam::Filter;
use crate::client::wire::frame::{packet_id, put_header};
use crate::mqtt::properties::{self, Allowed, Value};
use crate::mqtt::property::{REASON_STRING, SUBSCRIPTION_ID, put_string, put_varint, varint_length};
use crate::mqtt::{MAX_PACKET_BYTES, MAX_TEXT_BYTES, RetainHandling, Version};

/// From here up, an answer is a refusal.
const REFUSED: u8 = 0x80;

/// Appends SUBSCRIBE (section 3.8). 3.1.1 can say neither `identifier` nor the options of filters.
pub(crate) fn write_subscribe(
    version: Version,
    id: u16,
    filters: &[Filter<'_>],
    identifier: Option<u32>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let mut properties = Vec::new();
    if let Some(identifier) = identifier {
        properties.push(SUBSCRIPTION_ID);
        put_varint(&mut properties, identifier as usize);
    }
    let paths = filters.iter().map(|filter| filter.path);
    begin(version, 0x82, id, &properties, paths, 1, out)?;
    for filter in filters {
        put_string(out, filter.path.as_bytes());
        out.push(match version {
            Version::V311 => filter.qos.level(),
            Version::V5 => options(filter),
        });
    }
    Ok(())
}

pub(crate) fn write_unsubscribe(
    version: Version,
    id: u16,
    filters: &[&str],
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    begin(version, 0xA2, id, &[], filters.iter().copied(), 0, out)?;
    for filter in filters {
        put_string(out, filter.as_bytes());
    }
    Ok(())
}

/// Appends the part before the filters. Each filter is followed by this many bytes.
fn begin<'a>(
    version: Version,
    first: u8,
    id: u16,
    properties: &[u8],
    mut paths: impl Iterator<Item = &'a str>,
    behind: usize,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let head = match version {
        Version::V311 => 2,
        Version::V5 => 2 + varint_length(properties.len()) + properties.len(),
    };
    let length = paths
        .try_fold(head, |sum, path| (path.len() <= MAX_TEXT_BYTES).then(|| sum + 2 + path.len() + behind));
    let length = length.filter(|length| *length <= MAX_PACKET_BYTES).ok_or(Failure::TooLarge)?;
    put_header(first, length, out);
    out.extend_from_slice(&id.to_be_bytes());
    if version == Version::V5 {
        put_varint(out, properties.len());
        out.extend_from_slice(properties);
    }
    Ok(())
}

/// The byte behind a filter of version 5.
fn options(filter: &Filter<'_>) -> u8 {
    let retain_handling = match filter.options.retain_handling {
        RetainHandling::Always => 0,
        RetainHandling::IfNew => 1,
        RetainHandling::Never => 2,
    };
    filter.qos.level()
        | u8::from(filter.options.no_local) << 2
        | u8::from(filter.options.retain_as_published) << 3
        | retain_handling << 4
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Answers<'a> {
    /// One code for each filter. An UNSUBACK of 3.1.1 has no codes.
    pub(crate) codes: &'a [u8],
    said: Option<&'a str>,
}

impl Answers<'_> {
    /// Fails if there are codes, but not one for each filter: nobody can tell then which answer is whose.
    pub(crate) fn check(&self, filters: u32, ack: Ack) -> Result<(), Failure> {
        if self.codes.is_empty() || self.codes.len() == filters as usize {
            return Ok(());
        }
        Err(Failure::Protocol(match ack {
            Ack::Unsuback => "UNSUBACK with more or fewer codes than there were filters",
            _ => "SUBACK with more or fewer codes than there were filters",
        }))
    }

    pub(crate) fn refusal(&self, version: Version, ack: Ack) -> Option<Failure> {
        let code = self.codes.iter().find(|code| **code >= REFUSED)?;
        Some(match version {
            Version::V311 => Failure::SubscriptionRefused,
            Version::V5 => Failure::Reason(ack, Reason::new(*code, self.said, None)),
        })
    }
}

pub(super) fn read_answers(version: Version, ack: Ack, body: &[u8]) -> Result<(u16, Answers<'_>), Failure> {
    let malformed = Failure::Protocol(match ack {
        Ack::Unsuback => "malformed UNSUBACK",
        _ => "malformed SUBACK",
    });
    let (id, rest) = body.split_first_chunk::<2>().ok_or(malformed)?;
    let id = packet_id(*id)?;
    let mut said = None;
    let codes = match version {
        Version::V311 => rest,
        Version::V5 => properties::read(rest, Allowed::ACK, |number, value| {
            if let (REASON_STRING, Value::Text(text)) = (number, value) {
                said = Some(text);
            }
            Ok::<_, Failure>(())
        })?,
    };
    let says_nothing = version == Version::V311 && ack == Ack::Unsuback;
    let is_code = |code: &u8| match (version, ack) {
        (Version::V311, _) => matches!(code, 0..=2 | 0x80),
        (Version::V5, Ack::Unsuback) => matches!(code, 0 | 0x11 | 0x80..),
        (Version::V5, _) => matches!(code, 0..=2 | 0x80..),
    };
    if codes.is_empty() != says_nothing || !codes.iter().all(is_code) {
        return Err(malformed);
    }
    Ok((id, Answers { codes, said }))
}

#[cfg(test)]
mod tests;
