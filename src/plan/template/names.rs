//! What a template can name, and where.
//!
//! Every name and function stands in one table with how long its value holds, and each place of the
//! scenario states how long it needs it to hold: a row name must not change while a user lives, a client id
//! cannot contain itself. So "not allowed here" is one comparison and the help can list what is.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::model::Scalar;

/// What the names of one user class's templates stand for.
pub struct Names<'a> {
    /// The user class, where there is one.
    pub class: Option<&'a str>,
    /// The scenario's constants.
    pub vars: &'a BTreeMap<String, Scalar>,
    /// Gathers the constants that templates use.
    pub used_vars: &'a RefCell<BTreeSet<String>>,
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Name of this machine.
    pub hostname: &'a str,
}

impl std::fmt::Debug for Names<'_> {
    /// Without the environment, which can hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").field("class", &self.class).field("vars", &self.vars).finish_non_exhaustive()
    }
}

/// Where a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A broker's URL: the same for everybody.
    Url,
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
}

/// What a name or function is, as far as places care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Known at compile.
    Constant,
    /// Known at compile, but different from machine to machine or class to class.
    Local,
    /// The user's place among the others.
    User,
    /// The client id.
    ClientId,
    /// Drawn at random.
    Random,
    /// Progress and time.
    Message,
    /// Raw bytes.
    Bytes,
}

impl Place {
    pub(super) fn allows(self, kind: Kind) -> bool {
        use Kind::{Bytes, ClientId, Constant, Local, Message, Random, User};
        match self {
            Self::Url => kind == Constant,
            Self::RowName | Self::Filter => matches!(kind, Constant | Local | User | ClientId),
            Self::ClientId => matches!(kind, Constant | Local | User | Random),
            Self::Credential | Self::Will => {
                matches!(kind, Constant | Local | User | ClientId | Random)
            }
            Self::Topic | Self::Property => {
                matches!(kind, Constant | Local | User | ClientId | Random | Message)
            }
            Self::Payload => matches!(kind, Constant | Local | User | ClientId | Random | Message | Bytes),
        }
    }

    /// How messages speak of it.
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Url => "the URL of a broker",
            Self::RowName => "the name of a row",
            Self::ClientId => "a client id",
            Self::Credential => "a user name or password",
            Self::Filter => "a filter",
            Self::Topic => "a topic",
            Self::Payload => "a payload",
            Self::Property => "a property",
            Self::Will => "a will",
        }
    }

    /// What can stand there, for a help line.
    pub(super) fn allowed(self) -> &'static str {
        match self {
            Self::Url => "it is fixed before the first user starts: `vars.NAME` and `env.NAME`",
            Self::RowName => {
                "rows stay the same while a user lives: `user.number`, `user.index`, `user.class`, \
                 `client_id`, `vars.NAME`, `env.NAME` and `hostname()`"
            }
            Self::ClientId => {
                "it is made once per user: `user.number`, `user.index`, `user.class`, `vars.NAME`, \
                 `env.NAME`, `hostname()`, `uuid()`, `choice()` and the random functions except `random_bytes()`"
            }
            Self::Credential | Self::Will => {
                "it is made once per user: `user.number`, `user.index`, `user.class`, `client_id`, \
                 `vars.NAME`, `env.NAME`, `hostname()`, `uuid()`, `choice()` and the random functions except `random_bytes()`"
            }
            Self::Filter => {
                "a subscription stays the same while a user lives: `user.number`, `user.index`, `user.class`, \
                 `client_id`, `vars.NAME`, `env.NAME` and `hostname()`"
            }
            Self::Topic | Self::Payload | Self::Property => {
                "raw bytes can only stand in a payload; `random_string(n)` is text"
            }
        }
    }
}

/// The names without parentheses, besides `vars.NAME` and `env.NAME`.
pub(super) const NAMES: &[(&str, Kind)] = &[
    ("user.number", Kind::User),
    ("user.index", Kind::User),
    ("user.class", Kind::Local),
    ("client_id", Kind::ClientId),
    ("iteration", Kind::Message),
    ("seq", Kind::Message),
];

/// The functions, how they are called, and how many arguments they take at least and at most.
pub(super) const FUNCTIONS: &[Function] = &[
    function("now_ms", "now_ms()", Kind::Message, 0, 0),
    function("now_ns", "now_ns()", Kind::Message, 0, 0),
    function("now_iso", "now_iso()", Kind::Message, 0, 0),
    function("uuid", "uuid()", Kind::Random, 0, 0),
    function("random_int", "random_int(1, 6)", Kind::Random, 2, 2),
    function("random_float", "random_float(0.5, 1.5)", Kind::Random, 2, 2),
    function("random_string", "random_string(16)", Kind::Random, 1, 1),
    function("random_bytes", "random_bytes(16)", Kind::Bytes, 1, 1),
    function("choice", "choice('red', 'green')", Kind::Random, 1, usize::MAX),
    function("hostname", "hostname()", Kind::Local, 0, 0),
];

/// A function of templates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// A call of it as an example.
    pub(super) example: &'static str,
    pub(super) kind: Kind,
    pub(super) least: usize,
    pub(super) most: usize,
}

const fn function(
    name: &'static str,
    example: &'static str,
    kind: Kind,
    least: usize,
    most: usize,
) -> Function {
    Function { name, example, kind, least, most }
}

pub(super) fn function_named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Words in backticks, with commas between.
pub(in crate::plan) fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
