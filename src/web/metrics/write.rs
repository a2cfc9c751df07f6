//! Writes families of metrics: what `prometheus-client` wants to hear about each.

use std::fmt;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, MetricEncoder, NativeHistogram,
    NativeHistogramBuckets, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Unit;

use crate::web::metrics::buckets::{self, Native};
use crate::web::metrics::totals::TimesTotal;

/// What is written is no sample of anything else.
const NO_EXEMPLAR: Option<&Exemplar<NoLabelSet, f64>> = None;

#[derive(Debug)]
pub(super) struct About {
    /// The name without prefix, unit and `_total`.
    name: &'static str,
    unit: Option<Unit>,
    help: &'static str,
}

impl About {
    pub(super) fn plain(name: &'static str, help: &'static str) -> Self {
        Self { name, unit: None, help }
    }

    /// A family of values with a unit.
    pub(super) fn with(name: &'static str, unit: Unit, help: &'static str) -> Self {
        Self { name, unit: Some(unit), help }
    }
}

/// Writes families one after the other. A family without values is not written.
#[derive(Debug)]
pub(super) struct Write<'a, 'e>(&'a mut DescriptorEncoder<'e>);

impl<'a, 'e> Write<'a, 'e> {
    pub(super) fn new(encoder: &'a mut DescriptorEncoder<'e>) -> Self {
        Self(encoder)
    }

    pub(super) fn counters<L: EncodeLabelSet, V: EncodeCounterValue>(
        &mut self,
        about: &About,
        values: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        self.family(about, MetricType::Counter, values, |mut of, value| {
            of.encode_counter(&value, NO_EXEMPLAR)
        })
    }

    pub(super) fn gauges<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        about: &About,
        values: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        self.family(about, MetricType::Gauge, values, |mut of, value| of.encode_gauge(&value))
    }

    /// A value for each set of labels.
    fn family<L: EncodeLabelSet, V>(
        &mut self,
        about: &About,
        kind: MetricType,
        values: impl IntoIterator<Item = (L, V)>,
        mut encode: impl FnMut(MetricEncoder<'_>, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(about.name, about.help, about.unit.as_ref(), kind)?;
        values.try_for_each(|(labels, value)| encode(family.encode_family(&labels)?, value))
    }

    /// A counter without labels, if it is known.
    pub(super) fn counter(&mut self, about: &About, value: Option<impl EncodeCounterValue>) -> fmt::Result {
        self.counters(about, value.map(|value| ([NO_LABEL; 0], value)))
    }

    /// A gauge without labels, if it is known.
    pub(super) fn gauge(&mut self, about: &About, value: Option<impl EncodeGaugeValue>) -> fmt::Result {
        self.gauges(about, value.map(|value| ([NO_LABEL; 0], value)))
    }

    pub(super) fn info(&mut self, about: &About, words: &[(&'static str, String)]) -> fmt::Result {
        self.0.encode_descriptor(about.name, about.help, None, MetricType::Info)?.encode_info(&words)
    }

    /// A histogram for each set of labels, whose times are counted since this moment (seconds of unix time).
    pub(super) fn histograms<'t, L: EncodeLabelSet>(
        &mut self,
        about: &About,
        since: f64,
        values: impl IntoIterator<Item = (L, &'t TimesTotal)>,
    ) -> fmt::Result {
        let since = Duration::try_from_secs_f64(since).unwrap_or_default();
        self.family(about, MetricType::Histogram, values, |mut of, TimesTotal { histogram, sum_s }| {
            let native = Native::of(histogram);
            of.encode_histogram_with_native::<NoLabelSet>(
                *sum_s,
                histogram.count(),
                &buckets::classic(histogram),
                None,
                NativeHistogram {
                    schema: buckets::SCHEMA,
                    zero_threshold: buckets::ZERO_THRESHOLD,
                    zero_count: 0,
                    negative: NativeHistogramBuckets { spans: &[], deltas: &[] },
                    positive: NativeHistogramBuckets { spans: &native.spans, deltas: &native.deltas },
                    created: SystemTime::UNIX_EPOCH.checked_add(since),
                },
            )
        })
    }
}

const NO_LABEL: (&str, &str) = ("", "");
