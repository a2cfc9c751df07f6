//! A trend in Bencher Metric Format, for `bencher run --adapter json --file FILE`.
//!
//! Source: <https://bencher.dev/docs/reference/bencher-metric-format>: benchmark → measure → `value`, `lower_value`,
//! `upper_value`, names of benchmarks up to 1,024 characters. Bencher keeps the trend itself and wants the newest point of
//! it: so this is the newest run, together with all runs of the same scenario and git revision, as `run --repeat` makes
//! them. Of several runs `value` is the median, and the other two are the least and the greatest value.

use serde_json::{Map, Value, json};

use crate::report::trend::{Trend, TrendRun, title};

/// Longer names are refused by Bencher.
const MAX_NAME: usize = 1_024;

/// The JSON, with a line end. Times are in milliseconds.
pub fn json(trend: &Trend) -> String {
    let newest: Vec<&TrendRun> = match trend.runs.last() {
        Some(last) => trend.runs.iter().filter(|run| is_same(run, last)).collect(),
        None => Vec::new(),
    };
    let mut benchmarks = Map::new();
    for key in trend.keys() {
        let mut measures = Map::new();
        for (number, metric) in trend.metrics.iter().enumerate() {
            let value = |run: &&TrendRun| run.row(&key)?.get(number).copied().flatten();
            if let Some(measure) = measure(newest.iter().filter_map(value).collect()) {
                measures.insert(metric.to_string(), measure);
            }
        }
        if let (Some(run), false) = (newest.last(), measures.is_empty()) {
            let name = format!("{}: {}", run.scenario, title(&key));
            benchmarks.insert(name.chars().take(MAX_NAME).collect(), Value::Object(measures));
        }
    }
    format!("{:#}\n", Value::Object(benchmarks))
}

/// Whether two runs are tries of one thing. Runs without a git revision are not known to be.
fn is_same(run: &TrendRun, last: &TrendRun) -> bool {
    let known = last.git_revision.is_some() && run.git_revision == last.git_revision;
    run.scenario == last.scenario && (known || std::ptr::eq(run, last))
}

fn measure(mut values: Vec<f64>) -> Option<Value> {
    values.sort_by(f64::total_cmp);
    let (least, greatest) = (*values.first()?, *values.last()?);
    if values.len() == 1 {
        return Some(json!({ "value": least }));
    }
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    Some(json!({ "value": f64::midpoint(low, high), "lower_value": least, "upper_value": greatest }))
}
