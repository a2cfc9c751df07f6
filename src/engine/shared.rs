//! What all threads of a run share.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::arrivals::Arrivals;
use crate::engine::losses::Losses;
use crate::engine::pulse::Pulse;
use crate::engine::quota::Quota;
use crate::plan::load::Load;
use crate::stats::rows::RowSpace;

/// Clones are handles of the same thing.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) rate_factor: RateFactor,
    /// How many task runs and messages users may still begin.
    pub(crate) quota: Quota,
    pub(crate) arrivals: Arrivals,
    /// How many users send nothing more at the end of the run; they may still receive.
    pub(crate) done_sending: Arrivals,
    pub(crate) losses: Losses,
    pub(crate) rows: RowSpace,
    /// A random number that tells this run from others.
    pub(crate) run: u32,
    /// Notices standstills; `None` on a paused clock.
    pub(crate) pulse: Option<Pulse>,
}

impl Shared {
    pub(crate) fn new(load: &Load, max_rows: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "half of a drawn number is one too")]
        let run = RandomState::new().hash_one(()) as u32;
        Self {
            rate_factor: RateFactor::new(),
            quota: Quota::new(load),
            arrivals: Arrivals::new(),
            done_sending: Arrivals::new(),
            losses: Losses::default(),
            rows: RowSpace::new(max_rows),
            run,
            pulse: None,
        }
    }
}

/// The coordinator sets it, and users read it before each start.
#[derive(Debug, Clone)]
pub(crate) struct RateFactor(Arc<AtomicU64>);

impl RateFactor {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1.0_f64.to_bits())))
    }

    /// Above 0.
    pub(crate) fn factor(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, factor: f64) {
        self.0.store(factor.to_bits(), Ordering::Relaxed);
    }
}
