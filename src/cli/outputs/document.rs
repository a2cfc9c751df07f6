//! What is written once, when the run is over: a view of its result in one format.

use std::io;
use std::sync::Arc;

use crate::cli::outputs::outlet::{Ending, Latest};
use crate::cli::outputs::output::Output;
use crate::report::destination::Destination;
use crate::stats::result::RunResult;

/// Makes a document of a result.
pub(in crate::cli) type Render = fn(&RunResult) -> Vec<u8>;

#[derive(Debug)]
struct Document(Latest<Arc<RunResult>>);

pub(super) fn begin(render: Render, destination: Destination) -> io::Result<Box<dyn Output>> {
    Ok(Box::new(Document(Latest::start(destination, move |result: Arc<RunResult>| render(&result))?)))
}

impl Output for Document {
    fn end(&mut self, result: &Arc<RunResult>) -> io::Result<()> {
        self.0.set(Arc::clone(result))
    }

    fn finish(self: Box<Self>) -> Ending {
        self.0.finish()
    }
}
