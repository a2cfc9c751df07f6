//! How far the clock of the master is ahead of ours.
//!
//! Locust counts requests by the second in which a worker says they ended. A worker whose clock is 30 s off cuts the rates of
//! the whole test to a third. Each spawn message has the master's time in it. A message can only come late, which makes the
//! master look behind, so the largest difference that was seen is the best one.

/// Below this the clocks are as good as the same, in seconds.
const TOLERANCE_S: f64 = 0.5;

/// The difference of two clocks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Skew(Option<f64>);

impl Skew {
    /// Takes in that the master had `theirs` when it wrote what came at `ours`, both in unix seconds. Returns whether
    /// [`shift_s`](Self::shift_s) is another one now.
    pub(super) fn observe(&mut self, theirs: f64, ours: f64) -> bool {
        let before = self.shift_s();
        let ahead = theirs - ours;
        if ahead.is_finite() {
            self.0 = Some(self.0.map_or(ahead, |most| most.max(ahead)));
        }
        self.shift_s() != before
    }

    /// Whole seconds to add to our moments, so that a second of ours stays one second.
    pub(super) fn shift_s(self) -> i64 {
        match self.0 {
            #[expect(clippy::cast_possible_truncation, reason = "it is bounded by the line before")]
            Some(ahead) if ahead.abs() > TOLERANCE_S => ahead.clamp(-1e9, 1e9).round() as i64,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
