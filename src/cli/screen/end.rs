//! The texts at the end of a run, fitted to standard output.

use std::io;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

use crate::cli::screen::size::Size;
use crate::report::columns::fit;
use crate::report::summary::{self, COLUMNS, Files, PERCENTILES};
use crate::report::{table, terminal};
use crate::stats::percentiles::PercentileList;
use crate::stats::result::RunResult;
use crate::stats::snapshot::Snapshot;

/// Which table of rows is printed at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum PrintStats {
    /// One in fitting units.
    #[default]
    Table,
    /// Locust's three tables to the byte, for scripts that read them.
    Locust,
}

/// The text of the end of a run; `snapshot` is needed for Locust's tables.
pub(in crate::cli) fn end(
    result: &RunResult,
    snapshot: Option<&Snapshot>,
    print: PrintStats,
    percentiles: Option<&PercentileList>,
    files: Files<'_>,
) -> String {
    let size = Size::of_stdout();
    let locust = snapshot.filter(|_| print == PrintStats::Locust).map(table::summary);
    let options = summary::Options {
        columns: size.map_or(COLUMNS, |size| size.columns),
        breaks: size.is_some(),
        percentiles: percentiles.map_or(&PERCENTILES, PercentileList::fractions),
        coloured: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        rows: locust.is_none(),
        files,
    };
    locust.unwrap_or_default() + &summary::text(result, &options)
}

/// The tables of a replay: Locust's to the byte where a script may read them, and such as fit on a terminal.
pub(in crate::cli) fn tables(snapshot: &Snapshot) -> String {
    match Size::of_stdout() {
        Some(size) => terminal::summary(snapshot, size.columns),
        None => table::summary(snapshot),
    }
}

/// A text for standard output, its long lines broken on a terminal.
pub(in crate::cli) fn fitted(text: String) -> String {
    match Size::of_stdout() {
        Some(size) => fit(&text, size.columns),
        None => text,
    }
}
