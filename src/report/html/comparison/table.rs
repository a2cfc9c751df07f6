//! Rows and measures with their verdicts: a short table to read, and a long one to search.
//!
//! The short one shows what the text of a terminal shows. It is grouped by row; the long one has the name of the row in
//! each line, so that it can be sorted.

use crate::report::compare::comparison::{Comparison, MeasureComparison, RowComparison, Verdict};
use crate::report::html::section::rows::{Cell, MAX_ROWS};
use crate::report::html::text;

#[derive(askama::Template)]
#[template(path = "comparison/table.html", whitespace = "minimize")]
pub(super) struct Table {
    rows: Vec<Row>,
    /// Measures that the short table leaves out somewhere: `p95, mean`.
    hidden: String,
    /// Rows that one side alone has, as sentences.
    only: Vec<String>,
    left_out: usize,
    interval: String,
}

struct Row {
    title: String,
    measures: Vec<Measure>,
}

struct Measure {
    name: String,
    a: Cell,
    b: Cell,
    change: Cell,
    interval: String,
    words: String,
    class: &'static str,
    is_short: bool,
}

impl Table {
    pub(super) fn of(comparison: &Comparison) -> Self {
        let rows: Vec<Row> = comparison.rows.iter().take(MAX_ROWS).map(Row::of).collect();
        let mut hidden: Vec<&str> = Vec::new();
        for measure in rows.iter().flat_map(|row| &row.measures).filter(|measure| !measure.is_short) {
            if !hidden.contains(&measure.name.as_str()) {
                hidden.push(&measure.name);
            }
        }
        let hidden = hidden.join(", ");
        let only = [("A", &comparison.only_in_a), ("B", &comparison.only_in_b)];
        let only = only.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(side, rows)| {
            let names: Vec<String> = rows.iter().take(MAX_ROWS).map(|row| text::line(row)).collect();
            format!("Only in {side}: {}.", names.join(", "))
        });
        Self {
            hidden,
            only: only.collect(),
            left_out: comparison.rows.len().saturating_sub(MAX_ROWS),
            interval: format!("{:.0} %", (1.0 - comparison.method.level) * 100.0),
            rows,
        }
    }
}

/// Whether it is all requests together.
pub(super) fn is_all(row: &RowComparison) -> bool {
    row.request_type.is_empty() && row.name == "Aggregated"
}

/// What a row is called on the page.
pub(super) fn title(row: &RowComparison) -> String {
    if is_all(row) { "All requests".to_owned() } else { text::line(&row.title()) }
}

impl Row {
    fn of(row: &RowComparison) -> Self {
        let told = row.measures.iter().filter(|measure| !measure.is_share_of_nothing());
        Self { title: title(row), measures: told.map(Measure::of).collect() }
    }
}

impl Measure {
    fn of(measure: &MeasureComparison) -> Self {
        let texts = &measure.texts;
        let cell = |text: &str, sort: Option<f64>| match sort.filter(|sort| sort.is_finite()) {
            Some(sort) => Cell::new(text.to_owned(), sort),
            // Sorted before all numbers.
            None => Cell { text: text.to_owned(), sort: "-1e9".to_owned(), class: "" },
        };
        let class = match measure.verdict {
            Verdict::Worse => "bad",
            Verdict::Better => "good",
            Verdict::HintWorse | Verdict::HintBetter => "open",
            Verdict::Same | Verdict::NoEvidence => "",
        };
        Self {
            name: measure.measure.clone(),
            a: cell(&texts.a, measure.a),
            b: cell(&texts.b, measure.b),
            change: cell(&texts.change, measure.change.and_then(|change| change.estimate)),
            interval: texts.interval.clone(),
            words: measure.words.clone(),
            class,
            is_short: measure.is_main || measure.verdict.is_finding(),
        }
    }
}
