//! A result that is merged, with what it is called.

use crate::stats::result::RunResult;

/// A result and what it is called, such as its folder.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// What the merged result calls it.
    pub name: &'a str,
    /// The result.
    pub result: &'a RunResult,
}
