//! The text of a scenario and what is said about it.

pub(crate) mod diagnostics;
pub(crate) mod include;
pub(crate) mod malformed_input;
pub(crate) mod schema;
pub(crate) mod secrets;
pub(crate) mod slips;
