//! The embedded broker.

pub(crate) mod embedded;
