//! A mistake in the shape of a scenario, in words.
//!
//! The only place that knows the words, so that both formats say the same; they differ only where a correction
//! is spelt out, since `{ wait = "1s" }` helps nobody who writes YAML.

use crate::diagnostic::{Diagnostic, FieldPath, Mark, nearest};
use crate::scenario::codes;
use crate::scenario::correction::both;
use crate::scenario::de::is_plain;
use crate::scenario::foreign::{self, Meant};
use crate::scenario::mistake::{Kind, Wanted};
use crate::scenario::node::{Node, Value};
use crate::scenario::parse::Repair;
use crate::scenario::source::{Files, Format};
use crate::scenario::words::{a_noun, in_list, list, noun, place, plain_text, quantity, quoted, shorten};

/// Where a mistake was found.
pub(super) struct Explainer<'a> {
    pub(super) path: &'a FieldPath,
    /// What stands there: nothing, if a choice without content does.
    pub(super) node: Option<&'a Node>,
    /// Of the file that it stands in.
    pub(super) text: &'a str,
    pub(super) format: Format,
}

impl<'a> Explainer<'a> {
    /// For a mistake at a path of a tree.
    pub(super) fn new(root: &'a Node, files: &'a Files, path: &'a FieldPath) -> Self {
        let nearest = (0..=path.0.len()).rev().find_map(|length| root.at(&path.0[..length])).unwrap_or(root);
        let file = files.get(nearest.file);
        Self { path, node: root.at(&path.0), text: file.text(), format: file.format() }
    }

    /// What to say about the mistake, and how to get it right.
    pub(super) fn diagnostic(&self, kind: &Kind, repair: &Repair) -> Diagnostic {
        let path = self.path;
        let error = |code, message: String| Diagnostic::error(code, path.clone(), message);
        match kind {
            Kind::UnknownKey { key, known } => self.unknown_key(key, known, repair),
            Kind::UnknownChoice { choice, of, known, bare } => {
                self.unknown_choice(choice, of, known, *bare, repair)
            }
            Kind::NoChoice { of, known } => {
                error(codes::NOT_ONE_KEY, format!("an empty {}", noun(of))).help(self.choices(of, known))
            }
            Kind::NoSuchChoice { keys, of, known } => {
                let (keys, is) = (quoted(keys), if keys.len() == 1 { "is no key" } else { "are no keys" });
                error(codes::UNKNOWN_CHOICE, format!("{keys} {is} of {}", a_noun(of)))
                    .help(self.form_of_choice(&keys, of, known))
            }
            Kind::ExtraKeys { chosen, extra, of, known } => self.extra_keys(chosen, extra, of, known),
            Kind::NoUnits { of } => {
                let message = format!("the numbers{} have no units", place(path));
                error(codes::WRONG_TYPE, message).help(self.with_units(of))
            }
            Kind::WrongType(wanted) => {
                let (wanted_words, found) = (self.wanted(wanted), self.found());
                let message = format!("expected {wanted_words}{}, found {found}", place(path));
                let error = error(codes::WRONG_TYPE, message).label(format!("expected {wanted_words}"));
                match self.correction(wanted) {
                    Some(help) => error.help(help),
                    None => error,
                }
            }
            Kind::OutOfRange { least, most } => {
                let number = self.raw();
                let (message, label) = match (number.starts_with('-'), *most) {
                    (true, _) if *least == 0 => {
                        ("a negative number".to_owned(), "expected 0 or more".to_owned())
                    }
                    (true, _) => (format!("{number} is too small"), format!("expected at least {least}")),
                    (false, most) => (format!("{number} is too large"), format!("expected at most {most}")),
                };
                // A byte is only ever a quality of service, and its limit is not 255.
                let label = if *most == u64::from(u8::MAX) { "expected 0, 1 or 2".to_owned() } else { label };
                let help = match *most {
                    // A byte is only ever a quality of service.
                    most if most == u64::from(u8::MAX) => "write 0, 1 or 2".to_owned(),
                    _ if number.starts_with('-') && *least == 0 => {
                        format!("write it without the minus: {}", number.trim_start_matches('-'))
                    }
                    most if *least == 0 => format!("write a whole number from 0 to {most}"),
                    most => format!("write a whole number from {least} to {most}"),
                };
                error(codes::OUT_OF_RANGE, message + &place(path)).label(label).help(help)
            }
            Kind::NotFinite => {
                error(codes::OUT_OF_RANGE, format!("{} is not a finite number{}", self.raw(), place(path)))
                    .help("write a number such as 10 or 0.5")
            }
            Kind::WrongLength { of, wanted, found } => {
                error(codes::WRONG_LENGTH, format!("expected {wanted} items{}, found {found}", place(path)))
                    .help(both(of))
            }
            Kind::EmptyItem => error(codes::WRONG_LENGTH, format!("an empty item{}", in_list(path)))
                .help("write the item, or remove its place"),
            Kind::Invalid(message) => {
                let error = error(codes::INVALID_VALUE, message.clone());
                let what = message.strip_prefix("invalid ").and_then(|rest| rest.split(':').next());
                if message.ends_with("too fine") {
                    error.help("lengths of time go from 1ns to 10 years")
                } else if let Some(help) = self.with_its_unit(what) {
                    error.help(help)
                } else if let Some(quantity) = what.and_then(|what| quantity(&format!("a {what}"))) {
                    error.help(quantity.form)
                } else {
                    error
                }
            }
        }
    }

    fn unknown_key(&self, key: &str, known: &[&'static str], repair: &Repair) -> Diagnostic {
        let path = self.path;
        let node = |key: &str| self.node.and_then(|table| table.get(key));
        let file = |key: &str| node(key).map(|node| node.file);
        let near = || match foreign::meant(key, known, node(key).map(|node| &node.value)) {
            Some(Meant::Key(name)) => Some(name),
            _ => nearest(key, known.iter().copied()),
        };
        let mut keys = format!("unknown key `{}`", shorten(key));
        let (at, help) = match repair {
            Repair::Rename(name) => (path.key(*name), format!("did you mean `{name}`?")),
            Repair::NoSpace(name) => {
                let value = key[name.len()..].trim_start_matches(':');
                (
                    path.key(key),
                    format!("a space is missing after the `:`: write `{name}: {}`", shorten(value)),
                )
            }
            Repair::Advise(advice, same) => {
                if same.len() > 1 {
                    keys = format!("unknown keys {}", quoted(same));
                }
                (path.key(key), self.in_format(advice.text))
            }
            _ => match near() {
                // What another file gives does not stand here.
                Some(name) if file(name) != file(key) => (path.key(key), format!("did you mean `{name}`?")),
                Some(name) => (path.key(key), format!("`{name}` stands here already")),
                None => (path.key(key), format!("the keys here are {}", list(known))),
            },
        };
        Diagnostic::error(codes::UNKNOWN_KEY, at, keys).marking(Mark::Key).help(help)
    }

    fn unknown_choice(
        &self,
        choice: &str,
        of: &'static str,
        known: &[&'static str],
        bare: bool,
        repair: &Repair,
    ) -> Diagnostic {
        let path = self.path;
        let message = format!("unknown {} `{}`", noun(of), shorten(choice));
        let near = || {
            let named = known.iter().copied().filter(|name| !is_plain(name));
            foreign::meant_choice(choice, of).or_else(|| nearest(choice, named))
        };
        let (name, help) = match repair {
            Repair::Rename(name) => (*name, format!("did you mean `{name}`?")),
            _ if bare => (choice, self.form_of_text(choice, of, known, near())),
            _ if of == "Payload" => (choice, self.form_of_json(near())),
            _ => (choice, self.choices(of, known)),
        };
        if bare {
            Diagnostic::error(codes::UNKNOWN_CHOICE, path.clone(), message).help(help)
        } else {
            Diagnostic::error(codes::UNKNOWN_CHOICE, path.key(name), message).marking(Mark::Key).help(help)
        }
    }

    fn extra_keys(&self, chosen: &str, extra: &[String], of: &str, known: &[&str]) -> Diagnostic {
        let path = self.path;
        let (first, keys) = (extra.first().map_or("", String::as_str), quoted(extra));
        let (stands, them) = if extra.len() == 1 { ("stands", "it") } else { ("stand", "them") };
        let message = format!("{keys} {stands} beside `{}` in one {}", shorten(chosen), noun(of));
        let content = self.node.and_then(|node| node.get(chosen)).map(|node| &node.value);
        let help = match (known.contains(&first), self.format) {
            (true, Format::Yaml) if of == "Step" => "each step begins with its own `- `".to_owned(),
            (true, Format::Toml) if of == "Step" => {
                format!("write two steps: {{ {chosen} = … }}, {{ {first} = … }}")
            }
            (true, _) => format!("keep one of them: {}", list(&[chosen, first])),
            // What is no table has no place for them.
            (false, _) if !matches!(content, Some(Value::Table(_) | Value::Null)) => {
                format!(
                    "`{chosen}` stands alone in its {}: remove {keys}, or move {them} elsewhere",
                    noun(of)
                )
            }
            (false, Format::Yaml) => format!("indent {keys} further than `{chosen}` to put {them} inside"),
            (false, Format::Toml) => {
                let inside: Vec<_> = extra.iter().map(|key| format!("{} = …", shorten(key))).collect();
                format!("write {them} inside: {chosen} = {{ {} }}", inside.join(", "))
            }
        };
        Diagnostic::error(codes::NOT_ONE_KEY, path.key(first), message).marking(Mark::Key).help(help)
    }

    fn wanted(&self, wanted: &Wanted) -> String {
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

    fn found(&self) -> &'static str {
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

    /// A table with one key, as the format writes it.
    pub(super) fn table(&self, key: &str, value: &str) -> String {
        match self.format {
            Format::Toml => format!("{{ {key} = {value} }}"),
            Format::Yaml => format!("{{ {key}: {value} }}"),
        }
    }
}
