//! Failures of two groups of runs side by side, by row and text.

use std::collections::BTreeMap;

use crate::report::compare::comparison::FailureComparison;
use crate::stats::result::RunResult;

/// The failures of either side, those that grew most first.
pub fn failures(a: &[RunResult], b: &[RunResult]) -> Vec<FailureComparison> {
    let mut counts: BTreeMap<(&str, &str, &str), [u64; 2]> = BTreeMap::new();
    for (side, runs) in [a, b].into_iter().enumerate() {
        for failure in runs.iter().flat_map(|run| &run.failures) {
            let key = (failure.name.as_str(), failure.request_type.as_str(), failure.error.as_str());
            let count = &mut counts.entry(key).or_default()[side];
            *count = count.saturating_add(failure.occurrences);
        }
    }
    let mut failures: Vec<_> = counts
        .into_iter()
        .map(|((name, request_type, error), [a, b])| FailureComparison {
            request_type: request_type.to_owned(),
            name: name.to_owned(),
            error: error.to_owned(),
            a,
            b,
        })
        .collect();
    failures.sort_by_key(|failure| std::cmp::Reverse(i128::from(failure.b) - i128::from(failure.a)));
    failures
}
