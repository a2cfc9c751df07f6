//! Shards of a run meet at the broker under test: they begin together, and learn how far their clocks are apart.
//!
//! ```text
//! shard 0                               broker                              shard I
//! missing: … I … ──────────────────────▶ │ ──▶ shard 0 is there; again each second
//!                            ask/I ◀──── │ ◀──────────────────── t1, ten times; then again each second
//! answer/I: t1 t2 ─────────────────────▶ │ ──▶ the round trip that took least says how far the clocks are apart
//!                            ask/I ◀──── │ ◀──────────────────── I has ten round trips: it is ready
//! all are ready: start ────────────────▶ │ ──▶ the moment of the start, by the clock of shard 0
//!                           gone/I ◀──── │ ◀──────────────────── I has heard of it; before, I has left (its will says it too)
//! ```
//! Topics begin with the topic of the scenario and the run id. The moment is translated by the offset of the clocks, so that
//! not even a wrong clock makes a shard begin early or late.
//!
//! | file | |
//! |---|---|
//! | `clocks` | round trips, and what they say of a clock |
//! | `meeting` | what a shard does when it hears something; needs no network |
//! | `session` | the connection of a shard to the broker |

mod clocks;
mod meeting;
mod session;

pub use crate::sync::clocks::ClockOffset;
pub use crate::sync::meeting::Began;
pub use crate::sync::session::{SyncError, meet};
