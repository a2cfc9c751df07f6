//! The mark that a request carries from its start to its end, in one word: see
//! [`Ticket::tag`](crate::client::Ticket::tag).
//!
//! It holds the row of the statistics, whether successes are recorded, whether the message has a stamp and whether
//! it asks for a reply.

use crate::stats::RowId;

const RECORDED: u32 = 1;
const STAMPED: u32 = 2;
const ASKS: u32 = 4;

/// The tag of a request of this row. `record` says whether successes are recorded.
pub(crate) fn tag(row: RowId, record: bool) -> u32 {
    row.0 << 3 | if record { RECORDED } else { 0 }
}

pub(crate) fn stamped(tag: u32) -> u32 {
    tag | STAMPED
}

/// The same for a message that asks for a reply. Its step records it together with the reply.
pub(crate) fn asks(tag: u32) -> u32 {
    tag | ASKS
}

pub(crate) fn row(tag: u32) -> RowId {
    RowId(tag >> 3)
}

pub(crate) fn records(tag: u32) -> bool {
    tag & RECORDED != 0
}

pub(crate) fn is_stamped(tag: u32) -> bool {
    tag & STAMPED != 0
}

pub(crate) fn asks_for_reply(tag: u32) -> bool {
    tag & ASKS != 0
}

/// Whether the message has neither a stamp nor asks for a reply, as most.
pub(crate) fn is_plain(tag: u32) -> bool {
    tag & (STAMPED | ASKS) == 0
}
