//! The sentences under a comparison, which a person should read first. They are the same in text and Markdown.
//!
//! They speak of one percentile only. Average and median tell too little about a slow tail, and a sentence
//! for each metric would be the table again.

use crate::report::compare::metric::{Change, NOTABLE_PERCENT, Verdict};
use crate::report::compare::{Comparison, Pair};
use crate::stats::metric::Metric;

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

/// The rows whose change has this verdict, the largest relative change first.
fn changed(comparison: &Comparison, metric: Metric, verdict: Verdict) -> Vec<(&Pair, Change)> {
    let mut rows: Vec<_> = comparison
        .rows
        .iter()
        .filter_map(|pair| pair.change(metric).map(|change| (pair, change)))
        .filter(|(_, change)| change.verdict() == verdict)
        .collect();
    // Against 1 at least: 0 to 2 ms is infinitely slower in percent, but 10 ms to 5 s comes first.
    let size = |change: &Change| change.delta().abs() / change.base.max(1.0);
    rows.sort_by(|(_, a), (_, b)| size(b).total_cmp(&size(a)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::compare::table::StatsFile;

    /// A run with a row for each p95 in milliseconds, named `r0`, `r1` and so on.
    fn run(p95: &[u32]) -> StatsFile {
        let mut text = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
            Min Response Time,Max Response Time,Requests/s,Failures/s,95%\n"
            .to_owned();
        let row = |name: &str, p95: u32| format!("{name},100,0,0,0.0,0.0,0.0,1.0,0.0,{p95}\n");
        for (at, p95) in p95.iter().enumerate() {
            text += &row(&format!("MQTT,r{at}"), *p95);
        }
        text += &row(",Aggregated", 1);
        StatsFile::parse("x", text.as_bytes()).unwrap()
    }

    #[test]
    fn the_worst_rows_are_named_and_the_others_counted() {
        let base = run(&[0, 10, 20, 20, 20, 20, 20, 20]);
        let new = run(&[2, 5000, 30, 40, 26, 28, 24, 20]);
        let sentences = sentences(&Comparison::of(base, new), Pair::title);
        assert_eq!(
            sentences[0],
            "Slower at p95 by more than 10% (7 of 8 rows): MQTT r1 +49900% (10 → 5000 ms), \
             MQTT r0 +inf% (0 → 2 ms), MQTT r3 +100% (20 → 40 ms), MQTT r2 +50.0% (20 → 30 ms), \
             MQTT r5 +40.0% (20 → 28 ms), and 2 more."
        );
    }

    #[test]
    fn rounding_is_no_news() {
        let sentences = sentences(&Comparison::of(run(&[1]), run(&[2])), Pair::title);
        assert_eq!(sentences[0], "No row is slower at p95 by more than 10%, Locust's rounding aside.");
        assert_eq!(sentences.len(), 2, "{sentences:?}");
    }
}
