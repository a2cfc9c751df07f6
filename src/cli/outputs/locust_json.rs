//! Locust's `--json` and `--json-file`: written once, from the statistics at the end.

use std::io;

use crate::cli::outputs::outlet::{Ending, Latest};
use crate::cli::outputs::output::{Output, View};
use crate::report::destination::Destination;
use crate::report::locust_json;
use crate::stats::entry::LocustSums;

#[derive(Debug)]
struct LocustJson(Latest<Vec<LocustSums>>);

pub(super) fn begin(destination: Destination) -> io::Result<Box<dyn Output>> {
    let render = |rows: Vec<LocustSums>| Ok(locust_json::text(&rows).into_bytes());
    Ok(Box::new(LocustJson(Latest::start(destination, render)?)))
}

impl Output for LocustJson {
    fn tick(&mut self, view: &View<'_>) -> io::Result<()> {
        if view.tick.last { self.0.set(view.tick.statistics.locust_sums()) } else { Ok(()) }
    }

    fn finish(self: Box<Self>) -> Ending {
        self.0.finish()
    }
}
