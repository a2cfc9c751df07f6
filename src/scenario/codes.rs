//! The codes of what can be wrong with a scenario as a text; those of its meaning (E02..) are the plan's.
//!
//! A code is never used again for another meaning: people look them up and write them into issues.

/// The text is not valid TOML or YAML.
pub const SYNTAX: &str = "E0001";
/// A key stands twice in one table.
pub const DUPLICATE_KEY: &str = "E0002";
/// Valid YAML that has no place in a scenario: tags, several documents, keys that are not text.
pub const UNSUPPORTED_YAML: &str = "E0003";
/// Nested too deep, or grown too large by YAML aliases.
pub const TOO_LARGE: &str = "E0004";
/// Nothing but white space and comments.
pub const EMPTY: &str = "E0005";
/// More mistakes than are worth listing.
pub const TOO_MANY: &str = "E0006";
/// A file of `include` that cannot be read.
pub const INCLUDE: &str = "E0008";
/// A file that includes itself, be it by way of others.
pub const INCLUDE_CYCLE: &str = "E0009";
/// More files than a scenario can be made of, or more in them, or too deep in each other.
pub const TOO_MUCH_INCLUDED: &str = "E0010";
/// A scenario file that cannot be read.
pub const UNREADABLE: &str = "E0011";
/// A value of the command line that is not written `PATH=VALUE`.
pub const SETTING: &str = "E0012";
/// A value of the command line for a place that the scenario does not have.
pub const NO_SUCH_PLACE: &str = "E0013";
/// A key that the language does not have there.
pub const UNKNOWN_KEY: &str = "E0101";
/// A step or another choice that the language does not have.
pub const UNKNOWN_CHOICE: &str = "E0102";
/// A value of the wrong type.
pub const WRONG_TYPE: &str = "E0103";
/// A number that is too large, negative or not finite.
pub const OUT_OF_RANGE: &str = "E0104";
/// A text that cannot be read as what it should be, such as a length of time.
pub const INVALID_VALUE: &str = "E0105";
/// A step or another choice with no key or with several.
pub const NOT_ONE_KEY: &str = "E0106";
/// A list with too few or too many items, or with an empty one.
pub const WRONG_LENGTH: &str = "E0107";
/// A user class that extends one that there is not.
pub const UNKNOWN_BASE: &str = "E0108";
/// A user class that extends itself, be it by way of others.
pub const EXTENDS_CYCLE: &str = "E0109";
/// User classes that take over more than can be kept.
pub const TOO_MUCH_INHERITED: &str = "E0110";
