//! Tells the desk what a run does, once a second and at its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::load::Loaded;
use crate::cli::onlooker::Onlooker;
use crate::cli::ticked::{class_users, resources};
use crate::cli::web::offer::host;
use crate::engine::Tick;
use crate::report::csv::history::{History, HistoryRows};
use crate::stats::UnixMicros;
use crate::stats::percentiles::PercentileList;
use crate::stats::result::RunResult;
use crate::stats::snapshot::Snapshot;
use crate::web::desk::Desk;
use crate::web::metrics::totals::Totals;
use crate::web::now::{ClassUsers, Now, Phase, StageNow};

/// So many rows has the table of the last seconds.
const LIVE_ROWS: usize = 500;

/// What stays the same for all ticks of a run.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// The number of the run, from 1.
    pub(super) run: u32,
    /// The name of its scenario.
    scenario: String,
    /// The address of its broker, as [`Now::host`] has it.
    host: String,
    /// What `${run.id}` stands for.
    run_id: String,
    /// The result of the run before.
    pub(super) previous: Option<Arc<RunResult>>,
    /// The names of the classes, in the order of the plan.
    classes: Vec<String>,
    /// How many stages there are; 0 if the load has none.
    stages: usize,
    /// Whether messages are measured from end to end.
    measures: bool,
    full_history: Option<PathBuf>,
}

impl Told {
    pub(super) fn new(
        loaded: &Loaded,
        run: u32,
        previous: Option<Arc<RunResult>>,
        full_history: Option<PathBuf>,
    ) -> Self {
        let plan = &loaded.plan;
        let classes = plan.classes.iter().map(|class| class.name.clone()).collect();
        let stages = if plan.load.is_staged() { plan.load.stages.len() } else { 0 };
        Self {
            run,
            scenario: plan.name.clone(),
            host: host(plan),
            run_id: loaded.run_id.clone(),
            previous,
            classes,
            stages,
            measures: plan.measures(),
            full_history,
        }
    }
}

/// Tells the desk.
#[derive(Debug)]
pub(super) struct Teller {
    desk: Desk,
    told: Told,
    stop: CancellationToken,
    started: Option<UnixMicros>,
    /// The last snapshot with all rows.
    snapshot: Option<Arc<Snapshot>>,
    /// The history, which the page offers whether a file is written or not: 150 bytes a second.
    history: HistoryRows,
}

impl Teller {
    /// `stop` is cancelled when somebody wants the run to end.
    pub(super) fn new(desk: Desk, told: Told, stop: CancellationToken, percentiles: &PercentileList) -> Self {
        desk.begin_history(&HistoryRows::header(percentiles));
        let history = HistoryRows::new(History::Aggregated);
        Self { desk, told, stop, started: None, snapshot: None, history }
    }

    fn phase(&self, users: &[ClassUsers]) -> Phase {
        let wants_more = users.iter().any(|class| class.alive < class.wanted);
        match (self.stop.is_cancelled(), wants_more) {
            (true, _) => Phase::Stopping,
            (false, true) => Phase::Spawning,
            (false, false) => Phase::Running,
        }
    }
}

impl Onlooker for Teller {
    fn tick(&mut self, tick: &Tick<'_>, snapshot: &Arc<Snapshot>, all: bool, result: &dyn Fn() -> RunResult) {
        let started = *self.started.get_or_insert(tick.at);
        if all {
            self.snapshot = Some(Arc::clone(snapshot));
        }
        if tick.last {
            let end = self.history.of_end(snapshot);
            self.desk.add_history(end.replaced, end.rows);
        } else {
            self.desk.add_history(0, self.history.of_tick(snapshot));
        }
        let users = class_users(&self.told.classes, tick);
        let since = |at: UnixMicros, from: UnixMicros| Duration::from_micros(at.0.saturating_sub(from.0));
        let stage = (self.told.stages > 0).then(|| StageNow {
            name: tick.stage.name.clone(),
            number: tick.stage.index + 1,
            of: self.told.stages,
            elapsed: since(tick.at, tick.stage.begins),
            length: tick.stage.ends.map(|ends| since(ends, tick.stage.begins)),
        });
        let (is_watched, is_scraped) = (self.desk.is_watched(), self.desk.wants_totals());
        self.desk.tell(Now {
            // The end may wait for files and for the last word of a broker.
            phase: if tick.last { Phase::Stopping } else { self.phase(&users) },
            run: self.told.run,
            scenario: self.told.scenario.clone(),
            host: self.told.host.clone(),
            run_id: self.told.run_id.clone(),
            started: Some(started.as_secs_f64()),
            elapsed: since(tick.at, started),
            snapshot: self.snapshot.clone(),
            // Locust's JSON always has the percentiles of all requests.
            live: Some(Arc::new(tick.statistics.live(if is_watched { LIVE_ROWS } else { 0 }))),
            result: is_watched.then(|| Arc::new(result())),
            previous: self.told.previous.clone(),
            totals: (tick.last || is_scraped).then(|| Arc::new(Totals::of(tick.statistics))),
            users,
            users_alive: u32::try_from(snapshot.user_count).unwrap_or(0),
            users_wanted: tick.stage.users_wanted,
            connected: snapshot.connections.open(),
            stage,
            health: tick.health.clone(),
            second: tick.second,
            resources: resources(tick, is_watched || is_scraped),
            sent_bytes: tick.packet_bytes.map(|packet_bytes| packet_bytes.sent),
            received_bytes: tick.packet_bytes.map(|packet_bytes| packet_bytes.received),
            measures: self.told.measures,
            full_history: self.told.full_history.clone(),
        });
    }
}

/// Tells that this run begins.
pub(super) fn begins(desk: &Desk, run: u32) {
    desk.tell(Now { phase: Phase::Spawning, run, ..Now::default() });
}

/// Tells that a run is over, with its whole result.
pub(super) fn over(desk: &Desk, told: &Told, result: Option<Arc<RunResult>>, last: Option<Arc<Snapshot>>) {
    let before = desk.now();
    let users =
        before.users.iter().map(|class| ClassUsers { wanted: 0, alive: 0, ..class.clone() }).collect();
    let length = result.as_ref().map(|result| (result.run.ended - result.run.started).max(0.0));
    desk.tell(Now {
        phase: Phase::Stopped,
        elapsed: length.and_then(|length| Duration::try_from_secs_f64(length).ok()).unwrap_or(before.elapsed),
        run: told.run,
        previous: told.previous.clone(),
        snapshot: last.or_else(|| before.snapshot.clone()),
        result,
        users,
        users_alive: 0,
        users_wanted: 0,
        connected: 0,
        ..Now::clone(&before)
    });
}
