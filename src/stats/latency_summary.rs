//! Percentiles of response times as plain numbers.

/// Percentiles of response times, milliseconds, to three digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencySummary {
    /// How many requests had a response time.
    pub count: u64,
    /// The shortest response time.
    pub min_ms: f64,
    /// Their mean.
    pub mean_ms: f64,
    /// Half of them were at most this.
    pub p50_ms: f64,
    /// 90 % of them were at most this.
    pub p90_ms: f64,
    /// 95 % of them were at most this.
    pub p95_ms: f64,
    /// 99 % of them were at most this.
    pub p99_ms: f64,
    /// 99.9 % of them were at most this.
    pub p999_ms: f64,
    /// The longest response time.
    pub max_ms: f64,
}
