//! Finished runs, for the pages that list them, show one or compare two.

use std::fmt::Debug;

use crate::stats::result::RunResult;

/// A finished run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// What the run is called in addresses: no two runs of a shelf have the same.
    pub id: String,
    /// The name of the scenario.
    pub scenario: String,
    /// When it began, in seconds of unix time.
    pub started: f64,
    /// How long it lasted, in seconds.
    pub length_s: f64,
    /// At most so many users at a time.
    pub users: u32,
    /// All requests.
    pub requests: u64,
    /// All requests per second.
    pub requests_per_s: f64,
    /// Failed requests per request, 0 to 1.
    pub failure_ratio: f64,
    /// Response times that half of the requests and 99 % of them did not exceed, in milliseconds.
    pub p50_p99_ms: [Option<f64>; 2],
    /// How it went.
    pub impression: crate::report::verdict::Impression,
    /// The same in one or two words.
    pub word: String,
    /// The verdict in one sentence.
    pub sentence: String,
}

impl Listed {
    /// A run as it stands in a list.
    pub fn of(id: String, result: &RunResult) -> Self {
        let (impression, word) = crate::report::verdict::impression(result);
        let all = &result.aggregated;
        Self {
            id,
            scenario: result.run.scenario.clone(),
            started: result.run.started,
            length_s: (result.run.ended - result.run.started).max(0.0),
            users: result.run.users,
            requests: all.requests,
            requests_per_s: all.requests_per_s,
            failure_ratio: all.failure_ratio(),
            p50_p99_ms: [50.0, 99.0].map(|percent| all.percentile_ms(percent)),
            impression,
            word: word.to_owned(),
            sentence: result.verdict.sentence.clone(),
        }
    }
}

/// Where finished runs lie. It is asked on a thread that may wait.
pub trait Shelf: Debug + Send + Sync + 'static {
    /// What lies there, such as the path of a folder.
    fn title(&self) -> String;

    /// All runs, the newest first, and what could not be read, in sentences.
    fn list(&self) -> (Vec<Listed>, Vec<String>);

    /// The whole result of a run; the error is a sentence.
    fn read(&self, id: &str) -> Result<RunResult, String>;
}
