//! Numbers only: what the engine records and what a report reads.

/// What names a row of the statistics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// Locust's Type (or Method) column.
    pub request_type: String,
    /// Locust's Name column.
    pub name: String,
}

/// Place of a row in a table of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowId(pub u32);
