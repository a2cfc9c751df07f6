//! Messages to the master in the msgpack of Locust 2.47: `[type, data, node id]`, byte for byte as a worker in Python writes
//! them, but for the version.
//!
//! Maps have the names of fields as keys, and those of seconds and of response times have ints: a master ends with a traceback
//! if these are texts.

use serde::ser::{Serialize, Serializer};

use crate::locust::message::{ToMaster, WorkerState};
use crate::locust::report::ClassCounts;

/// Writes a message of the worker `node_id`.
pub fn encode(message: &ToMaster, node_id: &str) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    rmp_serde::to_vec_named(&(message.kind(), Data { message, node_id }, node_id))
}

/// The middle of a message.
struct Data<'a> {
    message: &'a ToMaster,
    /// Logs say it once more.
    node_id: &'a str,
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Heartbeat {
            state: WorkerState,
            current_cpu_usage: f64,
            current_memory_usage: u64,
        }
        #[derive(serde::Serialize)]
        struct SpawningComplete<'a> {
            user_classes_count: &'a ClassCounts,
            user_count: u64,
        }
        #[derive(serde::Serialize)]
        struct Exception<'a> {
            msg: &'a str,
            traceback: &'a str,
        }
        #[derive(serde::Serialize)]
        struct Logs<'a> {
            worker_id: &'a str,
            logs: &'a [String],
        }
        #[derive(serde::Serialize)]
        struct Version {
            version: &'static str,
        }
        match self.message {
            // Locust's number for workers that are not Python: it warns of any other version than its own.
            ToMaster::ClientReady => serializer.serialize_i64(-1),
            ToMaster::Heartbeat { state, usage } => Heartbeat {
                state: *state,
                // A master ends if it is told that this is not a number.
                current_cpu_usage: if usage.cpu_percent.is_finite() { usage.cpu_percent } else { 0.0 },
                current_memory_usage: usage.memory_bytes,
            }
            .serialize(serializer),
            ToMaster::SpawningComplete(counts) => {
                let user_count = counts.values().sum();
                SpawningComplete { user_classes_count: counts, user_count }.serialize(serializer)
            }
            ToMaster::Drained(number) | ToMaster::Reset(number) => serializer.serialize_u64(*number),
            ToMaster::Stats(report) => report.serialize(serializer),
            ToMaster::Exception { message, traceback } => {
                Exception { msg: message, traceback }.serialize(serializer)
            }
            ToMaster::Logs(logs) => Logs { worker_id: self.node_id, logs }.serialize(serializer),
            ToMaster::Locustfile => Version { version: "2.47.0" }.serialize(serializer),
            ToMaster::Spawning
            | ToMaster::CannotRun
            | ToMaster::Resumed
            | ToMaster::ClientStopped
            | ToMaster::Quit => serializer.serialize_unit(),
        }
    }
}

#[cfg(test)]
mod tests;
