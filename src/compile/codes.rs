//! The codes of everything that compiling a scenario can complain about, each with its meaning.
//!
//! One table, so that a code is never given out twice and a list of them can be printed. `E01xx` belongs to
//! reading the file (`scenario`), `E02xx` to its meaning, `E03xx` to templates (`template`), `Wxxxx` are warnings.

use crate::diagnostic::codes;

codes! {
    VERSION = "E0201", "The scenario has no `version`, or one that this program does not know.";
    MISSING = "E0202", "A value that the scenario cannot do without is missing.";
    UNKNOWN_BROKER = "E0203", "A user class names a broker that does not exist.";
    AMBIGUOUS_BROKER = "E0204", "A user class names no broker although there are several.";
    URL = "E0205", "The URL of a broker cannot be understood or is not supported.";
    RANGE = "E0206", "A number or a length of time is outside of what makes sense.";
    CONFLICT = "E0207", "Two values exclude each other, or one needs another.";
    EMPTY = "E0208", "A list or text that must not be empty is.";
    DUPLICATE = "E0209", "Two tasks of a class have the same name.";
    NOTHING_TO_DO = "E0210", "No task is left for a user class, or no user class for the run.";
    TOO_LONG = "E0212", "A text can become longer than MQTT can carry.";
    TOO_MANY_STEPS = "E0213", "A `repeat` is nested too deep, or a list of steps is too long.";
    UNKNOWN_CLASS = "E0214", "A user class was asked for that does not exist.";
    FILTER = "E0216", "A filter is one that nobody can subscribe to.";
    FILTER_TWICE = "E0217", "A step names a filter twice.";
    REGEX = "E0220", "A regular expression cannot be understood.";
    JSON_POINTER = "E0221", "A JSON pointer is none.";
    NOTHING_RECEIVED = "E0222", "A template uses what was received before any step receives.";
    FILE = "E0230", "A file that the scenario names cannot be read.";
    FEED = "E0231", "The file of a feed is not a table with a header and rows.";
    UNKNOWN_FEED = "E0232", "A user class names a feed that does not exist.";
    COLUMN_TWICE = "E0233", "Two feeds of a user class have a column of the same name.";
    TOO_FEW_ROWS = "E0234", "A feed that gives no row twice has fewer rows than users.";
    UNKNOWN_PAYLOAD = "E0235", "A publish names a payload that does not exist.";
    NAMED_NAME = "E0236", "A named payload is only another name.";
    HEX = "E0237", "A payload is not in hexadecimal.";
    BASE64 = "E0238", "A payload is not in base64.";
    NO_LINES = "E0239", "A file of which each message carries a line has none.";
    ABSTRACT = "E0250", "A user class is to have users but is abstract, or all classes are.";
    FLAG_BESIDE_STAGES = "E0260", "A flag of the command line changes a load without stages, and the load has stages.";
    THRESHOLD = "E0261", "A threshold cannot be understood, or asks for something that is not measured.";
    SEARCH_WITHOUT_RATE = "E0262", "A search for the highest rate has no user class whose rate it could change.";
    NOTHING_TO_DROP = "E0263", "The first stage of a load drops connections, but nobody is connected before it.";
    STAMP = "E0270", "The place for a stamp is one that there is not.";
    STAMP_PLACE = "E0271", "A stamp cannot stand at this place of the payload.";
    TRANSPORT_MIX = "E0280", "The `urls` of a broker do not all use one transport.";
    TRANSPORT_SETTING = "E0281", "A setting of TLS or WebSocket stands at a broker that is not spoken to so.";
    HEADER = "E0282", "A header of WebSocket is one that cannot be sent, or that is always sent.";
    TLS_NAME = "E0283", "The server name or a protocol of TLS is one that TLS cannot carry.";
    TLS_FILE = "E0284", "A file of TLS holds no certificate, or no private key.";
    NEEDS_MQTT_5 = "E0290", "Something that only MQTT 5 can say is asked of a broker that speaks 3.1.1.";
    NO_LOCAL_SHARED = "E0291", "A shared subscription has `no_local`, which MQTT forbids.";
    LASTING_WITHOUT_ID = "E0292", "Sessions of MQTT 3.1.1 are to last, but the users have no client id.";
    CLASS_REMOVED = "W0201", "A user class has weight 0 and no `fixed_count`: it gets no users.";
    MANY_ROWS = "W0202", "A row name differs per user, and there are many users.";
    NO_RUN_TIME = "W0203", "The run has no end: it goes on until it is stopped.";
    TIMEOUT_LONGER_THAN_RUN = "W0204", "A request may wait longer for its acknowledgement than the run lasts.";
    UNUSED_VAR = "W0205", "A constant of `vars` is not used.";
    SHARED_CLIENT_ID = "W0206", "Several users have the same client id, so that each drives out the one before.";
    TOO_FEW_USERS = "W0207", "There are fewer users than the `fixed_count`s add up to, or classes that get none.";
    UNUSED_BROKER = "W0208", "No user class uses a broker.";
    RAMP_LONGER_THAN_RUN = "W0209", "The run ends before all users have started.";
    NOTHING_SUBSCRIBED = "W0210", "A user class waits for messages that it has not subscribed to.";
    UNUSED_FEED = "W0220", "No user class uses a feed.";
    IDLE_FEED = "W0221", "A user class has a feed of which it uses no column.";
    UNUSED_PAYLOAD = "W0222", "No publish and no will uses a named payload.";
    PAUSES_LONGER_THAN_PERIOD = "W0230", "Task runs of a class with a `rate` pause longer than its period.";
    NEVER_REACHED = "W0231", "Users leave after so many messages, but send none.";
    STAGE_TOO_SHORT = "W0240", "A stage ends before all its users have started or stopped.";
    THRESHOLD_ROW = "W0241", "A threshold asks for a row that the statistics do not have.";
    INSECURE = "W0250", "TLS accepts any certificate: anybody can play the broker.";
    UNUSED_TRANSPORT_SETTING = "W0251", "The host given instead of the scenario's makes settings of a transport useless.";
    UNUSED_CA = "W0252", "Authorities are named, but any certificate is accepted.";
    SESSION_LEFT_BEHIND = "W0255", "The broker keeps sessions that no connection takes up again.";
    LOWER_BOUND = "W0261", "A threshold asks a response time or failures to be above a limit.";
    UNSTAMPED = "W0270", "A subscribe measures, but no publish of the run stamps its messages.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(ALL.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ALL.iter().all(|(_, meaning)| meaning.ends_with('.')));
    }
}
