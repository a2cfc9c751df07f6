//! From the figures of runs to the measures of a comparison with their verdicts.
//!
//! All measures of all rows are one family: together they cry wolf in at most 5 %. So that a scenario with very many rows
//! can still find something, only the [`MOST_ROWS`] rows with the most requests are judged; the others are shown.

use std::collections::BTreeSet;

use crate::report::compare::change::{interval, interval_text, of_estimate, plain_percent, texts};
use crate::report::compare::comparison::{MeasureComparison, RowComparison, Test, Verdict};
use crate::report::compare::figures::{Figure, LENGTH_KNOWN_TO_S, RowFigures, RunFigures, Unknown};
use crate::report::compare::measure::Measure;
use crate::stats::RowKey;
use crate::stats::inference::LEVEL;
use crate::stats::inference::family::{Scale, Variable, exceeds, probabilities};
use crate::stats::inference::few_runs::{Hint, RUN_TO_RUN, RunValue, hint, holm};
use crate::stats::inference::shift::{Shift, mean};
use crate::stats::inference::splits::{Splits, suffice};

/// Only so many rows are judged.
pub const MOST_ROWS: usize = 20;

/// By how much the shares of failures of two equal runs are taken to differ, relative to their mean: failures come in
/// bursts, so far more than times do.
const SHARES_RUN_TO_RUN: f64 = 0.25;

/// Rows with verdicts, and how they were found.
pub struct Judged {
    /// Rows of both sides.
    pub rows: Vec<RowComparison>,
    /// Rows of A alone.
    pub only_in_a: Vec<RowKey>,
    /// Rows of B alone.
    pub only_in_b: Vec<RowKey>,
    /// The test.
    pub test: Test,
    /// The splits of a permutation test.
    pub splits: Option<Splits>,
    /// How many comparisons there were.
    pub comparisons: usize,
    /// How many rows were not judged, since there are too many.
    pub left_out_rows: usize,
}

/// One measure of one row in all runs, to be compared.
struct Candidate {
    row: usize,
    at: usize,
    measure: Measure,
    /// Values as they are compared, greater is worse: A's and B's.
    values: [Vec<f64>; 2],
    figures: [Vec<Figure>; 2],
}

/// Judges all rows of two groups of runs, at least one run each.
pub fn judge(a: &[RunFigures], b: &[RunFigures], least_effect: f64) -> Judged {
    let pairs = pairs(a, b);
    let both: Vec<&Pair> = pairs.iter().filter(|pair| pair.is_in(0) && pair.is_in(1)).collect();
    let only = |side: usize| {
        pairs.iter().filter(|pair| !pair.is_in(1 - side)).map(|pair| pair.key.clone()).collect()
    };
    let mut by_requests: Vec<u64> = both.iter().map(|pair| pair.requests()).collect();
    by_requests.sort_unstable_by(|one, other| other.cmp(one));
    let least_requests = by_requests.get(MOST_ROWS - 1).copied().unwrap_or(0);

    let (mut rows, mut candidates, mut left_out_rows, mut judged_rows) = (Vec::new(), Vec::new(), 0, 0);
    let all = Pair::of_all(a, b);
    let in_all = (both.len() > 1).then_some(&all);
    for (at, pair) in both.iter().copied().chain(in_all).enumerate() {
        let is_row = at < both.len();
        let is_judged = !is_row || (pair.requests() >= least_requests && judged_rows < MOST_ROWS);
        judged_rows += usize::from(is_row && is_judged);
        left_out_rows += usize::from(!is_judged);
        let mut measures = Vec::new();
        for (index, measure) in Measure::ALL.into_iter().enumerate() {
            let Some((mut shown, figures)) = pair.measure(index, measure, least_effect) else { continue };
            if !is_judged {
                shown.reason = Some("row not judged".to_owned());
            } else if let Some(figures) = figures {
                let scaled = |figures: &[Figure]| {
                    figures.iter().map(|figure| measure.scaled(figure.value) * measure.sign()).collect()
                };
                let values = [scaled(&figures[0]), scaled(&figures[1])];
                candidates.push(Candidate { row: at, at: measures.len(), measure, values, figures });
            }
            measures.push(shown);
        }
        rows.push(RowComparison {
            request_type: pair.key.request_type.clone(),
            name: pair.key.name.clone(),
            measures,
        });
    }

    let enough = suffice(a.len(), b.len(), LEVEL);
    let splits = enough.then(|| Splits::of(a.len(), b.len()));
    let comparisons = candidates.len();
    match &splits {
        Some(splits) => by_permutation(&candidates, splits, least_effect, &mut rows),
        None => by_batch_means(&candidates, least_effect, &mut rows),
    }
    for measure in rows.iter_mut().flat_map(|row| &mut row.measures) {
        measure.words = words(measure, least_effect);
    }
    let test = if enough { Test::Permutation } else { Test::BatchMeans };
    Judged { rows, only_in_a: only(0), only_in_b: only(1), test, splits, comparisons, left_out_rows }
}

fn by_permutation(candidates: &[Candidate], splits: &Splits, least_effect: f64, rows: &mut [RowComparison]) {
    let variables: Vec<Variable> = candidates
        .iter()
        .map(|candidate| Variable {
            scale: candidate.measure.scale(),
            a: candidate.values[0].clone(),
            b: candidate.values[1].clone(),
            variance_within: candidate.variance_within(),
        })
        .collect();
    let found = probabilities(&variables, splits, least_effect);
    for (candidate, probability) in candidates.iter().zip(found) {
        let shift = Shift::between(&candidate.values[0], &candidate.values[1], splits);
        let verdict = match (probability <= LEVEL, shift.estimate > 0.0) {
            (true, true) => Verdict::Worse,
            (true, false) => Verdict::Better,
            (false, _) if candidate.is_within(least_effect, shift.low, shift.high) => Verdict::Same,
            (false, _) => Verdict::NoEvidence,
        };
        let shift = if candidate.measure.sign() < 0.0 { shift.turned() } else { shift };
        candidate.write(rows, verdict, probability, [shift.low, shift.high], shift.confidence);
    }
}

fn by_batch_means(candidates: &[Candidate], least_effect: f64, rows: &mut [RowComparison]) {
    let hints: Vec<_> = candidates.iter().map(|candidate| Some((candidate, candidate.hint()?))).collect();
    let known: Vec<_> = hints.iter().flatten().collect();
    let together = holm(&known.iter().map(|(_, hint)| hint.probability).collect::<Vec<_>>());
    for ((candidate, hint), probability) in known.into_iter().zip(together) {
        let means = [mean(&candidate.values[0]), mean(&candidate.values[1])];
        let is_hint = probability <= LEVEL && exceeds(candidate.measure.scale(), means, least_effect);
        let verdict = match (is_hint, hint.estimate > 0.0) {
            (true, true) => Verdict::HintWorse,
            (true, false) => Verdict::HintBetter,
            (false, _) if candidate.is_within(least_effect, hint.low, hint.high) => Verdict::Same,
            (false, _) => Verdict::NoEvidence,
        };
        let ends =
            if candidate.measure.sign() < 0.0 { [-hint.high, -hint.low] } else { [hint.low, hint.high] };
        candidate.write(rows, verdict, probability, ends, 1.0 - LEVEL);
    }
    for (candidate, hint) in candidates.iter().zip(&hints) {
        if hint.is_none() {
            let missing = candidate.figures.iter().flatten().filter_map(|figure| figure.within.err()).max();
            rows[candidate.row].measures[candidate.at].reason = missing.map(|missing| missing.to_string());
        }
    }
}

impl Candidate {
    /// The variance of a run's value as the runs themselves know it: the median of those that do.
    fn variance_within(&self) -> f64 {
        let within = self.figures.iter().flatten().filter_map(|figure| figure.within.ok());
        let mut known: Vec<f64> = within.map(|within| within.variance).collect();
        known.sort_by(f64::total_cmp);
        known.get(known.len() / 2).copied().unwrap_or(0.0)
    }

    fn hint(&self) -> Option<Hint> {
        let [a, b] = [0, 1].map(|side| {
            let runs = self.figures[side].iter().zip(&self.values[side]);
            runs.map(|(figure, value)| Some(RunValue { value: *value, within: figure.within.ok()? }))
                .collect::<Option<Vec<_>>>()
        });
        let all: Vec<f64> = self.values.iter().flatten().copied().collect();
        let spread = match self.measure.scale() {
            Scale::Logarithmic => RUN_TO_RUN,
            Scale::Linear => SHARES_RUN_TO_RUN * mean(&all),
        };
        Some(hint(&a?, &b?, spread))
    }

    /// Whether a whole interval is below the least effect.
    fn is_within(&self, least_effect: f64, low: f64, high: f64) -> bool {
        let reach = match self.measure.scale() {
            Scale::Logarithmic => (1.0 + least_effect).ln(),
            Scale::Linear => least_effect * mean(&self.values[0]).min(mean(&self.values[1])),
        };
        low >= -reach && high <= reach
    }

    fn write(
        &self,
        rows: &mut [RowComparison],
        verdict: Verdict,
        probability: f64,
        ends: [f64; 2],
        confidence: f64,
    ) {
        let measure = &mut rows[self.row].measures[self.at];
        measure.verdict = verdict;
        measure.probability = Some(probability);
        if let Some(change) = &mut measure.change {
            interval(change, ends, confidence, measure.a.unwrap_or_default());
            measure.texts.interval = interval_text(change);
        }
    }
}

/// One row of both sides: for each run what it has of it.
struct Pair<'f> {
    key: RowKey,
    runs: [Vec<Option<&'f RowFigures>>; 2],
}

fn pairs<'f>(a: &'f [RunFigures], b: &'f [RunFigures]) -> Vec<Pair<'f>> {
    let keys: BTreeSet<&RowKey> = a.iter().chain(b).flat_map(|run| run.rows.keys()).collect();
    let of = |runs: &'f [RunFigures], key: &RowKey| runs.iter().map(|run| run.row(key)).collect();
    keys.into_iter().map(|key| Pair { key: key.clone(), runs: [of(a, key), of(b, key)] }).collect()
}

impl<'f> Pair<'f> {
    fn of_all(a: &'f [RunFigures], b: &'f [RunFigures]) -> Self {
        let of = |runs: &'f [RunFigures]| runs.iter().map(|run| Some(&run.all)).collect();
        let key = RowKey { request_type: String::new(), name: "Aggregated".to_owned() };
        Self { key, runs: [of(a), of(b)] }
    }

    fn is_in(&self, side: usize) -> bool {
        self.runs[side].iter().any(Option::is_some)
    }

    fn requests(&self) -> u64 {
        self.runs.iter().flatten().flatten().map(|row| row.requests).sum()
    }

    /// A measure before it is judged, and its figures if it can be; `None` if no run measures such a thing.
    fn measure(
        &self,
        index: usize,
        measure: Measure,
        least_effect: f64,
    ) -> Option<(MeasureComparison, Option<[Vec<Figure>; 2]>)> {
        let figures = |side: usize| {
            self.runs[side].iter().map(|row| row.map(|row| row.figures[index])).collect::<Vec<_>>()
        };
        let sides = [figures(0), figures(1)];
        let known = sides.iter().flatten().flatten();
        if known.clone().all(|figure| *figure == Err(Unknown::NotMeasured)) {
            return None;
        }
        let value = |figure: &Option<Result<Figure, Unknown>>| Some(figure.as_ref()?.as_ref().ok()?.value);
        let values = [0, 1].map(|side| sides[side].iter().map(value).collect::<Vec<_>>());
        let whole = |side: usize| values[side].iter().copied().collect::<Option<Vec<f64>>>();
        let (a, b) = (whole(0).map(|all| measure.together(&all)), whole(1).map(|all| measure.together(&all)));
        let complete =
            |side: usize| sides[side].iter().map(|figure| figure.as_ref()?.ok()).collect::<Option<Vec<_>>>();
        let complete = complete(0).zip(complete(1)).map(|(a, b)| [a, b]);
        let hidden =
            complete.as_ref().and_then(|figures| below_resolution(measure, figures, a.zip(b), least_effect));
        let reason = match &complete {
            None if sides.iter().flatten().any(Option::is_none) => Some("row not in every run".to_owned()),
            None if known.clone().any(|figure| *figure == Err(Unknown::OtherDefinition)) => {
                Some("not comparable: CSV files have rates until the last request".to_owned())
            }
            None if known.clone().any(|figure| *figure == Err(Unknown::NotInFile)) => {
                Some("not in every file".to_owned())
            }
            None => Some("no such requests".to_owned()),
            Some(figures) if figures.iter().flatten().any(|figure| !figure.enough) => {
                Some("too few requests".to_owned())
            }
            Some(_) => hidden.clone(),
        };
        let [a_runs, b_runs] = values;
        let resolution = |side: usize| {
            let known = sides[side].iter().flatten().flatten();
            known.map(|figure| figure.resolution).fold(0.0, f64::max)
        };
        let change = a.zip(b).filter(|_| hidden.is_none()).map(|(a, b)| of_estimate(measure, a, b));
        let mut cells = texts(measure, a, b, change.as_ref());
        for (cell, value, side) in [(&mut cells.a, a, 0), (&mut cells.b, b, 1)] {
            if measure.is_time() && value.is_some_and(|value| value < resolution(side)) {
                "< 1 ms".clone_into(cell);
            }
        }
        let shown = MeasureComparison {
            measure: measure.name(),
            unit: measure.unit(),
            a,
            b,
            a_runs,
            b_runs,
            change,
            probability: None,
            verdict: Verdict::NoEvidence,
            words: String::new(),
            texts: cells,
            is_main: measure.is_main() || (measure.is_share() && (a, b) != (Some(0.0), Some(0.0))),
            reason: reason.clone(),
        };
        Some((shown, complete.filter(|_| reason.is_none())))
    }
}

/// What is said of times that differ by no more than one step of a file's rounding, if they differ by what would be said
/// at all.
fn below_resolution(
    measure: Measure,
    figures: &[Vec<Figure>; 2],
    values: Option<(f64, f64)>,
    least_effect: f64,
) -> Option<String> {
    let (a, b) = values?;
    let step = figures.iter().flatten().map(|figure| figure.resolution).fold(0.0, f64::max);
    // A file of whole milliseconds shows 1 and 1 also for 0.6 and 1.4.
    let hidden = step > least_effect * a.min(b);
    (step > 0.0 && hidden && (a - b).abs() <= step).then(|| match measure {
        Measure::Rate => format!("file shows the length of a run to {LENGTH_KNOWN_TO_S} s"),
        _ => format!("file shows steps of {step} ms"),
    })
}

fn words(measure: &MeasureComparison, least_effect: f64) -> String {
    let named = Measure::ALL.into_iter().find(|known| known.name() == measure.measure);
    let word = |worse| named.map_or("", |named| named.word(worse));
    match (measure.verdict, &measure.reason) {
        (Verdict::Worse, _) => "worse".to_owned(),
        (Verdict::Better, _) => "better".to_owned(),
        (Verdict::HintWorse, _) => format!("hint: {}", word(true)),
        (Verdict::HintBetter, _) => format!("hint: {}", word(false)),
        (Verdict::Same, _) => format!("same within {}", plain_percent(least_effect)),
        (Verdict::NoEvidence, None) => "no evidence".to_owned(),
        (Verdict::NoEvidence, Some(reason)) => format!("no evidence ({reason})"),
    }
}
