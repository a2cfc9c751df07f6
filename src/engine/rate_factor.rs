//! How fast the schedules of a run go: one factor for all of them, which a rate search changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
