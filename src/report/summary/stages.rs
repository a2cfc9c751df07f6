//! The table of stages, if there is more than one.

use std::time::Duration;

use crate::report::grid::{Column, GAP, Grid, Row};
use crate::report::paint::{Paint, Tint};
use crate::report::summary::rows::failures;
use crate::report::summary::times::RowTimes;
use crate::stats::result::{RunResult, StageResult};
use crate::units::fitting::{clock, count, rate, time_ms};

const COLUMNS: [(&str, u8); 8] = [
    ("from", 1),
    ("to", 2),
    ("users", 6),
    ("requests", 3),
    ("failures", 8),
    ("rate", 5),
    ("p50", 7),
    ("p99", 9),
];

pub(super) fn lines(result: &RunResult, columns: usize, paint: Paint) -> Vec<String> {
    if result.stages.len() < 2 {
        return Vec::new();
    }
    let grid = Grid {
        title: "Stages".to_owned(),
        columns: COLUMNS
            .map(|(heading, worth)| Column { heading: heading.to_owned(), worth, least_width: 0 })
            .to_vec(),
        rows: result.stages.iter().map(row).collect(),
        least_name: 10,
        gap: GAP,
    };
    grid.lines(columns, paint)
}

fn row(stage: &StageResult) -> Row {
    let all = &stage.aggregated;
    let at = |s: f64| Duration::try_from_secs_f64(s).map_or_else(|_| "-".to_owned(), clock);
    let times = RowTimes::all(all);
    let time = |share| times.as_ref().and_then(|times| times.at(share)).map_or_else(String::new, time_ms);
    let cells = vec![
        at(stage.begins_s).into(),
        at(stage.ends_s).into(),
        count(stage.users.into()).into(),
        count(all.requests).into(),
        failures(all),
        rate(all.requests_per_s).into(),
        time(0.5).into(),
        time(0.99).into(),
    ];
    Row { indent: 0, name: stage.name.clone(), tint: Tint::Plain, cells }
}
