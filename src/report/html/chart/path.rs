//! A line of a chart as the path of an SVG.

use std::collections::BTreeSet;
use std::fmt::Write;

/// A point: where it stands in the units of the axis, and its value if there is one.
pub(super) type Place<T> = (u32, Option<T>);

/// The points that are drawn. Of each column stay the least and the highest value, in their order, so that no peak and
/// no dip is lost; and one point without a value, so that a gap stays a gap.
pub(super) fn thin(points: &[Place<f64>], step: u32) -> Vec<Place<f64>> {
    let column = |point: &Place<f64>| point.0 / step.max(1);
    let mut kept = Vec::new();
    for points in points.chunk_by(|a, b| column(a) == column(b)) {
        let values =
            points.iter().enumerate().filter_map(|(index, (_, value))| value.map(|value| (index, value)));
        let least = values.clone().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index);
        let highest = values.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index);
        let gap = points.iter().position(|(_, value)| value.is_none());
        let chosen: BTreeSet<usize> = [least, highest, gap].into_iter().flatten().collect();
        kept.extend(chosen.into_iter().filter_map(|index| points.get(index).copied()));
    }
    kept
}

/// The `d` of a path through these points, in relative coordinates and without a needless byte. A point between two
/// gaps becomes a line of no length, which round ends make a dot.
pub(super) fn data(points: &[Place<u32>]) -> String {
    let mut text = String::new();
    let mut pen = (0_i64, 0_i64);
    for run in points.split(|(_, value)| value.is_none()) {
        let alone = run.len() == 1;
        for (index, (x, y)) in run.iter().filter_map(|(x, y)| Some((x, (*y)?))).enumerate() {
            let to = (i64::from(*x), i64::from(y));
            let (right, down) = (to.0 - pen.0, to.1 - pen.1);
            let before = match (index, right) {
                (0, _) => "m",
                (_, ..0) => "",
                _ => " ",
            };
            let between = if down < 0 { "" } else { " " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{before}{right}{between}{down}");
            pen = to;
        }
        if alone {
            text.push_str(" 0 0");
        }
    }
    text
}

/// The `d` of a path with a dot at each point.
pub(super) fn dots(points: &[Place<u32>]) -> String {
    data(&points.iter().flat_map(|point| [*point, (point.0, None)]).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
