//! Exceptions: faults of the runner or the scenario itself, counted by traceback.
//!
//! They outlive a reset of the statistics, as in Locust.

use std::collections::HashMap;

/// Exceptions in the order in which they were first seen.
#[derive(Debug, Clone, Default)]
pub struct ExceptionTable {
    seen: Vec<Exception>,
    indices: HashMap<String, usize>,
}

/// Exceptions with one traceback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// How often it happened.
    pub count: u64,
    /// The message of the first exception.
    pub message: String,
    /// The traceback, which says where they came from.
    pub traceback: String,
    /// The processes that saw one, in the order in which they first did.
    pub nodes: Vec<String>,
}

impl ExceptionTable {
    /// Counts one exception.
    pub fn add(&mut self, node: &str, message: &str, traceback: &str) {
        let index = if let Some(&index) = self.indices.get(traceback) {
            index
        } else {
            self.indices.insert(traceback.to_owned(), self.seen.len());
            self.seen.push(Exception {
                count: 0,
                message: message.to_owned(),
                traceback: traceback.to_owned(),
                nodes: Vec::new(),
            });
            self.seen.len() - 1
        };
        let exception = &mut self.seen[index];
        exception.count += 1;
        if !exception.nodes.iter().any(|known| known == node) {
            exception.nodes.push(node.to_owned());
        }
    }

    /// Returns all exceptions in the order in which they were first seen.
    pub fn as_seen(&self) -> &[Exception] {
        &self.seen
    }
}
