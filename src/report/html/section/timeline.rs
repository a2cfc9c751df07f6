//! The run over time as lines of charts.

use crate::report::html::chart::across::Across;
use crate::report::html::chart::axes::Mark;
use crate::report::html::chart::lines::{Line, LineChart};
use crate::report::html::chart::quantity::Quantity;
use crate::report::html::section::figure::Figure;
use crate::report::html::text;
use crate::stats::result::RunResult;
use crate::stats::result::series::Point;

/// What a chart over time shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverTime {
    pub(crate) title: &'static str,
    /// A sentence or two that explain it.
    pub(crate) meaning: &'static str,
    pub(crate) quantity: Quantity,
    /// Whether equal distances are equal ratios.
    pub(crate) logarithmic: bool,
    /// Whether it takes the whole width.
    pub(crate) wide: bool,
}

/// Class, name and points of a line.
type NamedLine = (&'static str, &'static str, Vec<(f64, Option<f64>)>);

/// The time axis that all charts of a page share, with what is marked on it.
#[derive(Debug)]
pub(crate) struct Timeline {
    pub(crate) across: Across,
    /// The beginnings of stages; none if the run has only one.
    pub(crate) marks: Vec<Mark>,
    /// When the load generator was the limit.
    pub(crate) bands: Vec<(f64, f64)>,
    /// The middle of each interval, in seconds since the start, and its length.
    intervals: Vec<(f64, f64)>,
}

impl Timeline {
    /// `None` if the result has nothing over time.
    pub(crate) fn of(result: &RunResult) -> Option<Self> {
        let series = &result.series;
        let points = without_stub(&series.points, series.interval_s);
        let length_s = points.last()?.at_s;
        if !length_s.is_finite() || length_s <= 0.0 {
            return None;
        }
        let interval_s = f64::from(series.interval_s.max(1));
        let started = (series.started > 0.0).then_some(series.started);
        let interval = |(before, point): (Option<&Point>, &Point)| {
            // After a hole in a CSV file an interval is not longer than the others. The last one may hold the short rest of
            // a run.
            let length = point.length_s(before).clamp(0.0, interval_s * 1.5);
            (point.at_s - length / 2.0, length)
        };
        let before = std::iter::once(None).chain(points.iter().map(Some));
        let intervals: Vec<_> = before.zip(points).map(interval).collect();
        let stages = result.stages.iter().filter(|stage| stage.begins_s < length_s);
        let marks = stages.map(|stage| Mark { at_s: stage.begins_s, name: text::line(&stage.name) });
        let mut bands: Vec<(f64, f64)> = Vec::new();
        for ((middle, length), _) in
            intervals.iter().zip(points).filter(|(_, point)| point.generator_was_the_limit)
        {
            let (from, to) = (middle - length / 2.0, middle + length / 2.0);
            match bands.last_mut() {
                Some(last) if from <= last.1 + 1e-6 => last.1 = to,
                _ => bands.push((from, to)),
            }
        }
        Some(Self {
            across: Across::Time { length_s, interval_s, started },
            marks: if result.stages.len() > 1 { marks.collect() } else { Vec::new() },
            bands,
            intervals,
        })
    }

    /// Points of a line from one value per interval; nothing if the list is empty.
    pub(crate) fn line(&self, values: impl IntoIterator<Item = Option<f64>>) -> Vec<(f64, Option<f64>)> {
        self.intervals.iter().zip(values).map(|((middle, _), value)| (*middle, value)).collect()
    }

    /// Points of a line from counts of each interval, as rates per second.
    pub(crate) fn rates(&self, counts: impl IntoIterator<Item = Option<u64>>) -> Vec<(f64, Option<f64>)> {
        let rate = |((middle, length), count): (&(f64, f64), Option<u64>)| {
            (*middle, count.filter(|_| *length > 0.0).map(|count| count as f64 / length))
        };
        self.intervals.iter().zip(counts).map(rate).collect()
    }

    /// A chart over time, of this row if it has a name; `None` if no line has a value. Lines without one are left out.
    pub(crate) fn figure<const N: usize>(
        &self,
        what: OverTime,
        row: &str,
        lines: [NamedLine; N],
    ) -> askama::Result<Option<Figure>> {
        let has_value = |(_, _, points): &NamedLine| points.iter().any(|(_, value)| value.is_some());
        let lines = lines.into_iter().filter(has_value);
        let lines: Vec<_> = lines.map(|(class, name, points)| Line { name, class, points }).collect();
        let legend: Vec<_> = lines.iter().map(|line| (line.class, line.name)).collect();
        let OverTime { title, meaning, quantity, logarithmic, wide } = what;
        let chart = LineChart {
            label: if row.is_empty() { title.to_owned() } else { format!("{title}: {row}") },
            across: self.across,
            quantity,
            logarithmic,
            lines,
            marks: &self.marks,
            wide,
            bands: &self.bands,
            runs: &[],
        };
        if chart.is_empty() {
            return Ok(None);
        }
        Ok(Some(Figure {
            title: title.into(),
            meaning: meaning.into(),
            legend: if legend.len() > 1 { legend } else { Vec::new() },
            svg: chart.svg()?,
            caption: self.across.caption(),
            wide,
            shades: false,
        }))
    }

    /// The end of each interval, in seconds since the start.
    pub(crate) fn ends(&self) -> impl Iterator<Item = f64> {
        self.intervals.iter().map(|(middle, length)| middle + length / 2.0)
    }

    /// The middle of each interval, in seconds since the start.
    pub(crate) fn middles(&self) -> impl Iterator<Item = f64> {
        self.intervals.iter().map(|(middle, _)| *middle)
    }
}

/// The points without a last one of less than half an interval: the rate of a few milliseconds is no rate.
fn without_stub(points: &[Point], interval_s: u32) -> &[Point] {
    match points {
        [before @ .., last] => {
            let length = last.length_s(before.last());
            let is_stub = !before.is_empty() && length < f64::from(interval_s) / 2.0;
            if is_stub { before } else { points }
        }
        [] => points,
    }
}

#[cfg(test)]
mod tests;
