//! From a scenario to a plan, and what a plan tells.

pub(crate) mod dispatch;
pub(crate) mod payload;
pub(crate) mod plan;
pub(crate) mod threshold;
