//! Everything that people and programs read of a run.
//!
//! At its end a run is one [`RunResult`](crate::stats::result::RunResult), which `gather` makes. Each format is a view of
//! it: `summary` (the terminal), `html`, `result_json`, `junit`, `github`; `read` brings a recorded one back, and
//! `compare`, `merge` and `trend` put several together. Locust's files and tables (`csv`, `table`, `locust_json`) keep
//! Locust's rules, so they are views of the statistics themselves, as is the event log, from which `replay` makes them
//! again.

pub mod columns;
pub mod command;
pub mod compare;
pub mod csv;
pub mod destination;
pub(crate) mod doubts;
pub mod events;
pub mod gather;
pub mod github;
pub mod grid;
pub mod health;
pub mod hlog;
pub mod html;
pub mod judged;
pub mod junit;
pub mod locust_json;
pub mod markdown;
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
pub mod trend;
pub mod unfinished;
pub mod verdict;
