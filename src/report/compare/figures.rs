//! The figures of one run that are compared, by row, with how exact they are.
//!
//! Times are those of requests that succeeded, where the result tells them apart, and so is the rate: a broker that
//! refuses fast is not a fast broker. A row that a run should have had and has not has a rate of 0, since a broker that
//! answers nothing is the worst there is.

use std::collections::BTreeMap;

use crate::report::compare::batches::within;
use crate::report::compare::measure::Measure;
use crate::report::compare::over_time::NotOverTime;
use crate::report::compare::planned::PlannedRows;
use crate::stats::RowKey;
use crate::stats::fine::FineTimes;
use crate::stats::inference::batch_means::WithinRun;
use crate::stats::result::deliveries::DeliveryRow;
use crate::stats::result::row::RowResult;
use crate::stats::result::series::{RowSeries, Series};
use crate::stats::result::{RunResult, Source};

/// The figures of one run.
#[derive(Debug, Clone, Default)]
pub struct RunFigures {
    /// Each row.
    pub rows: BTreeMap<RowKey, RowFigures>,
    /// All requests together.
    pub all: RowFigures,
    /// The rows that the run should have had.
    planned: PlannedRows,
    /// Those of a row that the run should have had, and has not.
    nothing: RowFigures,
}

/// The figures of one row.
#[derive(Debug, Clone, Default)]
pub struct RowFigures {
    /// Requests, failed ones included.
    pub requests: u64,
    /// One for each of [`Measure::ALL`].
    pub figures: Vec<Result<Figure, Unknown>>,
}

/// One figure of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Its value in the unit of the measure.
    pub value: f64,
    /// How exactly the run knows it, on the scale on which it is compared.
    pub within: Result<WithinRun, NotOverTime>,
    /// The least difference that the source can show; 0 if it is exact.
    pub resolution: f64,
    /// Whether it rests on enough requests to be compared.
    pub enough: bool,
}

/// Why a run does not tell a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// There was nothing to measure.
    NoRequests,
    /// The file does not have it.
    NotInFile,
    /// The row is not of this kind.
    NotMeasured,
    /// CSV files and other results define it in two ways, and the file lacks what would put both on one.
    OtherDefinition,
}

/// By which definition figures are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Definition {
    /// The best that the results have; all are of one kind.
    Own,
    /// One that CSV files and other results have in common: times of all requests, and rates over the whole run. The
    /// rates that CSV files have end with the last request.
    Common,
    /// The same, but nothing is told of all requests together: measured messages are among them in CSV files, and not in
    /// other results.
    CommonByRow,
}

impl Definition {
    /// That of these runs.
    pub fn of(runs: &[&RunResult]) -> Self {
        let of_files = runs.iter().filter(|run| run.source == Source::Csv).count();
        let measures = runs.iter().any(|run| run.rows.iter().any(|row| row.measured));
        match of_files {
            0 => Self::Own,
            all if all == runs.len() => Self::Own,
            _ if measures => Self::CommonByRow,
            _ => Self::Common,
        }
    }

    fn is_common(self) -> bool {
        self != Self::Own
    }
}

/// CSV files have moments in whole seconds, so they know the length of a run to this.
pub const LENGTH_KNOWN_TO_S: f64 = 2.0;

/// The length of a run in seconds; `None` if the rows are not of the whole run, or nothing tells.
fn length_s(run: &RunResult) -> Option<f64> {
    let in_series: u64 = run.series.all.requests.iter().sum();
    let is_whole = !run.series.points.is_empty() && in_series <= run.aggregated.requests;
    let seconds = run.run.ended - run.run.started;
    (seconds > 0.0 && (run.source != Source::Csv || is_whole)).then_some(seconds)
}

impl RunFigures {
    /// The figures of a result.
    pub fn of(run: &RunResult, definition: Definition) -> Self {
        let length_s = length_s(run);
        let lost = |row: &RowResult| {
            let deliveries = run.end_to_end.iter().flat_map(|deliveries| &deliveries.rows);
            deliveries.into_iter().find(|delivery| same_row(&delivery.request_type, &delivery.name, row))
        };
        let series = |row: &RowResult| {
            run.series.rows.iter().find(|series| same_row(&series.request_type, &series.name, row))
        };
        let figures = |row, delivery, over_time| {
            row_figures(&Recorded {
                row,
                delivery,
                over_time,
                series: &run.series,
                source: run.source,
                definition,
                length_s,
            })
        };
        let rows = run.rows.iter().map(|row| {
            let key = RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
            (key, figures(row, lost(row), series(row)))
        });
        Self {
            rows: rows.collect(),
            all: match definition {
                Definition::CommonByRow => RowFigures {
                    requests: run.aggregated.requests,
                    figures: Measure::ALL.map(|_| Err(Unknown::OtherDefinition)).into(),
                },
                Definition::Own | Definition::Common => figures(&run.aggregated, None, Some(&run.series.all)),
            },
            planned: PlannedRows::of(run),
            nothing: figures(&RowResult::default(), None, None),
        }
    }

    /// The figures of a row, with a rate of 0 if the run should have had it; `None` if it was to do nothing of the kind,
    /// or does not tell.
    pub fn row(&self, key: &RowKey) -> Option<&RowFigures> {
        self.rows.get(key).or_else(|| self.planned.has(key).then_some(&self.nothing))
    }
}

fn same_row(request_type: &str, name: &str, row: &RowResult) -> bool {
    request_type == row.request_type && name == row.name
}

/// A row with all that was recorded of it.
struct Recorded<'r> {
    row: &'r RowResult,
    delivery: Option<&'r DeliveryRow>,
    over_time: Option<&'r RowSeries>,
    series: &'r Series,
    source: Source,
    definition: Definition,
    length_s: Option<f64>,
}

fn row_figures(recorded: &Recorded<'_>) -> RowFigures {
    let succeeded = match recorded.definition {
        Definition::Own => recorded.row.histogram.without(&recorded.row.failed_histogram),
        // CSV files do not tell failed requests apart.
        Definition::Common | Definition::CommonByRow => FineTimes::default(),
    };
    let figures = Measure::ALL.map(|measure| figure(recorded, &succeeded, measure)).into();
    RowFigures { requests: recorded.row.requests, figures }
}

fn figure(recorded: &Recorded<'_>, succeeded: &FineTimes, measure: Measure) -> Result<Figure, Unknown> {
    let row = recorded.row;
    let value = match measure {
        Measure::Lost => {
            let delivery = recorded.delivery.ok_or(Unknown::NotMeasured)?;
            if delivery.expected == 0 {
                return Err(Unknown::NoRequests);
            }
            let share = delivery.lost.total as f64 / delivery.expected as f64;
            return Ok(Figure {
                value: share,
                within: Ok(counted(share, delivery.expected)),
                resolution: 0.0,
                enough: true,
            });
        }
        Measure::Rate if recorded.definition.is_common() => {
            let seconds = recorded.length_s.ok_or(Unknown::OtherDefinition)?;
            Some(row.requests.saturating_sub(row.failures) as f64 / seconds)
        }
        Measure::Rate => Some((row.requests_per_s - row.failures_per_s).max(0.0)),
        _ if row.requests == 0 => return Err(Unknown::NoRequests),
        Measure::Failures => Some(row.failure_ratio()),
        Measure::Percentile(_) | Measure::Mean if row.failures == row.requests => {
            return Err(Unknown::NoRequests);
        }
        Measure::Percentile(percent) => {
            succeeded.percentile_ms(percent).or_else(|| row.percentile_ms(percent))
        }
        // Locust's file has an average of 0 for requests without a time.
        Measure::Mean => succeeded.mean_ms().or(Some(row.average_ms)),
    };
    let value = value.filter(|value| value.is_finite()).ok_or(Unknown::NotInFile)?;
    let times = if succeeded.is_empty() { row.requests } else { succeeded.count() };
    let resolution = match measure {
        Measure::Percentile(_) if recorded.source == Source::Csv => step_ms(value),
        Measure::Rate if recorded.source == Source::Csv && recorded.definition.is_common() => {
            recorded.length_s.map_or(0.0, |seconds| value * LENGTH_KNOWN_TO_S / seconds)
        }
        _ => 0.0,
    };
    let within = recorded
        .over_time
        .ok_or(NotOverTime::NoSeries)
        .and_then(|over_time| within(recorded.series, over_time, measure));
    let within = match measure {
        Measure::Rate if value == 0.0 => Ok(NONE),
        Measure::Failures => within.or_else(|_| Ok(counted(value, row.requests))),
        _ => within,
    };
    // A file of whole milliseconds has 0 for everything below half of one. The most that it can be is taken, so that no
    // change looks larger than it is.
    let value = if resolution > 0.0 && measure.is_time() { value.max(LEAST_OF_FILE_MS) } else { value };
    Ok(Figure {
        value,
        within,
        resolution,
        enough: times >= measure.least_requests() || measure == Measure::Rate,
    })
}

/// The error of a rate of 0: nobody knows it to better than a factor of e, and it may be chance as any burst.
const NONE: WithinRun = WithinRun { variance: 1.0, degrees: 9.0 };

/// The error of a share of events that happen one by one. They come in bursts more often, so it has few degrees of
/// freedom: a burst may be one event.
fn counted(share: f64, of: u64) -> WithinRun {
    WithinRun { variance: share * (1.0 - share) / of as f64, degrees: 9.0 }
}

/// The longest time that is 0 in a file of whole milliseconds.
pub const LEAST_OF_FILE_MS: f64 = 0.5;

/// The step to which Locust rounds a response time in milliseconds.
pub fn step_ms(ms: f64) -> f64 {
    match ms {
        ms if ms < 100.0 => 1.0,
        ms if ms < 1_000.0 => 10.0,
        ms if ms < 10_000.0 => 100.0,
        _ => 1_000.0,
    }
}
