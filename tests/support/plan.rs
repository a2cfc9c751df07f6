//! Plans built by hand.
//!
//! They are built from the plan's own types and not from scenario texts, so that a test of the engine fails for the
//! engine's faults only.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mqtt_scenario::mqtt::{Client, Qos, Settings};
use mqtt_scenario::plan::load::RateSearchSettings;
use mqtt_scenario::plan::load::{After, Load, Stage, Users};
use mqtt_scenario::plan::numbering::Numbering;
use mqtt_scenario::plan::properties::Properties;
use mqtt_scenario::plan::receive::Keeps;
use mqtt_scenario::plan::reconnect::Reconnect;
use mqtt_scenario::plan::shard::Shard;
use mqtt_scenario::plan::target::{Server, Target, Transport};
use mqtt_scenario::plan::wait::WaitTime;
use mqtt_scenario::plan::{
    Broker, BrokerId, OnError, Plan, Publish, Request, Row, Step, Steps, Task, TaskOrder, Text, UserClass,
};
use mqtt_scenario::stats::{RowId, RowKey};
use mqtt_scenario::template::Template;
use mqtt_scenario::template::names::{Columns, Names, Place};

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
    pub(crate) search: Option<RateSearchSettings>,
    /// If there are any, `users` and `spawn_rate` are of no meaning.
    pub(crate) stages: Vec<Stage>,
}

impl TestLoad {
    fn build(self) -> Load {
        let Self { users, spawn_rate, run_time, stop_timeout, iterations, messages, search, mut stages } =
            self;
        if stages.is_empty() {
            let users = Users::Total(users);
            let after = After::AtOnce;
            stages.push(Stage {
                name: None,
                users,
                spawn_rate,
                duration: None,
                after,
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
                client: Client::Native,
                connect_detail: false,
                watch: None,
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
            shard: Shard::WHOLE,
            sync: None,
            numbering: Numbering::ALONE,
            thresholds: Vec::new(),
        })
    }
}

pub(crate) fn task(name: &str, weight: u32, steps: Vec<Step>) -> Task {
    Task { name: name.to_owned(), weight, on_error: None, steps: Steps(steps) }
}
