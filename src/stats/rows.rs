//! How many rows the statistics of a run may have.
//!
//! Names are the scenario's, and one with `${seq}` or a message's own topic in it makes a row of every request. Each
//! row takes memory, time at each tick and a line in files that people open, so beyond a bound further names share
//! one row, which says so.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::stats::RowKey;

/// The rows that all recorders of a run have together. A handle: clones are the same thing.
#[derive(Debug, Clone)]
pub struct RowSpace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    rows: Mutex<HashSet<Arc<RowKey>>>,
    turned_away: AtomicU64,
}

impl RowSpace {
    /// Room for so many rows, and one for the requests of all further names.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Inner { most, rows: Mutex::default(), turned_away: AtomicU64::new(0) }))
    }

    /// The name of the row for all names that have none of their own.
    pub fn others(&self) -> RowKey {
        RowKey { request_type: "MQTT".to_owned(), name: format!("(names beyond {} rows)", self.0.most) }
    }

    /// How often a name was turned away.
    pub fn turned_away(&self) -> u64 {
        self.0.turned_away.load(Ordering::Relaxed)
    }

    /// The row of this name, made if there is room for it.
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
