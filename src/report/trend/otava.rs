//! A trend as CSV for Apache Otava, which finds change points in many runs.
//!
//! Source: `docs/CSV.md` and `CsvImporter` in `otava/importer.py` of apache/otava: a column of time, columns of attributes,
//! and a column of numbers for each metric, all named in `otava.yaml`. Every cell of a metric must be a number, so a
//! column stands here only if every run has its value. Headings have letters, digits and `_` alone, so that neither the
//! delimiter nor the quote character of a configuration matters.

use std::collections::HashMap;

use crate::report::trend::plain::time;
use crate::report::trend::{Trend, title};

/// A trend for Otava.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otava {
    /// The CSV: `time`, `commit`, `run`, and the metrics. Times are in milliseconds.
    pub csv: String,
    /// The columns that are left out since a run has no value for them.
    pub left_out: Vec<String>,
}

/// The trend for Otava.
pub fn csv(trend: &Trend) -> Otava {
    let mut names = HashMap::<String, usize>::new();
    let (mut columns, mut left_out) = (Vec::new(), Vec::new());
    for key in trend.keys() {
        for (number, metric) in trend.metrics.iter().enumerate() {
            let mut name = plain(&format!("{} {metric}", title(&key)));
            let count = names.entry(name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                name = format!("{name}_{count}");
            }
            let values: Option<Vec<f64>> = trend.values(&key, number).into_iter().collect();
            match values {
                Some(values) => columns.push((name, values)),
                None => left_out.push(name),
            }
        }
    }
    let mut csv = ["time", "commit", "run"].map(str::to_owned).to_vec();
    csv.extend(columns.iter().map(|(name, _)| name.clone()));
    let mut csv = csv.join(",") + "\n";
    for (index, run) in trend.runs.iter().enumerate() {
        let commit = run.git_revision.as_deref().map_or_else(String::new, plain);
        let mut line = vec![time(run.started), commit, plain(&run.name)];
        line.extend(columns.iter().map(|(_, values)| values[index].to_string()));
        csv.push_str(&line.join(","));
        csv.push('\n');
    }
    Otava { csv, left_out }
}

/// The text with `_` for everything but letters, digits, `.` and `-`.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || ".-".contains(c) { c } else { '_' }).collect()
}
