//! What a person sees of a run: what begins, how it goes on, and how it ended.
//!
//! ```text
//! tick ─▶ progress ─▶ View ─▶ draw ─▶ lines of text ─▶ Lines (a thread) ─▶ painter ─▶ terminal
//!                  └▶ interval ─▶ one line every two seconds, without a terminal
//! ```
//! All texts are made by functions without side effects. Only [`lines`](crate::cli::lines) writes, on a thread of its
//! own, since a terminal that stands still must not hold up the run.

mod banner;
mod draw;
mod end;
mod interval;
pub(super) mod keys;
pub(super) mod painter;
mod progress;
pub(super) mod size;
mod view;

pub(super) use crate::cli::screen::banner::banner;
pub(super) use crate::cli::screen::end::{PrintStats, end, fitted, tables};
pub(super) use crate::cli::screen::progress::{Plan, Progress};
