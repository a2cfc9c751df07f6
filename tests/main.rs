//! The integration tests, one binary: a module per topic.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod broker;
mod broker_peer;
mod compare;
mod diagnostics;
mod dispatch;
mod golden;
mod layers;
mod plan;
mod recorder;
mod replay_peer;
mod scenarios;
