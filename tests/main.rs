//! The integration tests, one binary: a module per topic.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod accuracy;
mod benchmarks;
mod broker;
mod broker_peer;
mod client;
mod client5;
mod client_peer;
mod compare;
mod diagnostics;
mod dispatch;
mod engine;
mod explain;
mod fmt;
mod golden;
mod hostile;
mod layers;
mod load;
mod mqtt5;
mod open_model;
mod payload;
mod peer;
mod plan;
mod recorder;
mod repeat;
mod replay_peer;
mod run;
mod run_peer;
mod saturation;
mod scenarios;
mod schema;
mod schema_peer;
mod subscribe;
mod support;
