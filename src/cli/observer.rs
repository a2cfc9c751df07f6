//! Writes each tick of a run to the outputs and the progress, and makes the result at its end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::lines::Lines;
use crate::cli::onlooker::Onlooker;
use crate::cli::outputs::{Open, OutputError, Outputs, View};
use crate::cli::screen::Progress;
use crate::engine::{Control, End, Observer, Tick};
use crate::report::gather::{self, Ended};
use crate::report::{so_far, verdict};
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;
use crate::stats::result::RunResult;
use crate::stats::result::what_ran::{Clock, WhatRan};
use crate::stats::snapshot::Snapshot;
use crate::stats::threshold::Threshold;
use crate::stats::threshold::verdict::Miss;
use crate::stats::threshold::watch::{Now, Watch};
use crate::sync::ClockOffset;
use crate::units::fitting::length;
use crate::watch::Watching;

/// Up to this many rows are written each second; ten times as many are written every eleven seconds.
const ROWS_A_SECOND: u64 = 5_000;

/// The outputs before and after the first tick.
#[derive(Debug)]
enum Files {
    Found(Outputs),
    Open(Open),
    Ended,
}

/// What the result says of a run besides its numbers.
#[derive(Debug)]
pub(super) struct Head {
    /// What runs.
    pub(super) run: WhatRan,
    /// The names of the stages and the users that they want.
    pub(super) stages: Vec<(String, u32)>,
    /// What must hold at the end.
    pub(super) thresholds: Vec<Threshold>,
    /// The exit code of a run that had failures or exceptions.
    pub(super) exit_code_on_error: u8,
}

/// Writes and shows the results of a run.
#[derive(Debug)]
pub(super) struct RunObserver {
    files: Files,
    head: Head,
    says: Lines,
    /// What is shown of the run.
    pub(super) progress: Progress,
    start: Option<UnixMicros>,
    /// The most users that were wanted at a time: somebody may ask for more than the scenario does.
    most_wanted: u32,
    /// When the statistics began, at the start or anew.
    since: Option<UnixMicros>,
    /// The thresholds that may end the run.
    watch: Watch,
    /// The one that did.
    missed: Option<Miss>,
    /// Outputs that could not be begun.
    unwritten: Vec<OutputError>,
    /// The state at the last tick.
    pub(super) last: Option<Arc<Snapshot>>,
    /// The result, once the run is over.
    result: Option<RunResult>,
    /// Somebody who watches.
    onlooker: Option<Box<dyn Onlooker>>,
    /// What the brokers say.
    watching: Option<Watching>,
}

impl RunObserver {
    /// Outputs that fail are told with `says`.
    pub(super) fn new(
        outputs: Outputs,
        progress: Progress,
        head: Head,
        says: Lines,
        onlooker: Option<Box<dyn Onlooker>>,
        watching: Option<Watching>,
    ) -> Self {
        Self {
            files: Files::Found(outputs),
            // A shard knows too little to end the run.
            watch: Watch::new(if head.run.is_part() { &[] } else { &head.thresholds }),
            missed: None,
            most_wanted: 0,
            since: None,
            head,
            says,
            progress,
            start: None,
            unwritten: Vec::new(),
            last: None,
            result: None,
            onlooker,
            watching,
        }
    }

    /// Notes how far the clock of shard 0 is ahead, if that was measured.
    pub(super) fn clocks(&mut self, measured: Option<ClockOffset>) {
        self.head.run.clock = measured.map(|ClockOffset { ahead_us, within_us }| Clock {
            shard_0_is_ahead_ms: ahead_us as f64 / 1_000.0,
            within_ms: within_us as f64 / 1_000.0,
        });
    }

    /// Writes what is written at the end of a run, waits until all outputs are whole or cannot be, and returns which
    /// are not.
    pub(super) fn finish(&mut self, end: Option<End>) -> (Option<Arc<RunResult>>, Vec<OutputError>) {
        let result = self.result.take().map(|mut result| {
            word(end).clone_into(&mut result.run.end);
            if let Some(watching) = &mut self.watching {
                // The broker's last word is of the end of the run.
                watching.end();
                result.watched = watching.so_far(result.run.started);
            }
            result.verdict = verdict::of(&result, self.head.exit_code_on_error);
            Arc::new(result)
        });
        let mut unwritten = std::mem::take(&mut self.unwritten);
        if let Files::Open(mut open) = std::mem::replace(&mut self.files, Files::Ended) {
            if let Some(result) = &result {
                open.end(result);
            }
            unwritten.extend(open.finish());
        }
        (result, unwritten)
    }

    /// The outputs, which the first tick begins.
    fn open(&mut self, start: UnixMicros) -> Option<&mut Open> {
        if let Files::Found(_) = &self.files
            && let Files::Found(found) = std::mem::replace(&mut self.files, Files::Ended)
        {
            match found.open(start, self.says.clone()) {
                Ok(open) => self.files = Files::Open(open),
                Err(error) => self.unwritten.push(error),
            }
        }
        if let Files::Open(open) = &mut self.files { Some(open) } else { None }
    }

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

    /// Checks the thresholds that may end the run.
    fn check(&mut self, tick: &Tick<'_>, snapshot: &Snapshot) -> Control {
        if tick.reset || self.since.is_none() {
            self.since = Some(tick.at);
        }
        if tick.last || self.missed.is_some() || self.watch.is_idle() {
            return Control::GoOn;
        }
        let since_s = |moment: UnixMicros| tick.at.as_secs_f64() - moment.as_secs_f64();
        self.missed = self.watch.second(&Now {
            run_s: self.since.map_or(0.0, since_s),
            stage: tick.stage.index,
            stage_s: since_s(tick.stage.begins),
            rows: &|stage, wanted| so_far::rows(tick.statistics, snapshot, stage, wanted),
            run: &so_far::run(tick.statistics, snapshot, tick.health),
        });
        if self.missed.is_some() { Control::StopByThreshold } else { Control::GoOn }
    }

    /// The result up to a tick.
    fn result_at(&self, tick: &Tick<'_>, snapshot: &Snapshot) -> RunResult {
        let started = self.start.unwrap_or(tick.at).as_secs_f64();
        let end = if tick.last { String::new() } else { verdict::RUNNING.to_owned() };
        let users = self.head.run.users.max(self.most_wanted);
        let run = WhatRan { end, started, ended: tick.at.as_secs_f64(), users, ..self.head.run.clone() };
        let mut result = gather::result(Ended {
            run,
            stages: &self.head.stages,
            statistics: tick.statistics,
            snapshot,
            health: tick.health,
            thresholds: &self.head.thresholds,
            aborted: self.missed.as_ref(),
            rate_search: tick.search,
            delivery: tick.delivery,
            exit_code_on_error: self.head.exit_code_on_error,
        });
        result.watched = self.watching.as_ref().map_or_else(Vec::new, |watching| watching.so_far(started));
        if result.run.is_part()
            && let Some(deliveries) = &mut result.end_to_end
        {
            deliveries.complete = false;
            result.notes.push(ACROSS_SHARDS.to_owned());
        }
        result.notes.extend(self.since.and_then(|since| reset_note(since.as_secs_f64() - started)));
        result
    }
}

impl Observer for RunObserver {
    // An output that fails does not end the run.
    type Error = Infallible;

    fn recorded(&mut self, batches: &[Batch]) -> Result<(), Infallible> {
        if let Files::Open(open) = &mut self.files {
            open.recorded(batches);
        }
        Ok(())
    }

    fn tick(&mut self, tick: &Tick<'_>) -> Result<Control, Infallible> {
        if self.start.is_none()
            && let Some(watching) = &self.watching
        {
            watching.begin();
        }
        let start = *self.start.get_or_insert(tick.at);
        let second = (tick.at.0 - start.0) / 1_000_000;
        self.most_wanted = self.most_wanted.max(tick.stage.users_wanted);
        let (now, all) = (tick.at.as_secs_f64(), self.looks_at_all_rows(tick, second));
        let snapshot = if all { tick.statistics.snapshot(now) } else { tick.statistics.overview(now) };
        let snapshot = Arc::new(snapshot);
        if let Some(open) = self.open(tick.at) {
            open.tick(&View { tick, snapshot: &snapshot, all });
        }
        let control = self.check(tick, &snapshot);
        if tick.last {
            self.result = Some(self.result_at(tick, &snapshot));
        } else {
            self.progress.tick(tick, start, &snapshot, all);
        }
        if let Some(mut onlooker) = self.onlooker.take() {
            onlooker.tick(tick, &snapshot, all, &|| self.result_at(tick, &snapshot));
            self.onlooker = Some(onlooker);
        }
        if all {
            self.last = Some(snapshot);
        }
        Ok(control)
    }
}

/// What is to be known of measured messages in a shard: a shard does not know how many messages the others have sent.
const ACROSS_SHARDS: &str = "Of messages from other shards, those are counted as lost that are missing between two that arrived, and \
     not those missing before the first and after the last one.";

/// What is to be known of statistics that began anew after so many seconds; `None` if they did not.
fn reset_note(after_s: f64) -> Option<String> {
    let after = Duration::try_from_secs_f64(after_s).ok().filter(|after| !after.is_zero())?;
    Some(format!(
        "The statistics began anew after {}: rows, failures and the run over \
         time are from then on. Connections, measured messages from end to end, and what the brokers say are from the start.",
        length(after)
    ))
}

/// How a run ended, in the words of a result.
fn word(end: Option<End>) -> &'static str {
    match end {
        None => "error",
        Some(End::Stopped) => "interrupted",
        Some(End::Aborted) => "aborted",
        Some(End::Threshold) => "threshold",
        Some(
            End::RunTime | End::Stages | End::Limit | End::Search | End::NobodyConnected | End::UsersGone,
        ) => "finished",
    }
}
