//! All metrics that there are: name, meaning, and where in [`Now`] the value stands.
//!
//! `docs/metrics.md` lists them too, and a test holds both together. What is not known is left out, never zero. A number of
//! series has a limit wherever a scenario can make them many.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Unit;

use crate::stats::result::deliveries::{Deliveries, DeliveryRow};
use crate::web::metrics::label;
use crate::web::metrics::totals::{ROWS, TimesTotal, Totals};
use crate::web::metrics::write::{About, Write};
use crate::web::now::{Now, Phase};

/// The row of all rows that have no numbers of their own; its type is empty, which no other row's is.
const OTHER_ROWS: &str = "other rows";

/// So many classes of users have numbers of their own.
const CLASSES: usize = 500;

#[derive(Debug)]
pub(super) struct Families {
    scenario: String,
    now: Arc<Now>,
}

impl Families {
    pub(super) fn new(scenario: &str, now: Arc<Now>) -> Self {
        Self { scenario: label::value(scenario), now }
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut write = Write::new(&mut encoder);
        self.run(&mut write)?;
        if let Some(totals) = &self.now.totals {
            rows(totals, &mut write)?;
            traffic(totals, &mut write)?;
        }
        self.users(&mut write)?;
        self.bytes(&mut write)?;
        // Before the end the result tells of deliveries only what is settled, if it is made at all.
        if let (Phase::Stopped, Some(result)) = (self.now.phase, &self.now.result)
            && let Some(deliveries) = &result.end_to_end
        {
            of_deliveries(deliveries, &mut write)?;
        }
        self.generator(&mut write)
    }
}

impl Families {
    /// What runs, and where it is between its beginning and its end.
    fn run(&self, write: &mut Write<'_, '_>) -> fmt::Result {
        let now = &*self.now;
        if now.run > 0 {
            let (stage, stage_number) = match &now.stage {
                Some(stage) => (label::value(&stage.name), stage.number.to_string()),
                None => (String::new(), String::new()),
            };
            let labels = [
                ("scenario", self.scenario.clone()),
                ("run", now.run.to_string()),
                ("run_id", label::value(&now.run_id)),
                ("stage", stage),
                ("stage_number", stage_number),
                ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ];
            write.info(&About::plain("run", "What runs: always 1."), &labels)?;
        }
        let phases = [Phase::Ready, Phase::Spawning, Phase::Running, Phase::Stopping, Phase::Stopped];
        write.gauges(
            &About::plain("phase", "Where the run is: 1 for the phase that it is in, and 0 for the others."),
            phases.map(|phase| ([("phase", phase.word())], u64::from(phase == now.phase))),
        )?;
        write.gauge(
            &About::with("run_start_time", Unit::Seconds, "When the run began, in unix time."),
            now.started,
        )?;
        write.gauge(
            &About::with("run_elapsed", Unit::Seconds, "For how long the run has gone on, or went on."),
            now.started.map(|_| now.elapsed.as_secs_f64()),
        )
    }

    fn users(&self, write: &mut Write<'_, '_>) -> fmt::Result {
        let now = &*self.now;
        let own = now.users.iter().take(CLASSES);
        let mut classes: Vec<(String, u32, u32)> =
            own.map(|class| (label::value(&class.class), class.wanted, class.alive)).collect();
        if let Some(others @ [_, ..]) = now.users.get(CLASSES..) {
            let sum = |of: fn(&crate::web::now::ClassUsers) -> u32| others.iter().map(of).sum();
            classes.push(("other classes".to_owned(), sum(|class| class.wanted), sum(|class| class.alive)));
        }
        let states = classes.iter().flat_map(|(class, wanted, alive)| {
            [("wanted", *wanted), ("alive", *alive)]
                .map(|(state, users)| ([("class", class.as_str()), ("state", state)], u64::from(users)))
        });
        write.gauges(
            &About::plain("users", "Users of each class: how many are wanted, and how many live."),
            states,
        )?;
        let connected = (now.run > 0).then_some(now.connected);
        write.gauge(&About::plain("connections", "Connections that are open."), connected)
    }

    fn bytes(&self, write: &mut Write<'_, '_>) -> fmt::Result {
        write.counter(
            &About::with("sent", Unit::Bytes, "Bytes of MQTT packets that were sent to brokers."),
            self.now.sent_bytes,
        )?;
        write.counter(
            &About::with("received", Unit::Bytes, "Bytes of MQTT packets that came from brokers."),
            self.now.received_bytes,
        )
    }

    fn generator(&self, write: &mut Write<'_, '_>) -> fmt::Result {
        let now = &*self.now;
        write.gauge(
            &About::plain(
                "generator_cpu_cores",
                "CPU of the load generator in the last second: 1 is one core.",
            ),
            now.resources.cpu_cores,
        )?;
        write.gauge(
            &About::with("generator_memory", Unit::Bytes, "Memory of the whole program (resident set)."),
            now.resources.memory_bytes,
        )?;
        let of_run = now.health.send_lag.iter().flat_map(|lag| {
            [("p50", lag.p50_ms), ("p95", lag.p95_ms), ("p99", lag.p99_ms), ("max", lag.max_ms)]
                .map(|(at, ms)| ([("at", at)], ms / 1e3))
        });
        write.gauges(
            &About::with("send_lag", Unit::Seconds, "How late pauses ended, over the run."),
            of_run,
        )?;
        write.gauge(
            &About::with(
                "last_second_send_lag",
                Unit::Seconds,
                "How late pauses ended in the last second, at the 99th percentile.",
            ),
            now.second.send_lag_p99_ms.map(|ms| ms / 1e3),
        )?;
        if now.run == 0 {
            return Ok(());
        }
        write.gauge(
            &About::plain("generator_is_limit", "Whether the load generator is the limit now: 1 or 0."),
            Some(u64::from(now.health.limit.is_some())),
        )?;
        write.counter(
            &About::with(
                "generator_limited",
                Unit::Seconds,
                "Seconds in which the load generator was the limit.",
            ),
            Some(now.health.limited_seconds),
        )
    }
}

struct Row<'a> {
    labels: RowLabels,
    requests: u64,
    failures: u64,
    length: u64,
    response: Option<&'a TimesTotal>,
    measured: Option<&'a TimesTotal>,
}

/// Requests, failures and times of each row.
fn rows(totals: &Totals, write: &mut Write<'_, '_>) -> fmt::Result {
    let others = &totals.others;
    let own = totals.rows.iter().map(|row| Row {
        labels: row_labels(&row.key.request_type, &row.key.name),
        requests: row.requests,
        failures: row.failures,
        length: row.length,
        response: (!row.measured).then_some(&row.times),
        measured: row.measured.then_some(&row.times),
    });
    let other = (others.rows > 0).then(|| Row {
        labels: row_labels("", OTHER_ROWS),
        requests: others.requests,
        failures: others.failures,
        length: others.length,
        response: Some(&others.response),
        measured: Some(&others.measured),
    });
    let rows: Vec<Row<'_>> = own.chain(other).collect();
    write.counters(
        &About::plain(
            "requests",
            "Requests that ended, failed ones included. Each measured message counts too.",
        ),
        rows.iter().map(|row| (row.labels.as_slice(), row.requests)),
    )?;
    write.counters(
        &About::plain("failures", "Requests that failed."),
        rows.iter().map(|row| (row.labels.as_slice(), row.failures)),
    )?;
    write.counters(
        &About::with(
            "content",
            Unit::Bytes,
            "Bytes of the payloads of these requests and measured messages.",
        ),
        rows.iter().map(|row| (row.labels.as_slice(), row.length)),
    )?;
    let has_times = |times: &&TimesTotal| !times.histogram.is_empty();
    write.histograms(
        &About::with("response_time", Unit::Seconds, "Response times of requests, failed ones included."),
        totals.since,
        rows.iter().filter_map(|row| Some((row.labels.as_slice(), row.response.filter(has_times)?))),
    )?;
    write.histograms(
        &About::with("end_to_end_time", Unit::Seconds, "Times of measured messages from publish to arrival."),
        totals.since,
        rows.iter().filter_map(|row| Some((row.labels.as_slice(), row.measured.filter(has_times)?))),
    )?;
    let all = totals.rows.len() + others.rows;
    write.gauge(&About::plain("rows", "Rows that the statistics have."), Some(all as u64))?;
    write.gauge(
        &About::plain("other_rows", "Rows that are counted together as `other rows`."),
        Some(others.rows as u64),
    )
}

/// Connections and messages of all users.
fn traffic(totals: &Totals, write: &mut Write<'_, '_>) -> fmt::Result {
    let (connections, received) = (totals.connections, totals.received);
    write.counter(
        &About::plain("connections_opened", "Connections that brokers accepted."),
        Some(connections.opened),
    )?;
    write.counter(
        &About::plain("connections_ended", "Connections that ended, for whatever reason."),
        Some(connections.ended),
    )?;
    write.counter(
        &About::plain("messages_received", "Messages that arrived on subscriptions."),
        Some(received.messages),
    )?;
    write.counter(
        &About::with("messages_received_payload", Unit::Bytes, "Bytes of the payloads of these messages."),
        Some(received.bytes),
    )
}

fn of_deliveries(deliveries: &Deliveries, write: &mut Write<'_, '_>) -> fmt::Result {
    let own = deliveries.rows.iter().take(ROWS);
    let mut rows: Vec<(RowLabels, DeliveryRow)> = own
        .map(|row| (row_labels(&row.request_type, &row.name), counts_of(std::slice::from_ref(row))))
        .collect();
    if let Some(others @ [_, ..]) = deliveries.rows.get(ROWS..) {
        rows.push((row_labels("", OTHER_ROWS), counts_of(others)));
    }
    for (name, meaning, count) in [
        (
            "deliveries_expected",
            "Measured messages that should have arrived.",
            (|row| row.expected) as fn(&DeliveryRow) -> u64,
        ),
        ("deliveries_received", "Different measured messages that arrived.", |row| row.received),
        (
            "deliveries_reordered",
            "Measured messages that arrived after a later one of the same publisher.",
            |row| row.reordered,
        ),
        (
            "deliveries_unsettled",
            "Messages of which it is not known whether they should have arrived.",
            |row| row.unsettled,
        ),
    ] {
        write.counters(
            &About::plain(name, meaning),
            rows.iter().map(|(labels, row)| (labels.as_slice(), count(row))),
        )?;
    }
    let with_causes = |causes: fn(&DeliveryRow) -> Vec<(&'static str, u64)>| {
        rows.iter().flat_map(move |([of_type, name], row)| {
            causes(row).into_iter().map(move |(cause, count)| {
                ([of_type.clone(), name.clone(), ("cause", cause.to_owned())], count)
            })
        })
    };
    write.counters(
        &About::plain("deliveries_lost", "Measured messages that did not arrive, by cause."),
        with_causes(|row| {
            let lost = row.lost;
            vec![
                ("qos_0", lost.qos_0),
                ("reconnect", lost.reconnect),
                ("expiry", lost.expiry),
                ("not_acknowledged", lost.not_acknowledged),
                ("not_shared", lost.not_shared),
                ("unexplained", lost.unexplained),
            ]
        }),
    )?;
    write.counters(
        &About::plain("deliveries_duplicates", "Measured messages that arrived again, by cause."),
        with_causes(|row| {
            let duplicates = row.duplicates;
            vec![
                ("redelivered", duplicates.redelivered),
                ("against_qos_2", duplicates.against_qos_2),
                ("unexplained", duplicates.unexplained),
            ]
        }),
    )
}

/// The counts of these rows together.
fn counts_of(rows: &[DeliveryRow]) -> DeliveryRow {
    Deliveries { rows: rows.to_vec(), complete: false }.total()
}

type RowLabels = [(&'static str, String); 2];

fn row_labels(request_type: &str, name: &str) -> RowLabels {
    [("type", label::value(request_type)), ("name", label::value(name))]
}

#[cfg(test)]
mod tests;
