//! The reports of a run to its caller while it goes on.

use crate::client::PacketBytes;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::delivery::DeliveryReport;
use crate::stats::health::{Health, HealthSecond};
use crate::stats::rate_search::RateSearchReport;
use crate::stats::statistics::Statistics;

/// The state of a run after a whole second, and at its end.
#[derive(Debug)]
pub struct Tick<'a> {
    /// They hold every event up to this tick, and no later one.
    pub statistics: &'a Statistics,
    /// Whether the generator itself is the limit.
    pub health: &'a Health,
    /// How the generator did in the second before this tick. The first tick has no second, and the last one has what
    /// is left of its second.
    pub second: HealthSecond,
    /// The stage that the second before this tick belongs to.
    pub stage: StageNow,
    /// The users of each class, in the order of the plan.
    pub users: &'a [ClassUsers],
    /// The time of the tick.
    pub at: UnixMicros,
    /// Whether the statistics began anew with this tick.
    pub reset: bool,
    /// `None` without a rate search.
    pub search: Option<&'a RateSearchReport>,
    /// Only with the last tick, if messages are measured.
    pub delivery: Option<&'a DeliveryReport>,
    /// What the sessions have sent and received since the statistics began; `None` if that is not counted.
    pub packet_bytes: Option<PacketBytes>,
    /// Whether this is the last tick, which holds everything.
    pub last: bool,
}

/// The stage that a second belongs to. A second in which a stage begins belongs to the stage that it ends in: a stage
/// that begins exactly at a tick has the next second as its first. A run without stages is one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageNow {
    /// Its place in the load, from 0.
    pub index: usize,
    /// Its name, or `stage 2` if it has none.
    pub name: String,
    /// When it began.
    pub begins: UnixMicros,
    /// When it ended or will end; `None` if that is not known, as in a stage that waits for connections. A run that is
    /// told to stop ends its stage at that moment, though users may work for some time more.
    pub ends: Option<UnixMicros>,
    /// How many users it wants: where its ramp leads, however far the ramp is.
    pub users_wanted: u32,
}

/// The users of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassUsers {
    /// How many are wanted: where the ramp leads, however far it is.
    pub wanted: u32,
    /// Those still stopping included.
    pub alive: u32,
}

/// Whether a run goes on after a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It goes on.
    GoOn,
    /// A threshold is missed that ends the run. Users finish their tasks as at any end of a run, ticks go on up to the
    /// last one, and the outcome is [`End::Threshold`](crate::engine::End::Threshold). A run that ends already
    /// keeps its own reason.
    StopByThreshold,
}

/// Learns how a run goes on, in order, on the thread that called [`run`](crate::engine::run).
pub trait Observer {
    /// Why the observer could not go on.
    type Error;

    /// Takes the records since the last tick, one batch per thread, before they are merged.
    fn recorded(&mut self, batches: &[Batch]) -> Result<(), Self::Error>;

    /// Takes a tick: one at the start, when nothing has happened yet, one after each whole second, and one at the end.
    fn tick(&mut self, tick: &Tick<'_>) -> Result<Control, Self::Error>;
}
