//! A declarative MQTT load tester: a TOML or YAML file describes brokers, user classes, tasks and load;
//! the runner compiles it into a plan, drives real MQTT sessions with it and writes statistics in
//! Locust's file format.
//!
//! # The picture
//! ```text
//! text ──parse──▶ Scenario ──compile──▶ Plan ──run──▶ Snapshot ──write──▶ CSV, tables
//!         scenario/           plan/          engine/            report/
//!                                              │ client/ (MQTT) │ stats/ (numbers)
//! ```
//! Each arrow is one function, each noun a type that the next layer can get in no other way. Names end
//! at compile: the engine works with small ids into the plan's tables.
//!
//! # Who may import whom
//! | module | may import |
//! |---|---|
//! | units, mqtt, diagnostic, stats | nothing of ours |
//! | client, broker | mqtt |
//! | scenario | units, mqtt, diagnostic |
//! | plan | scenario, units, mqtt, diagnostic, stats |
//! | engine | plan, client, stats, mqtt |
//! | report | stats, units |
//! | cli | all; main: cli |
//!
//! `tests/layers.rs` reads the sources and holds them to this table. Imports use full paths; the crate
//! root re-exports nothing. Only `client` and `broker` name rumqttc, only `cli` prints.
//!
//! # A scenario, compiled
//! ```
//! use std::collections::BTreeSet;
//!
//! use mqtt_scenario::compile::{Context, Overrides, compile};
//! use mqtt_scenario::describe::describe;
//! use mqtt_scenario::scenario::files::Format;
//! use mqtt_scenario::scenario::source::Source;
//!
//! let text = r#"
//! version = 1
//! brokers.local.url = "embedded:"
//! load = { users = 3, run_time = "1m" }
//! [[user_classes.device.tasks]]
//! name = "hello"
//! steps = [{ publish = { topic = "hello/${client_id}", qos = 1 } }, { wait = "1s" }]
//! "#;
//! let (_source, parsed) = Source::parse("hello.toml", text, Format::Toml);
//! assert!(parsed.diagnostics.is_empty());
//! let context = Context {
//!     file_stem: "hello",
//!     env: &|_| None,
//!     hostname: "localhost",
//!     run_id: None,
//!     embedded_options: &|_| Ok(()),
//!     files: &|_, _| Err("there are no files here".to_owned()),
//!     folder: &|_| String::new(),
//!     overrides: &Overrides::default(),
//!     reported: &BTreeSet::new(),
//! };
//! let compiled = compile(&parsed.scenario, &context).expect("it has no mistakes");
//! assert!(describe(&compiled.plan).contains("hello/device-1"));
//! ```

pub mod broker;
pub mod cli;
pub mod client;
pub mod compile;
pub mod describe;
pub mod diagnostic;
pub mod engine;
pub mod mqtt;
pub mod plan;
pub mod report;
pub mod scenario;
pub mod stats;
pub mod template;
pub mod units;
