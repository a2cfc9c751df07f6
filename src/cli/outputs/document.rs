//! What is written once, when the run is over: a view of its result in one format.

use std::io;
use std::sync::Arc;

use crate::cli::outputs::outlet::{Ending, Latest};
use crate::cli::outputs::output::Output;
use crate::report::destination::Destination;
use crate::report::{html, junit, result_json};
use crate::stats::result::RunResult;

/// Makes a document of a result.
pub(in crate::cli) type Render = fn(&RunResult) -> io::Result<Vec<u8>>;

/// `result.json`.
#[expect(clippy::unnecessary_wraps, reason = "other documents can fail")]
pub(in crate::cli) fn result_json(result: &RunResult) -> io::Result<Vec<u8>> {
    Ok(result_json::text(result))
}

/// The report for a browser.
pub(in crate::cli) fn html(result: &RunResult) -> io::Result<Vec<u8>> {
    html::page(result).map(String::into_bytes).map_err(io::Error::other)
}

/// The verdicts on thresholds for CI servers.
pub(in crate::cli) fn junit(result: &RunResult) -> io::Result<Vec<u8>> {
    junit::xml(result).map(String::into_bytes).map_err(io::Error::other)
}

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
