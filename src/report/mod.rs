//! What is made of the statistics: Locust's four files and its console tables, and the event log that both
//! can be made from again.
//!
//! Reports read a [`Snapshot`](crate::stats::snapshot::Snapshot) and nothing else, so that a replay, a live
//! run and a test go through the same code.

pub mod compare;
pub mod csv;
pub mod delivery;
pub mod destination;
pub mod events;
pub mod health;
pub mod json;
pub mod latency;
pub mod number;
pub mod rate_search;
pub mod replay;
pub mod table;
pub mod terminal;
pub mod thresholds;
mod times;
pub mod unfinished;
