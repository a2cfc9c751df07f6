//! What became of measured messages, from publish to arrival.

use askama::Template;

use crate::report::doubts;
use crate::report::html::section::rows::Cell;
use crate::report::html::text;
use crate::stats::result::RunResult;
use crate::stats::result::deliveries::{DeliveryRow, DuplicatesResult, LostResult};
use crate::stats::result::row::Times;
use crate::units::fitting;

#[derive(Template)]
#[template(path = "report/deliveries.html", whitespace = "minimize")]
pub(crate) struct DeliveriesSection {
    rows: Vec<Delivery>,
    doubts: Vec<String>,
}

struct Delivery {
    name: String,
    cells: Vec<Cell>,
    /// The causes of what is not as it should be, and what was left out of the counts.
    causes: Vec<String>,
}

impl DeliveriesSection {
    /// `None` if nothing was measured.
    pub(crate) fn of(result: &RunResult) -> Option<Self> {
        let deliveries = result.end_to_end.as_ref()?;
        Some(Self {
            rows: deliveries.rows.iter().map(Delivery::of).collect(),
            doubts: doubts::of_messages(result),
        })
    }
}

impl Delivery {
    fn of(row: &DeliveryRow) -> Self {
        let bad = |number: u64| Cell { class: if number > 0 { "bad" } else { "" }, ..Cell::count(number) };
        let time = |pick: fn(&Times) -> f64| Cell::time(row.times_ms.as_ref().map(pick));
        let cells = vec![
            Cell::count(row.expected),
            Cell::count(row.received),
            bad(row.lost.total),
            bad(row.duplicates.total),
            bad(row.reordered),
            Cell::count(row.unsettled),
            time(|times| times.p50),
            time(|times| times.p99),
            time(|times| times.p999),
            time(|times| times.max),
        ];
        Self { name: text::line(&row.name), cells, causes: causes(row) }
    }
}

fn causes(row: &DeliveryRow) -> Vec<String> {
    let list = |what: &str, causes: &[(u64, &str)]| {
        let causes: Vec<_> = causes
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, cause)| format!("{} {cause}", fitting::count(*count)))
            .collect();
        (!causes.is_empty()).then(|| format!("{what}: {}.", causes.join(", ")))
    };
    let LostResult { qos_0, reconnect, expiry, not_acknowledged, not_shared, unexplained, .. } = row.lost;
    let lost = list(
        "Lost",
        &[
            (qos_0, "with QoS 0, which promises nothing"),
            (reconnect, "while the subscriber had no connection"),
            (expiry, "expired"),
            (not_acknowledged, "whose publish had failed"),
            (not_shared, "of a shared subscription that the broker does not support"),
            (unexplained, "without an explanation: the broker owes them"),
        ],
    );
    let DuplicatesResult { redelivered, against_qos_2, unexplained, .. } = row.duplicates;
    let duplicates = list(
        "Duplicates",
        &[
            (redelivered, "delivered again, as QoS 1 allows"),
            (against_qos_2, "against QoS 2, which delivers once"),
            (unexplained, "without an explanation"),
        ],
    );
    let beside = list(
        "Not counted",
        &[
            (row.retained, "retained messages from before the subscription"),
            (row.untracked, "of more streams than can be tracked"),
        ],
    );
    let service = row.service_time_ms.map(|times| {
        format!(
            "From when the publish began instead of when it was due: p50 {}, p99 {}, longest {}.",
            fitting::time_ms(times.p50),
            fitting::time_ms(times.p99),
            fitting::time_ms(times.max)
        )
    });
    [lost, duplicates, beside, service].into_iter().flatten().collect()
}
