//! The four files of a run put together as one result, with notes on what they cannot tell.

use crate::report::read::csv::history::History;
use crate::report::read::csv::problems::{exceptions, failures};
use crate::report::read::csv::stats::Stats;
use crate::report::read::problem::{Problem, ReadError};
use crate::report::verdict;
use crate::stats::result::generator::Generator;
use crate::stats::result::row::RowResult;
use crate::stats::result::what_ran::WhatRan;
use crate::stats::result::{Outcome, RunResult, Source, VERSION, Verdict};

/// One file: its path for messages, and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct CsvFile<'a> {
    /// The path.
    pub path: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// The files of one run.
#[derive(Debug, Clone, Copy)]
pub struct CsvFiles<'a> {
    /// The prefix that the run had as `--csv PREFIX`, without its folder: what the run is called.
    pub name: &'a str,
    /// `_stats.csv`.
    pub stats: CsvFile<'a>,
    /// `_stats_history.csv`, if it is there.
    pub history: Option<CsvFile<'a>>,
    /// `_failures.csv`, if it is there.
    pub failures: Option<CsvFile<'a>>,
    /// `_exceptions.csv`, if it is there.
    pub exceptions: Option<CsvFile<'a>>,
    /// When `_stats.csv` was last written, in seconds of unix time: the end of a run without a history.
    pub written: f64,
}

/// The word of `run.end` for a run that did not end.
pub const UNFINISHED: &str = "unfinished";

const NOT_ENDED: &str = "The run has no result.json: it was killed, it still goes on, or its disk was full.";
const NO_HISTOGRAMS: &str = "The result was read from CSV files. They have percentiles but no histograms: response times \
    are rounded to 1 ms below 100 ms and to two digits above, failed and successful requests are not told apart, and \
    there is nothing about thresholds, stages, end-to-end messages and the load generator.";
const NO_HISTORY: &str = "There is no `_stats_history.csv` with a tick, so there is nothing over time; the end of the run \
    is when `_stats.csv` was last written.";
const NO_MOMENTS: &str = "`_stats_history.csv` has the row Aggregated only, and its percentiles are of the whole run until \
    then: rows and percentiles over time need `--csv-full-history`.";
const RESET: &str = "The statistics were set back to zero in the run (`--reset-stats`): rows and failures are from then \
    on, the series is of the whole run.";
const OLDER_MEDIAN: &str = "The medians follow the rule of Locust before 2.47: of an even number of requests the lower \
    middle one, where newer files have the upper one.";
const NO_TIMES: &str = "`_failures.csv` does not say when failures happened: Locust before 2.44 wrote it.";
const NO_FAILURES: &str = "There is no `_failures.csv`: failures have no texts.";

impl CsvFiles<'_> {
    /// Reads them as one result.
    pub fn parse(self) -> Result<RunResult, ReadError> {
        let stats = Stats::parse(self.stats.bytes).map_err(|problem| problem.at(self.stats.path))?;
        let history = read(self.history, History::parse)?.flatten();
        let failures = read(self.failures, failures)?;
        let exceptions = read(self.exceptions, exceptions)?.unwrap_or_default();

        let mut notes = vec![NO_HISTOGRAMS.to_owned()];
        let mut note = |holds: bool, text: &str| notes.extend(holds.then(|| text.to_owned()));
        note(history.is_none(), NO_HISTORY);
        note(history.as_ref().is_some_and(|history| !history.is_full), NO_MOMENTS);
        note(history.as_ref().is_some_and(|history| history.was_reset), RESET);
        note(stats.has_older_medians(), OLDER_MEDIAN);
        note(failures.is_none(), NO_FAILURES);
        let failures = failures.unwrap_or_default();
        note(failures.iter().any(|failure| failure.first_seen.is_none()), NO_TIMES);
        notes.extend(missing_percentiles(&stats));

        let (started, ended) = history.as_ref().map_or_else(
            || ((self.written - length_s(&stats.aggregated)).max(0.0), self.written),
            |history| (history.started as f64, history.ended as f64),
        );
        let run = WhatRan {
            scenario: self.name.to_owned(),
            started,
            ended,
            users: history.as_ref().map_or(0, |history| history.users),
            ..WhatRan::default()
        };
        let exceptions_in_all =
            exceptions.iter().fold(0, |sum, exception| exception.count.saturating_add(sum));
        Ok(RunResult {
            version: VERSION,
            source: Source::Csv,
            notes,
            run,
            verdict: of_counts(&stats.aggregated, exceptions_in_all),
            response_times_ms: stats.aggregated.response_times_ms,
            rows: stats.rows,
            aggregated: stats.aggregated,
            failures,
            exceptions,
            generator: Generator {
                sentence: "Generator: not in CSV files".to_owned(),
                ..Generator::default()
            },
            series: history.map(|history| history.series).unwrap_or_default(),
            ..RunResult::default()
        })
    }
}

/// The result of a run that was killed, or that still goes on: its CSV files lie in the folder of a run, and nothing else
/// does. It is not judged to be good, however good it was until then.
pub fn unfinished(result: RunResult) -> RunResult {
    let aggregated = &result.aggregated;
    let sentence = format!(
        "{NOT_ENDED} {} of {} requests failed until the files were written.",
        aggregated.failures, aggregated.requests
    );
    let run = WhatRan { end: UNFINISHED.to_owned(), ..result.run };
    let verdict = Verdict { outcome: Outcome::Aborted, exit_code: verdict::INTERRUPTED, sentence };
    let notes = [NOT_ENDED.to_owned()].into_iter().chain(result.notes).collect();
    RunResult { notes, run, verdict, ..result }
}

fn read<T>(
    file: Option<CsvFile>,
    parse: impl Fn(&[u8]) -> Result<T, Problem>,
) -> Result<Option<T>, ReadError> {
    file.map(|file| parse(file.bytes).map_err(|problem| problem.at(file.path))).transpose()
}

/// The length of the run in seconds, as its rate tells it; 0 without requests.
fn length_s(aggregated: &RowResult) -> f64 {
    let length = aggregated.requests as f64 / aggregated.requests_per_s;
    if length.is_finite() { length } else { 0.0 }
}

/// What Locust itself would say: a run with failures or exceptions is not good.
fn of_counts(aggregated: &RowResult, exceptions: u64) -> Verdict {
    let (requests, failures) = (aggregated.requests, aggregated.failures);
    let (outcome, exit_code) =
        if failures > 0 || exceptions > 0 { (Outcome::Failed, 1) } else { (Outcome::Passed, 0) };
    let exceptions = if exceptions > 0 { format!(", {exceptions} exceptions") } else { String::new() };
    let sentence = format!(
        "{failures} of {requests} requests failed{exceptions}; CSV files have no thresholds to judge by."
    );
    Verdict { outcome, exit_code, sentence }
}

/// The note on percentiles that the views show and the file has no column for.
fn missing_percentiles(stats: &Stats) -> Option<String> {
    const SHOWN: [f64; 5] = [50.0, 90.0, 95.0, 99.0, 99.9];
    let there: Vec<f64> = stats.percents().collect();
    let missing: Vec<String> = SHOWN
        .iter()
        .filter(|percent| !there.contains(percent))
        .map(|percent| format!("{percent}%"))
        .collect();
    (stats.aggregated.requests > 0 && !missing.is_empty()).then(|| {
        format!("`_stats.csv` has no column {}, so tables lack these percentiles.", missing.join(", "))
    })
}
