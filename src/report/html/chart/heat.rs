//! A heat map: how the times of each interval are spread.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::report::html::chart::across::Across;
use crate::report::html::chart::axes::{self, Labels, Mark};
use crate::report::html::chart::png;
use crate::report::html::chart::quantity::Quantity;
use crate::report::html::chart::scale::Scale;

/// Cells from the shortest time to the longest.
const BANDS: usize = 40;
/// Shades beside nothing.
const SHADES: f64 = 15.0;
/// The power of ten of the share at which the first shade begins, and of that from which on all have the last one:
/// 0.01 % and 32 %. Shares differ by orders of magnitude, so a shade is a ratio: a single slow request among thousands
/// stays visible.
const SHARES_LOG10: [f64; 2] = [-4.0, -0.5];
/// A blue that is told from a white and from a black page.
const COLOUR: [u8; 3] = [0x1f, 0x77, 0xd4];

/// A heat map over time of values in milliseconds. Its colour is the share that a cell has of its column.
#[derive(Debug, Clone)]
pub struct HeatMap<'a> {
    label: String,
    across: Across,
    marks: &'a [Mark],
    scale: Scale,
    columns: usize,
    /// Counts by column, then by band from the shortest time.
    counts: Vec<u64>,
}

#[derive(Template)]
#[template(path = "report/heat_map.html", whitespace = "minimize")]
struct Drawing<'a> {
    label: &'a str,
    across: Across,
    scale: String,
    cells: usize,
    bands: usize,
    first_cell: usize,
    labels: Labels,
    grid: String,
    mark_lines: String,
    picture: String,
}

impl<'a> HeatMap<'a> {
    /// An empty map for times between the shortest and the longest in milliseconds.
    pub fn new(label: String, across: Across, marks: &'a [Mark], [shortest, longest]: [f64; 2]) -> Self {
        let columns = across.columns() as usize;
        let scale = Scale::log([shortest, longest]);
        Self { label, across, marks, scale, columns, counts: vec![0; columns * BANDS] }
    }

    /// Counts a time so many times at this moment, in seconds since the start.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small number")]
    pub fn add(&mut self, at_s: f64, ms: f64, times: u64) {
        let column = (self.across.at(at_s) / self.across.step()) as usize;
        let band = ((self.scale.fraction(ms) * BANDS as f64) as usize).min(BANDS - 1);
        if let Some(count) = self.counts.get_mut(column.min(self.columns - 1) * BANDS + band) {
            *count += times;
        }
    }

    /// The map as SVG.
    pub fn svg(&self) -> askama::Result<String> {
        Drawing {
            label: &self.label,
            across: self.across,
            scale: self.scale.words(),
            cells: self.columns,
            bands: BANDS,
            first_cell: png::FIRST_CELL,
            labels: Labels::of(self.scale, Quantity::TimeMs, self.across, self.marks, false),
            grid: axes::grid(self.scale, self.across, 1_000.0),
            mark_lines: axes::mark_lines(self.marks, self.across, 1_000.0),
            picture: STANDARD.encode(png::picture(&self.shades(), self.columns, COLOUR)),
        }
        .render()
    }

    /// The shades of the picture, line by line from the longest time.
    fn shades(&self) -> Vec<u8> {
        let mut shades = vec![0; self.columns * BANDS];
        for (column, counts) in self.counts.chunks_exact(BANDS).enumerate() {
            let all: u64 = counts.iter().sum();
            for (band, count) in counts.iter().enumerate() {
                // The longest time stands in the first line of the picture.
                shades[(BANDS - 1 - band) * self.columns + column] = shade(*count, all);
            }
        }
        shades
    }
}

/// The shade of a share: 0 for nothing, 15 for all.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 1 and 15")]
fn shade(count: u64, all: u64) -> u8 {
    if count == 0 {
        return 0;
    }
    let share = count as f64 / all as f64;
    let above = (share.log10() - SHARES_LOG10[0]) / (SHARES_LOG10[1] - SHARES_LOG10[0]);
    (above * SHADES).ceil().clamp(1.0, SHADES) as u8
}

impl Drawing<'_> {
    /// The width of the picture in percent: the last column may reach beyond the end of the axis.
    fn picture_width(&self) -> String {
        let units = self.across.columns() * self.across.step();
        format!("{:.3}", f64::from(units) / f64::from(self.across.width()) * 100.0)
    }
}

#[cfg(test)]
mod tests;
