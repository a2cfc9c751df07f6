//! The slots of response times with three digits, up to an hour. Steps are half a microsecond below a millisecond, and
//! a thousandth of the time or less above it. They are the slots of the HDR histogram of all requests, so that a row
//! and the histogram show the same times.

/// Longest time that is told apart: an hour.
pub(super) const HIGHEST_NS: u64 = 3_600_000_000_000;
/// All times below this number of bits fall into one slot.
const UNIT_BITS: u32 = 9;
/// Slots of half a table of linear steps: above 1,000, so that a step is a thousandth of its times at most.
const HALF_BITS: u32 = 10;
const HALF: usize = 1 << HALF_BITS;
/// How often the step doubles until an hour is reached.
const DOUBLINGS: u32 = 22;

pub(super) const SLOTS: usize = (DOUBLINGS as usize + 2) * HALF;

/// The slot of a time, counted from 0.
#[inline]
pub(super) fn index(ns: u64) -> usize {
    let ns = ns.min(HIGHEST_NS);
    // Bits beyond those of the first table, in which steps are units.
    let doublings = (u64::BITS - UNIT_BITS - HALF_BITS - 1).saturating_sub(ns.leading_zeros());
    let step = (ns >> (doublings + UNIT_BITS)) as usize;
    doublings as usize * HALF + step
}

/// The longest time of a slot, in nanoseconds.
pub(super) fn longest_ns(index: usize) -> u64 {
    let doublings = (index >> HALF_BITS).saturating_sub(1);
    let step = (index - doublings * HALF) as u64;
    ((step + 1) << (doublings as u64 + u64::from(UNIT_BITS))) - 1
}
