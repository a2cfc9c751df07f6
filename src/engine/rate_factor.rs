//! How fast the schedules of a run go. It is one factor for all of them, and a rate search changes it during the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The factor. The coordinator sets it, and users read it before each start.
#[derive(Debug, Clone)]
pub(crate) struct RateFactor(Arc<AtomicU64>);

impl RateFactor {
    /// A factor of 1: schedules go as fast as the plan says.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1.0_f64.to_bits())))
    }

    /// How much faster than planned schedules go; above 0.
    pub(crate) fn factor(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Sets the factor. Users follow it from their next start on.
    pub(crate) fn set(&self, factor: f64) {
        self.0.store(factor.to_bits(), Ordering::Relaxed);
    }
}
