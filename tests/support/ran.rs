//! A run in this process on real sockets, and what its statistics say at its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::engine::{Interrupts, MAX_ROWS, Observer, Options, Outcome, Tick, run};
use mqtt_scenario::plan::Plan;
use mqtt_scenario::stats::batch::Batch;
use mqtt_scenario::stats::snapshot::Snapshot;

pub(crate) const OPTIONS: Options =
    Options { threads: 1, keep_log: false, keep_history: false, reset_stats: false, max_rows: MAX_ROWS };

/// Keeps the last state.
#[derive(Default)]
pub(crate) struct Watch(pub(crate) Option<Snapshot>);

impl Observer for Watch {
    type Error = Infallible;

    fn recorded(&mut self, _batches: &[Batch]) -> Result<(), Infallible> {
        Ok(())
    }

    fn tick(&mut self, tick: &Tick<'_>) -> Result<(), Infallible> {
        self.0 = Some(tick.statistics.snapshot(tick.at.as_secs_f64()));
        Ok(())
    }
}

/// A run that is over.
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) last: Snapshot,
}

impl Ran {
    /// Requests and failures of a row, and its longest response time in milliseconds.
    pub(crate) fn row(&self, name: &str) -> (u64, u64, f64) {
        let row = self.last.rows.iter().find(|row| row.key.name == name).unwrap();
        (row.requests, row.failures, row.max.to_f64())
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        let failures = self.last.failures_as_seen().into_iter();
        failures.map(|f| format!("{}: {}", f.what.row.name, f.what.original)).collect()
    }
}

/// Runs a plan on the broker at this address.
pub(crate) async fn run_on(addr: SocketAddr, plan: Arc<Plan>, interrupts: &Interrupts) -> Ran {
    let mut watch = Watch::default();
    let connector = move || Connector::new(vec![Endpoint::from(addr)]);
    let outcome = run(plan, connector, OPTIONS, interrupts, &mut watch).await.unwrap();
    Ran { outcome, last: watch.0.unwrap() }
}
