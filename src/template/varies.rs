//! How often a text changes.

/// How often a text changes; the later ones include the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Varies {
    /// The same for everybody.
    Never,
    /// Fixed while a user lives.
    PerUser,
    /// Different with each rendering: progress, time and random draws.
    PerMessage,
}
