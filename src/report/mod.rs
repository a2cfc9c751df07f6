//! Reports on the statistics: Locust's four files and its console tables, and the event log, from which both can be
//! made again.
//!
//! Reports read only a [`Snapshot`](crate::stats::snapshot::Snapshot), so a replay, a live run and a test use the same
//! code.

pub mod columns;
pub mod compare;
pub mod csv;
pub mod delivery;
pub mod destination;
pub mod events;
pub mod gather;
pub mod github;
pub mod grid;
pub mod health;
pub mod hlog;
pub mod html;
pub mod junit;
pub mod latency;
pub mod locust_json;
pub mod merge;
pub mod number;
pub mod paint;
pub mod rate_search;
pub mod read;
pub mod repeat;
pub mod replay;
pub mod result_json;
pub mod so_far;
pub mod summary;
pub mod table;
pub mod terminal;
pub mod thresholds;
pub mod trend;
pub mod unfinished;
pub mod verdict;
