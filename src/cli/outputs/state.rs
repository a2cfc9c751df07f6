//! Locust's CSV files that hold the state of the statistics: each tick replaces them as a whole.

use std::io;
use std::sync::Arc;

use crate::cli::outputs::outlet::{Ending, Latest};
use crate::cli::outputs::output::{Output, View};
use crate::report::csv::state::StateFile;
use crate::report::destination::Destination;
use crate::stats::snapshot::Snapshot;

#[derive(Debug)]
struct State(Latest<Arc<Snapshot>>);

pub(super) fn begin(table: StateFile, destination: Destination) -> io::Result<Box<dyn Output>> {
    let render = move |snapshot: Arc<Snapshot>| Ok(table.text(&snapshot).into_bytes());
    Ok(Box::new(State(Latest::start(destination, render)?)))
}

impl Output for State {
    fn tick(&mut self, view: &View<'_>) -> io::Result<()> {
        if view.all { self.0.set(Arc::clone(view.snapshot)) } else { Ok(()) }
    }

    fn finish(self: Box<Self>) -> Ending {
        self.0.finish()
    }
}
