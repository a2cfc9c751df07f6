//! The codes of everything that compiling a scenario can complain about, each with its meaning.
//!
//! They are in one table, so a code is never given out twice and a list of them can be printed. `E01xx` belongs to
//! reading the file (`scenario`), `E02xx` to its meaning, `E03xx` to templates (`template`), `Wxxxx` are warnings.

use crate::diagnostic::codes;

codes! {
    VERSION = "E0201", "The scenario has no `version`, or one that this program does not know.";
    MISSING = "E0202", "A required value is missing.";
    UNKNOWN_BROKER = "E0203", "A user class names a broker that does not exist.";
    AMBIGUOUS_BROKER = "E0204", "A user class names no broker although there are several.";
    URL = "E0205", "The URL of a broker or of its metrics cannot be understood or is not supported.";
    RANGE = "E0206", "A number or a length of time is out of range.";
    CONFLICT = "E0207", "Two values exclude each other, or one needs another.";
    EMPTY = "E0208", "A list or a text is empty but must not be.";
    DUPLICATE = "E0209", "Two tasks of a class have the same name.";
    NOTHING_TO_DO = "E0210", "No task is left for a user class, or no user class for the run.";
    TOO_LONG = "E0212", "A text can become longer than MQTT can carry.";
    TOO_MANY_STEPS = "E0213", "A `repeat` is nested too deep, or a list of steps is too long.";
    UNKNOWN_CLASS = "E0214", "The scenario or the command line names a user class that does not exist.";
    FILTER = "E0216", "A topic filter is invalid, so nobody can subscribe to it.";
    FILTER_TWICE = "E0217", "A step names a filter twice.";
    REGEX = "E0220", "A regular expression cannot be understood.";
    JSON_POINTER = "E0221", "A JSON pointer is invalid.";
    NOTHING_RECEIVED = "E0222", "A template uses a received message before any step has received one.";
    FILE = "E0230", "A file that the scenario names cannot be read.";
    FEED = "E0231", "The file of a feed is not a table with a header and rows.";
    UNKNOWN_FEED = "E0232", "A user class names a feed that does not exist.";
    COLUMN_TWICE = "E0233", "Two feeds of a user class have a column of the same name.";
    TOO_FEW_ROWS = "E0234", "A feed with the order `unique` has fewer rows than users.";
    UNKNOWN_PAYLOAD = "E0235", "A publish names a payload that does not exist.";
    NAMED_NAME = "E0236", "A named payload refers to another name.";
    HEX = "E0237", "A payload is not in hexadecimal.";
    BASE64 = "E0238", "A payload is not in base64.";
    NO_LINES = "E0239", "The file of a `lines` payload has no lines.";
    ABSTRACT = "E0250", "A user class that should have users is abstract, or all user classes are abstract.";
    FLAG_BESIDE_STAGES = "E0260", "A flag of the command line changes a load without stages, but this load has stages.";
    THRESHOLD = "E0261", "A threshold cannot be understood, or asks for something that is not measured.";
    SEARCH_WITHOUT_RATE = "E0262", "A search for the highest rate has no user class whose rate it could change.";
    NOTHING_TO_DROP = "E0263", "The first stage of a load drops connections, but nobody is connected before it.";
    THRESHOLD_STAGE = "E0264", "A threshold names a stage that the load does not have.";
    THRESHOLD_SCOPE = "E0265", "A threshold asks for a row or a stage of something that only the whole run has.";
    THRESHOLD_ABORT = "E0266", "A threshold cannot end the run, because nobody knows before the end whether it is missed.";
    SHARD = "E0267", "The run cannot be divided into the shards that the command line asks for.";
    STAMP = "E0270", "The place for a stamp does not exist.";
    STAMP_PLACE = "E0271", "A stamp cannot stand at this place of the payload.";
    TRANSPORT_MIX = "E0280", "The `urls` of a broker do not all use one transport.";
    TRANSPORT_SETTING = "E0281", "A broker has settings for TLS or WebSocket, but its URL does not use that transport.";
    HEADER = "E0282", "A header of a WebSocket or of `watch` cannot be sent, or the program always sends it itself.";
    TLS_NAME = "E0283", "TLS cannot carry this server name or this ALPN protocol.";
    TLS_FILE = "E0284", "A TLS file holds no certificate, or no private key.";
    METRIC = "E0285", "A `watch` picks a metric by a name that no metric can have.";
    NEEDS_MQTT_5 = "E0290", "The scenario uses a feature of MQTT 5 with a broker that speaks 3.1.1.";
    NO_LOCAL_SHARED = "E0291", "A shared subscription has `no_local`, which MQTT forbids.";
    LASTING_WITHOUT_ID = "E0292", "The broker keeps sessions of MQTT 3.1.1, but the users have no client id.";
    CLIENT_CANNOT = "E0293", "The `client` of a broker cannot do something that the scenario asks for.";
    CLASS_REMOVED = "W0201", "A user class has weight 0 and no `fixed_count`: it gets no users.";
    MANY_ROWS = "W0202", "A row name differs per user, and there are many users.";
    NO_RUN_TIME = "W0203", "The run has no end: it goes on until it is stopped.";
    TIMEOUT_LONGER_THAN_RUN = "W0204", "A request may wait longer for its acknowledgement than the run lasts.";
    UNUSED_VAR = "W0205", "A constant of `vars` is not used.";
    SHARED_CLIENT_ID = "W0206", "Several users have the same client id, so each one closes the connection of the one before.";
    TOO_FEW_USERS = "W0207", "There are fewer users than the `fixed_count`s add up to, or a user class gets no users.";
    UNUSED_BROKER = "W0208", "No user class uses a broker.";
    RAMP_LONGER_THAN_RUN = "W0209", "The run ends before all users have started.";
    NOTHING_SUBSCRIBED = "W0210", "A user class waits for messages that it has not subscribed to.";
    UNUSED_FEED = "W0220", "No user class uses a feed.";
    IDLE_FEED = "W0221", "A user class has a feed but uses no column of it.";
    UNUSED_PAYLOAD = "W0222", "No publish and no will uses a named payload.";
    PAUSES_LONGER_THAN_PERIOD = "W0230", "Task runs of a class with a `rate` pause longer than its period.";
    NEVER_REACHED = "W0231", "Users leave after a number of messages, but never send one.";
    STAGE_TOO_SHORT = "W0240", "A stage ends before all its users have started or stopped.";
    THRESHOLD_ROW = "W0241", "A threshold asks for a row that the statistics do not have.";
    NOT_MEASURED = "W0242", "A threshold asks for something that the run does not measure.";
    NEVER_CHECKED = "W0243", "A threshold is never checked, because its stage or the run is over before.";
    INSECURE = "W0250", "TLS accepts any certificate: anybody can pose as the broker.";
    UNUSED_TRANSPORT_SETTING = "W0251", "The host from the command line does not use a transport for which the scenario has settings.";
    UNUSED_CA = "W0252", "`ca` names authorities, but `insecure` accepts any certificate.";
    SESSION_LEFT_BEHIND = "W0255", "The broker keeps sessions that no connection resumes.";
    CLIENT_DIFFERS = "W0256", "The client that drives a broker does a step in another way than the native one.";
    NOTHING_TOLD = "W0257", "A `watch` asks a broker that does not tell of itself.";
    LOWER_BOUND = "W0261", "A threshold requires a response time or failures to be above a limit.";
    PART_OF_ONE = "W0267", "The shards of a run do something else than one process would.";
    UNSTAMPED = "W0270", "A `subscribe` measures messages, but no `publish` of the run stamps them.";
}

#[cfg(test)]
mod tests;
