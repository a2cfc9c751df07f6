//! What the servers of a plan are called in the texts of failures.
//!
//! Users of a thread share the names and hold a number of four bytes each, since a user may fail at any time but the
//! state of an idle one is small.

use std::num::NonZeroU32;

use crate::client::Connect;

#[derive(Debug)]
pub(crate) struct Servers {
    names: Vec<String>,
    /// Of each broker, where its servers are in `names`, and how many it has.
    brokers: Vec<(usize, usize)>,
}

/// A server of a plan that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerId(NonZeroU32);

impl Servers {
    pub(crate) fn of(connector: &impl Connect, brokers: usize) -> Self {
        let mut servers = Self { names: Vec::new(), brokers: Vec::with_capacity(brokers) };
        for broker in 0..brokers {
            let names = connector.servers(broker);
            servers.brokers.push((servers.names.len(), names.len()));
            servers.names.extend(names);
        }
        servers
    }

    /// The server that a connector chooses for a turn; `None` if it has no name.
    pub(crate) fn of_turn(&self, broker: usize, turn: usize) -> Option<ServerId> {
        let (first, count) = *self.brokers.get(broker)?;
        let place = first + turn.checked_rem(count)?;
        Some(ServerId(NonZeroU32::new(u32::try_from(place + 1).ok()?)?))
    }

    pub(crate) fn name(&self, server: Option<ServerId>) -> Option<&str> {
        let place = usize::try_from(server?.0.get()).ok()? - 1;
        self.names.get(place).map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
