//! A mistake in the shape of a scenario, in words.
//!
//! The only place that knows the words, so that both formats say the same; they differ only where a correction
//! is spelt out, since `{ wait = "1s" }` helps nobody who writes YAML.

use crate::diagnostic::{Diagnostic, FieldPath, Mark, Part, nearest};
use crate::scenario::codes;
use crate::scenario::mistake::{Kind, Wanted};
use crate::scenario::node::{Node, Value};
use crate::scenario::parse::Repair;
use crate::scenario::source::{Files, Format};
use crate::scenario::words::{
    a_noun, choices, in_list, list, noun, pair, place, plain_text, quantity, shorten,
};
use crate::units::HumanDuration;

/// Where a mistake was found.
pub(super) struct Explainer<'a> {
    path: &'a FieldPath,
    /// What stands there: nothing, if a choice without content does.
    node: Option<&'a Node>,
    /// Of the file that it stands in.
    text: &'a str,
    format: Format,
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
                error(codes::NOT_ONE_KEY, format!("an empty {}", noun(of))).help(choices(of, known))
            }
            Kind::ExtraKey { chosen, extra, of, known } => self.extra_key(chosen, extra, of, known),
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
                error(codes::OUT_OF_RANGE, message + &place(path)).label(label)
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
                } else if let Some(quantity) = what.and_then(|what| quantity(&format!("a {what}"))) {
                    error.help(quantity.form)
                } else {
                    error
                }
            }
        }
    }

    fn unknown_key(&self, key: &str, known: &[&str], repair: &Repair) -> Diagnostic {
        let path = self.path;
        let file = |key: &str| self.node.and_then(|table| table.get(key)).map(|node| node.file);
        let (at, help) = match repair {
            Repair::Rename(name) => (path.key(*name), format!("did you mean `{name}`?")),
            _ => match nearest(key, known.iter().copied()) {
                // What another file gives does not stand here.
                Some(name) if file(name) != file(key) => (path.key(key), format!("did you mean `{name}`?")),
                Some(name) => (path.key(key), format!("`{name}` stands here already")),
                None => (path.key(key), format!("the keys here are {}", list(known))),
            },
        };
        let message = format!("unknown key `{}`", shorten(key));
        Diagnostic::error(codes::UNKNOWN_KEY, at, message).marking(Mark::Key).help(help)
    }

    fn unknown_choice(
        &self,
        choice: &str,
        of: &'static str,
        known: &[&str],
        bare: bool,
        repair: &Repair,
    ) -> Diagnostic {
        let path = self.path;
        let message = format!("unknown {} `{}`", noun(of), shorten(choice));
        let (name, help) = match repair {
            Repair::Rename(name) => (*name, format!("did you mean `{name}`?")),
            _ if choice.parse::<HumanDuration>().is_ok() && known.contains(&"constant") => {
                (choice, format!("write {}", self.table("constant", &format!("\"{choice}\""))))
            }
            _ => (choice, choices(of, known)),
        };
        if bare {
            Diagnostic::error(codes::UNKNOWN_CHOICE, path.clone(), message).help(help)
        } else {
            Diagnostic::error(codes::UNKNOWN_CHOICE, path.key(name), message).marking(Mark::Key).help(help)
        }
    }

    fn extra_key(&self, chosen: &str, extra: &str, of: &str, known: &[&str]) -> Diagnostic {
        let path = self.path;
        let message = format!("`{}` stands beside `{}` in one {}", shorten(extra), shorten(chosen), noun(of));
        let help = match (known.contains(&extra), self.format) {
            (true, Format::Yaml) if of == "Step" => "each step begins with its own `- `".to_owned(),
            (true, Format::Toml) if of == "Step" => {
                format!("write two steps: {{ {chosen} = … }}, {{ {extra} = … }}")
            }
            (true, _) => format!("keep one of them: {}", list(&[chosen, extra])),
            (false, Format::Yaml) => {
                format!("indent `{}` further than `{chosen}` to put it inside", shorten(extra))
            }
            (false, Format::Toml) => format!("write it inside: {chosen} = {{ {} = … }}", shorten(extra)),
        };
        Diagnostic::error(codes::NOT_ONE_KEY, path.key(extra), message).marking(Mark::Key).help(help)
    }

    /// How to write what was meant, where that can be told from the value.
    fn correction(&self, wanted: &Wanted) -> Option<String> {
        let path = self.path;
        let Some(node) = self.node else {
            return self.content_of_choice(wanted);
        };
        let value = &node.value;
        let raw = self.raw();
        let words = match wanted {
            Wanted::Words(words) => Some(&**words),
            Wanted::Choice { of, .. } => plain_text(of),
            _ => None,
        };
        if let (Some(quantity), true) = (words.and_then(quantity), is_number(value))
            && let Some((unit, meaning)) = quantity.unit
            && !raw.starts_with('-')
            && !raw.contains(['e', 'E', 'n', '_', 'x'])
        {
            return Some(format!("write \"{raw}{unit}\" {meaning}"));
        }
        match (wanted, value) {
            (
                Wanted::Choice { of, .. },
                Value::Integer(_) | Value::Float(_) | Value::Bool(_) | Value::Date,
            ) if plain_text(of) == Some("text") => Some(format!("write it in quotes: \"{raw}\"")),
            (Wanted::Words(words), _) if quantity(words).is_some() => {
                quantity(words).map(|quantity| quantity.form.to_owned())
            }
            (Wanted::Pair { of }, _) => Some(both(of)),
            (Wanted::Choice { of: "Payload", .. }, Value::List(_)) => {
                Some(format!("write {} to send it as JSON", self.table("json", &raw)))
            }
            (Wanted::Words(words), Value::Integer(_) | Value::Float(_) | Value::Bool(_))
                if words == "text" =>
            {
                Some(format!("write it in quotes: \"{raw}\""))
            }
            (Wanted::Words(_), Value::Date) => Some(format!("write it in quotes: \"{raw}\"")),
            (Wanted::Whole, Value::Float(number))
                if number.fract() == 0.0 && (0.0..1e15).contains(number) =>
            {
                Some(format!("write {number:.0}"))
            }
            (Wanted::Whole | Wanted::Number, Value::Text(text)) => {
                let plain = text.replace('_', "");
                let plain = plain.trim().trim_start_matches('0');
                let plain = if plain.is_empty() || plain.starts_with('.') {
                    format!("0{plain}")
                } else {
                    plain.to_owned()
                };
                let reads = match wanted {
                    Wanted::Whole => plain.parse::<u64>().is_ok(),
                    _ => plain.parse::<f64>().is_ok_and(f64::is_finite),
                };
                let quoted = if raw.starts_with(['"', '\'']) { ", without quotes" } else { "" };
                (reads && !text.is_empty()).then(|| format!("write {plain}{quoted}"))
            }
            (Wanted::Bool, Value::Text(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "on" => Some("write true".to_owned()),
                "false" | "no" | "n" | "off" => Some("write false".to_owned()),
                _ => None,
            },
            (Wanted::Bool, Value::Integer(0)) => Some("write false".to_owned()),
            (Wanted::Bool, Value::Integer(1)) => Some("write true".to_owned()),
            (Wanted::List, Value::Text(_)) => Some(format!("write it as a list: [{raw}]")),
            (Wanted::List, Value::Table(_)) if raw.starts_with('{') => Some("write [ ] around it".to_owned()),
            (Wanted::List, Value::Table(_)) => match self.format {
                Format::Toml => Some(format!("begin each item with [[{path}]]")),
                Format::Yaml => Some("begin each item with `- `".to_owned()),
            },
            (Wanted::Table, Value::Text(text)) => match path.0.as_slice() {
                [] if text.contains('=') => Some(
                    "this is how TOML is written: end the file's name in .toml, or write `key: value`"
                        .to_owned(),
                ),
                [] => Some("write `key: value`, with a space after the colon".to_owned()),
                [Part::Key(section), Part::Key(_)] if section == "brokers" => {
                    Some(format!("write {}", self.table("url", &raw)))
                }
                _ => Some(self.form_of_table().to_owned()),
            },
            (Wanted::Table, Value::List(_)) if path.0.is_empty() => {
                Some("write the keys without a `- ` before them".to_owned())
            }
            (Wanted::Table, _) => Some(self.form_of_table().to_owned()),
            (Wanted::Choice { of, known }, _) => Some(choices(of, known)),
            _ => None,
        }
    }

    /// What a choice needs whose name stands alone.
    fn content_of_choice(&self, wanted: &Wanted) -> Option<String> {
        let Some(Part::Key(choice)) = self.path.0.last() else {
            return None;
        };
        let example = match wanted {
            Wanted::Words(words) => quantity(words)?.example,
            Wanted::Choice { of, .. } => quantity(plain_text(of)?)?.example,
            Wanted::Pair { of } => pair(of),
            Wanted::Number => "0.5",
            _ => return None,
        };
        Some(format!("write {}", self.table(choice, example)))
    }

    fn form_of_table(&self) -> &'static str {
        match self.format {
            Format::Toml => "a table is written { key = value }, one with nothing to say {}",
            Format::Yaml => "a mapping is written { key: value }, one with nothing to say {}",
        }
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
    fn raw(&self) -> String {
        let raw = self.node.and_then(|node| self.text.get(node.span.clone())).unwrap_or_default();
        shorten(raw.lines().next().unwrap_or_default())
    }

    /// A table with one key, as the format writes it.
    fn table(&self, key: &str, value: &str) -> String {
        match self.format {
            Format::Toml => format!("{{ {key} = {value} }}"),
            Format::Yaml => format!("{{ {key}: {value} }}"),
        }
    }
}

/// How to write a list of two.
fn both(of: &str) -> String {
    let what =
        if of == "Size" { "the smallest and the largest size" } else { "the shortest and the longest pause" };
    format!("write {what}: {}", pair(of))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_))
}
