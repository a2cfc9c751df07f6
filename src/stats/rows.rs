//! How many rows the statistics of a run may have.
//!
//! The scenario chooses the names, and one with `${seq}` or with the topic of a message makes a row of every request.
//! Each row takes memory, time at each tick and a line in files that people open. So beyond a limit all new names
//! share one row, whose name says so.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::stats::RowKey;

/// The rows that all recorders of a run have together. Clones share the same rows.
#[derive(Debug, Clone)]
pub struct RowSpace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    rows: Mutex<HashSet<Arc<RowKey>>>,
    turned_away: AtomicU64,
}

impl RowSpace {
    /// Creates room for this many rows, and for one more that counts the requests of all further names.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Inner { most, rows: Mutex::default(), turned_away: AtomicU64::new(0) }))
    }

    /// Returns the name of the row for all names that have no row of their own.
    pub fn others(&self) -> RowKey {
        RowKey { request_type: "MQTT".to_owned(), name: format!("(names beyond {} rows)", self.0.most) }
    }

    /// Returns how often a name got no row of its own.
    pub fn turned_away(&self) -> u64 {
        self.0.turned_away.load(Ordering::Relaxed)
    }

    /// Returns the row of this name, which is created if there is room for it.
    pub(super) fn admit(&self, row: &RowKey) -> Option<Arc<RowKey>> {
        // A set is whole between two calls, whoever panics.
        let mut rows = self.0.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = rows.get(row) {
            return Some(Arc::clone(known));
        }
        if rows.len() >= self.0.most {
            self.0.turned_away.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let row = Arc::new(row.clone());
        rows.insert(Arc::clone(&row));
        Some(row)
    }
}
