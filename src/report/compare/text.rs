//! A comparison as text for a terminal: one block per row of the statistics.
//!
//! A name is on a line of its own above its block and not in a column: topics are long, and their width on a terminal
//! is not their length. So only numbers and our own words are aligned.

use std::fmt::Write as _;

use crate::report::compare::fail_on::{Judgement, Outcome};
use crate::report::compare::metric::{NOTABLE_PERCENT, Verdict};
use crate::report::compare::summary::sentences;
use crate::report::compare::table::one_line;
use crate::report::compare::{Comparison, Pair};
use crate::stats::metric::{Metric, decimals};

/// One printed line: a block's heading, or a metric with its numbers.
enum Line {
    Heading(String),
    Numbers { label: String, cells: [String; 4], remark: String, verdict: Verdict },
}

/// Writes the comparison and the judged `--fail-on` expressions. `paint` puts a verdict's colour around a
/// text or leaves it as it is.
pub fn text(
    comparison: &Comparison,
    judgements: &[Judgement],
    paint: impl Fn(Verdict, &str) -> String,
) -> String {
    let mut lines = Vec::new();
    for pair in comparison.all() {
        lines.push(Line::Heading(heading(pair)));
        lines.extend(comparison.metrics.iter().map(|metric| numbers(pair, *metric)));
    }
    for failure in &comparison.failures {
        let name = format!("{} {}", failure.request_type, failure.name);
        lines.push(Line::Heading(one_line(&format!("error in {}: {}", name.trim_start(), failure.error))));
        let change = failure.change();
        lines.push(Line::Numbers {
            label: "occurrences".to_owned(),
            cells: [
                failure.base.to_string(),
                failure.new.to_string(),
                change.delta_text(),
                change.percent_text(),
            ],
            remark: failure.remark().to_owned(),
            verdict: change.verdict(),
        });
    }

    let mut out = String::new();
    let _ = writeln!(
        out,
        "base  {}\nnew   {}\n",
        one_line(&comparison.base_path),
        one_line(&comparison.new_path)
    );
    write_lines(&mut out, &lines, &paint);
    out.push_str("\nsummary\n");
    for sentence in sentences(comparison, Pair::title) {
        let _ = writeln!(out, "  {sentence}");
    }
    for sentence in &comparison.left_out {
        let _ = writeln!(out, "  {}", one_line(sentence));
    }
    let notes = notes(comparison);
    if !notes.is_empty() {
        out.push_str("\nremarks\n");
    }
    for (mark, meaning) in notes {
        let _ = writeln!(out, "  {mark:<13}  {meaning}");
    }
    if !judgements.is_empty() {
        out.push_str("\nfail-on\n");
    }
    for judgement in judgements {
        let outcome = paint(judgement.outcome.verdict(), &judgement.outcome.to_string());
        let (expression, row) = (one_line(&judgement.expression), one_line(&judgement.row));
        let _ = writeln!(out, "  {outcome}  {expression}  {row}: {}", judgement.detail);
    }
    let missed = judgements.iter().filter(|judgement| judgement.outcome == Outcome::Fail).count();
    if missed > 0 {
        let text = format!("{missed} of {} checks failed", judgements.len());
        let _ = writeln!(out, "\n{}", paint(Verdict::Worse, &text));
    }
    out
}

/// What the remarks that were used mean: the mark and its explanation.
pub(crate) fn notes(comparison: &Comparison) -> Vec<(&'static str, String)> {
    let remarks: Vec<String> = comparison
        .all()
        .flat_map(|pair| comparison.metrics.iter().map(|metric| pair.remark(*metric).0))
        .collect();
    let used = |mark: &str| remarks.iter().any(|remark| remark.split(", ").any(|word| word == mark));
    let changed = format!("changed by more than {NOTABLE_PERCENT}%, failures: at all");
    let rounding = "at most one step of Locust's rounding (1 ms below 100 ms, 10 below 1 s, 100 below 10 s)";
    let few = "the percentile is a single request: fewer than 20 of them for p95, than 100 for p99";
    let notes = [
        ("better, worse", changed.as_str(), used("better") || used("worse")),
        ("~", rounding, used("~")),
        ("few", few, used("few")),
    ];
    notes.into_iter().filter(|note| note.2).map(|(mark, meaning, _)| (mark, meaning.to_owned())).collect()
}

/// A value as it stands in a cell: `-` for a row that is not there, `N/A` for a row without the value.
pub(crate) fn cell(pair: &Pair, metric: Metric, run: usize) -> String {
    let values = pair.values(metric);
    let there = [pair.base.is_some(), pair.new.is_some()];
    let known: Vec<f64> = values.into_iter().flatten().collect();
    match values[run] {
        Some(value) => format!("{value:.*}", decimals(&known)),
        None if there[run] => "N/A".to_owned(),
        None => "-".to_owned(),
    }
}

fn heading(pair: &Pair) -> String {
    let remark = match (&pair.base, &pair.new) {
        (None, _) => " (came: only in NEW)",
        (_, None) => " (went: only in BASE)",
        _ => "",
    };
    format!("{}{remark}", pair.title())
}

fn numbers(pair: &Pair, metric: Metric) -> Line {
    let (delta, percent) = pair
        .change(metric)
        .map_or_else(Default::default, |change| (change.delta_text(), change.percent_text()));
    let (remark, verdict) = pair.remark(metric);
    Line::Numbers {
        label: metric.label(),
        cells: [cell(pair, metric, 0), cell(pair, metric, 1), delta, percent],
        remark,
        verdict,
    }
}

fn write_lines(out: &mut String, lines: &[Line], paint: impl Fn(Verdict, &str) -> String) {
    let header = ["base", "new", "change", "%"].map(str::to_owned);
    let mut widths = [8; 4];
    let mut first = 0;
    for line in lines {
        if let Line::Numbers { label, cells, .. } = line {
            first = first.max(label.len());
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.len().max(*width);
            }
        }
    }
    let aligned = |cells: &[String; 4]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("  {cell:>width$}"));
        cells.collect::<Vec<_>>()
    };
    let _ = writeln!(out, "  {:first$}{}", "", aligned(&header).concat());
    for line in lines {
        match line {
            Line::Heading(heading) => {
                let _ = writeln!(out, "{heading}");
            }
            Line::Numbers { label, cells, remark, verdict } => {
                let aligned = aligned(cells);
                let values = aligned[..2].concat();
                let changes = format!("{}  {remark}", aligned[2..].concat());
                let line = format!("  {label:first$}{values}{}", paint(*verdict, changes.trim_end()));
                let _ = writeln!(out, "{}", line.trim_end());
            }
        }
    }
}
