//! `history.hlog`: a histogram per row and second, in a form that the tools of `HdrHistogram` read.

use std::io;

use crate::cli::outputs::outlet::{Ending, Growing};
use crate::cli::outputs::output::{Output, View};
use crate::report::destination::Destination;
use crate::report::hlog;
use crate::stats::UnixMicros;

#[derive(Debug)]
struct HistoryLog {
    file: Growing,
    start: UnixMicros,
    /// When the last line ended.
    before: UnixMicros,
    lines: String,
}

pub(super) fn begin(destination: Destination, start: UnixMicros) -> io::Result<Box<dyn Output>> {
    let file = Growing::start(destination, &hlog::head(start))?;
    Ok(Box::new(HistoryLog { file, start, before: start, lines: String::new() }))
}

impl Output for HistoryLog {
    fn tick(&mut self, view: &View<'_>) -> io::Result<()> {
        self.file.tick()?;
        let at = view.tick.at;
        let from = std::mem::replace(&mut self.before, at);
        if at <= from {
            return Ok(());
        }
        if let Some((all, rows)) = view.tick.statistics.last_second() {
            let span = hlog::Span { start: self.start, from, until: at };
            self.lines.clear();
            hlog::push_second(&mut self.lines, span, all, rows);
            self.file.send(&mut std::mem::take(&mut self.lines).into_bytes());
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Ending {
        self.file.finish()
    }
}
