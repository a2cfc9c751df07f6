//! How fast the schedules of a run go: one factor for all of them, which a search for the highest rate changes
//! while the run goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A factor shared by the coordinator, which sets it, and the users, which read it before each start.
#[derive(Debug, Clone)]
pub(crate) struct RateFactor(Arc<AtomicU64>);

impl RateFactor {
    /// As fast as the plan says.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1.0_f64.to_bits())))
    }

    /// By how much faster than the plan says; above 0.
    pub(crate) fn factor(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Users follow with their next start.
    pub(crate) fn set(&self, factor: f64) {
        self.0.store(factor.to_bits(), Ordering::Relaxed);
    }
}
