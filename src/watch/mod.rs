//! What brokers say of themselves while a run goes on: `watch` of a scenario.
//!
//! ```text
//! sys         MQTT: a subscription to `$SYS/#` ──┐
//! prometheus  HTTP: the page of metrics ─────────┴─▶ ledger ──▶ stats::result::Watched
//! exposition  the text format of that page
//! ```
//! Each source has a thread of its own, so that a broker that answers slowly never holds up the run. A source that fails
//! says so once and tries again; it does not fail the run, since the load does not need it.

mod exposition;
mod ledger;
mod prometheus;
mod source;
mod sys;
mod watching;

pub use crate::watch::source::{Source, sources};
pub use crate::watch::watching::Watching;
