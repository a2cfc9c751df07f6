//! The horizontal axis of a chart: time since the start, the share of requests that were faster, or one run after the other.

/// A chart over time has at most so many columns in which a pointer finds values.
const MAX_COLUMNS: u32 = 240;
/// If a column holds several intervals, a line has two points in it, its least and its highest value.
const MAX_MERGED_COLUMNS: u32 = 100;
/// Points of a percentile plot for each power of ten, so that 90 %, 99 % and 99.9 % are points.
const POINTS_PER_DECADE: u32 = 20;
/// Distances between labels of time, in seconds.
const TIME_TICKS: [f64; 19] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0,
    21_600.0, 43_200.0, 86_400.0, 864_000.0,
];
/// A chart has at most so many labels of time: they fit beside each other on a telephone.
const MAX_TIME_LABELS: f64 = 6.0;

/// A horizontal axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Across {
    /// Seconds since the start.
    Time {
        /// The length of the axis in seconds.
        length_s: f64,
        /// The length of an interval in seconds, above 0.
        interval_s: f64,
        /// The start in seconds of unix time; `None` if charts of several runs lie over each other.
        started: Option<f64>,
    },
    /// The share of requests that took at most the time on the other axis, so that 90 %, 99 % and 99.9 % are equally far
    /// from each other.
    Quantile {
        /// The number of requests of the line with the most of them: the axis ends at 1 - 1/n.
        requests: u64,
    },
    /// Runs in the order of their start, all equally far from each other: a week without runs is no news.
    Runs {
        /// How many there are.
        count: u32,
    },
}

impl Across {
    /// The width in the units of a path: two for each interval or run, so that its middle has a place.
    pub fn width(self) -> u32 {
        match self {
            Self::Time { length_s, interval_s, .. } => to_u32((length_s / interval_s).ceil().max(1.0)) * 2,
            Self::Quantile { requests } => {
                to_u32(((requests.max(10) as f64).log10() * f64::from(POINTS_PER_DECADE) - 1e-9).ceil())
            }
            Self::Runs { count } => to_u32(f64::from(count.max(1))) * 2,
        }
    }

    /// How many units a column takes in which a pointer finds values.
    pub fn step(self) -> u32 {
        match self {
            Self::Time { .. } => match self.width() / 2 {
                intervals if intervals <= MAX_COLUMNS => 2,
                intervals => intervals.div_ceil(MAX_MERGED_COLUMNS) * 2,
            },
            Self::Quantile { .. } => 1,
            Self::Runs { .. } => 2,
        }
    }

    /// The number of columns.
    pub fn columns(self) -> u32 {
        self.width().div_ceil(self.step())
    }

    /// Where something stands, in the units of a path: a time in seconds, a quantile, or a run by its index.
    pub fn at(self, place: f64) -> u32 {
        let width = f64::from(self.width());
        let at = match self {
            Self::Time { interval_s, .. } => place / interval_s * 2.0,
            Self::Quantile { .. } => -(1.0 - place).log10() * f64::from(POINTS_PER_DECADE),
            Self::Runs { .. } => place * 2.0 + 1.0,
        };
        to_u32(at.round().clamp(0.0, width))
    }

    /// The same as a share of the width, 0 to 1.
    pub fn fraction(self, place: f64) -> f64 {
        match self {
            Self::Time { interval_s, .. } => place / interval_s * 2.0 / f64::from(self.width()),
            Self::Quantile { .. } => -(1.0 - place).log10() / self.decades(),
            Self::Runs { .. } => (place * 2.0 + 1.0) / f64::from(self.width()),
        }
        .clamp(0.0, 1.0)
    }

    /// The quantiles at which a percentile plot has points, ascending, up to 1 - 1/n; none for another axis.
    pub fn quantiles(self) -> Vec<f64> {
        let Self::Quantile { requests } = self else { return Vec::new() };
        let last = 1.0 - 1.0 / requests.max(1) as f64;
        let quantile = |at| 1.0 - 10_f64.powf(-f64::from(at) / f64::from(POINTS_PER_DECADE));
        let inner = (0..=self.width()).map(quantile).filter(|quantile| *quantile < last - 1e-12);
        inner.chain([last]).collect()
    }

    /// Over how many powers of ten a percentile plot goes; 0 for another axis.
    fn decades(self) -> f64 {
        match self {
            Self::Time { .. } | Self::Runs { .. } => 0.0,
            Self::Quantile { .. } => f64::from(self.width()) / f64::from(POINTS_PER_DECADE),
        }
    }

    /// What the script of the page has to know: the kind, width and step, and the length of an interval and the start in
    /// seconds (0 if unknown), or the number of powers of ten. Of runs it finds the titles in the page (`data-run`).
    pub fn words(self) -> String {
        let (width, step) = (self.width(), self.step());
        match self {
            Self::Time { interval_s, started, .. } => {
                format!("time {width} {step} {interval_s} {}", started.unwrap_or(0.0))
            }
            Self::Quantile { .. } => format!("quantile {width} {step} {}", self.decades()),
            Self::Runs { .. } => format!("runs {width} {step}"),
        }
    }

    /// What the labels are, for a line under the chart.
    pub fn caption(self) -> &'static str {
        match self {
            Self::Time { length_s, .. } if length_s <= 120.0 => "Seconds since the start",
            Self::Time { length_s, .. } if length_s < 7_200.0 => "Time since the start (minutes:seconds)",
            Self::Time { .. } => "Time since the start (hours:minutes)",
            Self::Quantile { .. } => "Share of requests that took at most this time",
            Self::Runs { .. } => "Runs, the oldest first",
        }
    }

    /// Places with a label, as shares of the width. Runs have names instead, which the axis does not know.
    pub fn ticks(self) -> Vec<(f64, String)> {
        match self {
            Self::Time { length_s, .. } => {
                let tick = TIME_TICKS.into_iter().find(|tick| length_s / tick <= MAX_TIME_LABELS);
                let tick = tick.unwrap_or(length_s / MAX_TIME_LABELS);
                (0..=6_u8)
                    .map(|number| f64::from(number) * tick)
                    .filter(|at| *at <= length_s * 1.001)
                    .map(|at| (self.fraction(at), time_label(at, length_s)))
                    .collect()
            }
            Self::Quantile { .. } => {
                let labels = [
                    (0.0, "0 %"),
                    (0.5, "50 %"),
                    (0.9, "90 %"),
                    (0.99, "99 %"),
                    (0.999, "99.9 %"),
                    (0.9999, "99.99 %"),
                    (0.999_99, "99.999 %"),
                    (0.999_999, "99.9999 %"),
                ];
                let decades = self.decades() + 0.01;
                // Where there are many, the first ones stand too close.
                let first = usize::from(decades > 4.5);
                let shown = |(at, _): &&(f64, &str)| -(1.0 - *at).log10() <= decades;
                let label = |(at, label): &(f64, &str)| (self.fraction(*at), (*label).to_owned());
                let last = labels.iter().rposition(|label| shown(&label)).unwrap_or(0);
                labels[first.min(last)..=last].iter().map(label).collect()
            }
            Self::Runs { .. } => Vec::new(),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` ends at the bounds of u32")]
fn to_u32(number: f64) -> u32 {
    // Half of the range: the width is twice the number of intervals.
    (number as u32).min(u32::MAX / 4)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since the start")]
fn time_label(at: f64, length_s: f64) -> String {
    let seconds = at.round() as u64;
    match length_s {
        length if length <= 120.0 => seconds.to_string(),
        length if length < 7_200.0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests;
