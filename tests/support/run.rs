//! Runs in this process, and what they say.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::support::scripted::{Entry, Script, ScriptedConnector};
use mqtt_scenario::client::Connect;
use mqtt_scenario::client::transport::{Connector, Endpoint};
use mqtt_scenario::engine::{Control, Interrupts, MAX_ROWS, Observer, Options, Outcome, Tick, run, run_here};
use mqtt_scenario::plan::Plan;
use mqtt_scenario::report::events::{Event, RequestLog};
use mqtt_scenario::report::gather::{self, Ended};
use mqtt_scenario::stats::UnixMicros;
use mqtt_scenario::stats::batch::{Batch, RequestSeen};
use mqtt_scenario::stats::delivery::DeliveryReport;
use mqtt_scenario::stats::health::Health;
use mqtt_scenario::stats::percentiles::PercentileList;
use mqtt_scenario::stats::rate_search::RateSearchReport;
use mqtt_scenario::stats::result::what_ran::WhatRan;
use mqtt_scenario::stats::snapshot::Snapshot;
use mqtt_scenario::stats::threshold::Threshold;
use mqtt_scenario::stats::threshold::judge::judge;
use mqtt_scenario::stats::threshold::verdict::Verdict;
use tokio::time::sleep;

use crate::support::with_paused_clock;

/// One thread, and no log of requests.
pub(crate) const OPTIONS: Options = Options {
    threads: 1,
    keep_log: false,
    keep_history: false,
    reset_stats: false,
    max_rows: MAX_ROWS,
    percentiles: PercentileList::LOCUST,
    keep_seconds: false,
};

/// The same with a log of requests.
pub(crate) const LOGGED: Options = Options { keep_log: true, ..OPTIONS };

/// An observer that remembers nothing.
pub(crate) struct NullObserver;

impl Observer for NullObserver {
    type Error = Infallible;

    fn recorded(&mut self, _: &[Batch]) -> Result<(), Infallible> {
        Ok(())
    }

    fn tick(&mut self, _: &Tick<'_>) -> Result<Control, Infallible> {
        Ok(Control::GoOn)
    }
}

/// A tick as it was seen: milliseconds since the start, users, requests so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeenTick {
    pub(crate) at_ms: u64,
    pub(crate) users: i64,
    pub(crate) requests: u64,
    pub(crate) reset: bool,
    pub(crate) last: bool,
}

/// A request as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeenRequest {
    /// Milliseconds since the start.
    pub(crate) at_ms: u64,
    pub(crate) name: String,
    pub(crate) response_ms: Option<u64>,
    /// Of a schedule: from when the step began.
    pub(crate) began_ms: Option<u64>,
    pub(crate) length: u64,
    pub(crate) error: Option<String>,
}

type OnTick<'a> = Box<dyn Fn(&Snapshot) + 'a>;

/// Remembers what a run tells; requests, if the run keeps a log.
#[derive(Default)]
pub(crate) struct RecordingObserver<'a> {
    writes_log: bool,
    thresholds: Vec<Threshold>,
    on_tick: Option<OnTick<'a>>,
    stops_at: Option<u64>,
    start: Option<UnixMicros>,
    ticks: Vec<SeenTick>,
    requests: Vec<SeenRequest>,
    log: Option<RequestLog<Vec<u8>>>,
    last: Option<Snapshot>,
    health: Option<Health>,
    search: Option<RateSearchReport>,
    delivery: Option<DeliveryReport>,
    verdicts: Vec<Verdict>,
}

impl<'a> RecordingObserver<'a> {
    /// Writes the request log, and judges by these thresholds at the end.
    pub(crate) fn logging(thresholds: Vec<Threshold>) -> Self {
        Self { writes_log: true, thresholds, ..Self::default() }
    }

    /// Calls this at each tick.
    pub(crate) fn calling(on_tick: impl Fn(&Snapshot) + 'a) -> Self {
        Self { on_tick: Some(Box::new(on_tick)), ..Self::default() }
    }

    /// Ends the run by a threshold once there are so many requests.
    pub(crate) fn stopping_at(requests: u64) -> Self {
        Self { stops_at: Some(requests), ..Self::default() }
    }

    fn since_start(&self, at: UnixMicros) -> u64 {
        (at.0 - self.start.unwrap().0) / 1_000
    }

    /// What it has seen of a run that ended so.
    pub(crate) fn result(self, outcome: Outcome, journal: Vec<Entry>) -> RunResult {
        let log = self.log.map(|log| String::from_utf8(log.into_out()).unwrap()).unwrap_or_default();
        RunResult {
            outcome,
            journal,
            ticks: self.ticks,
            requests: self.requests,
            events: log.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            last: self.last.unwrap(),
            health: self.health.unwrap(),
            search: self.search,
            delivery: self.delivery,
            verdicts: self.verdicts,
        }
    }
}

impl Observer for RecordingObserver<'_> {
    type Error = Infallible;

    fn recorded(&mut self, batches: &[Batch]) -> Result<(), Infallible> {
        let seen = |r: RequestSeen<'_>| SeenRequest {
            at_ms: self.since_start(r.at),
            name: r.row.name.clone(),
            response_ms: r.response_ns.map(|ns| ns / 1_000_000),
            began_ms: r.began_ns.map(|ns| ns / 1_000_000),
            length: r.length,
            error: r.error.map(str::to_owned),
        };
        let new: Vec<_> = batches.iter().flat_map(Batch::requests).map(seen).collect();
        self.requests.extend(new);
        if let Some(log) = &mut self.log {
            log.write_tick(batches).unwrap();
        }
        Ok(())
    }

    fn tick(&mut self, tick: &Tick<'_>) -> Result<Control, Infallible> {
        if self.start.is_none() {
            self.start = Some(tick.at);
            self.log = self.writes_log.then(|| RequestLog::new(Vec::new(), tick.at).unwrap());
        }
        let snapshot = tick.statistics.snapshot(tick.at.as_secs_f64());
        self.ticks.push(SeenTick {
            at_ms: self.since_start(tick.at),
            users: snapshot.user_count,
            requests: snapshot.aggregated.requests,
            reset: tick.reset,
            last: tick.last,
        });
        if tick.last {
            if let Some(log) = &mut self.log {
                log.end(tick.at).unwrap();
            }
            let ended = Ended {
                run: WhatRan::default(),
                stages: &[],
                statistics: tick.statistics,
                snapshot: &snapshot,
                health: tick.health,
                thresholds: &[],
                aborted: None,
                rate_search: tick.search,
                delivery: tick.delivery,
                exit_code_on_error: 1,
            };
            let result = gather::result(ended);
            let judgements = self.thresholds.iter().flat_map(|threshold| judge(threshold, &result));
            self.verdicts = judgements.map(|judgement| judgement.verdict).collect();
        }
        if let Some(on_tick) = &self.on_tick {
            on_tick(&snapshot);
        }
        self.last = Some(snapshot);
        self.health = Some(tick.health.clone());
        self.search = tick.search.cloned();
        self.delivery = tick.delivery.cloned();
        let misses =
            self.stops_at.is_some_and(|requests| self.ticks.last().is_some_and(|t| t.requests >= requests));
        Ok(if misses { Control::StopByThreshold } else { Control::GoOn })
    }
}

/// A run that is over.
pub(crate) struct RunResult {
    pub(crate) outcome: Outcome,
    /// What a scripted broker was asked.
    pub(crate) journal: Vec<Entry>,
    pub(crate) ticks: Vec<SeenTick>,
    pub(crate) requests: Vec<SeenRequest>,
    /// The request log, if the observer wrote one.
    pub(crate) events: Vec<Event>,
    /// The statistics at the end.
    pub(crate) last: Snapshot,
    pub(crate) health: Health,
    pub(crate) search: Option<RateSearchReport>,
    pub(crate) delivery: Option<DeliveryReport>,
    pub(crate) verdicts: Vec<Verdict>,
}

impl RunResult {
    /// Requests and failures by name.
    pub(crate) fn rows(&self) -> BTreeMap<&str, (u64, u64)> {
        let rows = self.last.rows.iter();
        rows.map(|row| (row.key.name.as_str(), (row.requests, row.failures))).collect()
    }

    /// Requests and failures of a row.
    pub(crate) fn row(&self, name: &str) -> (u64, u64) {
        self.rows()[name]
    }

    /// The longest response time of a row.
    pub(crate) fn max_ms(&self, name: &str) -> f64 {
        self.last.rows.iter().find(|row| row.key.name == name).unwrap().max.to_f64()
    }

    /// The failures as `NAME: TEXT`, each once.
    pub(crate) fn failures(&self) -> Vec<String> {
        let failures = self.last.failures_as_seen().into_iter();
        failures.map(|f| format!("{}: {}", f.what.row.name, f.what.original)).collect()
    }

    /// Row, text and count of each failure, in order.
    pub(crate) fn failure_counts(&self) -> Vec<(&str, &str, u64)> {
        let mut failures: Vec<_> = self.last.failures.iter().collect();
        failures.sort_by_key(|failure| failure.order);
        let parts = failures.into_iter();
        parts.map(|f| (f.what.row.name.as_str(), f.what.original.as_str(), f.occurrences)).collect()
    }

    /// Name, count, and milliseconds that the oldest had waited, of each row with unfinished requests.
    pub(crate) fn unfinished(&self) -> Vec<(&str, u64, u64)> {
        let rows = self.last.unfinished.iter();
        rows.map(|row| (row.row.name.as_str(), row.waits.count, row.waits.oldest_ns / 1_000_000)).collect()
    }

    /// The journal, a line an entry.
    pub(crate) fn journal(&self) -> String {
        self.journal.iter().fold(String::new(), |mut text, entry| {
            writeln!(text, "{entry}").unwrap();
            text
        })
    }

    /// When entries whose action begins so were made, in milliseconds.
    pub(crate) fn times(&self, action: &str) -> Vec<u128> {
        let wanted = self.journal.iter().filter(|entry| entry.action.starts_with(action));
        wanted.map(|entry| entry.at.as_millis()).collect()
    }

    pub(crate) fn ended_at_ms(&self) -> u64 {
        self.ticks.last().unwrap().at_ms
    }
}

/// What failures call the broker of a run on sockets, whose port is another one each time.
pub(crate) const BROKER: &str = "b:1883";

/// Runs a plan on sockets with the broker at this address.
pub(crate) async fn run_on(addr: SocketAddr, plan: Arc<Plan>, interrupts: &Interrupts) -> RunResult {
    run_observed(addr, plan, OPTIONS, interrupts, RecordingObserver::default()).await
}

/// The same with these options and this observer.
pub(crate) async fn run_observed(
    addr: SocketAddr,
    plan: Arc<Plan>,
    options: Options,
    interrupts: &Interrupts,
    mut observer: RecordingObserver<'_>,
) -> RunResult {
    let connector = move || Connector::new(vec![Endpoint::from(addr).named(BROKER)]);
    let outcome = run(plan, connector, options, interrupts, &mut observer).await.unwrap();
    observer.result(outcome, Vec::new())
}

/// Runs a plan on the calling thread, with a script for its broker; somebody may interrupt it meanwhile.
pub(crate) async fn run_scripted<T>(
    plan: Arc<Plan>,
    script: Script,
    options: Options,
    interrupts: &Interrupts,
    meanwhile: impl Future<Output = T>,
) -> RunResult {
    let connector = ScriptedConnector::new(script);
    let mut observer = RecordingObserver::default();
    let run = run_here(plan, connector.clone(), options, interrupts, &mut observer);
    let (outcome, _) = tokio::join!(run, meanwhile);
    observer.result(outcome.unwrap(), connector.entries())
}

/// When somebody interrupts a run, since its begin.
pub(crate) type Signals = [Duration];

/// Interrupts a run at these moments of it, the second time and later ones for good.
pub(crate) async fn interrupt(tokens: &Interrupts, signals: &Signals) {
    let mut passed = Duration::ZERO;
    for (number, at) in signals.iter().enumerate() {
        sleep(at.saturating_sub(passed)).await;
        passed = *at;
        if number == 0 { tokens.stop.cancel() } else { tokens.abort.cancel() }
    }
}

/// Runs a plan on the calling thread with a log and these interrupts, and judges by its thresholds.
pub(crate) async fn run_logged<C: Connect>(plan: Arc<Plan>, connector: C, signals: &Signals) -> RunResult {
    let mut observer = RecordingObserver::logging(plan.thresholds.clone());
    let tokens = Interrupts::default();
    let run = run_here(plan, connector, LOGGED, &tokens, &mut observer);
    let (outcome, ()) = tokio::join!(run, interrupt(&tokens, signals));
    observer.result(outcome.unwrap(), Vec::new())
}

/// What the users of a plan do on a paused clock, in order, by client id; a message is `publish TOPIC PAYLOAD`.
pub(crate) fn actions(plan: Plan) -> BTreeMap<String, Vec<String>> {
    let result = with_paused_clock(async {
        run_scripted(Arc::new(plan), Script::default(), OPTIONS, &Interrupts::default(), async {}).await
    });
    let mut actions = BTreeMap::<_, Vec<_>>::new();
    for entry in result.journal {
        actions.entry(entry.client_id).or_default().push(entry.action);
    }
    actions
}
