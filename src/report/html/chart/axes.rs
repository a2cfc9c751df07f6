//! What stands around and behind the values of a chart: labels, lines at round values, marks of moments.

use std::fmt::Write;

use crate::report::html::chart::across::Across;
use crate::report::html::chart::quantity::Quantity;
use crate::report::html::chart::scale::Scale;

/// About the share of the width that a character of a mark's name takes in a chart of half the page; two characters
/// are the space between two names.
const CHARACTER_WIDTH: f64 = 0.0145;

/// A moment with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The moment, in seconds since the start.
    pub at_s: f64,
    /// The name.
    pub name: String,
}

/// A run under the axis of a chart over runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLabel {
    /// When it started, in ten characters or less.
    pub when: String,
    /// The git revision, in ten characters or less; empty if it is not known.
    pub revision: String,
}

/// So many runs have a label: they fit beside each other on a telephone.
const MAX_RUN_LABELS: usize = 4;

/// The indices of the runs that have a label: all, or those in the middle of equal parts, so that none stands at an end
/// where half of it would have no room.
fn labelled(runs: usize) -> impl Iterator<Item = usize> {
    let labels = runs.min(MAX_RUN_LABELS);
    (0..labels).map(move |label| (2 * label + 1) * runs / (2 * labels))
}

/// All labels of a chart.
#[derive(Debug)]
pub(super) struct Labels {
    pub(super) down: Vec<Label>,
    pub(super) along: Vec<Label>,
    pub(super) marks: Vec<MarkLabel>,
}

/// A place on an axis, in percent, with what stands there.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) at: String,
    pub(super) text: String,
    /// A second line under it, if it is not empty.
    pub(super) under: String,
}

/// The name of a mark. The script needs it even if there is no room to show it.
#[derive(Debug)]
pub(super) struct MarkLabel {
    pub(super) at: String,
    pub(super) name: String,
    pub(super) has_room: bool,
}

impl Labels {
    pub(super) fn of(scale: Scale, quantity: Quantity, across: Across, marks: &[Mark], wide: bool) -> Self {
        let label = |at, text| Label { at: percent(at), text, under: String::new() };
        let down = |value| label(1.0 - scale.fraction(value), quantity.tick(value));
        let along = across.ticks().into_iter().map(|(at, text)| label(at, text));
        let character = if wide { CHARACTER_WIDTH / 2.0 } else { CHARACTER_WIDTH };
        let mut free_from = 0.0;
        let mark = |mark: &Mark| {
            let at = across.fraction(mark.at_s);
            let end = at + mark.name.chars().count() as f64 * character;
            let has_room = at >= free_from && end <= 1.02;
            if has_room {
                free_from = end + 2.0 * character;
            }
            MarkLabel { at: percent(at), name: mark.name.clone(), has_room }
        };
        Self {
            down: scale.ticks().into_iter().map(down).collect(),
            along: along.collect(),
            marks: marks.iter().map(mark).collect(),
        }
    }

    /// The same with names of runs along the axis, as many as fit.
    pub(super) fn with_runs(mut self, across: Across, runs: &[RunLabel]) -> Self {
        let label = |index: usize| {
            let RunLabel { when, revision } = runs.get(index)?.clone();
            Some(Label { at: percent(across.fraction(index as f64)), text: when, under: revision })
        };
        self.along.extend(labelled(runs.len()).filter_map(label));
        self
    }
}

/// The path of the lines at the labels of the vertical axis.
pub(super) fn grid(scale: Scale, across: Across, height: f64) -> String {
    let width = across.width();
    scale.ticks().into_iter().fold(String::new(), |mut path, value| {
        // Writing to a String cannot fail.
        let _ = write!(path, "M0 {:.0}h{width}", (1.0 - scale.fraction(value)) * height);
        path
    })
}

/// The path of the lines at marks.
pub(super) fn mark_lines(marks: &[Mark], across: Across, height: f64) -> String {
    marks.iter().fold(String::new(), |mut path, mark| {
        let _ = write!(path, "M{} 0v{height}", across.at(mark.at_s));
        path
    })
}

/// A share in percent, to a hundredth.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
