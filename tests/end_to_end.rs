//! Measured messages through all layers: what the program counts as lost, doubled and out of order is what the
//! embedded broker did, to the message.

use std::convert::Infallible;
use std::sync::Arc;

use mqtt_scenario::broker::counters::Counters;
use mqtt_scenario::broker::faults::Faults;
use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::engine::{Interrupts, Observer, Options, Outcome, Tick, run};
use mqtt_scenario::stats::batch::Batch;
use mqtt_scenario::stats::delivery::{Counts, DeliveryReport};
use mqtt_scenario::stats::snapshot::Snapshot;

use crate::support::{compiled, with_sockets};

const OPTIONS: Options = Options { threads: 2, keep_log: false, keep_history: false, reset_stats: false };

/// How a run ended.
struct Ran {
    outcome: Outcome,
    snapshot: Snapshot,
    report: DeliveryReport,
    broker: Counters,
}

impl Ran {
    fn counts(&self, row: &str) -> Counts {
        self.report.rows.iter().find(|(key, _)| key.name == row).unwrap_or_else(|| panic!("{row}")).1
    }

    /// Requests of a row.
    fn requests(&self, row: &str) -> u64 {
        self.snapshot.rows.iter().filter(|found| found.key.name == row).map(|row| row.requests).sum()
    }
}

#[derive(Default)]
struct Last {
    snapshot: Option<Snapshot>,
    report: Option<DeliveryReport>,
}

impl Observer for Last {
    type Error = Infallible;

    fn recorded(&mut self, _batches: &[Batch]) -> Result<(), Infallible> {
        Ok(())
    }

    fn tick(&mut self, tick: &Tick<'_>) -> Result<(), Infallible> {
        self.snapshot = Some(tick.statistics.snapshot(tick.at.as_secs_f64()));
        self.report = tick.delivery.cloned();
        Ok(())
    }
}

/// Carries out a scenario against a broker with such faults.
fn carry_out(text: &str, faults: Faults) -> Ran {
    let plan = Arc::new(compiled(text, &[]).1.unwrap().plan);
    let broker = Broker::start(BrokerConfig { faults, ..BrokerConfig::default() }).unwrap();
    let endpoint = Endpoint::from(broker.addr());
    let connector = move || Connector::new(vec![endpoint.clone()]);
    let mut last = Last::default();
    let outcome = with_sockets(run(plan, connector, OPTIONS, &Interrupts::default(), &mut last)).unwrap();
    let (snapshot, report) = (last.snapshot.unwrap(), last.report.unwrap());
    assert!(report.complete);
    Ran { outcome, snapshot, report, broker: broker.stop() }
}

/// Five publishers that begin when three subscribers and a shared group of two have subscribed.
fn many_to_many(protocol: &str, qos: u8, stamp: &str) -> String {
    format!(
        r#"
        version = 1
        load = {{ users = 10, spawn_rate = 100, run_time = "3s" }}
        [brokers.b]
        url = "mqtt://127.0.0.1"
        protocol = "{protocol}"
        [user_classes.publisher]
        weight = 5
        iterations = 1
        on_start = ["connect", {{ wait = "500ms" }}]
        tasks = [{{ name = "publish", steps = [{{ repeat = {{ times = 200, steps = [
          {{ publish = {{ topic = "m/${{client_id}}", qos = {qos}, payload = {{ json = {{ seq = "${{seq}}" }} }}, stamp = "{stamp}" }} }},
        ] }} }}] }}]
        [user_classes.subscriber]
        fixed_count = 3
        on_start = [{{ subscribe = {{ filter = "m/+", qos = 1, measure = "end_to_end", stamp = "{stamp}", measure_name = "all" }} }}]
        tasks = [{{ name = "listen", steps = [{{ wait = "1h" }}] }}]
        [user_classes.member]
        fixed_count = 2
        on_start = [{{ subscribe = {{ filter = "$share/g/m/#", qos = 1, measure = "end_to_end", stamp = "{stamp}", measure_name = "shared" }} }}]
        tasks = [{{ name = "listen", steps = [{{ wait = "1h" }}] }}]
        "#
    )
}

const EACH: u64 = 5 * 200;

#[test]
fn what_is_dropped_and_repeated_is_counted_to_the_message() {
    for (protocol, qos, stamp) in
        [("3.1.1", 0, "prefix"), ("3.1.1", 1, "json:/sent"), ("5", 0, "json:/seq"), ("5", 1, "user_property")]
    {
        let faults = Faults { drop: 0.05, repeat: 0.05, seed: 7, ..Faults::default() };
        let ran = carry_out(&many_to_many(protocol, qos, stamp), faults);
        let (all, shared) = (ran.counts("all"), ran.counts("shared"));
        assert_eq!((all.expected(), shared.expected()), (3 * EACH, EACH), "{protocol} {qos}");
        let lost = all.lost.total() + shared.lost.total();
        let twice = all.duplicates.unexplained + shared.duplicates.unexplained;
        let counted = (ran.broker.dropped_deliveries, ran.broker.repeated_deliveries);
        assert_eq!((lost, twice), counted, "{protocol} {qos}");
        assert!(lost > 100 && twice > 100, "{lost} {twice}");
        let cause = if qos == 0 { all.lost.qos_0 } else { all.lost.unexplained };
        assert_eq!((cause, all.reordered, all.unsettled), (all.lost.total(), 0, 0));
        // Each arrival is a request of its row.
        assert_eq!(ran.requests("all"), all.received + all.duplicates.total());
        assert_eq!(ran.requests("shared"), shared.received + shared.duplicates.total());
        assert_eq!(ran.outcome.received.messages, ran.requests("all") + ran.requests("shared"));
        let times = ran.snapshot.measured.iter().map(|(row, times)| (&*row.name, times.count));
        assert!(times.eq([("all", ran.requests("all")), ("shared", ran.requests("shared"))]));
    }
}

#[test]
fn what_changes_places_is_counted_to_the_message() {
    for (protocol, qos) in [("3.1.1", 0), ("3.1.1", 1), ("5", 1)] {
        let text = format!(
            r#"
            version = 1
            load = {{ users = 6, spawn_rate = 100, run_time = "3s" }}
            [brokers.b]
            url = "mqtt://127.0.0.1"
            protocol = "{protocol}"
            [user_classes.publisher]
            iterations = 1
            on_start = ["connect", {{ wait = "500ms" }}]
            tasks = [{{ name = "publish", steps = [{{ repeat = {{ times = 300, steps = [
              {{ publish = {{ topic = "s/${{user.index}}", qos = {qos}, stamp = "prefix" }} }},
            ] }} }}] }}]
            [user_classes.subscriber]
            on_start = [{{ subscribe = {{ filter = "s/${{user.index}}", qos = 1, measure = "end_to_end", measure_name = "all" }} }}]
            tasks = [{{ name = "listen", steps = [{{ wait = "1h" }}] }}]
            "#
        );
        let ran = carry_out(&text, Faults { swap: 0.1, drop: 0.05, seed: 3, ..Faults::default() });
        let all = ran.counts("all");
        assert_eq!((all.expected(), all.duplicates.total()), (3 * 300, 0), "{protocol} {qos}");
        let counted = (ran.broker.dropped_deliveries, ran.broker.swapped_deliveries);
        assert_eq!((all.lost.total(), all.reordered), counted, "{protocol} {qos}");
        assert!(all.lost.total() > 20 && all.reordered > 20, "{all:?}");
    }
}
