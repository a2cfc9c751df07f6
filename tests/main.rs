//! The integration tests, one binary: a module per topic.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod golden;
mod layers;
mod recorder;
mod replay_peer;
