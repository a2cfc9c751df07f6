//! The sections of the report one by one, for a page that shows a run while it goes on.
//!
//! They are the sections of the report and no others, so that the live page and the file can never show two truths. Only
//! the charts differ: a live page gets those of the row that its reader has chosen, since all of them each second would be
//! ten times as much.

use askama::Template;

use crate::report::html::section::charts::LiveCharts;
use crate::report::html::section::deliveries::DeliveriesSection;
use crate::report::html::section::failures::Failures;
use crate::report::html::section::figures::Figures;
use crate::report::html::section::generator::GeneratorSection;
use crate::report::html::section::rows::Rows;
use crate::report::html::section::search::Search;
use crate::report::html::section::stages::Stages;
use crate::report::html::section::verdict::Verdict;
use crate::report::html::section::watched::WatchedSection;
use crate::report::html::section::what_ran::Head;
use crate::stats::result::RunResult;

/// A section of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The `id` of its element.
    pub id: &'static str,
    /// The element as HTML; empty if the result has nothing for it.
    pub html: String,
}

#[derive(Template)]
#[template(path = "report/rows_section.html", whitespace = "minimize")]
struct RowsSection {
    rows: Rows,
}

/// The sections of a result in the order of the page, without the charts.
///
/// # Errors
/// What `askama` reports if it cannot write a value; no value of a result is known to cause it.
pub fn sections(result: &RunResult) -> askama::Result<Vec<Section>> {
    let section = |id, html| Section { id, html };
    let optional = |of: Option<askama::Result<String>>| of.unwrap_or_else(|| Ok(String::new()));
    let rows = Rows::of("All rows".to_owned(), &result.rows, Some(&result.aggregated));
    let generator = GeneratorSection::of(result);
    Ok(vec![
        section("verdict", Verdict::of(result).render()?),
        section("figures", Figures::of(result).render()?),
        section("rows", RowsSection { rows }.render()?),
        section("stages", optional(Stages::of(result).map(|stages| stages.render()))?),
        section("failures", Failures::of(result).render()?),
        section("deliveries", optional(DeliveriesSection::of(result).map(|section| section.render()))?),
        section("search", optional(Search::of(result).map(|search| search.render()))?),
        section("generator", if generator.is_known() { generator.render()? } else { String::new() }),
        section("watched", optional(WatchedSection::of(result)?.map(|section| section.render()))?),
        section("what-ran", Head::of(result).render()?),
    ])
}

/// The section of the charts, with those of the row that has this title, as the section offers it, or of all requests.
///
/// # Errors
/// As [`sections`].
pub fn charts_of(result: &RunResult, row: &str) -> askama::Result<String> {
    LiveCharts::of(result, row)?.render()
}

#[cfg(test)]
mod tests;
