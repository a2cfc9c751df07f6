//! A worker of an unmodified Locust master: Locust distributes the users and adds up the numbers, this room does as it says.
//!
//! ```text
//!              bytes            messages             events, actions              users
//! master ◀──────────▶ zmtp ◀──────────▶ worker ◀───────────────────▶ protocol
//!                                          │ ◀──────────────────────────────▶ Users (a trait)
//! ```

pub mod decode;
pub mod encode;
pub mod message;
pub mod protocol;
pub mod report;
#[cfg(test)]
mod testing;
pub mod zmtp;
