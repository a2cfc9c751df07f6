//! The codes of mistakes in the text of a scenario. The codes for its meaning (E02..) are in `compile`.
//!
//! A code is never used again for another meaning: people look them up and write them into issues.

use crate::diagnostic::codes;

codes! {
    SYNTAX = "E0001", "The text is not valid TOML or YAML.";
    DUPLICATE_KEY = "E0002", "A key stands twice in one table.";
    UNSUPPORTED_YAML = "E0003", "Valid YAML that has no place in a scenario: tags, several documents, keys that are not text.";
    TOO_LARGE = "E0004", "Nested too deep, more keys and values than are read, or grown too large by YAML aliases.";
    EMPTY = "E0005", "Nothing but white space and comments.";
    TOO_MANY = "E0006", "More mistakes than are worth listing.";
    INCLUDE = "E0008", "A file of `include` that cannot be read.";
    INCLUDE_CYCLE = "E0009", "A file that includes itself, directly or through other files.";
    TOO_MUCH_INCLUDED = "E0010", "More files than a scenario can be made of, or more in them, or too deep in each other.";
    UNREADABLE = "E0011", "A scenario file that cannot be read.";
    SETTING = "E0012", "A value of the command line that is not written `PATH=VALUE`.";
    NO_SUCH_PLACE = "E0013", "A value of the command line for a place that the scenario does not have.";
    UNKNOWN_KEY = "E0101", "A key that the language does not have there.";
    UNKNOWN_CHOICE = "E0102", "A step or another choice that the language does not have.";
    WRONG_TYPE = "E0103", "A value of the wrong type.";
    OUT_OF_RANGE = "E0104", "A number that is too large, negative or not finite.";
    INVALID_VALUE = "E0105", "A text that cannot be read as what it should be, such as a length of time.";
    NOT_ONE_KEY = "E0106", "A step or another choice with no key or with several.";
    WRONG_LENGTH = "E0107", "A list with too few or too many items, or with an empty one.";
    UNKNOWN_BASE = "E0108", "A user class that extends one that there is not.";
    EXTENDS_CYCLE = "E0109", "A user class that extends itself, directly or through other classes.";
    TOO_MUCH_INHERITED = "E0110", "User classes that take over more than can be kept.";
}
