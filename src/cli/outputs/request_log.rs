//! The log of all requests, from which `replay` makes the CSV files again.

use std::io;

use crate::cli::outputs::outlet::{Collected, Ending, Growing};
use crate::cli::outputs::output::{Output, View};
use crate::report::destination::Destination;
use crate::report::events::RequestLog;
use crate::stats::UnixMicros;
use crate::stats::batch::Batch;

#[derive(Debug)]
struct Log(RequestLog<Collected>);

pub(super) fn begin(destination: Destination, start: UnixMicros) -> io::Result<Box<dyn Output>> {
    let file = Growing::start(destination, "")?;
    Ok(Box::new(Log(RequestLog::new(Collected::new(file), start)?)))
}

impl Output for Log {
    fn recorded(&mut self, batches: &[Batch]) -> io::Result<()> {
        self.0.write_tick(batches)
    }

    fn tick(&mut self, view: &View<'_>) -> io::Result<()> {
        let (log, tick) = (&mut self.0, view.tick);
        log.out().file.tick()?;
        if tick.reset {
            log.reset(tick.at)?;
        }
        // A log that lacks lines lacks the last one too, so that nobody takes it for whole.
        if tick.last && !log.out().file.has_lost() {
            log.end(tick.at)?;
        }
        log.flush()
    }

    fn finish(self: Box<Self>) -> Ending {
        self.0.into_out().file.finish()
    }
}
