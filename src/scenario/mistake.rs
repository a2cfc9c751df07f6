//! What can be wrong with the shape of a tree, as data: the error of our deserializer.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::diagnostic::Part;

#[derive(Debug)]
pub(super) struct Mistake {
    /// The way back from the place to the root.
    backwards: Vec<Part>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    UnknownKey {
        key: String,
        known: &'static [&'static str],
    },
    /// The text, or the only key of the table, names none of the choices.
    UnknownChoice {
        choice: String,
        of: &'static str,
        known: &'static [&'static str],
        bare: bool,
    },
    NoChoice {
        of: &'static str,
        known: &'static [&'static str],
    },
    /// The table should make a choice, and none of its several keys does.
    NoSuchChoice {
        keys: Vec<String>,
        of: &'static str,
        known: &'static [&'static str],
    },
    /// The table makes a choice and has one key more, or several that make no choice.
    ExtraKeys {
        chosen: String,
        extra: Vec<String>,
        of: &'static str,
        known: &'static [&'static str],
    },
    /// The list that a choice needs holds numbers without their units.
    NoUnits {
        of: &'static str,
    },
    WrongType(Wanted),
    /// A whole number below or above these.
    OutOfRange {
        least: i64,
        most: u64,
    },
    NotFinite,
    WrongLength {
        of: &'static str,
        wanted: usize,
        found: usize,
    },
    EmptyItem,
    /// What a type of the model says about its value.
    Invalid(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Bool,
    Whole,
    Number,
    List,
    /// The list of two that a choice needs.
    Pair {
        of: &'static str,
    },
    Table,
    Choice {
        of: &'static str,
        known: &'static [&'static str],
    },
    /// Something written as a text, in the words of the type of the model.
    Words(String),
}

impl Mistake {
    /// At the place where reading is.
    pub(super) fn new(kind: Kind) -> Self {
        Self { backwards: Vec::new(), kind }
    }

    /// One level further from the root.
    pub(super) fn under(mut self, part: Part) -> Self {
        self.backwards.push(part);
        self
    }

    pub(super) fn path(&self) -> Vec<Part> {
        self.backwards.iter().rev().cloned().collect()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Invalid(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Kind::WrongType(Wanted::Words(expected.to_string())))
    }
}
