//! The numbers of a worker for Prometheus, over all tests of its masters.
//!
//! A worker lives longer than a test, and counters that began anew with each test would lose what a scrape has not seen. So what
//! earlier tests came to is added to each scrape.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cli::mistake::Mistake;
use crate::cli::ticked::{class_users, resources};
use crate::cli::web::listen::{listen, token_of_environment};
use crate::cli::worker::options::WorkerOptions;
use crate::client::PacketBytes;
use crate::engine::Tick;
use crate::plan::Plan;
use crate::stats::UnixMicros;
use crate::web::desk::Desk;
use crate::web::metrics::scrapers::Scrapers;
use crate::web::metrics::totals::Totals;
use crate::web::now::{ClassUsers, Now, Phase};
use crate::web::offer::Offer;
use crate::web::server::Server;
use crate::web::site;

/// What tests came to together.
#[derive(Debug, Clone, Default)]
struct Sums {
    totals: Totals,
    bytes: PacketBytes,
    limited_seconds: u64,
}

/// The metrics of a worker. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Metrics {
    desk: Desk,
    /// How many tests have begun, and the sums of those that are over.
    earlier: Arc<Mutex<(u32, Sums)>>,
}

/// A server with the metrics.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) metrics: Metrics,
    /// Where they are.
    pub(super) link: String,
    server: Server,
    scrapers: Scrapers,
}

impl Served {
    /// Serves the metrics if that is wanted; the error is a sentence.
    pub(super) fn start(options: &WorkerOptions) -> Result<Option<Self>, String> {
        let Some(address) = &options.prometheus else { return Ok(None) };
        // Nobody can ask for anything here, so nobody listens to commands.
        let (desk, _) = Desk::new(Offer::default());
        let scrapers = Scrapers::default();
        let site = site::metrics(desk.clone(), scrapers.clone());
        let token = match options.web_token.clone() {
            None => token_of_environment()
                .map_err(|Mistake { message, help }| format!("{message}\nhelp: {help}"))?,
            given => given,
        };
        let (server, link) = listen(address, "metrics", token.as_ref(), &options.web_names, site)?;
        let metrics = Metrics { desk, earlier: Arc::default() };
        Ok(Some(Self { metrics, link, server, scrapers }))
    }

    /// Waits until Prometheus knows the end of the last test, if it has asked before; `tell` learns for how long at most.
    pub(super) async fn know_the_end(&self, tell: impl FnOnce(Duration)) {
        let tests = self.metrics.earlier.lock().unwrap_or_else(PoisonError::into_inner).0;
        self.scrapers.know_the_end(tests, tell).await;
    }

    /// Ends the server.
    pub(super) fn stop(self) {
        self.server.stop();
    }
}

impl Metrics {
    /// A test of this plan begins.
    pub(super) fn begin(&self, plan: &Plan, run_id: &str) -> TestMetrics {
        let (run, earlier) = {
            let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
            earlier.0 += 1;
            earlier.clone()
        };
        TestMetrics {
            metrics: self.clone(),
            sums: earlier.clone(),
            earlier,
            now: Now {
                phase: Phase::Spawning,
                run,
                scenario: plan.name.clone(),
                run_id: run_id.to_owned(),
                ..Now::default()
            },
            started: None,
            classes: plan.classes.iter().map(|class| class.name.clone()).collect(),
        }
    }
}

/// The metrics while a test goes on. Dropping it is the end of the test.
#[derive(Debug)]
pub(super) struct TestMetrics {
    metrics: Metrics,
    /// Of the tests before.
    earlier: Sums,
    /// Of this test too, as far as they were made.
    sums: Sums,
    now: Now,
    started: Option<UnixMicros>,
    classes: Vec<String>,
}

impl TestMetrics {
    /// Tells what is known at a tick.
    pub(super) fn tick(&mut self, tick: &Tick<'_>) {
        let desk = &self.metrics.desk;
        let is_wanted = tick.last || desk.wants_totals();
        let bytes = tick.packet_bytes.map(|bytes| PacketBytes {
            sent: self.earlier.bytes.sent + bytes.sent,
            received: self.earlier.bytes.received + bytes.received,
        });
        self.sums.bytes = bytes.unwrap_or(self.earlier.bytes);
        let mut health = tick.health.clone();
        health.limited_seconds += self.earlier.limited_seconds;
        self.sums.limited_seconds = health.limited_seconds;
        let users = class_users(&self.classes, tick);
        let alive = users.iter().map(|class| class.alive).sum();
        let wanted = users.iter().map(|class| class.wanted).sum();
        let started = *self.started.get_or_insert(tick.at);
        self.now = Now {
            phase: match (tick.last, alive < wanted) {
                (true, _) => Phase::Stopping,
                (false, true) => Phase::Spawning,
                (false, false) => Phase::Running,
            },
            started: Some(started.as_secs_f64()),
            elapsed: Duration::from_micros(tick.at.0.saturating_sub(started.0)),
            users,
            users_alive: alive,
            users_wanted: wanted,
            connected: tick.statistics.connections().open(),
            health,
            second: tick.second,
            resources: resources(tick, is_wanted),
            sent_bytes: bytes.map(|bytes| bytes.sent),
            received_bytes: bytes.map(|bytes| bytes.received),
            ..self.now.clone()
        };
        let totals = is_wanted.then(|| self.earlier.totals.plus(&Totals::of(tick.statistics)));
        if let Some(totals) = &totals {
            self.sums.totals.clone_from(totals);
        }
        let totals = totals.map(Arc::new);
        desk.tell(Now { totals, ..self.now.clone() });
    }
}

impl Drop for TestMetrics {
    fn drop(&mut self) {
        let users = self
            .now
            .users
            .iter()
            .map(|class| ClassUsers { class: class.class.clone(), ..ClassUsers::default() });
        let over = Now {
            phase: Phase::Stopped,
            users: users.collect(),
            users_alive: 0,
            users_wanted: 0,
            connected: 0,
            totals: Some(Arc::new(self.sums.totals.clone())),
            ..self.now.clone()
        };
        self.metrics.earlier.lock().unwrap_or_else(PoisonError::into_inner).1 = self.sums.clone();
        self.metrics.desk.tell(over);
    }
}
