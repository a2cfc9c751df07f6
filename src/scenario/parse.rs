//! From the tree of nodes to the model, with all mistakes at once.
//!
//! serde stops at the first mistake. So each is reported, repaired in the tree (a misspelt key gets the name
//! that was surely meant, a wrong value reads as absent) and the tree read again until nothing is wrong, each
//! time from the last mistake on, so that the time grows with the file and not with the mistakes in it. Repairing
//! instead of skipping lets one run find the mistakes behind a mistake, too.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, FieldPath, Mark, Part, nearest};
use crate::scenario::codes;
use crate::scenario::de::{Reader, is_plain};
use crate::scenario::explain::Explainer;
use crate::scenario::foreign::{self, Advice, Meant};
use crate::scenario::mistake::{Kind, Mistake};
use crate::scenario::model::Scenario;
use crate::scenario::node::{Node, Value};
use crate::scenario::place::place;
use crate::scenario::source::Files;

/// Most mistakes that are listed of one file.
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

impl Reported {
    /// Nothing of the scenario is known for certain.
    pub(super) fn all() -> Self {
        Self([FieldPath::root()].into())
    }

    /// Counts one more place as reported.
    pub(super) fn add(&mut self, path: FieldPath) {
        self.0.insert(path);
    }

    /// Adds all places of a tree that have been reported.
    pub(super) fn add_all(&mut self, root: &Node) {
        self.add_below(root, &mut Vec::new());
    }

    /// `way` leads to the node; only the few that are reported need a path of their own.
    fn add_below<'a>(&mut self, node: &'a Node, way: &mut Vec<Way<'a>>) {
        if node.unreadable {
            self.add(path(way));
            return;
        }
        match &node.value {
            Value::List(items) => {
                // The only list of a fixed length is worth nothing without all its items.
                if matches!(way.last(), Some(Way::Key("between"))) && items.iter().any(|item| item.unreadable)
                {
                    self.add(path(way));
                }
                for (place, item) in items.iter().enumerate() {
                    way.push(Way::Index(place));
                    self.add_below(item, way);
                    way.pop();
                }
            }
            Value::Table(table) => {
                for entry in table.entries() {
                    if entry.ignored {
                        let at = path(way);
                        // A key beside a choice was most likely meant to stand inside it.
                        if let Ok([chosen]) = <[_; 1]>::try_from(table.live().take(2).collect::<Vec<_>>()) {
                            self.add(at.key(&*chosen.key).key(&*entry.key));
                        }
                        if !entry.instead_of.is_empty() {
                            self.add(at.key(entry.instead_of));
                        }
                        self.add(at.key(&*entry.key));
                        continue;
                    }
                    way.push(Way::Key(&entry.key));
                    self.add_below(&entry.node, way);
                    way.pop();
                }
            }
            _ => {}
        }
    }
}

/// A part of a path, borrowed from the tree.
enum Way<'a> {
    Key(&'a str),
    Index(usize),
}

fn path(way: &[Way<'_>]) -> FieldPath {
    let part = |step: &Way<'_>| match step {
        Way::Key(key) => Part::Key((*key).to_owned()),
        Way::Index(place) => Part::Index(*place),
    };
    FieldPath(way.iter().map(part).collect())
}

/// A tree after all its mistakes have been repaired.
pub(super) struct Repaired {
    /// The model; what could not be read is absent in it.
    pub(super) scenario: Scenario,
    /// The mistakes, marked by their bytes: other files may replace what stands there.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// There were more mistakes than are listed, and the tree is as good as unreadable.
    pub(super) gave_up: bool,
}

/// Reads the model from the tree and repairs the tree on the way.
pub(super) fn repair(root: &mut Node, files: &Files) -> Repaired {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    // What is aliased in YAML is found at each alias, but stands in one place.
    let mut known = HashSet::new();
    // A word that is corrected and a value that is wrong for what it was corrected to are one slip.
    let mut renamed = HashMap::new();
    let mut from = Vec::new();
    loop {
        let mistake = match Scenario::deserialize(Reader::new(root, &from)) {
            Ok(scenario) if from.is_empty() => {
                return Repaired { scenario, diagnostics, gave_up: false };
            }
            Ok(_) => {
                // Nothing is wrong any more, but the model lacks what was passed over.
                from.clear();
                continue;
            }
            Err(mistake) => mistake,
        };
        if diagnostics.len() == MAX_DIAGNOSTICS {
            let message = format!("more than {MAX_DIAGNOSTICS} mistakes; the rest is not shown");
            let file = root.file;
            let marking = Mark::Source(file, 0..0);
            diagnostics.push(Diagnostic::error(codes::TOO_MANY, FieldPath::root(), message).marking(marking));
            return Repaired { scenario: Scenario::default(), diagnostics, gave_up: true };
        }
        let Some((mut diagnostic, repair)) = mend(root, files, &mistake, &mut from) else { continue };
        if let Some(first) = renamed.get(&diagnostic.at).and_then(|place: &usize| diagnostics.get_mut(*place))
            && let (Some(before), Some(then)) = (&mut first.help, &diagnostic.help)
        {
            before.push(' ');
            before.extend(sentence(then));
            renamed.remove(&diagnostic.at);
            continue;
        }
        let at = place(root, files, &diagnostic.at, &diagnostic.mark);
        if known.insert((at.file, at.span.clone(), diagnostic.code, diagnostic.message.clone())) {
            if let Repair::Rename(name) = repair {
                renamed.insert(diagnostic.at.clone(), diagnostics.len());
                if matches!(mistake.kind, Kind::UnknownChoice { bare: true, .. }) {
                    renamed.insert(diagnostic.at.key(name), diagnostics.len());
                }
            }
            diagnostic.mark = Mark::Source(at.file, at.span);
            diagnostics.push(diagnostic);
        }
    }
}

/// A help line as the second sentence of another.
fn sentence(help: &str) -> impl Iterator<Item = char> {
    let mut chars = help.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars)
}

/// Says what is wrong, unless it has been said, repairs it, and notes where reading goes on.
fn mend(
    root: &mut Node,
    files: &Files,
    mistake: &Mistake,
    from: &mut Vec<usize>,
) -> Option<(Diagnostic, Repair)> {
    let path = FieldPath(mistake.path());
    *from = root.places(&path.0);
    let is_blank = |length: &usize| root.at(&path.0[..*length]).is_some_and(|node| node.unreadable);
    if let Some(length) = (1..=from.len()).find(is_blank) {
        // What holds this value cannot do without it, so it cannot be read either.
        from.truncate(length - 1);
        if let Some(node) = root.at_mut(&path.0[..length - 1]) {
            node.unreadable = true;
        }
        return None;
    }
    let repair = Repair::of(&mistake.kind, root, &path);
    let diagnostic = Explainer::new(root, files, &path).diagnostic(&mistake.kind, &repair);
    // The content of a choice written as a bare text is not in the tree, only the text is.
    let existing = FieldPath(path.0[..from.len()].to_vec());
    repair.apply(root, &mistake.kind, &existing);
    Some((diagnostic, repair))
}

/// What is done to the tree so that reading goes on behind a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repair {
    /// A misspelt key or choice becomes the one that was surely meant.
    Rename(&'static str),
    /// Keys whose sense is said in another way are passed over.
    Advise(&'static Advice, Vec<String>),
    /// `key:value` of YAML, which is a key without a value, is passed over.
    NoSpace(&'static str),
    /// A key that has no meaning is passed over.
    Ignore,
    /// A value that has no meaning reads as absent.
    Blank,
}

impl Repair {
    fn of(kind: &Kind, root: &Node, path: &FieldPath) -> Self {
        match kind {
            Kind::UnknownKey { key, known } => Self::of_key(key, known, root.at(&path.0)),
            Kind::UnknownChoice { choice, of, known, bare } => Self::of_choice(choice, of, known, *bare),
            Kind::ExtraKeys { .. } => Self::Ignore,
            _ => Self::Blank,
        }
    }

    fn of_key(key: &str, known: &[&'static str], table: Option<&Node>) -> Self {
        let value = |key: &str| table.and_then(|table| table.get(key)).map(|node| &node.value);
        let is_free = |name: &&str| value(name).is_none();
        let meant = |key: &str| foreign::meant(key, known, value(key));
        if let (Some((name, _)), Some(Value::Null)) = (key.split_once(':'), value(key))
            && let Some(name) = known.iter().copied().find(|known| *known == name)
        {
            return Self::NoSpace(name);
        }
        match meant(key) {
            Some(Meant::Key(name)) if is_free(&name) => Self::Rename(name),
            Some(Meant::Key(_)) => Self::Ignore,
            Some(Meant::Advice(advice)) => {
                let live = table.and_then(Node::table).into_iter().flat_map(|table| table.live());
                let unknown = live.map(|entry| entry.key.to_string()).filter(|key| !known.contains(&&**key));
                let same = unknown.filter(|key| meant(key) == Some(Meant::Advice(advice)));
                Self::Advise(advice, same.collect())
            }
            None => nearest(key, known.iter().copied().filter(is_free)).map_or(Self::Ignore, Self::Rename),
        }
    }

    fn of_choice(choice: &str, of: &str, known: &[&'static str], bare: bool) -> Self {
        let is_known = |name: &&str| known.contains(name) && !is_plain(name);
        // More than a name, such as `publish a/b` or `constant(1)`, means more than that name.
        let is_name = !choice.contains(|c: char| c.is_whitespace() || c == '(');
        let foreign = foreign::meant_choice(choice, of).filter(is_known);
        let meant = foreign.or_else(|| nearest(choice, known.iter().copied().filter(|name| !is_plain(name))));
        match meant {
            // A key that is only like one of a payload's is more likely one of its JSON.
            Some(name) if of == "Payload" && !name.eq_ignore_ascii_case(choice) => Self::Blank,
            // A step needs more than its name; only these two do not.
            Some(name) if of == "Step" && bare && !matches!(name, "connect" | "disconnect") => Self::Blank,
            Some(name) if is_name => Self::Rename(name),
            _ => Self::Blank,
        }
    }

    /// Changes the tree so that the mistake is in it no more.
    fn apply(&self, root: &mut Node, kind: &Kind, path: &FieldPath) {
        let key = match kind {
            Kind::UnknownKey { key, .. } | Kind::UnknownChoice { choice: key, bare: false, .. } => Some(key),
            _ => None,
        };
        match (self, kind) {
            (Self::Rename(name), _) => match key {
                Some(key) => {
                    if let Some(table) = root.table_mut(&path.0) {
                        table.rename(key, name);
                    }
                }
                None => {
                    if let Some(node) = root.at_mut(&path.0) {
                        node.value = Value::Text((*name).into());
                    }
                }
            },
            (Self::NoSpace(name), _) => {
                ignore(root, path, key.map(std::slice::from_ref).unwrap_or_default(), name);
            }
            (Self::Advise(advice, keys), _) => ignore(root, path, keys, advice.instead_of),
            (Self::Ignore, Kind::ExtraKeys { extra, .. }) => ignore(root, path, extra, ""),
            (Self::Ignore, _) => ignore(root, path, key.map(std::slice::from_ref).unwrap_or_default(), ""),
            _ => {
                if let Some(node) = root.at_mut(&path.0) {
                    node.unreadable = true;
                }
            }
        }
    }
}

/// Passes over keys of a table from now on.
fn ignore(root: &mut Node, path: &FieldPath, keys: &[String], instead_of: &'static str) {
    let Some(table) = root.table_mut(&path.0) else { return };
    for key in keys {
        if let Some(entry) = table.get_mut(key) {
            entry.ignored = true;
            entry.instead_of = instead_of;
        }
    }
}
