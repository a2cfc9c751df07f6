//! A worker of an unmodified Locust master: Locust distributes the users and adds up the numbers, this room does as it says.
//!
//! ```text
//!              bytes            messages             events, actions              users
//! master ◀──────────▶ zmtp ◀──────────▶ worker ◀───────────────────▶ protocol
//!                                          │ ◀──────────────────────────────▶ Users (a trait)
//! ```
//! [`protocol`] decides and does nothing, [`worker`] does and decides nothing. So all that can happen between a master and a
//! worker is tested without a socket and without waiting.

pub mod decode;
pub mod dial;
pub mod encode;
pub mod locustfile;
pub mod logs;
pub mod message;
pub mod protocol;
pub mod report;
#[cfg(test)]
mod testing;
mod unread;
pub mod worker;
pub mod zmtp;
