//! The verdict of a comparison in one sentence, and how it was found in another.

use crate::report::columns::cut;
use crate::report::compare::change::plain_percent;
use crate::report::compare::comparison::{ChangeOf, MeasureComparison, Method, RowComparison, Test, Verdict};

/// How many findings and rows one sentence names.
const NAMED: usize = 2;

/// A name is cut in its middle to so many columns; the table has more of it.
const NAME: usize = 60;

/// What a sentence speaks of.
pub struct Told<'c> {
    /// The rows with their verdicts.
    pub rows: &'c [RowComparison],
    /// Rows that one side alone has.
    pub only: [&'c [String]; 2],
    /// How it was found out.
    pub method: &'c Method,
    /// How many runs a side has.
    pub runs: [usize; 2],
}

/// The worst verdict of all rows: one finding for the worse outweighs any for the better.
pub fn verdict(rows: &[RowComparison]) -> Verdict {
    let all = || rows.iter().flat_map(|row| &row.measures).map(|measure| measure.verdict);
    let first = [Verdict::Worse, Verdict::Better, Verdict::HintWorse, Verdict::HintBetter]
        .into_iter()
        .find(|verdict| all().any(|found| found == *verdict));
    let same = || all().next().is_some() && all().all(|verdict| verdict == Verdict::Same);
    first.unwrap_or_else(|| if same() { Verdict::Same } else { Verdict::NoEvidence })
}

impl Told<'_> {
    /// The verdict and what it rests on.
    pub fn sentence(&self) -> String {
        let least = plain_percent(self.method.least_effect);
        let mut parts = Vec::new();
        for (verdict, head) in [
            (Verdict::Worse, "Worse"),
            (Verdict::Better, "Better"),
            (Verdict::HintWorse, "Hint of worse, no proof"),
            (Verdict::HintBetter, "Hint of better, no proof"),
        ] {
            let found = self.findings(verdict);
            if !found.is_empty() {
                parts.push(format!("{head}: {}", named(&found)));
            }
        }
        if parts.is_empty() {
            parts.push(match verdict(self.rows) {
                _ if self.rows.is_empty() => "No evidence: A and B have no row in common".to_owned(),
                Verdict::Same => format!("The same: no measure of any row differs by {least} or more"),
                _ => format!("No evidence that B is worse or better by {least} or more"),
            });
        }
        for (side, rows) in ["A", "B"].into_iter().zip(self.only) {
            if !rows.is_empty() {
                let rows: Vec<String> = rows.iter().map(|row| cut(row, NAME)).collect();
                parts.push(format!("only in {side}: {}", named(&rows)));
            }
        }
        parts.extend(self.too_few());
        format!("{}.", parts.join("; "))
    }

    /// What too few runs mean; `None` if they are enough.
    fn too_few(&self) -> Option<String> {
        if self.method.test == Test::Permutation {
            return None;
        }
        let level = plain_percent(self.method.level);
        Some(match self.runs {
            [1, 1] => "one run a side proves little, four a side are the least".to_owned(),
            [a, b] if a == b => {
                format!("too few runs: {a} a side cannot show anything at {level}, four are the least")
            }
            [a, b] => format!(
                "too few runs: {a} and {b} cannot show anything at {level}, four a side are the least"
            ),
        })
    }

    /// How it was found out.
    pub fn method(&self) -> String {
        let (comparisons, level) = (self.method.comparisons, plain_percent(self.method.level));
        match self.method.test {
            Test::Permutation => {
                let splits = self.method.splits.unwrap_or_default();
                let which =
                    if self.method.all_splits { "exact" } else { "sampled, always with the same seed" };
                format!(
                    "Permutation test of runs ({which}, {splits} splits); {comparisons} comparisons together find a \
                     difference where there is none in at most {level} of cases."
                )
            }
            Test::BatchMeans => format!(
                "Hints by batch means inside the runs, with 5 % allowed for the difference of equal runs; \
                 {comparisons} comparisons together, {level}."
            ),
        }
    }

    /// The findings with this verdict, the largest change first.
    fn findings(&self, verdict: Verdict) -> Vec<String> {
        let measures =
            self.rows.iter().flat_map(|row| row.measures.iter().map(move |measure| (row, measure)));
        let mut found: Vec<_> = measures.filter(|(_, measure)| measure.verdict == verdict).collect();
        found.sort_by(|(_, one), (_, other)| size(other).total_cmp(&size(one)));
        found.into_iter().map(|(row, measure)| finding(row, measure)).collect()
    }
}

/// How large a change is beside others: failures that came first, then by ratio.
fn size(measure: &MeasureComparison) -> f64 {
    match measure.change.map(|change| (change.of, change.estimate)) {
        Some((ChangeOf::Ratio, Some(ratio))) => (1.0 + ratio).max(1e-9).ln().abs(),
        Some((ChangeOf::Difference, Some(difference))) => 100.0 + difference.abs(),
        _ => 99.0,
    }
}

fn finding(row: &RowComparison, measure: &MeasureComparison) -> String {
    let texts = &measure.texts;
    let title = cut(&row.title(), NAME);
    let is_from_or_to_nothing = measure.a == Some(0.0) || measure.b == Some(0.0);
    let change = if measure.unit == "share" || is_from_or_to_nothing {
        format!("{} → {}", texts.a, texts.b)
    } else if texts.interval.is_empty() {
        texts.change.clone()
    } else {
        format!("{} ({})", texts.change, texts.interval)
    };
    format!("{} of {title} {change}", measure.measure)
}

fn named(all: &[String]) -> String {
    let mut named: Vec<String> = all.iter().take(NAMED).cloned().collect();
    if all.len() > NAMED {
        named.push(format!("and {} more", all.len() - NAMED));
    }
    named.join(", ")
}
