//! The numbers of a run that goes on, for the thresholds that may end it.
//!
//! They are made of the rows that those thresholds name and of no others: a run may have 100,000 rows.

use crate::report::gather::{aggregated_so_far, generator, row_so_far};
use crate::stats::criterion::Rows;
use crate::stats::health::Health;
use crate::stats::result::ScheduledStarts;
use crate::stats::result::connections::Connections;
use crate::stats::result::row::{RowResult, Times};
use crate::stats::snapshot::Snapshot;
use crate::stats::statistics::Statistics;
use crate::stats::threshold::figures::RunFigures;

/// The rows that are wanted, up to now: of the run, or of one of its stages by its number from 0. A stage has no rows
/// before its first second. `now` is of these statistics.
pub fn rows(statistics: &Statistics, now: &Snapshot, stage: Option<usize>, wanted: &Rows) -> Vec<RowResult> {
    let Some(stage) = stage.filter(|_| !statistics.stages().is_empty()) else {
        if *wanted == Rows::Aggregated {
            return vec![aggregated_so_far(statistics, &now.aggregated)];
        }
        let rows = statistics.some_rows(now.now, |key| wanted.hold(key));
        return rows.iter().map(|row| row_so_far(statistics, row)).collect();
    };
    let Some((stage, (begins_s, ends_s))) =
        statistics.stages().get(stage).and_then(|stage| Some((stage, stage.span_s?)))
    else {
        return Vec::new();
    };
    let seconds = ends_s - begins_s;
    if *wanted == Rows::Aggregated {
        return vec![stage.all.result(&now.aggregated.key, seconds)];
    }
    let rows = statistics.keys().iter().zip(&stage.rows).filter(|(key, _)| wanted.hold(key));
    rows.filter_map(|(key, sums)| Some(sums.as_ref()?.result(key, seconds))).collect()
}

/// What only the run as a whole has, up to now.
pub fn run(statistics: &Statistics, now: &Snapshot, health: &Health) -> RunFigures {
    RunFigures {
        connections: Some(Connections {
            opened: now.connections.opened,
            ended: now.connections.ended,
            most: statistics.most_connected(),
        }),
        arrived: Some(now.received.messages),
        exceptions: None,
        starts: ScheduledStarts { count: now.starts.count, late: now.starts.late },
        search: None,
        generator: generator(health),
        service_time: Times::of(&statistics.began().to_fine()),
        intended: Times::of(&statistics.intended().to_fine()),
    }
}

#[cfg(test)]
mod tests;
