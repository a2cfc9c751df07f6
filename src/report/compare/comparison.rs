//! The result of a comparison as plain data. It is also the document of `--format json`: its fields are the keys.
//!
//! Every output is a view of it. What a file cannot tell is `null`, with the reason beside it.

use schemars::JsonSchema;
use serde::Serialize;

/// The version of the document. It grows when a key gets another meaning or goes; new keys do not change it.
pub const VERSION: u32 = 1;

/// Two groups of runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// The version of this document: 1.
    pub version: u32,
    /// Whether B is worse than A, in one word. One finding for the worse outweighs any for the better.
    pub verdict: Verdict,
    /// The verdict and what it rests on, in one sentence.
    pub sentence: String,
    /// How it was found out.
    pub method: Method,
    /// The older runs.
    pub a: Side,
    /// The newer runs.
    pub b: Side,
    /// One row for each request type and name that both sides have or should have had by their plans, ordered by name and type; all requests together
    /// come last, if there is more than one row.
    pub rows: Vec<RowComparison>,
    /// Rows that no run of B has: type and name.
    pub only_in_a: Vec<String>,
    /// Rows that no run of A has.
    pub only_in_b: Vec<String>,
    /// Failures by row and text, those that grew most first.
    pub failures: Vec<FailureComparison>,
    /// What a reader should know beside it, in sentences.
    pub notes: Vec<String>,
    /// What became of each `--fail-on`.
    pub checks: Vec<Check>,
}

/// What the runs show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// B is worse.
    Worse,
    /// B is better.
    Better,
    /// Too few runs for a proof, but B looks worse.
    HintWorse,
    /// Too few runs for a proof, but B looks better.
    HintBetter,
    /// The difference is less than the least effect: the whole interval is.
    Same,
    /// The runs do not show a difference. There may be one.
    NoEvidence,
}

/// How a comparison was made.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Method {
    /// How findings were made.
    pub test: Test,
    /// Into how many splits of the runs the permutation test looked; `null` without one.
    pub splits: Option<u64>,
    /// Whether these are all splits that there are; otherwise a sample that is always the same.
    pub all_splits: bool,
    /// How many comparisons share the probability of a false alarm.
    pub comparisons: u64,
    /// This probability.
    pub level: f64,
    /// Below this relative change nothing is said to differ: 0.05 is 5 %.
    pub least_effect: f64,
}

/// How findings were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// A permutation test whose unit is the run.
    Permutation,
    /// Batch means inside the runs and an allowance for the differences between runs; finds hints only.
    BatchMeans,
}

/// One side.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Side {
    /// What its runs are called.
    pub runs: Vec<String>,
}

/// One row of both sides.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RowComparison {
    /// Request type; empty for all requests together.
    #[serde(rename = "type")]
    pub request_type: String,
    /// Name.
    pub name: String,
    /// What was compared.
    pub measures: Vec<MeasureComparison>,
}

/// One measure of a row.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MeasureComparison {
    /// `p50`, `p95`, `p99`, `p99.9`, `mean`, `rate` (of requests that succeeded), `failures` (failed per request) or
    /// `lost` (lost per message).
    pub measure: String,
    /// `ms`, `1/s` or `share` (0 to 1).
    pub unit: &'static str,
    /// The runs of A together: the geometric mean, for shares the mean; `null` if a run lacks it.
    pub a: Option<f64>,
    /// The same of B.
    pub b: Option<f64>,
    /// The value of each run of A. A time of 0 in a CSV file of whole milliseconds counts as 0.5 ms, the most it can be.
    pub a_runs: Vec<Option<f64>>,
    /// The value of each run of B.
    pub b_runs: Vec<Option<f64>>,
    /// From A to B; `null` if a side has no value, or if the files of the runs cannot tell the two apart.
    pub change: Option<Change>,
    /// The probability of such a difference between equal runs, all comparisons taken together; `null` if it was not
    /// compared.
    pub probability: Option<f64>,
    /// What it shows.
    pub verdict: Verdict,
    /// Why nothing could be shown, if there is a reason beside the numbers.
    pub reason: Option<String>,
    /// The verdict in words.
    pub words: String,
    /// Values and change as people read them.
    #[serde(skip)]
    pub texts: Texts,
    /// Whether it stands in a short table.
    #[serde(skip)]
    pub is_main: bool,
}

/// A change from A to B.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// `ratio`: the numbers are shares of A's value, 0.2 is 20 % more. `difference`: they are differences of shares.
    pub of: ChangeOf,
    /// The change; `null` from 0.
    pub estimate: Option<f64>,
    /// The lower end of its interval; `null` if there is none.
    pub low: Option<f64>,
    /// The upper end of its interval.
    pub high: Option<f64>,
    /// The probability with which such an interval holds the true change: 0.95 or more.
    pub confidence: Option<f64>,
}

/// What a change is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOf {
    /// Shares of A's value.
    Ratio,
    /// Differences of shares.
    Difference,
}

/// Cells of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// A's value.
    pub a: String,
    /// B's value.
    pub b: String,
    /// The change.
    pub change: String,
    /// Its interval; empty without one.
    pub interval: String,
}

/// Equal failures of one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FailureComparison {
    /// Request type of the row.
    #[serde(rename = "type")]
    pub request_type: String,
    /// Name of the row.
    pub name: String,
    /// The text.
    pub error: String,
    /// Occurrences in all runs of A.
    pub a: u64,
    /// Occurrences in all runs of B.
    pub b: u64,
}

/// What became of one `--fail-on` for one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// The expression as it was written.
    pub expression: String,
    /// The row's type and name, or what the expression calls it.
    pub row: String,
    /// Whether it holds.
    pub outcome: Outcome,
    /// The numbers, or why there are no numbers.
    pub detail: String,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The expression does not hold: fine.
    Pass,
    /// It holds, or could not be judged.
    Fail,
    /// One of every row (`[*]`), and A has nothing to hold it against: a row that came.
    Skip,
    /// A percentage of so little that whole milliseconds cannot tell whether it holds. It does not fail the comparison.
    Unclear,
}

impl Comparison {
    /// Whether B is worse than A. A hint is not enough.
    pub fn worse(&self) -> bool {
        self.verdict == Verdict::Worse
    }

    /// How many checks failed.
    pub fn failed_checks(&self) -> usize {
        self.checks.iter().filter(|check| check.outcome == Outcome::Fail).count()
    }
}

impl Verdict {
    /// Whether it tells a difference, be it as a hint.
    pub fn is_finding(self) -> bool {
        !matches!(self, Self::Same | Self::NoEvidence)
    }
}

impl MeasureComparison {
    /// Whether it is a share that is 0 on both sides.
    pub fn is_share_of_nothing(&self) -> bool {
        self.unit == "share" && self.a == Some(0.0) && self.b == Some(0.0)
    }
}

impl RowComparison {
    /// Type and name as one text, the name alone if it has no type.
    pub fn title(&self) -> String {
        title(&self.request_type, &self.name)
    }
}

impl FailureComparison {
    /// Type and name of the row as one text.
    pub fn title(&self) -> String {
        title(&self.request_type, &self.name)
    }

    /// `only in B`, `only in A` or nothing.
    pub fn remark(&self) -> &'static str {
        match (self.a, self.b) {
            (0, _) => "only in B",
            (_, 0) => "only in A",
            _ => "",
        }
    }
}

impl Outcome {
    /// Its word: `PASS`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
            Self::Unclear => "UNCLEAR",
        }
    }
}

/// Type and name as one text, the name alone without a type.
pub fn title(request_type: &str, name: &str) -> String {
    format!("{request_type} {name}").trim_start().to_owned()
}

#[cfg(test)]
mod tests;
