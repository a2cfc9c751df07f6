//! What is compared of a row: the measures, in the order in which they are shown.

use crate::stats::inference::family::Scale;
use crate::units::fitting;

/// One quantity of a row that is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// The response time that this percentage of the requests did not exceed.
    Percentile(f64),
    /// The mean response time.
    Mean,
    /// Requests per second that succeeded.
    Rate,
    /// Failed requests as a share of all.
    Failures,
    /// Lost messages as a share of those that should have arrived.
    Lost,
}

impl Measure {
    /// Every measure, in the order of the report.
    pub const ALL: [Self; 8] = [
        Self::Percentile(50.0),
        Self::Percentile(95.0),
        Self::Percentile(99.0),
        Self::Percentile(99.9),
        Self::Mean,
        Self::Rate,
        Self::Failures,
        Self::Lost,
    ];

    /// Whether a person wants to see it even if it tells nothing new.
    pub fn is_main(self) -> bool {
        self == Self::Percentile(50.0)
            || self == Self::Percentile(99.0)
            || matches!(self, Self::Rate | Self::Lost)
    }

    /// Its name: `p99`, `mean`, `rate`, `failures`, `lost`.
    pub fn name(self) -> String {
        match self {
            Self::Percentile(percent) => format!("p{percent}"),
            Self::Mean => "mean".to_owned(),
            Self::Rate => "rate".to_owned(),
            Self::Failures => "failures".to_owned(),
            Self::Lost => "lost".to_owned(),
        }
    }

    /// The unit of its values in JSON.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Percentile(_) | Self::Mean => "ms",
            Self::Rate => "1/s",
            Self::Failures | Self::Lost => "share",
        }
    }

    /// Whether it is a response time.
    pub fn is_time(self) -> bool {
        matches!(self, Self::Percentile(_) | Self::Mean)
    }

    /// Whether it is a share of something, which may be 0.
    pub fn is_share(self) -> bool {
        self.scale() == Scale::Linear
    }

    /// How two of its values are compared.
    pub fn scale(self) -> Scale {
        match self {
            Self::Percentile(_) | Self::Mean | Self::Rate => Scale::Logarithmic,
            Self::Failures | Self::Lost => Scale::Linear,
        }
    }

    /// 1 if more is worse, -1 if more is better.
    pub fn sign(self) -> f64 {
        if self == Self::Rate { -1.0 } else { 1.0 }
    }

    /// A value as it is compared. A time or a rate of 0 has no logarithm: the least that can be shown stands for it.
    pub fn scaled(self, value: f64) -> f64 {
        match self {
            // Half a microsecond.
            Self::Percentile(_) | Self::Mean => value.max(0.000_5).ln(),
            Self::Rate => value.max(0.001).ln(),
            Self::Failures | Self::Lost => value,
        }
    }

    /// The value of several runs together: the geometric mean, for shares the mean.
    pub fn together(self, values: &[f64]) -> f64 {
        let count = values.len() as f64;
        if values.iter().all(|value| *value == 0.0) {
            return 0.0;
        }
        match self.scale() {
            Scale::Linear => values.iter().sum::<f64>() / count,
            Scale::Logarithmic => (values.iter().map(|value| self.scaled(*value)).sum::<f64>() / count).exp(),
        }
    }

    /// How many requests a run needs so that ten of them are beyond a percentile.
    pub fn least_requests(self) -> u64 {
        match self {
            Self::Percentile(percent) if percent >= 99.9 => 10_000,
            Self::Percentile(percent) if percent >= 99.0 => 1_000,
            Self::Percentile(percent) if percent >= 95.0 => 200,
            Self::Percentile(_) => 20,
            _ => 1,
        }
    }

    /// A value in the unit that fits it.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Percentile(_) | Self::Mean => fitting::time_ms(value),
            Self::Rate => fitting::rate(value),
            Self::Failures | Self::Lost => fitting::percent(value),
        }
    }

    /// What a row is where this is worse or better: `slower`.
    pub fn word(self, worse: bool) -> &'static str {
        match (self, worse) {
            (Self::Percentile(_) | Self::Mean, true) => "slower",
            (Self::Percentile(_) | Self::Mean, false) => "faster",
            (Self::Rate, true) => "lower",
            (Self::Rate, false) => "higher",
            (Self::Failures | Self::Lost, true) => "more",
            (Self::Failures | Self::Lost, false) => "fewer",
        }
    }
}
