//! Everything that speaks HTTP: what is shown of a run while it goes on, and what is asked of it.
//!
//! ```text
//! the runner ──tell──▶ Desk ──now, watch──▶ the server ──▶ visitors
//!            ◀──next──      ◀────ask─────
//! ```
//! This room knows nothing of the engine, of plans and of the command line: the [`Desk`](desk::Desk) is all that
//! stands between. So whatever a visitor does, slow or many, a run does not wait for it.

pub mod address;
pub mod command;
pub mod desk;
pub mod guard;
pub mod in_vain;
pub mod locust;
mod memo;
pub mod metrics;
pub mod now;
pub mod offer;
pub mod page;
pub mod server;
pub mod shelf;
pub mod site;
mod stall;
#[cfg(test)]
mod testing;
pub mod token;
