//! (to be written)

pub mod compare;
