//! The ways to split runs into two groups: all of them, or a sample if there are very many.
//!
//! If A and B do not differ, every split is as likely as the one that was observed. The sample is drawn with a fixed
//! seed: the same runs must give the same verdict.

/// The most splits that are looked at. Up to eight runs a side (12,870 splits) that is all of them.
pub const MOST: usize = 20_000;

/// Splits of the runs of A and B, numbered through, A first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splits {
    a: usize,
    b: usize,
    /// For each split and run, whether the run is in the second group.
    in_second: Vec<bool>,
    exact: bool,
}

impl Splits {
    /// The splits of this many runs, at least one a side.
    pub fn of(a: usize, b: usize) -> Self {
        let exact = ways(a + b, b).is_some();
        let in_second = if exact { all(a + b, b) } else { sample(a + b, b) };
        Self { a, b, in_second, exact }
    }

    /// How many runs A has.
    pub fn runs_of_a(&self) -> usize {
        self.a
    }

    /// How many runs B has.
    pub fn runs_of_b(&self) -> usize {
        self.b
    }

    /// Each split: for each run, whether it is in the second group. The observed split is among them.
    pub fn iter(&self) -> impl Iterator<Item = &[bool]> {
        self.in_second.chunks_exact((self.a + self.b).max(1))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.in_second.len() / (self.a + self.b).max(1)
    }

    /// Whether these are all splits that there are.
    pub fn is_exact(&self) -> bool {
        self.exact
    }
}

/// Whether so many runs a side can show anything at this level: whether the least probability is small enough.
pub fn suffice(a: usize, b: usize, level: f64) -> bool {
    a > 0 && b > 0 && ways(a + b, b).is_none_or(|ways| 2.0 / ways as f64 <= level)
}

/// How many ways there are to choose `b` of `of`; `None` if they are more than [`MOST`].
fn ways(of: usize, b: usize) -> Option<usize> {
    let mut ways = 1_usize;
    for taken in 0..b.min(of - b) {
        // Divides without a rest: the product is a binomial coefficient again.
        ways = ways.checked_mul(of - taken)? / (taken + 1);
        if ways > MOST {
            return None;
        }
    }
    Some(ways)
}

/// Every choice of `b` of `of`, in lexicographic order.
fn all(of: usize, b: usize) -> Vec<bool> {
    let mut chosen: Vec<usize> = (0..b).collect();
    let mut splits = Vec::new();
    loop {
        let first = splits.len();
        splits.resize(first + of, false);
        for &run in &chosen {
            splits[first + run] = true;
        }
        // The last one that can still move does, and those behind it follow.
        let Some(moved) = (0..b).rev().find(|&at| chosen[at] < of - b + at) else { return splits };
        chosen[moved] += 1;
        for at in moved + 1..b {
            chosen[at] = chosen[at - 1] + 1;
        }
    }
}

/// The observed split and random ones.
fn sample(of: usize, b: usize) -> Vec<bool> {
    let observed: Vec<bool> = (0..of).map(|run| run >= of - b).collect();
    let mut random = SplitMix(2);
    let mut splits = observed.clone();
    let mut shuffled = observed;
    for _ in 1..MOST {
        for at in (1..of).rev() {
            shuffled.swap(at, random.below(at + 1));
        }
        splits.extend_from_slice(&shuffled);
    }
    splits
}

/// `SplitMix64`: small, and good enough to shuffle.
struct SplitMix(u64);

impl SplitMix {
    #[expect(clippy::cast_possible_truncation, reason = "it is below the limit")]
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The upper half of the product: even to one in 2^64 / limit.
        ((u128::from(mixed) * limit as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests;
