//! The integration tests, one binary: a module per topic.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod dispatch;
mod layers;
mod plan;
