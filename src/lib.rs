//! A declarative MQTT load tester: a TOML or YAML file describes brokers, user classes, tasks and load;
//! the runner compiles it into a plan, drives real MQTT sessions with it and writes statistics in
//! Locust's file format.
//!
//! # The picture
//! ```text
//! text ──parse──▶ Scenario ──compile──▶ Plan ──run──▶ Snapshot ──write──▶ CSV, tables, JSON
//!        scenario/          compile/          engine/           report/
//!                     template/    plan/        │ client/ (MQTT) │ stats/ (numbers)
//!                                  │ describe/ (the plan as text and JSON)
//! ```
//! Each arrow is one function. Each noun is a type that only the arrow before it can make. After compile nothing is looked
//! up by name: the engine works with small ids into the plan's tables.
//!
//! # The rooms
//! | room | what lives there | may import |
//! |---|---|---|
//! | units | `"250ms"`, `"10/s"`, `"1KiB"` and back | nothing of ours |
//! | mqtt | the words of MQTT as types: QoS, topics, properties, reason codes | nothing of ours |
//! | diagnostic | what is said about a scenario, with its place in the file | nothing of ours |
//! | stats | numbers: samples, rows, percentiles, thresholds, delivery counts, health | nothing of ours |
//! | template | `${…}`: parsing, functions, rendering, random draws, columns | units, mqtt, diagnostic |
//! | scenario | the file as it is written: text, places, model, schema, corrections | units, mqtt, diagnostic |
//! | plan | what will run: data and laws such as load, dispatcher, schedule, feeds, persona; of `scenario` its closed enums alone | scenario, template, mqtt, stats |
//! | compile | scenario → plan; every mistake of meaning and every warning | scenario, plan, template, units, mqtt, diagnostic, stats |
//! | describe | a plan as text and as JSON; the difference of two | plan, template, units, mqtt, stats |
//! | client | one MQTT session behind the traits `Connect` and `Session`: driver, transports, wire, failures | mqtt |
//! | broker | the embedded broker, with planted faults | mqtt |
//! | engine | runs a plan: coordinator, threads, users, delivery | plan, template, client, stats, mqtt |
//! | watch | what brokers say of themselves: `$SYS/#`, Prometheus metrics | plan, template, client, mqtt, stats |
//! | locust | the worker of a Locust master: transport, messages, protocol | stats, units |
//! | sync | shards of a run meet at a broker: a common start, and how far their clocks are apart | plan, client, mqtt |
//! | report | Locust's CSV files, tables, JSON, replay, `compare` | stats, units |
//! | web | the live page, Locust's JSON and metrics over HTTP | report, stats, units |
//! | cli | arguments, files, signals, the screen: the only room that prints | all |
//!
//! `tests/layers.rs` reads this table and checks the sources against it. It also checks that inside a room no file imports a file
//! that imports it, directly or through others. A `mod.rs` counts as a file: it declares its room and may re-export for
//! other rooms, and files of the room import each other by full path. Only `client` and `broker` name rumqttc.
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
//!     line: &|_| None,
//!     overrides: &Overrides::default(),
//!     reported: &BTreeSet::new(),
//! };
//! let compiled = compile(&parsed.scenario, &context).expect("it has no mistakes");
//! assert!(describe(&compiled.plan).contains("hello/device-1"));
//! ```

// What the tests share names the library as they do.
#[cfg(test)]
extern crate self as mqtt_scenario;

pub mod broker;
pub mod cli;
pub mod client;
pub mod compile;
pub mod describe;
pub mod diagnostic;
pub mod engine;
pub mod locust;
pub mod mqtt;
pub mod plan;
pub mod report;
pub mod scenario;
pub mod stats;
pub mod sync;
pub mod template;
pub mod units;
pub mod watch;
pub mod web;
