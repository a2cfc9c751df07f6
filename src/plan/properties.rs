//! The properties of messages of MQTT 5, encoded as far as they are known before the run.
//!
//! The part that is the same for all messages is one piece, as it goes on the wire. If the properties have no
//! templates, they cost a message nothing.

use crate::mqtt::MAX_TEXT_BYTES;
use crate::mqtt::property;
use crate::template::Template;

/// The properties of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Properties {
    /// Those that are always the same, encoded.
    pub fixed: Vec<u8>,
    /// Those that are templates, and user properties that come after one of them.
    pub varying: Vec<Property>,
}

/// A property whose value is a template.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// What stands before the length of the value: its number and, of a user property, its name.
    pub head: Vec<u8>,
    /// The template of the value.
    pub value: Template,
}

impl Properties {
    /// Takes a property in: `head` is what stands before the length of its value.
    pub(crate) fn add(&mut self, head: Vec<u8>, value: Template) {
        // User properties keep their order, which means something; all others are known by their numbers.
        let is_user = |head: &[u8]| head.first() == Some(&property::USER_PROPERTY);
        let follows = is_user(&head) && self.varying.iter().any(|before| is_user(&before.head));
        match value.literal().filter(|_| !follows) {
            Some(value) => {
                self.fixed.extend_from_slice(&head);
                property::put_string(&mut self.fixed, value);
            }
            None => self.varying.push(Property { head, value }),
        }
    }

    /// The templates among them.
    pub(crate) fn templates_mut(&mut self) -> impl Iterator<Item = &mut Template> {
        self.varying.iter_mut().map(|property| &mut property.value)
    }

    /// The templates among them.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.varying.iter().map(|property| &property.value)
    }

    /// The bytes that they have at most, with client ids of `client_id` bytes.
    pub fn most_bytes(&self, client_id: (usize, usize)) -> usize {
        let varying = self
            .varying
            .iter()
            .map(|property| property.value.length(client_id).1.saturating_add(property.head.len() + 2));
        varying.fold(self.fixed.len() + 4, usize::saturating_add)
    }

    /// Appends them, encoded; `render` appends the text of a template.
    pub fn write(&self, out: &mut Vec<u8>, mut render: impl FnMut(&Template, &mut Vec<u8>)) {
        out.extend_from_slice(&self.fixed);
        for Property { head, value } in &self.varying {
            out.extend_from_slice(head);
            let length_at = out.len();
            out.extend_from_slice(&[0, 0]);
            render(value, out);
            // Compile has seen to it that it fits.
            out.truncate(length_at + 2 + MAX_TEXT_BYTES);
            let length = u16::try_from(out.len() - length_at - 2).unwrap_or(u16::MAX);
            out[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
