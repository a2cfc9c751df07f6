//! How often the tests cry wolf and how often they find a planted change, with made runs. The seed is fixed.

use crate::stats::inference::LEVEL;
use crate::stats::inference::batch_means::{WithinRun, ranges};
use crate::stats::inference::family::{Scale, Variable, exceeds, probabilities};
use crate::stats::inference::few_runs::{RUN_TO_RUN, RunValue, hint, holm};
use crate::stats::inference::shift::mean;
use crate::stats::inference::splits::Splits;

/// How much equal runs differ as a whole.
const RUNS: f64 = 0.03;
/// How much a row of a run differs beyond that.
const ROW: f64 = 0.01;
/// The noise of the six variables of a row: p50, p95, p99, p99.9, mean, and a rate that knows no shifts.
const NOISE: [f64; 6] = [0.005, 0.02, 0.05, 0.15, 0.005, 0.002];
const LEAST_EFFECT: f64 = 0.05;
/// The table in `mod.rs` is of 1,000.
const PAIRS: usize = 150;

struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self, deviation: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        deviation * radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// One run: for each row the logarithms of its variables.
    fn run(&mut self, rows: usize, slower: impl Fn(usize) -> f64) -> Vec<f64> {
        let run = self.normal(RUNS);
        let mut values = Vec::new();
        for row in 0..rows {
            let shift = run + self.normal(ROW) + slower(row).ln();
            for (variable, noise) in NOISE.iter().enumerate() {
                values.push(self.normal(*noise) + if variable == 5 { 0.0 } else { shift });
            }
        }
        values
    }

    /// 120 seconds with a correlation of 0.5 to their neighbours, as batch means.
    fn batches(&mut self, value: f64, deviation_of_a_second: f64) -> WithinRun {
        let mut last = self.normal(deviation_of_a_second);
        let seconds: Vec<f64> = (0..120)
            .map(|_| {
                last = 0.5 * last + self.normal(deviation_of_a_second * 0.75_f64.sqrt());
                value + last
            })
            .collect();
        let batches: Vec<f64> = ranges(seconds.len()).map(|range| mean(&seconds[range])).collect();
        WithinRun::of(&batches).unwrap()
    }
}

/// In which share of pairs of four runs a side something is found, rows of B slower as told.
fn found(rows: usize, pairs: usize, slower: impl Fn(usize) -> f64) -> f64 {
    let splits = Splits::of(4, 4);
    let mut random = Random(7);
    let mut alarms = 0;
    for _ in 0..pairs {
        let a: Vec<_> = (0..4).map(|_| random.run(rows, |_| 1.0)).collect();
        let b: Vec<_> = (0..4).map(|_| random.run(rows, &slower)).collect();
        let variables: Vec<_> = (0..rows * NOISE.len())
            .map(|at| Variable {
                scale: Scale::Logarithmic,
                a: a.iter().map(|run| run[at]).collect(),
                b: b.iter().map(|run| run[at]).collect(),
                variance_within: NOISE[at % NOISE.len()].powi(2),
            })
            .collect();
        let probabilities = probabilities(&variables, &splits, LEAST_EFFECT);
        alarms += u32::from(probabilities.iter().any(|probability| *probability <= LEVEL));
    }
    f64::from(alarms) / pairs as f64
}

/// The same for one run a side.
fn hinted(rows: usize, pairs: usize, slower: f64) -> f64 {
    let mut random = Random(11);
    let mut alarms = 0;
    for _ in 0..pairs {
        let [a, b] = [1.0, slower].map(|slower| {
            let values = random.run(rows, |_| slower);
            let runs = values.into_iter().enumerate().map(|(at, value)| {
                // What makes the error of the whole run its noise: sqrt(3) for the correlation.
                let second = NOISE[at % NOISE.len()] * 120.0_f64.sqrt() / 3.0_f64.sqrt();
                RunValue { value, within: random.batches(value, second) }
            });
            runs.collect::<Vec<_>>()
        });
        let hints: Vec<_> = a.iter().zip(&b).map(|(a, b)| hint(&[*a], &[*b], RUN_TO_RUN)).collect();
        let together = holm(&hints.iter().map(|hint| hint.probability).collect::<Vec<_>>());
        let hinted = hints.iter().zip(together).any(|(hint, probability)| {
            probability <= LEVEL && exceeds(Scale::Logarithmic, [0.0, hint.estimate], LEAST_EFFECT)
        });
        alarms += u32::from(hinted);
    }
    f64::from(alarms) / pairs as f64
}

#[test]
fn equal_runs_are_called_different_in_less_than_one_of_twenty() {
    let share = found(3, PAIRS, |_| 1.0);
    assert!(share > 0.0 && share <= 0.05, "{share}");
}

#[test]
fn a_fifth_slower_is_found_with_four_runs_a_side() {
    let share = found(3, PAIRS, |_| 1.2);
    assert!(share >= 0.97, "{share}");
}

#[test]
fn one_row_of_three_that_is_a_fifth_slower_is_found_with_four_runs_a_side() {
    let share = found(3, PAIRS, |row| if row == 0 { 1.2 } else { 1.0 });
    assert!(share >= 0.97, "{share}");
}

#[test]
fn one_run_a_side_cries_no_wolf() {
    let share = hinted(3, PAIRS, 1.0);
    assert!(share <= 0.03, "{share}");
}

#[test]
fn one_run_a_side_hints_at_half_slower() {
    let share = hinted(3, PAIRS, 1.5);
    assert!(share >= 0.95, "{share}");
}
