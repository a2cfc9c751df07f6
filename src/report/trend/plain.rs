//! A trend as CSV, a line for each run and row, and as JSON.

use serde_json::{Map, Value, json};

use crate::report::columns::printable;
use crate::report::trend::{Trend, title, word};

/// The CSV: time, run, scenario, `git_revision`, outcome, verdict, row, and a column for each metric. Times are in milliseconds;
/// an empty cell is not known.
pub fn csv(trend: &Trend) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heads = ["time", "run", "scenario", "git_revision", "outcome", "verdict", "row"].map(str::to_owned);
    writer.write_record(heads.into_iter().chain(trend.metrics.iter().map(ToString::to_string)))?;
    for run in &trend.runs {
        for row in &run.rows {
            let about = [
                time(run.started),
                printable(&run.name),
                printable(&run.scenario),
                printable(run.git_revision.as_deref().unwrap_or_default()),
                word(run.outcome).to_owned(),
                run.word.to_lowercase(),
                printable(&title(&row.key)),
            ];
            let values =
                row.values.iter().map(|value| value.map_or_else(String::new, |value| value.to_string()));
            writer.write_record(about.into_iter().chain(values))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The JSON, with a line end: runs with their rows, and in each row a key for each metric; `null` is not known.
pub fn json(trend: &Trend) -> String {
    let runs = trend.runs.iter().map(|run| {
        let rows = run.rows.iter().map(|row| {
            let values =
                trend.metrics.iter().map(ToString::to_string).zip(row.values.iter().map(|it| json!(it)));
            json!({
                "type": row.key.request_type,
                "name": row.key.name,
                "metrics": values.collect::<Map<String, Value>>(),
            })
        });
        json!({
            "run": run.name,
            "scenario": run.scenario,
            "started": run.started,
            "git_revision": run.git_revision,
            "outcome": word(run.outcome),
            "verdict": run.word.to_lowercase(),
            "rows": rows.collect::<Vec<_>>(),
        })
    });
    format!("{:#}\n", json!({ "runs": runs.collect::<Vec<_>>() }))
}

/// A moment in UTC, such as `2026-11-29T17:00:00Z`.
pub(super) fn time(unix_s: f64) -> String {
    let since = std::time::Duration::try_from_secs_f64(unix_s.round()).unwrap_or_default();
    let at = std::time::UNIX_EPOCH.checked_add(since).unwrap_or(std::time::UNIX_EPOCH);
    humantime::format_rfc3339_seconds(at).to_string()
}
