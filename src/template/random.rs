//! Random draws of a run: one small generator per user, seeded by the user's class and index.
//!
//! It is our own (xoroshiro128++ seeded by SplitMix64, both by Blackman and Vigna) and not a crate's. A seed in a
//! scenario promises the same draws for ever, but crates change their algorithms between versions. A user's stream
//! depends only on the seed, its class and its index there, so a run can be repeated with any number of threads.

/// A stream of random numbers; not for secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    a: u64,
    b: u64,
}

/// SplitMix64's increment: 2^64 divided by the golden ratio, odd.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream of the user with this index (from 0) in its class.
    ///
    /// Different users of one class have different streams for certain, those of different classes or seeds
    /// but for a chance of about 2^-64.
    pub fn for_user(seed: u64, class: &str, index: u64) -> Self {
        let class =
            class.bytes().fold(mix(seed.wrapping_add(GAMMA)), |hash, byte| mix(hash ^ u64::from(byte)));
        let start = mix(class.wrapping_add(index.wrapping_mul(GAMMA)));
        Self { a: mix(start.wrapping_add(GAMMA)), b: mix(start.wrapping_add(GAMMA.wrapping_mul(2))) }
    }

    /// The next number, all 64 bits evenly distributed.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let (a, b) = (self.a, self.b ^ self.a);
        let result = self.a.wrapping_add(self.b).rotate_left(17).wrapping_add(self.a);
        self.a = a.rotate_left(49) ^ b ^ (b << 21);
        self.b = b.rotate_left(28);
        result
    }

    /// A number from 0 up to `n`, `n` excluded, each equally likely; 0 for an `n` of 0.
    ///
    /// Lemire's multiplication ("Fast Random Integer Generation in an Interval", 2019), without a division
    /// in nearly all cases.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        let (mut high, mut low) = wide_product(self.next_u64(), n);
        if low < n {
            // The draws that would make some results likelier than others.
            let surplus = n.wrapping_neg() % n;
            while low < surplus {
                (high, low) = wide_product(self.next_u64(), n);
            }
        }
        high
    }

    /// A number from 0 up to 1, 1 excluded, in steps of 2^-53.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Both halves of a product, the high one first.
#[inline]
pub(super) fn wide_product(a: u64, b: u64) -> (u64, u64) {
    let (low, high) = a.carrying_mul(b, 0);
    (high, low)
}

/// SplitMix64's output function: a permutation of all 64-bit numbers.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
