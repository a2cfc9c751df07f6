//! The sections of the page, each a template of its own and the texts that it needs.

pub(super) mod charts;
pub(super) mod curve;
pub(super) mod deliveries;
pub(super) mod failures;
pub(super) mod figure;
pub(super) mod figures;
pub(super) mod generator;
mod row_charts;
pub(super) mod rows;
pub(super) mod search;
pub(super) mod stages;
pub(super) mod timeline;
pub(super) mod verdict;
pub(super) mod watched;
pub(super) mod what_ran;
