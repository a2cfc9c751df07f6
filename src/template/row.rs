//! `row.COLUMN`: the value of a feed's column in the row that the user has.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::template::column::Column;
use crate::template::varies::Varies;

/// The value of a column in the user's present row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) feed: usize,
    pub(super) column: Arc<Column>,
    /// Per user or per message.
    pub(super) varies: Varies,
    /// Whether no two users of the run have one row.
    pub(super) owned: bool,
}

impl Row {
    /// Returns the value as it stands between the quotes of a JSON text.
    pub(super) fn in_json(&self) -> Self {
        Self { column: self.column.in_json(), ..self.clone() }
    }

    pub(super) fn is_per_message(&self) -> bool {
        self.varies == Varies::PerMessage
    }

    pub(super) fn tells_users_apart(&self) -> bool {
        let mut seen = BTreeSet::new();
        self.owned && !self.is_per_message() && self.column.values().all(|value| seen.insert(value))
    }
}
