//! Something to say about a scenario: plain data, with a place in the file given as a path of keys.
//!
//! The rooms that find mistakes (`scenario`, `compile`, `template`) know keys, not positions; `scenario::source` knows
//! where each key and value stands, and `cli::render` draws the source line. So a diagnostic carries a
//! [`FieldPath`], and every layer can make one without the text at hand.

use std::fmt;
use std::ops::Range;

/// Defines the codes of a layer: a constant each, whose doc is its meaning, and a table of all of them.
macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $name: &str = $code;
        )*

        /// Every code with its meaning, in the order of the codes.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),*];
    };
}

pub(crate) use codes;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The scenario can run, but most likely not as it was meant.
    Warning,
    /// The scenario cannot run.
    Error,
}

/// One part of a path into the scenario file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A key of a table.
    Key(String),
    /// A place in an array, from 0.
    Index(usize),
}

/// The way from the file's root to a value: `user_classes.device.tasks[0].weight`; a key with other characters
/// than letters, digits, `_` and `-` stands in quotes: `vars."a.b"`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FieldPath(pub Vec<Part>);

impl FieldPath {
    /// The root of the file.
    pub fn root() -> Self {
        Self::default()
    }

    /// This path and one key more.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        let mut parts = self.0.clone();
        parts.push(Part::Key(key.into()));
        Self(parts)
    }

    /// This path and one index more.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut parts = self.0.clone();
        parts.push(Part::Index(index));
        Self(parts)
    }

    /// The path without its last part; the root's parent is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        let mut parts = self.0.clone();
        parts.pop();
        Self(parts)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.0.iter().enumerate() {
            match part {
                Part::Key(key) => {
                    let dot = if i == 0 { "" } else { "." };
                    if is_bare(key) { write!(f, "{dot}{key}")? } else { write!(f, "{dot}{key:?}")? }
                }
                Part::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Whether a key stands in a path without quotes.
pub fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// One of the texts that a scenario is made of, by its number in `scenario::source::Source`; 0 is the scenario
/// file itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// Which text of the file a diagnostic marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// The value at the path (the nearest one above it that the file really has).
    Value,
    /// The key that the path ends in.
    Key,
    /// These bytes of the text value at the path, counted in the decoded text.
    Within(Range<usize>),
    /// These bytes of a file: of a syntax error, which has no path, or of a value that another one has replaced.
    Source(FileId, Range<usize>),
}

/// Something to say about a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, such as `E0101`; never reused for another meaning.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong: lower case, one line, no full stop.
    pub message: String,
    /// Where it is wrong.
    pub at: FieldPath,
    /// Which text there is marked.
    pub mark: Mark,
    /// A few words under the marked text; empty if there are none.
    pub label: String,
    /// What to do about it: one line.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error that marks the value at `at`.
    pub fn error(code: &'static str, at: FieldPath, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            at,
            mark: Mark::Value,
            label: String::new(),
            help: None,
        }
    }

    /// A warning that marks the value at `at`.
    pub fn warning(code: &'static str, at: FieldPath, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, at, message) }
    }

    /// Returns the diagnostic with another mark.
    #[must_use]
    pub fn marking(mut self, mark: Mark) -> Self {
        self.mark = mark;
        self
    }

    /// Returns the diagnostic with a label under the marked text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Returns the diagnostic with a help line.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The candidate nearest to `word`, if one is near enough to be what was meant: at most a third of the
/// letters of the longer one are wrong, missing or swapped, and not all of them. Case does not count, and
/// neither does it matter whether words are parted by `-` or `_`.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Enough for what people write; scripts write more.
    const MAX: usize = 2_000;
    let length = word.chars().count();
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    candidates
        .into_iter()
        .take(MAX)
        // A length that differs too much needs no table of distances, which a word of a megabyte would make large.
        .filter(|candidate| length <= 2 * candidate.chars().count() + 2)
        .map(|candidate| (strsim::damerau_levenshtein(&plain(word), &plain(candidate)), candidate))
        .filter(|(distance, candidate)| {
            let longer = length.max(candidate.chars().count());
            *distance <= (longer / 3).max(1) && (*distance < longer || longer == 0)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
