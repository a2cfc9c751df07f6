//! What is said of settings that the command line did not ask for: those that are honoured, ignored, or change nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use crate::report::columns::printable;
use crate::scenario::secrets::hide_urls;

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Place {
    /// In this variable of the environment.
    Variable(String),
    /// In this line of a file, from 1, under this name.
    Line { file: PathBuf, number: usize, name: String },
    /// On the command line, as this word.
    Word(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) | Self::Word(name) => f.write_str(name),
            Self::Line { file, number, .. } => write!(f, "{}:{number}", file.display()),
        }
    }
}

impl Place {
    /// What stands there, for a message about it.
    pub(super) fn with(&self, value: Option<&str>) -> String {
        let value = value.map(|value| format!(" = {value}")).unwrap_or_default();
        match self {
            Self::Variable(name) | Self::Word(name) => format!("{name}{value}"),
            Self::Line { name, .. } => format!("{self}: {name}{value}"),
        }
    }

    /// The name under which the setting stands there, with the place unless the name says it.
    pub(super) fn named(&self) -> String {
        match self {
            Self::Variable(name) | Self::Word(name) => name.clone(),
            Self::Line { name, .. } => format!("{name} ({self})"),
        }
    }
}

/// What became of settings of Locust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cli) struct Told {
    /// Settings with their values and places.
    taken: Vec<String>,
    /// Settings that change nothing, with the reason.
    accepted: Vec<(Place, String)>,
    /// Settings that are ignored, with the reason.
    ignored: Vec<(Place, String)>,
}

impl Told {
    pub(super) fn take(&mut self, name: &str, value: Option<&str>, at: &Place) {
        let value = value.map(|value| format!(" = {value}")).unwrap_or_default();
        self.taken.push(format!("{name}{value} ({at})"));
    }

    pub(in crate::cli) fn accept(&mut self, at: Place, why: &str) {
        self.accepted.push((at, why.to_owned()));
    }

    pub(super) fn ignore(&mut self, at: Place, why: impl Into<String>) {
        self.ignored.push((at, why.into()));
    }

    /// Also tells what the other has to tell.
    pub(in crate::cli) fn extend(&mut self, other: Self) {
        self.taken.extend(other.taken);
        self.accepted.extend(other.accepted);
        self.ignored.extend(other.ignored);
    }

    /// The settings that are honoured, in a line, and those that change nothing, a line for each reason.
    pub(in crate::cli) fn notes(&self) -> Vec<String> {
        let taken = (!self.taken.is_empty()).then(|| {
            format!(
                "Settings from outside the command line (--no-config leaves them out): {}",
                self.taken.join(", ")
            )
        });
        let accepted = by_reason(&self.accepted, |_| true)
            .into_iter()
            .map(|(names, why)| format!("Without effect here: {names}; {why}"));
        taken.into_iter().chain(accepted).map(|line| safe(&line)).collect()
    }

    /// The settings that are ignored, a line for each reason. `asked_for` are variables that the scenario itself reads.
    pub(in crate::cli) fn warnings(&self, asked_for: &BTreeSet<String>) -> Vec<String> {
        let is_foreign = |at: &Place| !matches!(at, Place::Variable(name) if asked_for.contains(name));
        let ignored = by_reason(&self.ignored, is_foreign);
        ignored.into_iter().map(|(names, why)| safe(&format!("Ignored: {names}; {why}"))).collect()
    }

    /// All of them as text for standard error.
    pub(in crate::cli) fn text(&self, asked_for: &BTreeSet<String>) -> String {
        let notes = self.notes().into_iter().map(|note| format!("note: {note}\n"));
        notes.chain(self.warnings(asked_for).into_iter().map(|it| format!("warning: {it}\n"))).collect()
    }
}

/// The names of those that are of interest, by reason, the first ones first.
fn by_reason(told: &[(Place, String)], of_interest: impl Fn(&Place) -> bool) -> Vec<(String, &str)> {
    let mut reasons: Vec<(String, &str)> = Vec::new();
    for (at, why) in told.iter().filter(|(at, _)| of_interest(at)) {
        match reasons.iter_mut().find(|(_, reason)| reason == why) {
            Some((names, _)) => names.extend([", ", &at.named()]),
            None => reasons.push((at.named(), why)),
        }
    }
    reasons
}

/// One line of a terminal, without the passwords of addresses.
fn safe(line: &str) -> String {
    hide_urls(&printable(line))
}
