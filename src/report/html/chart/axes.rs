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
mod tests {
    use super::*;

    #[test]
    fn runs_have_labels_as_far_as_there_is_room() {
        for (runs, expected) in
            [(0, vec![]), (1, vec![0]), (4, vec![0, 1, 2, 3]), (100, vec![12, 37, 62, 87])]
        {
            assert_eq!(labelled(runs).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn marks_that_stand_too_close_keep_their_name_for_the_tooltip_alone() {
        let mark = |at_s, name: &str| Mark { at_s, name: name.to_owned() };
        let marks = [mark(0.0, "warm up"), mark(5.0, "ramp"), mark(50.0, "peak"), mark(99.0, "end")];
        let across = Across::Time { length_s: 100.0, interval_s: 1.0, started: None };
        let scale = Scale::log([1.0]);
        let labels = Labels::of(scale, Quantity::TimeMs, across, &marks, false);
        let shown: Vec<_> = labels.marks.iter().map(|mark| (mark.at.as_str(), mark.has_room)).collect();
        assert_eq!(shown, [("0", true), ("5", false), ("50", true), ("99", false)]);
        assert_eq!(mark_lines(&marks[1..3], across, 8.0), "M10 0v8M100 0v8");
        assert_eq!(grid(scale, across, 8.0), "M0 8h200M0 0h200");
    }
}
