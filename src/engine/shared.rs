//! What all threads of a run have in common.

use std::hash::{BuildHasher, RandomState};

use crate::engine::arrivals::Arrivals;
use crate::engine::losses::Losses;
use crate::engine::pulse::Pulse;
use crate::engine::quota::Quota;
use crate::engine::rate_factor::RateFactor;
use crate::plan::load::Load;
use crate::stats::rows::RowSpace;

/// What all threads of a run have in common. A handle: clones are the same thing.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    /// How fast schedules go.
    pub(crate) rate_factor: RateFactor,
    /// How much all users may do together.
    pub(crate) quota: Quota,
    /// Which users have had a connection.
    pub(crate) arrivals: Arrivals,
    /// Which users send nothing more at the end of the run; they may still receive.
    pub(crate) done_sending: Arrivals,
    /// Connections that were lost.
    pub(crate) losses: Losses,
    /// The rows of the statistics.
    pub(crate) rows: RowSpace,
    /// A number of this run, which no other one has but for chance.
    pub(crate) run: u32,
    /// Whether the generator stood still; nothing watches a run on a clock that is not the system's.
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
