//! What a run tells its caller while it goes on.

use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::delivery::DeliveryReport;
use crate::stats::health::Health;
use crate::stats::rate_search::RateSearchReport;
use crate::stats::statistics::Statistics;

/// A whole second of the run is over, or the run is.
#[derive(Debug)]
pub struct Tick<'a> {
    /// Every event up to now is in it, and none after.
    pub statistics: &'a Statistics,
    /// How the generator itself does.
    pub health: &'a Health,
    /// When.
    pub at: UnixMicros,
    /// Whether the statistics began anew at this moment.
    pub reset: bool,
    /// What the search for the highest rate has found so far, if there is one.
    pub search: Option<&'a RateSearchReport>,
    /// What became of measured messages, if any are; with the last tick.
    pub delivery: Option<&'a DeliveryReport>,
    /// Whether it is the last one: everything is in it.
    pub last: bool,
}

/// What a run tells, in order, on the thread that called [`run`](crate::engine::run).
pub trait Observer {
    /// Why it could not take what it was told.
    type Error;

    /// What was recorded since the last tick, one batch per thread; before it is merged.
    fn recorded(&mut self, batches: &[Batch]) -> Result<(), Self::Error>;

    /// A tick: at the start (nothing has happened yet), each whole second after it, and the end.
    fn tick(&mut self, tick: &Tick<'_>) -> Result<(), Self::Error>;
}
