//! What the values of a chart are.

use crate::units::fitting;

/// What the values of a chart are. It decides how the axis and the tooltip write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Times in milliseconds.
    TimeMs,
    /// Events per second.
    PerSecond,
    /// Whole numbers of things.
    Count,
    /// Shares of a hundred, 100.0 for all. A process on two cores can have 200.
    Percent,
}

impl Quantity {
    /// The word by which the script of the page knows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::TimeMs => "time",
            Self::PerSecond => "rate",
            Self::Count => "count",
            Self::Percent => "percent",
        }
    }

    /// Returns whether there is nothing between two whole numbers.
    pub fn is_whole(self) -> bool {
        self == Self::Count
    }

    /// A round value beside an axis: without the zeros that a table keeps.
    pub fn tick(self, value: f64) -> String {
        match self {
            Self::TimeMs if value >= 1_000.0 => format!("{} s", short(value / 1_000.0)),
            Self::TimeMs if value >= 1.0 => format!("{} ms", short(value)),
            Self::TimeMs if value > 0.0 => format!("{} µs", short(value * 1_000.0)),
            Self::TimeMs => "0".to_owned(),
            Self::Percent => format!("{} %", short(value)),
            Self::PerSecond | Self::Count if value >= 1e6 => format!("{} M", short(value / 1e6)),
            Self::PerSecond | Self::Count => short(value),
        }
    }
}

/// At most three decimals, none of them a zero at the end.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a large value of an axis is whole"
)]
fn short(value: f64) -> String {
    if value >= 1_000.0 {
        return fitting::count(value.round() as u64);
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
