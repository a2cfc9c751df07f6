//! From the tree of nodes to the model, with all mistakes at once.
//!
//! serde stops at the first mistake. So each is reported, repaired in the tree (a misspelt key gets the name
//! that was most likely meant, a wrong value reads as absent) and the tree read again until nothing is wrong, each
//! time from the last mistake on, so that the time grows with the file and not with the mistakes in it. Repairing
//! instead of skipping lets one run find the mistakes behind a mistake, too.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::diagnostic::{Diagnostic, FieldPath, Mark};
use crate::scenario::codes;
use crate::scenario::de::Reader;
use crate::scenario::explain::{self, Site};
use crate::scenario::files::Files;
use crate::scenario::mistake::{Kind, Mistake};
use crate::scenario::model::Scenario;
use crate::scenario::node::Node;
use crate::scenario::place::place;
use crate::scenario::repair::Repair;
use crate::scenario::reported::Reported;

const MAX_DIAGNOSTICS: usize = 100;

/// A scenario as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The model; what could not be read is absent in it.
    pub scenario: Scenario,
    /// What is wrong with its shape; empty if nothing is.
    pub diagnostics: Vec<Diagnostic>,
    /// The places of these mistakes, so that their consequences are not reported as well.
    pub reported: Reported,
}

pub(super) struct Repaired {
    /// The model; what could not be read is absent in it.
    pub(super) scenario: Scenario,
    /// The mistakes, marked by their bytes: other files may replace what stands there.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether there were more mistakes than are listed, so that the tree cannot be used.
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
        if let Some(first) = renamed.get(&diagnostic.at).and_then(|index: &usize| diagnostics.get_mut(*index))
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

/// Reports what is wrong, unless it was reported before, repairs it, and notes where reading goes on.
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
    let diagnostic = explain::diagnostic(&Site::new(root, files, &path), &mistake.kind, &repair);
    // The content of a choice written as a bare text is not in the tree, only the text is.
    let existing = FieldPath(path.0[..from.len()].to_vec());
    repair.apply(root, &mistake.kind, &existing);
    Some((diagnostic, repair))
}
