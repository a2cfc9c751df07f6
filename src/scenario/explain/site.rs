//! The place of a mistake, and the value there.

use crate::diagnostic::FieldPath;
use crate::scenario::explain::vocabulary::{a_noun, plain_text, shorten};
use crate::scenario::files::{Files, Format};
use crate::scenario::mistake::Wanted;
use crate::scenario::node::{Node, Value};

pub(crate) struct Site<'a> {
    pub(super) path: &'a FieldPath,
    /// What stands there: nothing, if a choice without content does.
    pub(super) node: Option<&'a Node>,
    /// Of the file that it stands in.
    pub(super) text: &'a str,
    pub(super) format: Format,
}

impl<'a> Site<'a> {
    /// For a mistake at a path of a tree.
    pub(crate) fn new(root: &'a Node, files: &'a Files, path: &'a FieldPath) -> Self {
        let nearest = (0..=path.0.len()).rev().find_map(|length| root.at(&path.0[..length])).unwrap_or(root);
        let file = files.get(nearest.file);
        Self { path, node: root.at(&path.0), text: file.text(), format: file.format() }
    }

    pub(super) fn wanted(&self, wanted: &Wanted) -> String {
        match (wanted, self.format) {
            (Wanted::Bool, _) => "`true` or `false`".to_owned(),
            (Wanted::Whole, _) => "a whole number".to_owned(),
            (Wanted::Number, _) => "a number".to_owned(),
            (Wanted::List, _) => "a list".to_owned(),
            (Wanted::Table, Format::Toml) => "a table".to_owned(),
            (Wanted::Table, Format::Yaml) => "a mapping".to_owned(),
            (Wanted::Pair { .. }, _) => "a list of two".to_owned(),
            (Wanted::Choice { of, .. }, _) => match (plain_text(of), *of) {
                (Some(text), "Payload") => format!("{text} or {}", self.wanted(&Wanted::Table)),
                (Some(text), _) => text.to_owned(),
                (None, of) => a_noun(of),
            },
            (Wanted::Words(words), _) => words.clone(),
        }
    }

    pub(super) fn found(&self) -> &'static str {
        match (self.node.map(|node| &node.value), self.format) {
            (None | Some(Value::Null), _) => "nothing",
            (Some(Value::Bool(true)), _) => "`true`",
            (Some(Value::Bool(false)), _) => "`false`",
            (Some(Value::Integer(_)), _) => "a number",
            (Some(Value::Float(number)), _) if number.is_finite() => "a number with a fraction",
            (Some(Value::Float(_)), _) => "no finite number",
            (Some(Value::Text(_)), _) => "text",
            (Some(Value::Date), _) => "a date",
            (Some(Value::List(_)), _) => "a list",
            (Some(Value::Table(_)), Format::Toml) => "a table",
            (Some(Value::Table(_)), Format::Yaml) => "a mapping",
        }
    }

    /// The value as it stands in the file, shortened.
    pub(super) fn raw(&self) -> String {
        let raw = self.node.and_then(|node| self.text.get(node.span.clone())).unwrap_or_default();
        shorten(raw.lines().next().unwrap_or_default())
    }

    pub(super) fn table(&self, key: &str, value: &str) -> String {
        match self.format {
            Format::Toml => format!("{{ {key} = {value} }}"),
            Format::Yaml => format!("{{ {key}: {value} }}"),
        }
    }

    pub(super) fn pair_of(&self, key: &str, value: &str) -> String {
        match self.format {
            Format::Toml => format!("{key} = {value}"),
            Format::Yaml => format!("{key}: {value}"),
        }
    }

    /// A text that spells something out as TOML does, for the format of the file.
    pub(super) fn in_format(&self, text: &str) -> String {
        match self.format {
            Format::Toml => text.to_owned(),
            Format::Yaml => text.replace(" = ", ": "),
        }
    }
}
