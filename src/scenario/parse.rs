//! From the tree of nodes to the model, with all mistakes at once.
//!
//! serde stops at the first mistake. So each is reported, repaired in the tree (a misspelt key gets the name
//! that was surely meant, a wrong value reads as absent) and the tree read again until nothing is wrong; what
//! stands before the mistake is passed over then, so that the time grows with the file and not with the
//! mistakes in it. Repairing instead of skipping lets one run find the mistakes behind a mistake, too.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, FieldPath, Part, nearest};
use crate::scenario::codes;
use crate::scenario::de::{Kind, Reader};
use crate::scenario::explain::Explainer;
use crate::scenario::model::Scenario;
use crate::scenario::node::{Node, Value};
use crate::scenario::source::Format;

/// Most mistakes that are listed.
const MAX_DIAGNOSTICS: usize = 100;

/// A scenario as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The model; what could not be read is absent in it.
    pub scenario: Scenario,
    /// What is wrong with its shape. Empty: nothing.
    pub diagnostics: Vec<Diagnostic>,
    /// Where, so that nobody complains about the consequences.
    pub reported: Reported,
}

impl Parsed {
    /// A file of which nothing could be read.
    pub(super) fn unreadable(diagnostics: Vec<Diagnostic>) -> Self {
        Self { scenario: Scenario::default(), diagnostics, reported: Reported([FieldPath::root()].into()) }
    }
}

/// Places that have a diagnostic already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reported(BTreeSet<FieldPath>);

impl Reported {
    /// Whether the value at `path`, or one around it, could not be read: that it is missing from the model, or
    /// what stands there, says nothing then.
    pub fn covers(&self, path: &FieldPath) -> bool {
        (0..=path.0.len()).any(|length| self.0.contains(&FieldPath(path.0[..length].to_vec())))
    }

    /// The places, in order.
    pub fn paths(&self) -> &BTreeSet<FieldPath> {
        &self.0
    }
}

/// Reads the model from the tree and repairs the tree on the way.
pub(super) fn model(root: &mut Node, text: &str, format: Format) -> Parsed {
    let is_empty = match &root.value {
        Value::Null => true,
        Value::Table(entries) => entries.is_empty(),
        _ => false,
    };
    if is_empty {
        let empty = Diagnostic::error(codes::EMPTY, FieldPath::root(), "the scenario is empty")
            .help("it needs at least `version`, `brokers` and `user_classes`");
        return Parsed::unreadable(vec![empty]);
    }
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut reported = Reported::default();
    // Nothing is passed over.
    let mut is_whole = true;
    loop {
        let mistake = match Scenario::deserialize(Reader(root)) {
            Ok(scenario) if is_whole => return Parsed { scenario, diagnostics, reported },
            Ok(_) => {
                root.uncheck();
                is_whole = true;
                continue;
            }
            Err(mistake) => mistake,
        };
        if diagnostics.len() == MAX_DIAGNOSTICS {
            let message = format!("more than {MAX_DIAGNOSTICS} mistakes; the rest is not shown");
            diagnostics.push(Diagnostic::error(codes::TOO_MANY, FieldPath::root(), message));
            return Parsed::unreadable(diagnostics);
        }
        let path = FieldPath(mistake.path());
        root.check_before(&path.0);
        is_whole = false;
        let repair = Repair::of(&mistake.kind, root, &path);
        diagnostics.push(Explainer { root, text, format }.diagnostic(&mistake.kind, &path, &repair));
        reported.0.extend(repair.apply(root, &mistake.kind, &path));
    }
}

/// What is done to the tree so that reading goes on behind a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repair {
    /// A misspelt key or choice becomes the one that was surely meant.
    Rename(&'static str),
    /// A key that has no meaning is passed over.
    Ignore,
    /// A value that has no meaning reads as absent.
    Blank,
}

impl Repair {
    fn of(kind: &Kind, root: &Node, path: &FieldPath) -> Self {
        match kind {
            Kind::UnknownKey { key, known } => {
                let table = root.at(&path.0);
                let taken = |name: &str| {
                    table.is_some_and(|table| table.child(&Part::Key(name.to_owned())).is_some())
                };
                let free = known.iter().copied().filter(|name| !taken(name));
                nearest(key, free).map_or(Self::Ignore, Self::Rename)
            }
            Kind::UnknownChoice { choice, known, .. } => {
                nearest(choice, known.iter().copied()).map_or(Self::Blank, Self::Rename)
            }
            Kind::ExtraKey { .. } => Self::Ignore,
            _ => Self::Blank,
        }
    }

    /// Changes the tree and returns the places that count as reported.
    fn apply(&self, root: &mut Node, kind: &Kind, path: &FieldPath) -> Vec<FieldPath> {
        let key = match kind {
            Kind::UnknownKey { key, .. } | Kind::UnknownChoice { choice: key, bare: false, .. } => Some(key),
            Kind::ExtraKey { extra, .. } => Some(extra),
            _ => None,
        };
        let entry = key.map(|key| path.key(key.as_str()));
        match (self, entry) {
            (Self::Rename(name), Some(entry)) => {
                if let Some(entry) = root.entry_mut(&entry.0) {
                    entry.key = (*name).into();
                }
                Vec::new()
            }
            (Self::Rename(name), None) => {
                if let Some(node) = root.at_mut(&path.0) {
                    node.value = Value::Text((*name).into());
                }
                Vec::new()
            }
            (Self::Ignore, Some(entry)) => {
                if let Some(entry) = root.entry_mut(&entry.0) {
                    entry.ignored = true;
                }
                // A key beside a choice was most likely meant to stand inside it.
                let meant = match kind {
                    Kind::ExtraKey { chosen, extra, .. } => {
                        Some(path.key(chosen.as_str()).key(extra.as_str()))
                    }
                    _ => None,
                };
                [entry].into_iter().chain(meant).collect()
            }
            _ => {
                let mut path = path.clone();
                // The content of a choice written as a bare text is not in the tree, only the text is.
                while root.at_mut(&path.0).is_none() {
                    path = path.parent();
                }
                if let Some(node) = root.at_mut(&path.0) {
                    node.unreadable = true;
                }
                vec![path]
            }
        }
    }
}
