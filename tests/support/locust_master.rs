//! A Locust of PyPI as master, and workers with fake users for it.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use mqtt_scenario::locust::dial::MasterAddress;
use mqtt_scenario::locust::logs::LastLines;
use mqtt_scenario::locust::message::Usage;
use mqtt_scenario::locust::protocol::WorkerError;
use mqtt_scenario::locust::worker::{WorkerSettings, work};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep};

use crate::support::fake_users::FakeUsers;
use crate::support::locust_python;

/// A headless master; dropping it ends it.
pub(crate) struct Master {
    child: Child,
    dir: TempDir,
}

impl Master {
    /// Starts one with a locustfile and these arguments, words divided by spaces.
    pub(crate) fn start(locustfile: &Path, port: u16, arguments: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let child = Command::new(locust_python())
            .args(["-m", "locust", "--master", "--master-bind-host", "127.0.0.1", "--csv", "run", "-f"])
            .arg(fs::canonicalize(locustfile).unwrap())
            .arg(format!("--master-bind-port={port}"))
            .args(arguments.split_whitespace())
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, dir }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    /// Whether it has called its ramp complete. Until then Locust forgets whoever joins behind the last users.
    pub(crate) fn ramp_is_complete(&self) -> bool {
        let log = self.log();
        ["All users spawned", "Spawning is complete"].iter().any(|word| log.contains(word))
    }

    /// One of its CSV files.
    pub(crate) fn csv(&self, name: &str) -> String {
        self.file(&format!("run_{name}.csv"))
    }

    /// A file that it has written; empty if there is none.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    /// Requests and failures of the row Aggregated.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let stats = self.csv("stats");
        let row = stats.lines().find(|line| line.starts_with(",Aggregated,"));
        let row = row.unwrap_or_else(|| panic!("no numbers:\n{stats}\n{}", self.log()));
        let mut fields = row.split(',').skip(2).map(|field| field.parse().unwrap());
        (fields.next().unwrap(), fields.next().unwrap())
    }

    /// Waits for its end; returns its exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let limit = Duration::from_secs(45);
        wait_up_to(limit, "the master ends", || self.child.try_wait().unwrap().is_some()).await;
        self.child.wait().unwrap().code()
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(&mut self) {
        // It is gone either way; an error says that it was before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A worker with fake users. Dropping `running` is its end as a power cut would be.
pub(crate) struct Worker {
    pub(crate) users: FakeUsers,
    pub(crate) leave: UnboundedSender<()>,
    pub(crate) logs: LastLines,
    /// The node ids that it took.
    pub(crate) names: Rc<RefCell<Vec<String>>>,
    pub(crate) running: Option<tokio::task::JoinHandle<Result<(), WorkerError>>>,
}

impl Worker {
    #[expect(clippy::disallowed_methods, reason = "a test plays several machines")]
    pub(crate) fn start(name: &'static str, port: u16, classes: &[&str], join_limit: Duration) -> Self {
        let (users, logs) = (FakeUsers::of(classes), LastLines::default());
        let (leave, leaving) = unbounded_channel();
        let settings = WorkerSettings {
            master: MasterAddress { host: "127.0.0.1".to_owned(), port },
            join_limit,
            hostname: "test".to_owned(),
            logs: logs.clone(),
        };
        let names = Rc::new(RefCell::new(Vec::new()));
        let mut its_users = users.clone();
        let its_names = Rc::clone(&names);
        let unique = move || {
            let mut names = its_names.borrow_mut();
            let unique = format!("{name}{}", names.len());
            names.push(format!("test_{unique}"));
            unique
        };
        let usage = || Usage { cpu_percent: 1.0, memory_bytes: 1 << 20 };
        let running =
            tokio::task::spawn_local(
                async move { work(settings, &mut its_users, leaving, unique, usage).await },
            );
        Self { users, leave, logs, names, running: Some(running) }
    }

    /// Ends it as a power cut does.
    pub(crate) async fn kill(&mut self) {
        let running = self.running.take().unwrap();
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> Result<(), WorkerError> {
        self.running.take().unwrap().await.unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

/// Waits until something holds.
pub(crate) async fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    wait_up_to(Duration::from_secs(25), what, &mut holds).await;
}

/// Waits until something holds, for so long at most.
pub(crate) async fn wait_up_to(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < until, "waited for too long: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A file of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new("tests/fixtures/locust/worker").join(name)
}
