//! What becomes of a run's ticks: files, event log, progress.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::cli::console::{Progress, Rate};
use crate::cli::json;
use crate::engine::health::Health;
use crate::engine::{Observer, Tick};
use crate::report::csv::{CsvError, CsvFiles, History};
use crate::report::events::RequestLog;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::delivery::DeliveryReport;
use crate::stats::search::SearchReport;
use crate::stats::snapshot::Snapshot;
use crate::stats::threshold::{Judgement, Threshold};

/// Of so many rows the totals are written each second; of ten times as many every eleven seconds.
const ROWS_A_SECOND: u64 = 5_000;

/// Why the outcome of a run could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    /// One of the four CSV files.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// The JSON summary.
    #[error("cannot write the summary {}: {source}", path.display())]
    Summary {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The event log.
    #[error("cannot write the request log {}: {source}", path.display())]
    RequestLog {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The event log: its file is created before anything starts, its first line written at the first tick.
#[derive(Debug)]
enum Log {
    Created(File),
    Open(RequestLog<BufWriter<File>>),
    Ended,
}

/// The files that a run writes.
#[derive(Debug)]
pub(super) struct Outputs {
    csv: Option<CsvFiles>,
    log: Option<(PathBuf, Log)>,
    summary: Option<(PathBuf, File)>,
}

impl Outputs {
    /// Creates or empties the files.
    pub(super) fn create(
        csv: Option<&Path>,
        history: History,
        log: Option<&Path>,
        summary: Option<&Path>,
    ) -> Result<Self, OutputError> {
        let csv = csv.map(|prefix| CsvFiles::create(prefix, history)).transpose()?;
        let log = match log {
            None => None,
            Some(path) => match File::create(path) {
                Ok(file) => Some((path.to_owned(), Log::Created(file))),
                Err(source) => return Err(OutputError::RequestLog { path: path.to_owned(), source }),
            },
        };
        let summary = match summary {
            None => None,
            Some(path) => match File::create(path) {
                Ok(file) => Some((path.to_owned(), file)),
                Err(source) => return Err(OutputError::Summary { path: path.to_owned(), source }),
            },
        };
        Ok(Self { csv, log, summary })
    }

    /// Does something with the log, if there is one, that may fail.
    fn log(&mut self, act: impl FnOnce(Log) -> io::Result<Log>) -> Result<(), OutputError> {
        let Some((path, log)) = &mut self.log else { return Ok(()) };
        *log = act(std::mem::replace(log, Log::Ended))
            .map_err(|source| OutputError::RequestLog { path: path.clone(), source })?;
        Ok(())
    }
}

/// Writes and shows what a run tells.
#[derive(Debug)]
pub(super) struct RunObserver {
    outputs: Outputs,
    progress: Progress,
    rate: Rate,
    /// What must hold at the end.
    thresholds: Vec<Threshold>,
    start: Option<UnixMicros>,
    /// The state at the last tick.
    pub(super) last: Option<Snapshot>,
    /// How the generator did up to then.
    pub(super) health: Health,
    /// How the thresholds came off, once the run is over.
    pub(super) judgements: Vec<Judgement>,
    /// What a search for the highest rate found, once the run is over.
    pub(super) search: Option<SearchReport>,
    /// What became of measured messages, once the run is over.
    pub(super) delivery: Option<DeliveryReport>,
}

impl RunObserver {
    pub(super) fn new(outputs: Outputs, progress: Progress, thresholds: Vec<Threshold>) -> Self {
        Self {
            outputs,
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
}

impl RunObserver {
    /// Whether a tick is worth the time that all rows together take: at the end, for a history of each row, and so
    /// often that it is no more than [`ROWS_A_SECOND`] rows a second.
    fn looks_at_all_rows(&self, tick: &Tick<'_>, second: u64) -> bool {
        let rows = tick.statistics.rows() as u64;
        let is_full = self.outputs.csv.as_ref().is_some_and(CsvFiles::is_full);
        tick.last || is_full || second.is_multiple_of(1 + rows / ROWS_A_SECOND)
    }
}

impl Observer for RunObserver {
    type Error = OutputError;

    fn recorded(&mut self, batches: &[Batch]) -> Result<(), OutputError> {
        self.outputs.log(|log| match log {
            Log::Open(mut log) => log.write_tick(batches).map(|()| Log::Open(log)),
            other => Ok(other),
        })
    }

    fn tick(&mut self, tick: &Tick<'_>) -> Result<(), OutputError> {
        let start = *self.start.get_or_insert(tick.at);
        let second = (tick.at.0 - start.0) / 1_000_000;
        let (now, all) = (tick.at.as_secs_f64(), self.looks_at_all_rows(tick, second));
        let snapshot = if all { tick.statistics.snapshot(now) } else { tick.statistics.overview(now) };
        if let Some(csv) = &mut self.outputs.csv {
            match (tick.last, all) {
                (true, _) => csv.write_last(&snapshot)?,
                (false, true) => csv.write_tick(&snapshot)?,
                (false, false) => csv.write_history(&snapshot)?,
            }
        }
        self.outputs.log(|log| {
            let mut log = match log {
                Log::Created(file) => RequestLog::new(BufWriter::new(file), tick.at)?,
                Log::Open(log) => log,
                Log::Ended => return Ok(Log::Ended),
            };
            if tick.reset {
                log.reset(tick.at)?;
            }
            if tick.last { log.end(tick.at).map(|_| Log::Ended) } else { Ok(Log::Open(log)) }
        })?;
        if tick.last {
            let thresholds = self.thresholds.iter();
            self.search = tick.search.cloned();
            self.delivery = tick.delivery.cloned();
            self.judgements = thresholds.flat_map(|t| t.judge(tick.statistics, &snapshot)).collect();
        }
        if tick.last
            && let Some((path, file)) = self.outputs.summary.take()
        {
            let summary = json::summary(tick, &snapshot, &self.judgements);
            serde_json::to_writer_pretty(file, &summary)
                .map_err(|error| OutputError::Summary { path, source: error.into() })?;
        }
        if !tick.last {
            let rate = self.rate.at(second, snapshot.aggregated.requests);
            self.progress.tick(second, rate, &snapshot, tick.health);
        }
        self.health.clone_from(tick.health);
        if all {
            self.last = Some(snapshot);
        }
        Ok(())
    }
}
