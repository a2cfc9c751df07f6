//! The files that a run writes: one trait for an output, one file a format, and a manager of all of them.
//!
//! | file | |
//! |---|---|
//! | `output` | the trait |
//! | `manager` | looks for all of them before the run, begins them, gives them ticks and the result, and ends them |
//! | `state`, `history` | Locust's CSV files |
//! | `history_log` | a histogram per row and second |
//! | `locust_json` | what Locust writes with `--json` |
//! | `request_log` | the log of all requests, of a run or of a worker |
//! | `document` | what is written once at the end: result.json and others |
//! | `folder` | the folder of a run |
//! | `outlet` | threads that write, so that a slow disk does not disturb the load |

mod document;
mod error;
mod folder;
mod history;
mod history_log;
mod locust_json;
mod manager;
mod outlet;
mod output;
mod request_log;
mod state;

pub(super) use crate::cli::outputs::document::{Render, html, junit, result_json};
pub(super) use crate::cli::outputs::error::OutputError;
pub(super) use crate::cli::outputs::folder::RunFolder;
pub(super) use crate::cli::outputs::manager::{Open, Outputs, Wanted};
pub(super) use crate::cli::outputs::output::View;
pub(super) use crate::cli::outputs::request_log::WorkerLog;
