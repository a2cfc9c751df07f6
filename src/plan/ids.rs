//! Ids: indices into the tables of a plan.

/// Place of a broker in [`Plan::brokers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub usize);

/// Place of a class in [`Plan::classes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub usize);
