//! Which numbers the users of one process have among those of several that do not know each other: workers of a Locust master.
//!
//! A shard knows the whole run, and leaves out the users of others. A worker learns only its own number of users, so each
//! worker has numbers of its own, whatever users the others have. They are dealt in turn to the workers that a test begins with
//! or is told to expect; a worker that comes later has a block for itself.
//!
//! ```text
//! users that a worker starts   1st  2nd  3rd …
//! worker 0 of 2 expected       1    3    5
//! worker 1 of 2 expected       2    4    6
//! worker 2, not expected       2,000,001  2,000,002  2,000,003
//! ```

/// How many numbers the block of an unexpected worker has.
const BLOCK: u64 = 1_000_000;

/// From the order in which a process starts its users to their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbering {
    first: u64,
    step: u64,
}

impl Numbering {
    /// That of a process that has all users of a run, or its shard.
    pub const ALONE: Self = Self { first: 0, step: 1 };

    /// That of the worker with this index, from 0, if `expected` workers are expected. Workers with different indices have
    /// no number in common, as long as none starts a million users.
    pub fn of_worker(index: u64, expected: u64) -> Self {
        if index < expected {
            Self { first: index, step: expected }
        } else {
            Self { first: index.saturating_mul(BLOCK), step: 1 }
        }
    }

    /// That of a worker that came when a test had begun: the so manieth, from 0, that its master has ever taken in.
    pub fn of_late_worker(index: u64) -> Self {
        Self { first: index.saturating_add(1).saturating_mul(BLOCK), step: 1 }
    }

    /// The number, from 1, of the user that this process starts as the so manieth, from 1.
    pub fn number(self, started: u64) -> u64 {
        self.index(started.saturating_sub(1)).saturating_add(1)
    }

    /// The index, from 0, of the user that this process starts as the so manieth, from 0.
    pub fn index(self, started: u64) -> u64 {
        started.saturating_mul(self.step).saturating_add(self.first)
    }
}

impl Default for Numbering {
    fn default() -> Self {
        Self::ALONE
    }
}

#[cfg(test)]
mod tests;
