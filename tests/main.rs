//! The integration tests, one binary: a module per topic.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod benchmarks;
mod broker;
mod cli;
mod client;
mod compile;
mod engine;
mod layers;
mod peers;
mod scenario;
mod support;
