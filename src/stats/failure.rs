//! Failures, counted by row and error text, in Locust's order; and exceptions: faults of the runner or the scenario
//! itself, counted by traceback, which outlive a reset of the statistics, as in Locust.
//!
//! Locust sorts its failures by the SHA-256 of row and text, which looks random. The order is part of the file,
//! so the same hash is the key here.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::stats::batch::Bin;
use crate::stats::{RowKey, python_text};

/// Failures by key.
#[derive(Debug, Clone, Default)]
pub struct FailureTable(BTreeMap<Key, Failure>);

/// The hash that sorts the failures; its bytes sort as its hex digits do.
type Key = [u8; 32];

/// Equal failures of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The row and the error.
    pub what: Arc<FailureText>,
    /// How often it happened.
    pub occurrences: u64,
    /// When it first happened, in unix seconds.
    pub first_seen: f64,
    /// When it last happened, in unix seconds.
    pub last_seen: f64,
    /// Position among the failures in the order in which they were first seen.
    pub order: usize,
}

/// A row and an error text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureText {
    /// The row of the request.
    pub row: RowKey,
    /// The text with its memory address masked, as in the file.
    pub masked: String,
    /// The text of the first occurrence as it came, as on the console.
    pub original: String,
}

/// One failure, or several of a bin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence<'a> {
    pub(super) row: &'a RowKey,
    pub(super) error: &'a str,
    pub(super) times: u64,
    pub(super) first_seen: f64,
    pub(super) last_seen: f64,
}

impl FailureTable {
    /// Counts failures. The order of first sight is that of the calls.
    pub(super) fn add(&mut self, seen: Occurrence<'_>) {
        let masked = mask_address(seen.error);
        let order = self.0.len();
        let failure = self.0.entry(key(seen.row, &masked)).or_insert_with(|| Failure {
            what: Arc::new(FailureText { row: seen.row.clone(), masked, original: seen.error.to_owned() }),
            occurrences: 0,
            first_seen: seen.first_seen,
            last_seen: seen.last_seen,
            order,
        });
        failure.occurrences += seen.times;
        failure.first_seen = failure.first_seen.min(seen.first_seen);
        failure.last_seen = failure.last_seen.max(seen.last_seen);
    }

    /// Forgets all failures.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All failures in the order of the file, each with the key that Locust gives it: the hash in hexadecimal digits.
    pub fn keyed(&self) -> impl Iterator<Item = (String, &Failure)> {
        self.0.iter().map(|(key, failure)| {
            let mut digits = String::with_capacity(2 * key.len());
            for byte in key {
                let written = write!(digits, "{byte:02x}");
                debug_assert!(written.is_ok(), "a String takes everything");
            }
            (digits, failure)
        })
    }

    /// Returns all failures in the order of the file.
    pub fn sorted(&self) -> Vec<Failure> {
        self.0.values().cloned().collect()
    }
}

/// The failures of some bins, in the order in which they were first seen.
pub(super) fn occurrences(bins: &[Bin]) -> Vec<Occurrence<'_>> {
    let mut seen: Vec<_> = bins
        .iter()
        .flat_map(|bin| {
            bin.failures.counts.iter().map(|(&(cell, text), count)| Occurrence {
                row: &bin.cells[cell as usize].row,
                error: &bin.failures.texts[text as usize],
                times: count.occurrences,
                first_seen: count.first_seen.as_secs_f64(),
                last_seen: count.last_seen.as_secs_f64(),
            })
        })
        .collect();
    seen.sort_by(|a, b| a.first_seen.total_cmp(&b.first_seen));
    seen
}

/// Locust's `StatsError.create_key`.
fn key(row: &RowKey, masked: &str) -> Key {
    let mut hash = Sha256::new();
    for part in [&row.request_type, ".", &row.name, ".", &python_text::repr(masked)] {
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Locust's `StatsError.parse_error`: the first address after `object at ` is masked wherever it occurs.
fn mask_address(error: &str) -> String {
    const MARK: &str = "object at 0x";
    let address = error.find(MARK).and_then(|at| {
        let start = at + MARK.len() - "0x".len();
        error[start..].find('>').map(|length| &error[start..start + length])
    });
    address.map_or_else(|| error.to_owned(), |address| error.replace(address, "0x...."))
}

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

#[cfg(test)]
mod tests;
