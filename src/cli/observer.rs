//! Writes each tick of a run to the files, the event log and the progress line.

use std::sync::Arc;

use crate::cli::console::{Progress, Rate};
use crate::cli::outputs::{Open, OutputError, Outputs};
use crate::engine::{Control, Observer, Tick};
use crate::report::json::{self, Summary};
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::delivery::DeliveryReport;
use crate::stats::health::Health;
use crate::stats::rate_search::RateSearchReport;
use crate::stats::snapshot::Snapshot;
use crate::stats::threshold::{Judgement, Threshold};

/// Up to this many rows are written each second; ten times as many are written every eleven seconds.
const ROWS_A_SECOND: u64 = 5_000;

/// The files before and after the first tick.
#[derive(Debug)]
enum Files {
    Found(Outputs),
    Open(Open),
    Ended,
}

/// Writes and shows the results of a run.
#[derive(Debug)]
pub(super) struct RunObserver {
    files: Files,
    progress: Progress,
    rate: Rate,
    /// What must hold at the end.
    thresholds: Vec<Threshold>,
    start: Option<UnixMicros>,
    /// The state at the last tick.
    pub(super) last: Option<Arc<Snapshot>>,
    /// How the generator did up to then.
    pub(super) health: Health,
    /// How the thresholds came off, once the run is over.
    pub(super) judgements: Vec<Judgement>,
    /// What a search for the highest rate found, once the run is over.
    pub(super) search: Option<RateSearchReport>,
    /// What became of measured messages, once the run is over.
    pub(super) delivery: Option<DeliveryReport>,
}

impl RunObserver {
    pub(super) fn new(outputs: Outputs, progress: Progress, thresholds: Vec<Threshold>) -> Self {
        Self {
            files: Files::Found(outputs),
            progress,
            rate: Rate::default(),
            thresholds,
            start: None,
            last: None,
            health: Health::default(),
            judgements: Vec::new(),
            search: None,
            delivery: None,
        }
    }

    /// Waits until the files are written or cannot be written, and returns which are not whole.
    pub(super) fn finish_files(&mut self) -> Vec<OutputError> {
        match std::mem::replace(&mut self.files, Files::Ended) {
            Files::Open(open) => open.finish(),
            Files::Found(_) | Files::Ended => Vec::new(),
        }
    }

    /// The files, which the first tick begins.
    fn open_files(&mut self, start: UnixMicros) -> Result<Option<&mut Open>, OutputError> {
        if let Files::Found(_) = &self.files
            && let Files::Found(found) = std::mem::replace(&mut self.files, Files::Ended)
        {
            self.files = Files::Open(found.open(start)?);
        }
        Ok(if let Files::Open(open) = &mut self.files { Some(open) } else { None })
    }
}

impl RunObserver {
    /// Whether a tick is worth the time that all rows together take: at the end, for a history of each row, and so
    /// often that it is no more than [`ROWS_A_SECOND`] rows a second.
    fn looks_at_all_rows(&self, tick: &Tick<'_>, second: u64) -> bool {
        let rows = tick.statistics.rows() as u64;
        let is_full = match &self.files {
            Files::Found(outputs) => outputs.is_full(),
            Files::Open(open) => open.is_full(),
            Files::Ended => false,
        };
        tick.last || is_full || second.is_multiple_of(1 + rows / ROWS_A_SECOND)
    }
}

impl Observer for RunObserver {
    type Error = OutputError;

    fn recorded(&mut self, batches: &[Batch]) -> Result<(), OutputError> {
        let Files::Open(open) = &mut self.files else { return Ok(()) };
        open.record(batches)
    }

    fn tick(&mut self, tick: &Tick<'_>) -> Result<Control, OutputError> {
        let start = *self.start.get_or_insert(tick.at);
        let second = (tick.at.0 - start.0) / 1_000_000;
        let (now, all) = (tick.at.as_secs_f64(), self.looks_at_all_rows(tick, second));
        let snapshot = if all { tick.statistics.snapshot(now) } else { tick.statistics.overview(now) };
        let snapshot = Arc::new(snapshot);
        if let Some(files) = self.open_files(tick.at)? {
            files.tick(tick, &snapshot, all)?;
        }
        if tick.last {
            let thresholds = self.thresholds.iter();
            self.search = tick.search.cloned();
            self.delivery = tick.delivery.cloned();
            self.judgements = thresholds.flat_map(|t| t.judge(tick.statistics, &snapshot)).collect();
        }
        if tick.last
            && let Files::Open(open) = &self.files
        {
            let summary = Summary {
                statistics: tick.statistics,
                snapshot: &snapshot,
                health: tick.health,
                judgements: &self.judgements,
                rate_search: tick.search,
                delivery: tick.delivery,
            };
            open.summarize(|| format!("{:#}\n", json::summary(&summary)))?;
        }
        if !tick.last {
            let rate = self.rate.at(second, snapshot.aggregated.requests);
            self.progress.tick(second, rate, &snapshot, tick.health);
        }
        self.health.clone_from(tick.health);
        if all {
            self.last = Some(snapshot);
        }
        Ok(Control::GoOn)
    }
}
