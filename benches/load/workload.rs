//! The workloads, and how each client is told to do them.
//!
//! The product reads the scenario files in `benches/scenarios/`; floors and peers get the nearest they have.
//! A client that has no way to do a workload is left out of it.

use std::path::PathBuf;
use std::process::Command;

use crate::floor::Job;
use crate::null_broker::{Deliveries, TOPIC};

/// Seconds after which a client ends by itself, far behind the end of every measurement.
const LIFE_S: u32 = 60;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Messages to the broker.
    Published,
    /// Messages from the broker.
    Delivered,
    /// Connections.
    Connects,
    /// Whole cycles of connect, publish, disconnect.
    Cycles,
}

/// A workload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// File in `benches/scenarios/`, without its ending.
    pub(crate) scenario: &'static str,
    pub(crate) what: &'static str,
    pub(crate) users: usize,
    pub(crate) counted: Counted,
    pub(crate) deliveries: Deliveries,
    /// What a floor does for it, if there is one.
    pub(crate) job: Option<Job>,
    /// Whether it goes through TLS.
    pub(crate) tls: bool,
}

/// All workloads, in the order in which they are run.
pub(crate) const WORKLOADS: &[Workload] = &[
    workload("w1", "QoS 1, closed loop", 100, Some(Job::Window(1))),
    Workload { tls: true, ..workload("w1-tls", "the same over TLS", 100, None) },
    workload("w1-rumqttc", "the same by rumqttc", 100, None),
    workload("w1-json", "the same with a template of 5 placeholders", 100, None),
    workload("w2", "QoS 0, flat out", 100, Some(Job::Flood)),
    workload("w2-rumqttc", "the same by rumqttc", 100, None),
    workload("w2-size", "the same with 88 bytes of payload", 100, None),
    workload("w2-json", "the same with a template of 5 placeholders", 100, None),
    workload("w2-stamp", "the same with a stamp in front", 100, None),
    workload("w3", "QoS 1, window of 100", 100, Some(Job::Window(100))),
    Workload {
        counted: Counted::Connects,
        ..workload("w4", "connect and stay idle", 10_000, Some(Job::Idle))
    },
    Workload { counted: Counted::Connects, ..workload("w4-rumqttc", "the same by rumqttc", 10_000, None) },
    workload("w5", "QoS 1, 10 messages/s each", 1_000, Some(Job::Paced(10_000.0))),
    Workload {
        counted: Counted::Cycles,
        ..workload("w6", "connect, publish QoS 1, disconnect", 4, Some(Job::Cycle))
    },
    receiving("w7", "receive 20,000/s", Deliveries::PerSecond(20_000.0)),
    receiving("w7-100k", "receive 100,000/s", Deliveries::PerSecond(100_000.0)),
    receiving("w7-flood", "receive flat out", Deliveries::Flood),
    Workload {
        scenario: "w7-e2e",
        ..receiving("w7-e2e", "receive flat out, measured from end to end", Deliveries::Stamped)
    },
];

const fn workload(name: &'static str, what: &'static str, users: usize, job: Option<Job>) -> Workload {
    Workload {
        name,
        scenario: name,
        what,
        users,
        counted: Counted::Published,
        deliveries: Deliveries::None,
        job,
        tls: false,
    }
}

const fn receiving(name: &'static str, what: &'static str, deliveries: Deliveries) -> Workload {
    Workload {
        scenario: "w7",
        counted: Counted::Delivered,
        deliveries,
        ..workload(name, what, 100, Some(Job::Receive))
    }
}

/// Who does a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Client {
    /// The program of this crate.
    Product,
    /// The epoll floor of this benchmark.
    RawFloor,
    /// The tokio floor of this benchmark.
    TokioFloor,
    /// Another raw floor: a program with `rawlimit`'s options (`MQTT_FLOOR`).
    OtherFloor(PathBuf),
    /// emqtt-bench (`EMQTT_BENCH`).
    EmqttBench(PathBuf),
    /// Python with Locust and paho-mqtt (`MQTT_SCENARIO_LOCUST_PYTHON`).
    Locust(PathBuf),
}

impl Client {
    /// The clients at hand: ours, and those that the environment names.
    pub(crate) fn at_hand() -> Vec<Self> {
        let named =
            |variable, client: fn(PathBuf) -> Self| std::env::var_os(variable).map(|p| client(p.into()));
        let others = [
            named("MQTT_FLOOR", Self::OtherFloor),
            named("EMQTT_BENCH", Self::EmqttBench),
            named("MQTT_SCENARIO_LOCUST_PYTHON", Self::Locust),
        ];
        [Self::Product, Self::RawFloor, Self::TokioFloor]
            .into_iter()
            .chain(others.into_iter().flatten())
            .collect()
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Product => "mqtt-scenario",
            Self::RawFloor => "raw epoll",
            Self::TokioFloor => "bare tokio",
            Self::OtherFloor(_) => "MQTT_FLOOR",
            Self::EmqttBench(_) => "emqtt-bench",
            Self::Locust(_) => "Locust",
        }
    }

    /// How to start it on a workload, if it can do that. `ca` is where the broker's authority is, for TLS.
    pub(crate) fn command(&self, workload: &Workload, port: u16, ca: &str, csv: &str) -> Option<Command> {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/benches");
        let (users, life, port_text) = (workload.users.to_string(), LIFE_S.to_string(), port.to_string());
        let floor = |kind: &str| {
            let mut command = Command::new(std::env::current_exe().ok()?);
            command.args([kind, &workload.job?.to_string(), &users, &port_text]);
            Some(command)
        };
        match self {
            Self::Product => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-scenario"));
                let host = if workload.tls {
                    format!("mqtts://localhost:{port}")
                } else {
                    format!("127.0.0.1:{port}")
                };
                command
                    .args(["run", &format!("{here}/scenarios/{}.toml", workload.scenario)])
                    .args(["-H", &host, "-u", &users, "-t", &life])
                    .args(["--csv", csv, "--loglevel", "error"]);
                if workload.tls {
                    command.args(["--set", &format!("brokers.broker.tls.ca={ca}")]);
                }
                Some(command)
            }
            Self::RawFloor => floor("raw-floor"),
            Self::TokioFloor => floor("tokio-floor"),
            Self::OtherFloor(path) => {
                let mut command = Command::new(path);
                match workload.job? {
                    Job::Window(size) => command.args(["pub", "--inflight", &size.to_string()]),
                    Job::Flood => command.args(["pub", "--qos", "0", "--batch", "350"]),
                    Job::Paced(rate) => command.args(["rate", "--rate", &rate.to_string()]),
                    Job::Idle => command.arg("idle"),
                    Job::Cycle => command.args(["cycle", "--count", "8000"]),
                    Job::Receive => command.args(["sub", "--topic", TOPIC]),
                };
                command.args(["--conns", &users, "--port", &port_text, "--seconds", &life]);
                Some(command)
            }
            Self::EmqttBench(path) => {
                let mut command = Command::new(path);
                let publish = ["pub", "-t", "bench/%i", "-s", "20"];
                match workload.job? {
                    Job::Window(1) => command.args(publish).args(["-q", "1", "-I", "0"]),
                    Job::Window(size) => {
                        command.args(publish).args(["-q", "1", "-I", "0", "-F", &size.to_string()])
                    }
                    Job::Flood => command.args(publish).args(["-q", "0", "-I", "0"]),
                    Job::Paced(rate) => {
                        let pace_ms = workload.users as f64 * 1e3 / rate;
                        command.args(publish).args(["-q", "1", "-I", &pace_ms.to_string()])
                    }
                    Job::Idle => command.arg("conn"),
                    Job::Cycle => return None,
                    Job::Receive => command.args(["sub", "-t", TOPIC, "-q", "0"]),
                };
                command.args(["-h", "127.0.0.1", "-p", &port_text, "-c", &users, "-i", "1"]);
                Some(command)
            }
            Self::Locust(python) => {
                let mut command = Command::new(python);
                command
                    .args(["-m", "locust", "-f", &format!("{here}/load/locustfile.py"), "--headless"])
                    .args(["-u", &users, "-r", &users, "-t", &life, "--csv", csv])
                    .args(["-H", &port_text, "--loglevel", "ERROR"])
                    .env("WORKLOAD", workload.name);
                matches!(workload.name, "w1" | "w2" | "w5" | "w6").then_some(command)
            }
        }
    }
}
