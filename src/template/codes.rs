//! The codes of mistakes in templates, each with its meaning.

use crate::diagnostic::codes;

codes! {
    TOPIC = "E0211", "A topic is invalid, so no message can be published to it.";
    TEXT = "E0215", "A text holds a character that MQTT cannot carry.";
    UNCLOSED = "E0301", "A `${` of a template is not closed.";
    EMPTY_EXPRESSION = "E0302", "A `${}` of a template is empty.";
    UNKNOWN_NAME = "E0303", "A template uses a name that does not exist.";
    UNKNOWN_FUNCTION = "E0304", "A template calls a function that does not exist.";
    ARGUMENT_COUNT = "E0305", "A function of a template got too few or too many arguments.";
    ARGUMENT = "E0306", "An argument of a template's function has the wrong form or is out of range.";
    NOT_ALLOWED_HERE = "E0307", "A template uses something that is not known yet, or not allowed, where it stands.";
    UNKNOWN_VAR = "E0308", "A template uses a constant that `vars` does not have.";
    ENV_NOT_SET = "E0309", "A template uses an environment variable that is not set and has no default.";
    SYNTAX = "E0310", "An expression of a template cannot be understood.";
    TEMPLATE_IN_VARS = "E0311", "A constant of `vars` holds `${`, which is not expanded there.";
    UNKNOWN_COLUMN = "E0312", "A template uses a column that no feed of its user class has.";
    NO_FEED = "E0313", "A template uses a column, but its user class has no feeds.";
    OTHER_TEMPLATE = "W0310", "A text looks like a template of another tool, and is sent as it stands.";
}
