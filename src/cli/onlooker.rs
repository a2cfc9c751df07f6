//! Somebody who watches a run besides its screen and its outputs.

use std::fmt::Debug;
use std::sync::Arc;

use crate::engine::Tick;
use crate::stats::result::RunResult;
use crate::stats::snapshot::Snapshot;

/// Somebody who watches a run, such as the live page.
pub(super) trait Onlooker: Debug {
    /// Takes a tick and the statistics at it, which have all rows only if `all` is true. `result` makes the result up to
    /// now: it costs milliseconds, more with many rows, so it is made only for somebody who looks.
    fn tick(&mut self, tick: &Tick<'_>, snapshot: &Arc<Snapshot>, all: bool, result: &dyn Fn() -> RunResult);
}
