//! Which of Prometheus' formats an answer is in, and the answer.
//!
//! Native histograms exist only in the protobuf, which Prometheus asks for first if it wants them. Both texts have the same
//! numbers without them.

use std::sync::Arc;

use prometheus_client::encoding::{prometheus_protobuf, prometheus_text, text};
use prometheus_client::registry::Registry;

use crate::web::metrics::families::Families;
use crate::web::now::Now;

/// A format of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The old text, which everybody reads: what is answered to whoever does not ask for another one.
    Text,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
    /// Length-delimited messages: the only one with native histograms.
    Protobuf,
}

/// The metrics could not be written. Nothing that a run does leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the metrics cannot be written in this format")]
pub struct Unwritable;

impl Format {
    /// All of them; of two that are wanted equally, the later one is taken.
    const ALL: [Self; 3] = [Self::Text, Self::OpenMetrics, Self::Protobuf];

    /// The format that a header `Accept` wants most.
    pub fn accepted(accept: &str) -> Self {
        let wish = |format: &Self| {
            let wishes = accept.split(',').filter_map(|range| format.wish(range));
            wishes.max().unwrap_or(0)
        };
        let best = Self::ALL.into_iter().max_by_key(wish).filter(|best| wish(best) > 0);
        best.unwrap_or(Self::Text)
    }

    /// The value of the header `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// How much one range of a header `Accept` wants this format, in thousandths; `None` if it is about others.
    fn wish(self, range: &str) -> Option<u32> {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next()?.to_ascii_lowercase();
        let parameters: Vec<(String, &str)> = parts
            .filter_map(|part| part.split_once('='))
            .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().trim_matches('"')))
            .collect();
        let is = |key: &str, wanted: &str| {
            let value = parameters.iter().find(|(known, _)| known == key);
            value.is_none_or(|(_, value)| value.eq_ignore_ascii_case(wanted))
        };
        let fits = match self {
            Self::Text => ["text/plain", "text/*", "*/*"].contains(&media.as_str()) && is("version", "0.0.4"),
            Self::OpenMetrics => media == "application/openmetrics-text" && is("version", "1.0.0"),
            Self::Protobuf => {
                media == "application/vnd.google.protobuf"
                    && is("proto", "io.prometheus.client.MetricFamily")
                    && is("encoding", "delimited")
            }
        };
        let quality = parameters.iter().find(|(key, _)| key == "q");
        let quality = quality.map_or(Some(1.0), |(_, value)| value.parse::<f32>().ok());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number from 0 to 1000; none at all is 0"
        )]
        fits.then(|| (quality.unwrap_or(0.0).clamp(0.0, 1.0) * 1e3) as u32)
    }
}

/// The answer to a scrape: what is known of the run of this scenario.
///
/// # Errors
/// If the encoder cannot write what it is given.
pub fn scrape(scenario: &str, now: Arc<Now>, format: Format) -> Result<Vec<u8>, Unwritable> {
    let mut registry = Registry::with_prefix("mqtt_scenario");
    registry.register_collector(Box::new(Families::new(scenario, now)));
    let mut answer = String::new();
    match format {
        Format::Text => prometheus_text::encode(&mut answer, &registry).map_err(|_| Unwritable)?,
        Format::OpenMetrics => text::encode(&mut answer, &registry).map_err(|_| Unwritable)?,
        Format::Protobuf => return prometheus_protobuf::encode_to_vec(&registry).map_err(|_| Unwritable),
    }
    Ok(answer.into_bytes())
}

#[cfg(test)]
mod tests;
