//! The parts of a measurement in a step: where a publish writes its stamp, and where a subscribe looks for it.

use std::fmt;

use crate::stats::RowId;
use crate::stats::stamp::LENGTH;
use crate::template::Template;

/// What stands before a stamp in a list of properties: number, name ([`PROPERTY`](crate::stats::stamp::PROPERTY)) and
/// the length of the value.
const PROPERTY_HEAD: &[u8; 18] = b"\x26\0\x0dmqtt-scenario\0\x21";
/// The bytes of a stamp as a property.
const PROPERTY_BYTES: usize = PROPERTY_HEAD.len() + LENGTH;

/// How a publish step stamps its messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamping {
    /// Which of the class's publish steps it is.
    pub step: u16,
    /// Where the stamp goes.
    pub place: StampPlace,
    /// Whether the messages have an expiry interval.
    pub expires: bool,
}

/// Where a stamp goes.
#[derive(Debug, Clone, PartialEq)]
pub enum StampPlace {
    /// Among the user properties.
    Property,
    /// In front of the payload.
    Prefix,
    /// Behind the payload of the step, which is the beginning of a JSON value, and before the rest of that value.
    Json {
        /// As it is written: `/a/b`.
        pointer: String,
        /// What comes behind the stamp.
        rest: Template,
    },
}

impl Stamping {
    /// The bytes that it adds to a payload at most, with client ids of `client_id` bytes.
    pub fn payload_bytes(&self, client_id: (usize, usize)) -> usize {
        match &self.place {
            StampPlace::Property => 0,
            StampPlace::Prefix => LENGTH,
            StampPlace::Json { rest, .. } => rest.length(client_id).1.saturating_add(LENGTH),
        }
    }

    /// A stamp as a user property, encoded.
    pub fn property(stamp: &[u8; LENGTH]) -> [u8; PROPERTY_BYTES] {
        let mut bytes = [0; PROPERTY_BYTES];
        let (head, text) = bytes.split_at_mut(PROPERTY_BYTES - LENGTH);
        head.copy_from_slice(PROPERTY_HEAD);
        text.copy_from_slice(stamp);
        bytes
    }

    /// The bytes that it adds to the properties.
    pub fn property_bytes(&self) -> usize {
        match self.place {
            StampPlace::Property => PROPERTY_BYTES,
            StampPlace::Prefix | StampPlace::Json { .. } => 0,
        }
    }
}

impl fmt::Display for Stamping {
    /// As in a scenario.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            StampPlace::Property => f.write_str("user_property"),
            StampPlace::Prefix => f.write_str("prefix"),
            StampPlace::Json { pointer, .. } => write!(f, "json:{pointer}"),
        }
    }
}

/// How the messages of a subscription are measured, from end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Which row, for each filter of the step.
    pub rows: Vec<RowId>,
    /// Where a message has its stamp.
    pub look: StampLocation,
}

/// Where a stamp is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StampLocation {
    /// Among the user properties, then in front of the payload.
    Around,
    /// Among the user properties.
    Property,
    /// In front of the payload.
    Prefix,
    /// In a JSON payload: the parts of the pointer to it.
    Json(Box<[Box<str>]>),
}

impl fmt::Display for StampLocation {
    /// As in a scenario, where that can say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Around => f.write_str("user_property or prefix"),
            Self::Property => f.write_str("user_property"),
            Self::Prefix => f.write_str("prefix"),
            Self::Json(parts) => {
                f.write_str("json:")?;
                parts.iter().try_for_each(|part| write!(f, "/{}", part.replace('~', "~0").replace('/', "~1")))
            }
        }
    }
}

#[cfg(test)]
mod tests;
