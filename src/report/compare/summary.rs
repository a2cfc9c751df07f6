//! What a person should know first: the sentences under a comparison, the same in text and Markdown.
//!
//! They speak of one percentile only. Average and median tell too little about a slow tail, and a sentence
//! for each metric would be the table again.

use crate::report::compare::metric::{Change, Metric, NOTABLE_PERCENT, Verdict};
use crate::report::compare::{Comparison, Pair};

/// How many rows one sentence names.
const NAMED: usize = 5;

/// The sentences, the most important first. `title` writes a row's type and name.
pub fn sentences(comparison: &Comparison, title: impl Fn(&Pair) -> String) -> Vec<String> {
    let p95 = Metric::Percentile(95.0);
    let metric = if comparison.metrics.contains(&p95) { p95 } else { Metric::Average };
    let both = comparison.rows.iter().filter(|pair| pair.base.is_some() && pair.new.is_some()).count();
    let mut sentences = Vec::new();

    let slower = changed(comparison, metric, Verdict::Worse);
    if slower.is_empty() && both > 0 {
        let text =
            format!("No row is slower at {metric} by more than {NOTABLE_PERCENT}%, Locust's rounding aside.");
        sentences.push(text);
    }
    let failing = changed(comparison, Metric::Failures, Verdict::Worse);
    let fewer = changed(comparison, Metric::Failures, Verdict::Better);
    let faster = changed(comparison, metric, Verdict::Better);
    let by = format!(" at {metric} by more than {NOTABLE_PERCENT}%");
    for (what, by, rows) in [
        ("Slower", by.as_str(), slower),
        ("More failures", "", failing),
        ("Fewer failures", "", fewer),
        ("Faster", by.as_str(), faster),
    ] {
        if rows.is_empty() {
            continue;
        }
        let named = named(&rows, |(pair, change)| {
            format!("{} {} ({})", title(pair), change.percent_text(), change.values_text())
        });
        sentences.push(format!("{what}{by} ({} of {both} {}): {named}.", rows.len(), plural(both)));
    }

    let came: Vec<_> = comparison.rows.iter().filter(|pair| pair.base.is_none()).collect();
    let went: Vec<_> = comparison.rows.iter().filter(|pair| pair.new.is_none()).collect();
    for (rows, verb) in [(came, "Came"), (went, "Went")] {
        if !rows.is_empty() {
            let named = named(&rows, |pair| title(pair));
            sentences.push(format!("{verb} ({} {}): {named}.", rows.len(), plural(rows.len())));
        }
    }

    let overall: Vec<_> = [Metric::Rps, metric, Metric::Failures]
        .into_iter()
        .filter_map(|metric| comparison.aggregated.change(metric))
        .map(|change| {
            // What the unit does not say, the metric's name does.
            let what =
                if change.metric == Metric::Rps { String::new() } else { format!("{} ", change.metric) };
            let rounding = if change.is_rounding() { ", ~" } else { "" };
            format!("{what}{} ({}{rounding})", change.values_text(), change.percent_text())
        })
        .collect();
    if !overall.is_empty() {
        sentences.push(format!("Aggregated: {}.", overall.join(", ")));
    }
    sentences
}

/// The rows whose change has this verdict, the largest first.
fn changed(comparison: &Comparison, metric: Metric, verdict: Verdict) -> Vec<(&Pair, Change)> {
    let mut rows: Vec<_> = comparison
        .rows
        .iter()
        .filter_map(|pair| pair.change(metric).map(|change| (pair, change)))
        .filter(|(_, change)| change.verdict() == verdict)
        .collect();
    rows.sort_by(|(_, a), (_, b)| {
        let size = |change: &Change| (change.percent().abs(), change.delta().abs());
        let ((a, a_delta), (b, b_delta)) = (size(a), size(b));
        b.total_cmp(&a).then(b_delta.total_cmp(&a_delta))
    });
    rows
}

fn named<T>(rows: &[T], write: impl Fn(&T) -> String) -> String {
    let mut named: Vec<_> = rows.iter().take(NAMED).map(write).collect();
    if rows.len() > NAMED {
        named.push(format!("and {} more", rows.len() - NAMED));
    }
    named.join(", ")
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "row" } else { "rows" }
}
