//! The names that a template can use, and where.
//!
//! One table has every name and function, with the time for which its value stays the same. Each place of the scenario
//! states for how long its text must stay the same: a row name must not change while a user lives, and a client id
//! cannot contain itself. So "not allowed here" is one comparison, and the help can list the allowed names.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::template::column::Column;
use crate::template::varies::Varies;

/// What the names of one user class's templates stand for.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The user class, where there is one.
    pub class: Option<&'a str>,
    /// The constants of the scenario, its `vars`.
    pub vars: &'a BTreeMap<String, String>,
    /// Collects the constants that templates use.
    pub used_vars: &'a RefCell<BTreeSet<String>>,
    /// The columns of the class's feeds.
    pub columns: &'a Columns,
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Name of this machine.
    pub hostname: &'a str,
    /// The value of `${run.id}`, and the random part of default client ids. It differs between processes. With `None`,
    /// default client ids have no random part.
    pub run_id: Option<&'a str>,
}

impl std::fmt::Debug for Names<'_> {
    /// Without the environment, which can hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").field("class", &self.class).field("vars", &self.vars).finish_non_exhaustive()
    }
}

/// The columns of one user class's feeds.
#[derive(Debug, Default)]
pub struct Columns {
    /// The columns by their names.
    pub by_name: BTreeMap<String, FeedColumn>,
    /// Whether there are others that are not known, since a feed could not be read.
    pub is_incomplete: bool,
    /// The columns of all feeds of the scenario, each with a feed that has it.
    pub elsewhere: Rc<BTreeMap<String, String>>,
    /// Collects the feeds that templates use, by their indices in the class.
    pub used_feeds: RefCell<BTreeSet<usize>>,
}

/// A column of one user class's feeds.
#[derive(Debug, Clone)]
pub struct FeedColumn {
    /// Index of its feed in the class.
    pub feed: usize,
    /// The values of the column.
    pub column: Arc<Column>,
    /// Whether a user gets another row for each message, or keeps one.
    pub varies: Varies,
    /// Whether no two users of the run have one row.
    pub owned: bool,
}

impl Columns {
    /// The column of a name, from now on used.
    pub(super) fn get(&self, name: &str) -> Option<&FeedColumn> {
        let column = self.by_name.get(name)?;
        self.used_feeds.borrow_mut().insert(column.feed);
        Some(column)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.keys().map(String::as_str)
    }
}

/// Where a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A broker's URL: the same for everybody.
    Url,
    /// Another setting of a broker: the same for everybody.
    Setting,
    /// The file of a client certificate or key: what is known of a user before the run.
    File,
    /// A row of the statistics: what is fixed for a user, without random draws.
    RowName,
    /// A client id: drawn once per user.
    ClientId,
    /// User name and password: drawn once per user, after the client id.
    Credential,
    /// A subscription's filter: what is fixed for a user, as a subscription is made again on each connection.
    Filter,
    /// A topic: everything but raw bytes, no wildcards.
    Topic,
    /// A payload: everything.
    Payload,
    /// A text among the properties of a message: everything but raw bytes.
    Property,
    /// A will: drawn once per user, after the client id.
    Will,
    /// The payload of a will: drawn once per user, raw bytes too.
    WillPayload,
    /// A text of a will's JSON payload: as in a will.
    WillJson,
    /// A text of a JSON payload: everything but raw bytes.
    JsonText,
    /// Bytes among the properties of a message: everything.
    Binary,
    /// What a message must be like: everything but draws, which no message could meet.
    Condition,
}

/// What decides where a name or function may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Known at compile.
    Constant,
    /// Known at compile, but different from machine to machine or class to class.
    Local,
    /// The number or index of the user.
    User,
    ClientId,
    Random,
    /// Progress and time.
    Message,
    Received,
    Bytes,
}

impl Place {
    /// Where a text of JSON stands, in a payload of this place.
    pub(crate) fn in_json(self) -> Self {
        if self == Self::WillPayload { Self::WillJson } else { Self::JsonText }
    }

    pub(super) fn allows(self, kind: Kind) -> bool {
        use Kind::{Bytes, ClientId, Constant, Local, Message, Random, Received, User};
        match self {
            Self::Url | Self::Setting => kind == Constant,
            Self::File => matches!(kind, Constant | Local | User),
            Self::RowName | Self::Filter => matches!(kind, Constant | Local | User | ClientId),
            Self::ClientId => matches!(kind, Constant | Local | User | Random),
            Self::Credential | Self::Will | Self::WillJson => {
                matches!(kind, Constant | Local | User | ClientId | Random)
            }
            Self::WillPayload => matches!(kind, Constant | Local | User | ClientId | Random | Bytes),
            Self::Topic | Self::Property | Self::JsonText => {
                matches!(kind, Constant | Local | User | ClientId | Random | Message | Received)
            }
            Self::Condition => matches!(kind, Constant | Local | User | ClientId | Message | Received),
            Self::Payload | Self::Binary => true,
        }
    }

    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Url => "the URL of a broker",
            Self::Setting => "a setting of a broker",
            Self::File => "the path of a certificate or key",
            Self::RowName => "the name of a row",
            Self::ClientId => "a client id",
            Self::Credential => "a user name or password",
            Self::Filter => "a filter",
            Self::Topic => "a topic",
            Self::Payload => "a payload",
            Self::Property => "a property",
            Self::Will | Self::WillPayload | Self::WillJson => "a will",
            Self::JsonText => "a JSON text",
            Self::Condition => "a condition",
            Self::Binary => "correlation data",
        }
    }

    /// What can stand there, for a help line.
    pub(super) fn allowed(self) -> &'static str {
        match self {
            Self::Url | Self::Setting => {
                "it is fixed before the first user starts: `vars.NAME` and `env.NAME`"
            }
            Self::File => {
                "files are read before the first user starts: `user.number`, `user.index`, `user.class`, `run.id`, \
                 `vars.NAME`, `env.NAME` and `hostname()`"
            }
            Self::RowName => {
                "rows stay the same while a user lives: `user.number`, `user.index`, `user.class`, \
                 `run.id`, `row.COLUMN`, `client_id`, `vars.NAME`, `env.NAME` and `hostname()`"
            }
            Self::ClientId => {
                "it is made once per user: `user.number`, `user.index`, `user.class`, `run.id`, `row.COLUMN`, \
                 `vars.NAME`, `env.NAME`, `hostname()`, `uuid()`, `choice()` and the random functions except `random_bytes()`"
            }
            Self::WillPayload => {
                "it is made once per user: `user.number`, `user.index`, `user.class`, `run.id`, `row.COLUMN`, \
                 `client_id`, `vars.NAME`, `env.NAME`, `hostname()`, `uuid()`, `choice()` and the random functions"
            }
            Self::Credential | Self::Will | Self::WillJson => {
                "it is made once per user: `user.number`, `user.index`, `user.class`, `run.id`, `row.COLUMN`, \
                 `client_id`, `vars.NAME`, `env.NAME`, `hostname()`, `uuid()`, `choice()` and the random functions except `random_bytes()`"
            }
            Self::Filter => {
                "a subscription stays the same while a user lives: `user.number`, `user.index`, `user.class`, \
                 `run.id`, `row.COLUMN`, `client_id`, `vars.NAME`, `env.NAME` and `hostname()`"
            }
            Self::Condition => "no message could match a random value, and conditions are texts",
            Self::JsonText => "JSON has no raw bytes; `random_string(n)` is text",
            Self::Topic | Self::Payload | Self::Property | Self::Binary => {
                "raw bytes can only stand in a payload; `random_string(n)` is text"
            }
        }
    }
}

/// The names without parentheses, with what they mean, besides `vars.NAME` and `env.NAME`.
pub(super) const NAMES: &[(&str, Kind, &str)] = &[
    ("user.number", Kind::User, "Number of the user in the run, from 1"),
    ("user.index", Kind::User, "Index of the user in its class, from 0"),
    ("user.class", Kind::Local, "Name of the user class"),
    ("client_id", Kind::ClientId, "The user's client id"),
    (
        "run.id",
        Kind::Local,
        "Four random letters and digits, new for each `run`, so two processes have different ones; `0000` in plans",
    ),
    ("iteration", Kind::Message, "Number of task runs that the user has finished"),
    (
        "seq",
        Kind::Message,
        "Number of the message of this step and user, from 1; in a `receive`, number of the wait",
    ),
    ("received.topic", Kind::Received, "Topic of the last message that a `receive` or `request` took"),
    ("received.payload", Kind::Bytes, "Its payload, unchanged"),
    (
        "received.response_topic",
        Kind::Received,
        "Its response topic (MQTT 5); without one, a publish to it is not sent",
    ),
    (
        "received.correlation_data",
        Kind::Bytes,
        "Its correlation data (MQTT 5), which the reply repeats; also in `correlation_data`",
    ),
];

/// The functions, how they are called, and how many arguments they take at least and at most.
pub(super) const FUNCTIONS: &[Function] = &[
    function("now_ms", "now_ms()", Kind::Message, 0, 0, "Milliseconds since 1970 (UTC)"),
    function("now_ns", "now_ns()", Kind::Message, 0, 0, "Nanoseconds since 1970 (UTC)"),
    function("now_iso", "now_iso()", Kind::Message, 0, 0, "Now as `2026-01-31T12:00:00.000Z`"),
    function("uuid", "uuid()", Kind::Random, 0, 0, "A random UUID (version 4)"),
    function(
        "random_int",
        "random_int(1, 6)",
        Kind::Random,
        2,
        2,
        "A random whole number from the first to the second, both included",
    ),
    function(
        "random_float",
        "random_float(0.5, 1.5)",
        Kind::Random,
        2,
        2,
        "A random number from the first up to the second",
    ),
    function("random_string", "random_string(16)", Kind::Random, 1, 1, "This many random letters and digits"),
    function("random_bytes", "random_bytes(16)", Kind::Bytes, 1, 1, "This many random bytes"),
    function(
        "choice",
        "choice('red', 'green')",
        Kind::Random,
        1,
        usize::MAX,
        "One of these texts, at random",
    ),
    function(
        "walk",
        "walk(15, 25, 0.5)",
        Kind::Message,
        3,
        3,
        "A number between the first and the second that changes by at most the third from message to message",
    ),
    function(
        "received.level",
        "received.level(2)",
        Kind::Received,
        1,
        1,
        "This level of the topic of the last message that a `receive` or `request` took, from 1 to 200; nothing, if the topic has \
         fewer. A `/` at the beginning makes an empty first level",
    ),
    function("hostname", "hostname()", Kind::Local, 0, 0, "Name of this machine"),
];

#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) example: &'static str,
    pub(super) kind: Kind,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) meaning: &'static str,
}

const fn function(
    name: &'static str,
    example: &'static str,
    kind: Kind,
    least: usize,
    most: usize,
    meaning: &'static str,
) -> Function {
    Function { name, example, kind, least, most, meaning }
}

/// What can stand between `${` and `}`, for the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As it is written, a function with arguments as an example.
    pub call: String,
    /// What it stands for.
    pub meaning: &'static str,
    /// Where it may stand, in the words of messages.
    pub places: Vec<&'static str>,
}

/// Every name and function, in the order of their tables.
pub fn entries() -> Vec<Entry> {
    const PLACES: [Place; 8] = [
        Place::Url,
        Place::ClientId,
        Place::Credential,
        Place::Filter,
        Place::RowName,
        Place::Topic,
        Place::Payload,
        Place::Condition,
    ];
    let entry = |call: &str, kind, meaning| {
        let allowed: Vec<_> = PLACES.into_iter().filter(|place| place.allows(kind)).collect();
        let places = if allowed == PLACES {
            vec!["all of them"]
        } else {
            allowed.into_iter().map(Place::described).collect()
        };
        Entry { call: format!("${{{call}}}"), meaning, places }
    };
    let constants = [
        entry("vars.NAME", Kind::Constant, "A constant of `vars`"),
        entry("env.NAME", Kind::Constant, "A variable of the environment, which must be set"),
        entry("env.NAME:-default", Kind::Constant, "The same, or this text if the variable is not set"),
    ];
    let column = entry(
        "row.COLUMN",
        Kind::User,
        "A value of the user's row of a feed; with a row `per` message, only in a topic, payload or condition, and a condition has the row of the last message",
    );
    let names = NAMES.iter().map(|(name, kind, meaning)| entry(name, *kind, meaning));
    let functions = FUNCTIONS.iter().map(|function| entry(function.example, function.kind, function.meaning));
    constants.into_iter().chain(names).chain([column]).chain(functions).collect()
}

pub(super) fn function_named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Words in backticks, with commas between: the first of them, if they are many.
pub(crate) fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    const MAX_WORDS: usize = 40;
    let mut words: Vec<_> = words.take(MAX_WORDS + 1).map(|word| format!("`{word}`")).collect();
    let more = if words.len() > MAX_WORDS { ", …" } else { "" };
    words.truncate(MAX_WORDS);
    words.join(", ") + more
}
