//! A chart of lines.

use askama::Template;

use crate::report::html::chart::across::Across;
use crate::report::html::chart::axes::{self, Labels, Mark, RunLabel};
use crate::report::html::chart::path::{self, Place};
use crate::report::html::chart::quantity::Quantity;
use crate::report::html::chart::scale::Scale;

/// A chart of lines.
#[derive(Debug, Clone)]
pub struct LineChart<'a> {
    /// What it shows, for those who cannot see it.
    pub label: String,
    /// The horizontal axis.
    pub across: Across,
    /// What the values are.
    pub quantity: Quantity,
    /// Whether equal distances are equal ratios.
    pub logarithmic: bool,
    /// The lines; the first is drawn first.
    pub lines: Vec<Line<'a>>,
    /// Moments with a name, ascending: the beginnings of stages.
    pub marks: &'a [Mark],
    /// Whether it takes the whole width of a page, so that more names of marks have room.
    pub wide: bool,
    /// Spans of time that are shaded, from and to in seconds.
    pub bands: &'a [(f64, f64)],
    /// What stands under an axis of runs, one for each of them; nothing under another axis.
    pub runs: &'a [RunLabel],
}

/// A line.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its class in the style sheet, which gives it a colour.
    pub class: &'a str,
    /// Its points: a time in seconds or a quantile, ascending, and the value if there is one.
    pub points: Vec<(f64, Option<f64>)>,
}

#[derive(Template)]
#[template(path = "report/line_chart.html", whitespace = "minimize")]
struct Drawing<'a> {
    label: &'a str,
    across: Across,
    quantity: Quantity,
    /// The words of the scale for the script: its kind and its ends.
    scale: String,
    height: f64,
    labels: Labels,
    is_of_runs: bool,
    grid: String,
    mark_lines: String,
    bands: Vec<(String, String)>,
    paths: Vec<Path<'a>>,
}

struct Path<'a> {
    name: &'a str,
    class: &'a str,
    /// Whether it has a single point, which has to be thick to be seen.
    is_dot: bool,
    data: String,
    /// A dot for each point of a line over runs: what lies between two runs was not measured.
    dots: Option<String>,
}

impl LineChart<'_> {
    /// Returns whether no line has a value.
    pub fn is_empty(&self) -> bool {
        self.values().next().is_none()
    }

    /// The chart as SVG.
    pub fn svg(&self) -> askama::Result<String> {
        let scale = if self.logarithmic {
            Scale::log(self.values())
        } else {
            Scale::linear(self.values(), self.quantity)
        };
        let height = scale.steps(self.values());
        let paths = self.lines.iter().map(|line| Path {
            name: line.name,
            class: line.class,
            is_dot: line.points.iter().filter(|(_, value)| value.is_some()).count() == 1,
            data: path::data(&self.places(line, scale, height)),
            dots: (!self.runs.is_empty()).then(|| path::dots(&self.places(line, scale, height))),
        });
        let band = |&(from, to): &(f64, f64)| {
            let (from, to) = (self.across.fraction(from), self.across.fraction(to));
            (axes::percent(from), axes::percent(to - from))
        };
        Drawing {
            label: &self.label,
            across: self.across,
            quantity: self.quantity,
            scale: scale.words(),
            height,
            labels: Labels::of(scale, self.quantity, self.across, self.marks, self.wide)
                .with_runs(self.across, self.runs),
            is_of_runs: !self.runs.is_empty(),
            grid: axes::grid(scale, self.across, height),
            mark_lines: axes::mark_lines(self.marks, self.across, height),
            bands: self.bands.iter().map(band).collect(),
            paths: paths.collect(),
        }
        .render()
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        let values = self.lines.iter().flat_map(|line| line.points.iter().filter_map(|(_, value)| *value));
        values.filter(|value| value.is_finite())
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the height, which is at most a million"
    )]
    fn places(&self, line: &Line<'_>, scale: Scale, height: f64) -> Vec<Place<u32>> {
        let place =
            |(at, value): &(f64, Option<f64>)| (self.across.at(*at), value.filter(|value| value.is_finite()));
        let points: Vec<_> = line.points.iter().map(place).collect();
        let down = |value| ((1.0 - scale.fraction(value)) * height).round() as u32;
        let thin = path::thin(&points, self.across.step());
        thin.into_iter().map(|(at, value)| (at, value.map(down))).collect()
    }
}

#[cfg(test)]
mod tests;
