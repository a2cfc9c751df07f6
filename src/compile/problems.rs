//! Collects the mistakes of a scenario.
//!
//! All mistakes go through this file, because it also knows those from reading the file. A value that could not be read
//! is missing from the model, and this must not be reported as a second mistake.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::compile::codes;
use crate::diagnostic::{Diagnostic, FieldPath, FileId, Mark, Part, Severity, nearest};
use crate::scenario::codes::TOO_MANY;
use crate::template;
use crate::template::Template;
use crate::template::foreign::placeholders;
use crate::template::names::{Names, Place, quoted};
use crate::units::HumanDuration;

/// The longest time that a scenario can ask for; far below where adding to a clock could overflow.
pub(super) const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

/// Most mistakes that are noted, and most warnings. Nobody reads more, and each one costs a search for what was meant.
const MAX_NOTED: usize = 1000;

pub(super) struct Problems<'a> {
    reported: &'a BTreeSet<FieldPath>,
    pub(super) found: Vec<Diagnostic>,
    errors: usize,
}

impl<'a> Problems<'a> {
    pub(super) fn new(reported: &'a BTreeSet<FieldPath>) -> Self {
        Self { reported, found: Vec::new(), errors: 0 }
    }

    /// Whether the maximum number of mistakes is noted, so that looking for more is useless.
    pub(super) fn is_full(&self) -> bool {
        self.errors >= MAX_NOTED
    }

    fn note(&mut self, diagnostic: Diagnostic) {
        let is_error = diagnostic.severity == Severity::Error;
        let noted = if is_error { self.errors } else { self.found.len() - self.errors };
        if noted < MAX_NOTED {
            self.errors += usize::from(is_error);
            self.found.push(diagnostic);
            if self.is_full() && is_error {
                let message = format!("more than {MAX_NOTED} mistakes; the rest is not shown");
                let last = Diagnostic::error(TOO_MANY, FieldPath::root(), message);
                self.errors += 1;
                self.found.push(last.marking(Mark::Source(FileId::default(), 0..0)));
            }
        }
    }

    /// Notes a mistake, unless its place or one around it was complained about before.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        // A named payload is compiled for each step that uses it.
        let is_shared = matches!(diagnostic.at.0.first(), Some(Part::Key(section)) if section == "payloads");
        let is_known = is_shared && self.found.contains(&diagnostic);
        if !is_known && !self.explained(&diagnostic.at) {
            self.note(diagnostic);
        }
    }

    /// Notes that a key or the items of a list are missing, unless it is known why.
    pub(super) fn add_absence(&mut self, diagnostic: Diagnostic) {
        if !self.absence_explained(&diagnostic.at) {
            self.note(diagnostic);
        }
    }

    /// Whether the reading of the file complained about this place or one around it.
    fn explained(&self, path: &FieldPath) -> bool {
        (0..=path.0.len()).any(|end| self.reported.contains(&FieldPath(path.0[..end].to_vec())))
    }

    /// Whether something is missing there because it could not be read, or because its key is misspelled.
    pub(super) fn absence_explained(&self, path: &FieldPath) -> bool {
        let misspelled = |other: &FieldPath| match (path.0.last(), other.0.last()) {
            (Some(Part::Key(key)), Some(Part::Key(written))) => {
                other.parent() == path.parent() && nearest(written, [key.as_str()]).is_some()
            }
            _ => false,
        };
        // What lies below a path follows it in the order of paths.
        let below = |path: &FieldPath| {
            let path = path.clone();
            self.reported.range(path.clone()..).take_while(move |other| other.0.starts_with(&path.0))
        };
        self.explained(path) || below(path).next().is_some() || below(&path.parent()).any(misspelled)
    }

    pub(super) fn template(
        &mut self,
        text: &str,
        place: Place,
        names: &Names<'_>,
        at: &FieldPath,
    ) -> Option<Template> {
        if self.is_full() {
            return None;
        }
        match Template::parse(text, place, names) {
            Ok(template) => {
                self.warn_of_placeholders(text, place, names, at);
                Some(template)
            }
            Err(faults) => {
                for fault in faults {
                    let mut diagnostic = Diagnostic::error(fault.code, at.clone(), fault.message)
                        .marking(Mark::Within(fault.range));
                    diagnostic.help = fault.help;
                    self.add(diagnostic);
                }
                None
            }
        }
    }

    /// Warns of templates of other tools, which are sent as they stand.
    fn warn_of_placeholders(&mut self, text: &str, place: Place, names: &Names<'_>, at: &FieldPath) {
        // A password may hold anything, a condition may be a regular expression, and rows such as `items/{id}` are
        // named so on purpose.
        let may_hold_any = matches!(
            place,
            Place::Url | Place::Setting | Place::File | Place::Credential | Place::Condition | Place::RowName
        );
        let found = if may_hold_any { Vec::new() } else { placeholders(text, names) };
        let Some(first) = found.first() else { return };
        let mut written: Vec<_> = found.iter().map(|found| &text[found.range.clone()]).take(5).collect();
        written.dedup();
        let are = if written.len() == 1 { "is not a template and is" } else { "are not templates and are" };
        let message = format!("{} {are} sent as written", quoted(written.into_iter()));
        let help = match &first.ours {
            Some(ours) => format!("a template is written with a dollar and braces: {ours}"),
            None => {
                "a template is written with a dollar and braces, such as ${seq} or ${client_id}".to_owned()
            }
        };
        let mark = Mark::Within(first.range.clone());
        self.add(
            Diagnostic::warning(template::codes::OTHER_TEMPLATE, at.clone(), message)
                .marking(mark)
                .help(help),
        );
    }

    /// A length of time that may be 0.
    pub(super) fn duration(&mut self, value: HumanDuration, at: &FieldPath) -> Duration {
        if value.0 > LONGEST {
            self.range(
                at,
                "a length of time cannot be above 10 years",
                "write a shorter one, or leave it out if it has no end",
            );
        }
        value.0
    }

    /// A length of time that must be above 0.
    pub(super) fn positive_duration(&mut self, value: HumanDuration, what: &str, at: &FieldPath) -> Duration {
        if value.0.is_zero() {
            self.range(at, format!("{what} must be longer than 0"), "write a length of time such as \"10s\"");
        }
        self.duration(value, at)
    }

    pub(super) fn range(&mut self, at: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.add(Diagnostic::error(codes::RANGE, at.clone(), message).help(help));
    }

    pub(super) fn length(&mut self, what: &str, most: usize, limit: usize, at: &FieldPath) {
        if most > limit {
            let message = format!("{what} can become {most} bytes long, and MQTT carries at most {limit}");
            self.add(Diagnostic::error(codes::TOO_LONG, at.clone(), message).help("make it shorter"));
        }
    }
}

/// `did you mean …?` if a known word is near, else a list of what there is.
pub(super) fn suggestion<'a>(word: &str, what: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the {what} are: {}", quoted(known)),
    }
}
