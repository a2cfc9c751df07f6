//! What several topics need: a sink that remembers, tickets, plans built by hand, and Mosquitto.
//!
//! Plans are built from the plan's own types and not from scenario texts, so that a test of the engine
//! fails for the engine's faults only.

pub(crate) mod acceptor;
pub(crate) mod peer;
pub(crate) mod ran;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::client::scripted::{Script, ScriptedConnector};
use mqtt_scenario::client::{Completion, ConnectRequest, Incoming, Late, Sink, Ticket};
use mqtt_scenario::compile::{Compiled, Context, Overrides, compile};
use mqtt_scenario::diagnostic::{Diagnostic, FieldPath};
use mqtt_scenario::engine::{Interrupts, MAX_ROWS, Observer, Options, Tick, run_here};
use mqtt_scenario::mqtt::{Qos, Settings};
use mqtt_scenario::plan::load::{Load, Stage, StageClock, Users};
use mqtt_scenario::plan::properties::Properties;
use mqtt_scenario::plan::receive::Keeps;
use mqtt_scenario::plan::reconnect::Reconnect;
use mqtt_scenario::plan::search::Search;
use mqtt_scenario::plan::target::{Server, Target, Transport};
use mqtt_scenario::plan::wait::WaitTime;
use mqtt_scenario::plan::{
    Broker, BrokerId, OnError, Plan, Publish, Request, Row, Step, Steps, Task, TaskOrder, Text, UserClass,
};
use mqtt_scenario::scenario::source::{Format, Source};
use mqtt_scenario::stats::batch::Batch;
use mqtt_scenario::stats::{RowId, RowKey};
use mqtt_scenario::template::Template;
use mqtt_scenario::template::names::{Columns, Names, Place};
use tempfile::TempDir;
use tokio::runtime::{Builder, LocalOptions};
use tokio::time::Instant;

/// Longer than any of these tests takes; one that hangs fails.
const HANGS: Duration = Duration::from_secs(30);

/// Runs a test that uses sockets.
pub(crate) fn with_sockets<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async { tokio::time::timeout(HANGS, test).await.expect("the test hangs") })
}

/// Runs a test on a paused clock, where waiting takes no time.
pub(crate) fn with_paused_clock<T>(test: impl Future<Output = T>) -> T {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    builder.build_local(LocalOptions::default()).unwrap().block_on(test)
}

/// A sink that remembers everything.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Tag and result of each completion, in order.
    pub(crate) completed: Vec<(u32, Result<(), Failure>)>,
    /// Topic, payload and quality of service of each message.
    pub(crate) received: Vec<(String, Vec<u8>, Qos)>,
    pub(crate) unexpected: Vec<&'static str>,
}

impl Seen {
    /// The completions since the last call.
    pub(crate) fn take(&mut self) -> Vec<(u32, Result<(), Failure>)> {
        std::mem::take(&mut self.completed)
    }

    /// Tags of the completions, sorted.
    pub(crate) fn tags(&self) -> Vec<u32> {
        let mut tags: Vec<_> = self.completed.iter().map(|(tag, _)| *tag).collect();
        tags.sort_unstable();
        tags
    }
}

impl Sink for Seen {
    fn completed(&mut self, completion: Completion) {
        assert!(completion.finished >= completion.ticket.due, "finished before it was due");
        self.completed.push((completion.ticket.tag, completion.result));
    }

    fn received(&mut self, message: Incoming<'_>, _: Instant) {
        self.received.push((message.topic.to_owned(), message.payload.to_vec(), message.qos));
    }

    fn unexpected(&mut self, what: &'static str) {
        self.unexpected.push(what);
    }
}

/// A ticket that is due now.
pub(crate) fn ticket(tag: u32, timeout: Duration) -> Ticket {
    let due = Instant::now();
    Ticket { tag, awaited: true, due, late: Late::NONE, deadline: due + timeout, length: 0 }
}

/// A connect to the only broker, without keep-alive.
pub(crate) fn connect_request(client_id: &str) -> ConnectRequest<'_> {
    ConnectRequest {
        broker: 0,
        turn: 0,
        certificate: None,
        client_id,
        username: None,
        password: None,
        keep_alive_s: 0,
        inflight: 100,
        timeout: Duration::from_secs(5),
        settings: Settings::default(),
        will: None,
        session: None,
        timings: None,
    }
}

/// A template of the class `device`.
pub(crate) fn template(text: &str, place: Place) -> Template {
    let (vars, used_vars) = (BTreeMap::new(), RefCell::new(BTreeSet::new()));
    let (env, columns) = (|_: &str| None, Columns::default());
    let names = Names {
        class: Some("device"),
        vars: &vars,
        used_vars: &used_vars,
        columns: &columns,
        env: &env,
        hostname: "rig",
        run_id: None,
    };
    Template::parse(text, place, &names).unwrap()
}

/// Compiles a scenario in TOML with these files beside it.
pub(crate) fn compiled(text: &str, files: &[(&str, &[u8])]) -> (Source, Result<Compiled, Vec<Diagnostic>>) {
    let (source, parsed) = Source::parse("test.toml", text, Format::Toml);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let read = |_: &FieldPath, path: &str| {
        let file = files.iter().find(|(name, _)| *name == path);
        file.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| "there is no such file".to_owned())
    };
    let context = Context {
        file_stem: "test",
        env: &|_| None,
        hostname: "rig",
        run_id: None,
        embedded_options: &|_| Ok(()),
        files: &read,
        folder: &|_| String::new(),
        overrides: &Overrides::default(),
        reported: &BTreeSet::new(),
    };
    let compiled = compile(&parsed.scenario, &context);
    (source, compiled)
}

/// An observer that nothing reaches.
pub(crate) struct Deaf;

impl Observer for Deaf {
    type Error = Infallible;

    fn recorded(&mut self, _: &[Batch]) -> Result<(), Infallible> {
        Ok(())
    }

    fn tick(&mut self, _: &Tick<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

/// What the users of a plan do on a paused clock, in order, by client id; a message is `publish TOPIC PAYLOAD`.
pub(crate) fn actions(plan: Plan) -> BTreeMap<String, Vec<String>> {
    let options =
        Options { threads: 1, keep_log: false, keep_history: false, reset_stats: false, max_rows: MAX_ROWS };
    let entries = with_paused_clock(async {
        let connector = ScriptedConnector::new(Script::default());
        run_here(Arc::new(plan), connector.clone(), options, &Interrupts::default(), &mut Deaf)
            .await
            .unwrap();
        connector.entries()
    });
    let mut actions = BTreeMap::<_, Vec<_>>::new();
    for entry in entries {
        actions.entry(entry.client_id).or_default().push(entry.action);
    }
    actions
}

/// Builds a plan with one broker; steps that it makes have their rows, counters and slots in it.
pub(crate) struct PlanBuilder {
    rows: Vec<RowKey>,
    counters: usize,
    user_rows: usize,
    classes: Vec<UserClass>,
    pub(crate) broker: Broker,
    pub(crate) load: TestLoad,
    pub(crate) seed: u64,
}

/// A load, by what most tests say of it.
pub(crate) struct TestLoad {
    pub(crate) users: u32,
    pub(crate) spawn_rate: f64,
    pub(crate) run_time: Option<Duration>,
    pub(crate) stop_timeout: Duration,
    pub(crate) iterations: Option<u64>,
    pub(crate) messages: Option<u64>,
    pub(crate) search: Option<Search>,
    /// If there are any, `users` and `spawn_rate` are of no meaning.
    pub(crate) stages: Vec<Stage>,
}

impl TestLoad {
    fn build(self) -> Load {
        let Self { users, spawn_rate, run_time, stop_timeout, iterations, messages, search, mut stages } =
            self;
        if stages.is_empty() {
            let users = Users::Total(users);
            let clock = StageClock::Begin;
            stages.push(Stage {
                name: None,
                users,
                spawn_rate,
                duration: None,
                clock,
                mass_disconnect: None,
            });
        }
        Load { stages, run_time, stop_timeout, iterations, messages, search }
    }
}

impl PlanBuilder {
    /// One user, started at once, for so long.
    pub(crate) fn new(run_time: Duration) -> Self {
        Self {
            rows: Vec::new(),
            counters: 0,
            user_rows: 0,
            classes: Vec::new(),
            broker: Broker {
                name: "local".to_owned(),
                target: Target::Remote {
                    transport: Transport::Tcp,
                    servers: vec![Server { host: "127.0.0.1".to_owned(), port: 1883, path: String::new() }],
                },
                connect_timeout: Duration::from_secs(5),
                keep_alive_s: 0,
                inflight: 1,
                source_addresses: Vec::new(),
                tls: None,
                headers: Vec::new(),
                settings: Settings::default(),
                connect_detail: false,
            },
            load: TestLoad {
                users: 1,
                spawn_rate: 1.0,
                run_time: Some(run_time),
                stop_timeout: Duration::ZERO,
                iterations: None,
                messages: None,
                search: None,
                stages: Vec::new(),
            },
            seed: 1,
        }
    }

    /// How a request of the row `MQTT NAME` is recorded.
    pub(crate) fn request(&mut self, name: &str) -> Request {
        let key = RowKey { request_type: "MQTT".to_owned(), name: name.to_owned() };
        let place = self.rows.iter().position(|row| *row == key).unwrap_or_else(|| {
            self.rows.push(key);
            self.rows.len() - 1
        });
        Request { row: Row::Static(RowId(u32::try_from(place).unwrap())), record: true }
    }

    /// How a request is recorded whose row differs from user to user.
    pub(crate) fn request_per_user(&mut self, name: &str) -> Request {
        let slot = self.user_rows;
        self.user_rows += 1;
        let name = template(name, Place::RowName);
        Request { row: Row::PerUser { slot, request_type: "MQTT".to_owned(), name }, record: true }
    }

    pub(crate) fn connect(&mut self) -> Step {
        Step::Connect(self.request("connect"))
    }

    pub(crate) fn disconnect(&mut self) -> Step {
        Step::Disconnect { abrupt: false, request: self.request("disconnect") }
    }

    /// A QoS 1 message to `topic` in the row `publish`, with ten seconds for its acknowledgement.
    pub(crate) fn publish(&mut self, topic: &str, payload: &str) -> Publish {
        self.counters += 1;
        Publish {
            topic: Text::PerMessage(template(topic, Place::Topic)),
            payload: Text::PerMessage(template(payload, Place::Payload)).into(),
            qos: Qos::AtLeastOnce,
            retain: false,
            properties: Properties::default(),
            timeout: Duration::from_secs(10),
            await_ack: true,
            request: self.request("publish"),
            counter: self.counters - 1,
            feeds: Vec::new(),
            stamp: None,
        }
    }

    /// Adds a class with one task; its users are `NAME-NUMBER`.
    pub(crate) fn class(&mut self, name: &str, wait_time: WaitTime, steps: Vec<Step>) -> &mut UserClass {
        let reconnect = self.request("connect");
        self.classes.push(UserClass {
            name: name.to_owned(),
            broker: BrokerId(0),
            weight: 1.0,
            fixed_count: 0,
            client_id: template(&format!("{name}-${{user.number}}"), Place::ClientId),
            username: None,
            password: None,
            certificate: None,
            will: None,
            feeds: Vec::new(),
            wait_time,
            schedule: None,
            iterations: None,
            messages: None,
            on_error: OnError::default(),
            on_start: Steps::default(),
            order: TaskOrder::default(),
            tasks: vec![task("task", 1, steps)],
            on_stop: Steps::default(),
            reconnect,
            reconnection: Reconnect::default(),
            connect_phases: Vec::new(),
            user_texts: 0,
            user_rows: 0,
            counters: 0,
            walks: 0,
            repeat_depth: 0,
            keeps: Keeps::default(),
        });
        self.classes.last_mut().unwrap()
    }

    /// The class that was added last.
    pub(crate) fn last(&mut self) -> &mut UserClass {
        self.classes.last_mut().unwrap()
    }

    pub(crate) fn build(mut self) -> Arc<Plan> {
        self.classes.sort_by(|a, b| a.name.cmp(&b.name));
        for class in &mut self.classes {
            class.counters = self.counters;
            class.user_rows = self.user_rows;
            let lists = class.tasks.iter().map(|task| &task.steps).chain([&class.on_start, &class.on_stop]);
            let depths = lists.flat_map(|steps| &steps.0).filter_map(|step| match step {
                Step::Repeat { level, .. } => Some(level + 1),
                _ => None,
            });
            class.repeat_depth = depths.max().unwrap_or(0);
        }
        Arc::new(Plan {
            name: "test".to_owned(),
            seed: self.seed,
            brokers: vec![self.broker],
            classes: self.classes,
            rows: self.rows,
            load: self.load.build(),
            thresholds: Vec::new(),
        })
    }
}

pub(crate) fn task(name: &str, weight: u32, steps: Vec<Step>) -> Task {
    Task { name: name.to_owned(), weight, on_error: None, steps: Steps(steps) }
}

/// A Mosquitto of the test's own; dropping it ends it.
pub(crate) struct Mosquitto {
    child: Child,
    port: u16,
    /// Where its files are.
    dir: TempDir,
}

impl Mosquitto {
    /// Starts one on a free port of 127.0.0.1 and waits until it accepts connections. `settings` are lines
    /// of its configuration, `files` names and contents beside it; `DIR` in the settings is their directory.
    /// Anonymous clients may connect unless the settings say otherwise.
    pub(crate) fn start(settings: &str, files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let settings = settings.replace("DIR", dir.path().to_str().unwrap());
        let anonymous = if settings.contains("allow_anonymous") { "" } else { "allow_anonymous true\n" };
        // Another process can take the port between the look and the start; then there is another port.
        for _ in 0..5 {
            let port = free_port();
            let config = format!("listener {port} 127.0.0.1\npersistence false\n{anonymous}{settings}\n");
            fs::write(dir.path().join("mosquitto.conf"), config).unwrap();
            let mut child = launch(&dir);
            if accepts(port, &mut child) {
                return Self { child, port, dir };
            }
        }
        panic!("mosquitto does not come up with\n{settings}");
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Where its files are.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(&mut self) {
        // It is gone either way; an error says that it was before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port, after [`Mosquitto::kill`].
    pub(crate) fn start_again(&mut self) {
        self.child = launch(&self.dir);
        assert!(accepts(self.port, &mut self.child), "mosquitto does not come up again");
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(dir: &TempDir) -> Child {
    Command::new(program())
        .arg("-c")
        .arg(dir.path().join("mosquitto.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("mosquitto cannot be started")
}

/// A port of 127.0.0.1 that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until something accepts on the port, or the child is gone.
fn accepts(port: u16, child: &mut Child) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for _ in 0..500 {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(address).is_ok() {
            return true;
        }
        pause();
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

#[expect(clippy::disallowed_methods, reason = "no runtime runs here")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Where mosquitto is: `MQTT_SCENARIO_MOSQUITTO`, or the first in PATH or Debian's own place.
fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("MQTT_SCENARIO_MOSQUITTO") {
        return program.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    dirs.map(|dir| dir.join("mosquitto")).find(|file| file.is_file()).expect("mosquitto is not installed")
}

/// A Python with locust and paho-mqtt: `MQTT_SCENARIO_LOCUST_PYTHON`.
pub(crate) fn locust_python() -> PathBuf {
    std::env::var_os("MQTT_SCENARIO_LOCUST_PYTHON")
        .expect("MQTT_SCENARIO_LOCUST_PYTHON names a Python with locust; .ci/run makes one")
        .into()
}
