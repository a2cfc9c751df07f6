//! The HTML report: one file that shows a result, or a comparison of several, in any browser, without a network.
//!
//! ```text
//! &RunResult ──section/──▶ texts and numbers ──templates/report/──▶ page
//!                chart/ ──▶ SVG ─────────────────────┘
//! ```
//!
//! | part | what lives there |
//! |---|---|
//! | [`chart`] | charts as SVG from plain numbers |
//! | `comparison` | the page of a comparison of runs |
//! | [`frame`] | what all pages have in common |
//! | `live` | the sections one by one, for a page of a run that goes on |
//! | `section` | what stands in each section of the page |
//! | [`text`] | texts of a result, made safe for the eye |
//! | `trend` | the page of many runs over time |
//! | `templates/report/` | the sections as templates of `askama`, the style sheet and the script |
//!
//! All that a reader needs stands in the page when it is written; its script adds the values under the pointer, sorting
//! and the choice of a row. The page forbids itself every request by a Content-Security-Policy.

pub mod chart;
mod comparison;
pub mod frame;
mod live;
mod section;
pub mod text;
mod trend;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use askama::Template;

pub use crate::report::html::comparison::{comparison, comparison_on_site};
use crate::report::html::frame::{Back, Frame};
pub use crate::report::html::live::{Section, charts_of, sections};
use crate::report::html::section::charts::Charts;
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
pub use crate::report::html::trend::trend;
use crate::stats::result::RunResult;

/// The whole page; its parts are templates too.
#[derive(Template)]
#[template(path = "report/page.html", whitespace = "minimize")]
struct Page {
    frame: Frame,
    verdict: Verdict,
    head: Head,
    figures: Figures,
    charts: Charts,
    rows: Rows,
    stages: Option<Stages>,
    failures: Failures,
    deliveries: Option<DeliveriesSection>,
    search: Option<Search>,
    generator: GeneratorSection,
    watched: Option<WatchedSection>,
    scenario: Option<String>,
    plan: Option<String>,
}

/// The report on a result: a whole HTML document. Its size grows with the rows, not with the length of the run; ten rows
/// and ten minutes take less than 300 KB.
///
/// # Errors
/// What `askama` reports if it cannot write a value; no value of a result is known to cause it.
pub fn page(result: &RunResult) -> askama::Result<String> {
    page_on_site(result, None)
}

/// The same report as a server shows it, with a way back.
///
/// # Errors
/// As [`page`].
pub fn page_on_site(result: &RunResult, back: Option<Back>) -> askama::Result<String> {
    let run = &result.run;
    let title = if run.scenario.is_empty() { "Load test".to_owned() } else { text::line(&run.scenario) };
    let subtitle = [text::moment(run.started), text::length(run.ended - run.started)];
    Page {
        frame: Frame {
            title,
            kind: "Load test report",
            subtitle: subtitle.join(", "),
            program: text::line(&run.program),
            back,
        },
        verdict: Verdict::of(result),
        head: Head::of(result),
        figures: Figures::of(result),
        charts: Charts::of(result)?,
        rows: Rows::of("All rows".to_owned(), &result.rows, Some(&result.aggregated)),
        stages: Stages::of(result),
        failures: Failures::of(result),
        deliveries: DeliveriesSection::of(result),
        search: Search::of(result),
        generator: GeneratorSection::of(result),
        watched: WatchedSection::of(result)?,
        scenario: run.scenario_text.as_deref().map(text::file),
        plan: run.plan_text.as_deref().map(text::file),
    }
    .render()
}
