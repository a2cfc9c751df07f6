//! `/exceptions`: faults of the scenario or of the program, as they were first seen.

use serde::Serialize;

use crate::stats::failure::Exception;
use crate::stats::snapshot::Snapshot;

#[derive(Debug, Serialize)]
pub(super) struct Exceptions<'a> {
    exceptions: Vec<Seen<'a>>,
}

#[derive(Debug, Serialize)]
struct Seen<'a> {
    count: u64,
    msg: &'a str,
    nodes: String,
    traceback: &'a str,
}

impl<'a> Exceptions<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let seen = |exception: &'a Exception| Seen {
            count: exception.count,
            msg: &exception.message,
            nodes: exception.nodes.join(", "),
            traceback: &exception.traceback,
        };
        Self { exceptions: snapshot.exceptions.iter().map(seen).collect() }
    }
}
