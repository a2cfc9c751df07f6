//! The four CSV files of Locust 2.47, byte for byte (its `stats.py`, `StatsCSVFileWriter`).
//!
//! Three files are the state of the run and written whole each time (`state`); the history grows by whole rows
//! (`history`). Both only make text. A live run writes each file in a thread of its own (`cli/outlet`,
//! through `cli/outputs`). A replay writes one after the other (`files`).

pub mod files;
pub mod history;
mod rows;
pub mod state;
