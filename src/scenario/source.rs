//! A scenario's text with the place of every key and value in it: what a diagnostic's path means in the file.
//!
//! The text is kept as it stands in the file except for a byte order mark, which is not part of any line that
//! a person sees. All places are bytes of that text.

use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::diagnostic::{FieldPath, Mark, Part};
use crate::scenario::align::align;
use crate::scenario::node::{Node, Value, find};
use crate::scenario::parse::{self, Parsed};
use crate::scenario::{format_toml, format_yaml};

/// Largest scenario file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// How a scenario is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1, the canonical spelling.
    Toml,
    /// YAML 1.2.
    Yaml,
}

impl Format {
    /// The format that a file's ending stands for: `.toml`, `.yaml` or `.yml`.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Why a file could not even be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Neither TOML nor YAML by its name.
    #[error("cannot tell the format of {}: the name of a scenario ends in .toml, .yaml or .yml", .0.display())]
    UnknownFormat(PathBuf),
    /// The file system refused.
    #[error("cannot read {}: {}", path.display(), reason(source))]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// More than [`MAX_FILE_BYTES`].
    #[error("{} is larger than {} MiB, the most that is read as a scenario", .0.display(), MAX_FILE_BYTES >> 20)]
    TooLarge(PathBuf),
    /// Not text.
    #[error("{} is not UTF-8 text: invalid bytes in line {line}", path.display())]
    NotUtf8 {
        /// Which file.
        path: PathBuf,
        /// The first line with such bytes, from 1.
        line: usize,
    },
}

/// Why a file cannot be read: the most frequent reasons in plain words.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// The text of a scenario and where everything stands in it.
#[derive(Debug, Clone)]
pub struct Source {
    name: String,
    text: String,
    format: Format,
    root: Node,
}

impl Source {
    /// Reads a file. What is wrong inside it is no error here, but a diagnostic of the [`Parsed`].
    pub fn read(path: &Path) -> Result<(Self, Parsed), ReadError> {
        let format = Format::of(path).ok_or_else(|| ReadError::UnknownFormat(path.to_owned()))?;
        let mut bytes = Vec::new();
        fs::File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(ReadError::TooLarge(path.to_owned()));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::parse(path.display().to_string(), text, format)),
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.split(|byte| *byte == b'\n').count();
                Err(ReadError::NotUtf8 { path: path.to_owned(), line })
            }
        }
    }

    /// Reads a text into the model, with everything that is wrong with its shape. `name` is what messages
    /// call it.
    pub fn parse(name: impl Into<String>, text: impl Into<String>, format: Format) -> (Self, Parsed) {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let tree = match format {
            Format::Toml => format_toml::read(&text),
            Format::Yaml => format_yaml::read(&text),
        };
        let (root, parsed) = match tree {
            Ok(mut root) => {
                let parsed = parse::model(&mut root, &text, format);
                (root, parsed)
            }
            Err(diagnostics) => (Node::new(0..0, Value::Null), Parsed::unreadable(diagnostics)),
        };
        (Self { name: name.into(), text, format, root }, parsed)
    }

    /// What messages call it: the path of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text, without byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How it is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The bytes that a diagnostic marks: within one line of [`Source::text`] and on character boundaries.
    ///
    /// A path that the file does not have stands for the nearest one above it, and a table or list over
    /// several lines for its key. `0..0` means the file as a whole.
    pub fn span(&self, path: &FieldPath, mark: &Mark) -> Range<usize> {
        let span = match mark {
            Mark::Source(span) => span.clone(),
            Mark::Key => self.find(path).1,
            Mark::Value => self.find(path).0,
            Mark::Within(range) => self.within(path, range).unwrap_or_else(|| self.find(path).0),
        };
        self.one_line(span)
    }

    /// The value and the key that a path leads to; the value for the key of a list's item.
    fn find(&self, path: &FieldPath) -> (Range<usize>, Range<usize>) {
        let mut node = &self.root;
        let (mut value, mut key) = match self.root.value {
            Value::Null | Value::Table(_) => (0..0, 0..0),
            _ => (self.root.span.clone(), self.root.span.clone()),
        };
        for part in &path.0 {
            let Some(child) = node.child(part) else { break };
            key = match (&node.value, part) {
                (Value::Table(entries), Part::Key(name)) => {
                    find(entries, name).map_or(child.span.clone(), |entry| entry.key_span.clone())
                }
                _ => child.span.clone(),
            };
            let raw = self.text.get(child.span.clone()).unwrap_or_default();
            let is_text = matches!(child.value, Value::Text(_));
            let by_key = raw.is_empty() || !is_text && raw.contains('\n');
            value = if by_key { key.clone() } else { child.span.clone() };
            node = child;
        }
        (value, key)
    }

    fn within(&self, path: &FieldPath, range: &Range<usize>) -> Option<Range<usize>> {
        let node = self.root.at(&path.0)?;
        let Value::Text(decoded) = &node.value else {
            return None;
        };
        let raw = self.text.get(node.span.clone())?;
        let found = align(raw, decoded, range, self.format)?;
        Some(node.span.start + found.start..node.span.start + found.end)
    }

    /// The part of a span in its first line, on character boundaries.
    fn one_line(&self, span: Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.ceil_char_boundary(span.end.max(start));
        let line = self.text[start..end].split(['\n', '\r']).next().unwrap_or_default();
        start..start + line.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = r#"# é 日本
version = 1
brokers.local.url = "embedded:"

[user_classes."größe"]
client_id = "é${x}"
on_start = [
  "connect",
  { wait = "1s" },
]

[[user_classes."größe".tasks]]
name = 'task'
"#;

    const YAML: &str = r#"# é 日本
version: 1
brokers: { local: { url: "embedded:" } }
user_classes:
  größe:
    client_id: "é${x}"
    on_start:
      - connect
      - wait: 1s
    tasks:
      - name: task
"#;

    /// `user_classes.größe.on_start[1]`, written with dots only.
    fn path(dotted: &str) -> FieldPath {
        dotted.split('.').filter(|part| !part.is_empty()).fold(FieldPath::root(), |path, part| {
            part.parse().map_or_else(|_| path.key(part), |index| path.index(index))
        })
    }

    #[test]
    fn every_path_has_its_place() {
        let class = "user_classes.größe";
        for (dotted, mark, toml, yaml) in [
            ("version", Mark::Value, "1", "1"),
            ("version", Mark::Key, "version", "version"),
            ("brokers.local.url", Mark::Value, "\"embedded:\"", "\"embedded:\""),
            ("brokers.local", Mark::Value, "local", "{ url: \"embedded:\" }"),
            (class, Mark::Value, "[user_classes.\"größe\"]", "größe"),
            (class, Mark::Key, "\"größe\"", "größe"),
            (&format!("{class}.client_id"), Mark::Within(2..6), "${x}", "${x}"),
            (&format!("{class}.client_id"), Mark::Within(0..2), "é", "é"),
            (&format!("{class}.on_start"), Mark::Value, "on_start", "on_start"),
            (&format!("{class}.on_start.0"), Mark::Value, "\"connect\"", "connect"),
            (&format!("{class}.on_start.1"), Mark::Value, "{ wait = \"1s\" }", "wait: 1s"),
            (&format!("{class}.on_start.1"), Mark::Key, "{ wait = \"1s\" }", "wait: 1s"),
            (&format!("{class}.on_start.1.wait"), Mark::Key, "wait", "wait"),
            (&format!("{class}.tasks.0"), Mark::Value, "[[user_classes.\"größe\".tasks]]", "name: task"),
            // What the file does not have is marked at the nearest that it has.
            (
                &format!("{class}.tasks.0.steps"),
                Mark::Value,
                "[[user_classes.\"größe\".tasks]]",
                "name: task",
            ),
            (&format!("{class}.broker"), Mark::Key, "\"größe\"", "größe"),
            ("load.users", Mark::Value, "", ""),
        ] {
            for (text, format, expected) in [(TOML, Format::Toml, toml), (YAML, Format::Yaml, yaml)] {
                for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
                    let (source, parsed) = Source::parse("test", text, format);
                    assert_eq!(parsed.diagnostics, []);
                    let span = source.span(&path(dotted), &mark);
                    assert_eq!(&source.text()[span], expected, "{dotted} {mark:?} {format:?}");
                }
            }
        }
    }

    #[test]
    fn a_mark_beyond_the_text_is_cut() {
        let (source, _) = Source::parse("test", "name = \"é\"\n", Format::Toml);
        for range in [9..100, 100..200, 8..9] {
            let span = source.span(&FieldPath::root(), &Mark::Source(range.clone()));
            assert!(source.text().get(span).is_some(), "{range:?}");
        }
    }
}
