//! The percentiles that Locust's files and tables show: Locust's list, or one that is asked for.

use std::str::FromStr;
use std::sync::Arc;

/// Locust's own list (`PERCENTILES_TO_REPORT`).
const LOCUST: [f64; 11] = [0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0];

/// More columns than these nobody reads.
const MAX: usize = 50;

/// Percentiles as fractions, above 0 and at most 1, ascending and each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PercentileList(Option<Arc<[f64]>>);

/// Values of a [`PercentileList`]: buckets in milliseconds, one for each percentile.
pub type Percentiles = Arc<[i128]>;

impl PercentileList {
    /// Locust's own list.
    pub const LOCUST: Self = Self(None);

    /// The fractions.
    pub fn fractions(&self) -> &[f64] {
        self.0.as_deref().unwrap_or(&LOCUST)
    }

    /// The headings of their columns, as Locust's `get_readable_percentiles` writes them: `50%`, `99.9%`.
    pub fn headings(&self) -> impl Iterator<Item = String> {
        self.fractions().iter().map(|fraction| heading(*fraction))
    }
}

fn heading(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if percent.fract() == 0.0 {
        return format!("{percent:.0}%");
    }
    // Python rounds to six digits and then writes a float, with a point in any case.
    let rounded: f64 = format!("{percent:.6}").parse().unwrap_or(percent);
    format!("{rounded:?}%")
}

impl FromStr for PercentileList {
    type Err = String;

    /// Reads `0.25,0.5,0.99`; the error is a sentence.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut fractions = Vec::new();
        for word in text.split(',').map(str::trim) {
            let fraction = word.parse::<f64>().ok().filter(|it| *it > 0.0 && *it <= 1.0);
            let fraction = fraction.ok_or_else(|| {
                format!("`{word}` is no fraction above 0 and up to 1: write 0.99 for the percentile 99 %")
            })?;
            fractions.push(fraction);
        }
        fractions.sort_by(f64::total_cmp);
        fractions.dedup();
        if fractions.len() > MAX {
            return Err(format!("{} percentiles are too many: {MAX} at most", fractions.len()));
        }
        Ok(Self(Some(fractions.into())))
    }
}

#[cfg(test)]
mod tests;
