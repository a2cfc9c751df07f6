//! How the end of a run is shown.

use std::path::{Path, PathBuf};

/// Columns of a text that is not written to a terminal.
pub const COLUMNS: usize = 80;

/// The percentiles of the table of rows, as shares of the requests, 0 to 1, unless the user wants others.
pub const PERCENTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

/// How the end of a run is shown.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Columns of the terminal, [`COLUMNS`] without one.
    pub columns: usize,
    /// Whether sentences are broken at the last column. They are not in a file, so that `grep` finds them.
    pub breaks: bool,
    /// Whether the text has colours.
    pub coloured: bool,
    /// The percentiles of the table of rows, as shares of the requests, 0 to 1, in ascending order.
    pub percentiles: &'a [f64],
    /// Whether the rows and their failures are shown here. They are not if Locust's tables are printed before.
    pub rows: bool,
    /// Where the results lie.
    pub files: Files<'a>,
}

/// Where the results of a run lie.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// The folder of the run.
    pub folder: Option<&'a Path>,
    /// The file with the result, if one was named.
    pub result: Option<&'a Path>,
    /// The folder of an earlier run of the same scenario, to compare with.
    pub earlier: Option<&'a Path>,
    /// Further files, as the user named them.
    pub others: &'a [String],
    /// Files that could not be written, or not to the end.
    pub incomplete: &'a [PathBuf],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            columns: COLUMNS,
            breaks: false,
            coloured: false,
            percentiles: &PERCENTILES,
            rows: true,
            files: Files::default(),
        }
    }
}
