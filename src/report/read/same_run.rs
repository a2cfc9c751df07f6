//! Whether two results are of one run, wherever they lie: a copy, another path, or `result.json` and its CSV files.
//!
//! It goes by what stands in a result and not by its path, since `cp -r` makes another path. A run that is counted twice
//! makes every difference look proven. Where CSV files lack the moment and the host, equal response times to the last
//! digit are only a reason to ask.

use std::collections::BTreeMap;

use crate::stats::RowKey;
use crate::stats::result::row::RowResult;
use crate::stats::result::{RunResult, Source};

/// How sure it is that two results are of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// They are, or one was merged from a run that is in the other too.
    Certain,
    /// Their numbers are equal, and nothing else tells.
    Likely,
}

/// Two results that are of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twins {
    /// Where they stand in the list, the first one first.
    pub at: [usize; 2],
    /// How sure it is.
    pub sameness: Sameness,
}

/// CSV files know moments to the second.
const SECONDS_APART: f64 = 2.0;

/// Every pair of results that are of one run, in the order of the list.
pub fn twins(results: &[&RunResult]) -> Vec<Twins> {
    let ids: Vec<Vec<String>> = results.iter().map(|result| ids(result)).collect();
    let mut found = Vec::new();
    for (other, of_other) in ids.iter().enumerate() {
        for (one, of_one) in ids.iter().enumerate().take(other) {
            let shared = of_one.iter().any(|id| of_other.contains(id));
            let sameness =
                if shared { Some(Sameness::Certain) } else { by_numbers(results[one], results[other]) };
            found.extend(sameness.map(|sameness| Twins { at: [one, other], sameness }));
        }
    }
    found
}

/// What a result is known by: a digest of each run in it, more than one if it was merged.
pub fn ids(result: &RunResult) -> Vec<String> {
    if !result.run.merged_ids.is_empty() {
        return result.run.merged_ids.clone();
    }
    // Without a history the moments of CSV files are those of the files, which a copy does not keep.
    if result.source == Source::Csv && (result.series.points.is_empty() || !is_timed(result)) {
        return Vec::new();
    }
    let mut digest = Digest::default();
    let run = &result.run;
    digest.text(&run.host.name);
    digest.number(run.started.to_bits());
    digest.number(run.ended.to_bits());
    for row in result.rows.iter().chain([&result.aggregated]) {
        digest.text(&row.request_type);
        digest.text(&row.name);
        digest.number(row.requests);
        digest.number(row.failures);
        digest.number(row.average_ms.to_bits());
        digest.number(row.max_ms.to_bits());
        for (ms, times) in row.histogram.times_ms() {
            digest.number(ms.to_bits());
            digest.number(times);
        }
    }
    vec![format!("{:016x}", digest.0)]
}

/// FNV-1a, 64 bits: what is written into a merged result must be the same in every version of the program.
struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// The length goes first, so that two texts are not taken for others with the same letters.
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }
}

/// Response times of two runs are never equal to the last digit, so equal rows say that it is one run; when it was and
/// how many requests there were say whether that is certain.
fn by_numbers(one: &RunResult, other: &RunResult) -> Option<Sameness> {
    if !is_timed(one) || !have_equal_rows(one, other) {
        return None;
    }
    let of_csv = [one, other].map(|result| result.source == Source::Csv);
    let near = |a: f64, b: f64| (a - b).abs() <= SECONDS_APART;
    let at_one_time = near(one.run.started, other.run.started) && near(one.run.ended, other.run.ended);
    if of_csv[0] != of_csv[1] && at_one_time { Some(Sameness::Certain) } else { Some(Sameness::Likely) }
}

fn is_timed(result: &RunResult) -> bool {
    result.aggregated.requests > 0 && result.aggregated.max_ms > 0.0
}

fn have_equal_rows(one: &RunResult, other: &RunResult) -> bool {
    fn rows(result: &RunResult) -> BTreeMap<RowKey, &RowResult> {
        let key = |row: &RowResult| RowKey { request_type: row.request_type.clone(), name: row.name.clone() };
        result.rows.iter().map(|row| (key(row), row)).collect()
    }
    // Aggregated counts measured messages in CSV files and nowhere else.
    let (one, other) = (rows(one), rows(other));
    one.len() == other.len()
        && one.iter().zip(&other).all(|((key, row), (other_key, of_other))| {
            key == other_key
                && (row.requests, row.failures) == (of_other.requests, of_other.failures)
                && is_equal(row.average_ms, of_other.average_ms)
                && is_equal(row.min_ms, of_other.min_ms)
                && is_equal(row.max_ms, of_other.max_ms)
        })
}

/// Equal to the last digits: a mean may have been added in another order.
fn is_equal(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs())
}

#[cfg(test)]
mod tests;
