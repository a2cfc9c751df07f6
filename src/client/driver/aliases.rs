//! Topic aliases of MQTT 5, in both directions (section 3.3.2.3.4).
//!
//! The first topics of a connection get an alias each and keep it. A device has few topics. If it has more topics than
//! aliases, any rule of replacing them would send topics again and again. Both tables are small, since each user has
//! both.

use std::collections::HashMap;
use std::rc::Rc;

use crate::client::failure::Failure;
use crate::client::wire::{Alias, MAX_ALIASES};

#[derive(Debug)]
pub(super) struct Aliases {
    /// How many aliases the broker accepts, at most [`MAX_ALIASES`].
    most: u16,
    given: HashMap<Box<[u8]>, u16>,
    /// The broker's aliases. Alias `i + 1` has the index `i`.
    taken: Vec<Option<Rc<str>>>,
}

impl Aliases {
    /// Makes the tables for a broker that accepts this many aliases.
    pub(super) fn new(most: u16) -> Self {
        Self { most: most.min(MAX_ALIASES), given: HashMap::new(), taken: Vec::new() }
    }

    /// Decides how to write this topic. A new alias counts as sent, so the message must be sent.
    pub(super) fn give(&mut self, topic: &[u8]) -> Alias {
        if let Some(alias) = self.given.get(topic) {
            return Alias::Known(*alias);
        }
        let next = u16::try_from(self.given.len()).unwrap_or(u16::MAX);
        if next >= self.most {
            return Alias::None;
        }
        self.given.insert(topic.into(), next + 1);
        Alias::New(next + 1)
    }

    /// The topic of a message that came with an alias. An empty `topic` means that the message had the alias only.
    pub(super) fn take(&mut self, alias: u16, topic: &str) -> Result<Rc<str>, Failure> {
        if alias > MAX_ALIASES {
            return Err(Failure::Protocol("topic alias above the maximum"));
        }
        let index = usize::from(alias).wrapping_sub(1);
        if topic.is_empty() {
            let known = self.taken.get(index).and_then(Option::as_ref);
            return known.map(Rc::clone).ok_or(Failure::Protocol("topic alias that was not given"));
        }
        if self.taken.len() <= index {
            self.taken.resize(index + 1, None);
        }
        let topic: Rc<str> = topic.into();
        self.taken[index] = Some(Rc::clone(&topic));
        Ok(topic)
    }
}

#[cfg(test)]
mod tests;
