//! Locust's history: rows are added each second, and those of the last second may be replaced at the end.

use std::io;

use crate::cli::outputs::outlet::{Ending, Growing};
use crate::cli::outputs::output::{Output, View};
use crate::report::csv::history::{HistoryRows, LastHistory};
use crate::report::destination::Destination;
use crate::stats::percentiles::PercentileList;

#[derive(Debug)]
struct HistoryFile {
    rows: HistoryRows,
    file: Growing,
    is_stream: bool,
    /// Rows of the last tick, for which a stream waits a tick: they may be replaced at the end, and nothing can be
    /// taken back from a stream.
    held: Vec<u8>,
}

pub(super) fn begin(
    rows: HistoryRows,
    percentiles: &PercentileList,
    destination: Destination,
) -> io::Result<Box<dyn Output>> {
    let is_stream = destination.is_stream();
    let file = Growing::start(destination, &HistoryRows::header(percentiles))?;
    Ok(Box::new(HistoryFile { rows, file, is_stream, held: Vec::new() }))
}

impl Output for HistoryFile {
    fn tick(&mut self, view: &View<'_>) -> io::Result<()> {
        self.file.tick()?;
        let LastHistory { replaced, rows } = if view.tick.last {
            self.rows.of_end(view.snapshot)
        } else {
            LastHistory { replaced: 0, rows: self.rows.of_tick(view.snapshot) }
        };
        let mut rows = rows.as_bytes().to_vec();
        if !self.is_stream {
            self.file.send_instead(replaced, &mut rows);
            return Ok(());
        }
        if replaced > 0 {
            self.held = rows;
        } else {
            self.file.send(&mut self.held);
            self.held = rows;
        }
        if view.tick.last {
            self.file.send(&mut self.held);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Ending {
        self.file.finish()
    }
}
