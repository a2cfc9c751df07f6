//! A mistake in the shape of a scenario, in words.
//!
//! Only this room knows the words, so both formats have the same messages. They differ only in written corrections,
//! since `{ wait = "1s" }` is of no use in a YAML file.

mod correction;
mod forms;
mod scalar;
mod shape;
mod site;
pub(super) mod vocabulary;

pub(super) use site::Site;

use crate::diagnostic::{Diagnostic, Mark, nearest};
use crate::scenario::codes;
use crate::scenario::de::is_plain;
use crate::scenario::explain::correction::{correction, with_its_unit};
use crate::scenario::explain::forms::{
    all_choices, both, form_of_choice, form_of_json, form_of_text, with_units,
};
use crate::scenario::explain::vocabulary::{a_noun, in_list, list, noun, place, quantity, quoted, shorten};
use crate::scenario::files::Format;
use crate::scenario::foreign::{self, Meant};
use crate::scenario::mistake::Kind;
use crate::scenario::node::Value;
use crate::scenario::repair::Repair;

pub(super) fn diagnostic(site: &Site<'_>, kind: &Kind, repair: &Repair) -> Diagnostic {
    let path = site.path;
    let error = |code, message: String| Diagnostic::error(code, path.clone(), message);
    match kind {
        Kind::UnknownKey { key, known } => unknown_key(site, key, known, repair),
        Kind::UnknownChoice { choice, of, known, bare } => {
            unknown_choice(site, choice, of, known, *bare, repair)
        }
        Kind::NoChoice { of, known } => {
            error(codes::NOT_ONE_KEY, format!("an empty {}", noun(of))).help(all_choices(site, of, known))
        }
        Kind::NoSuchChoice { keys, of, known } => {
            let (keys, is) = (quoted(keys), if keys.len() == 1 { "is not a key" } else { "are not keys" });
            error(codes::UNKNOWN_CHOICE, format!("{keys} {is} of {}", a_noun(of)))
                .help(form_of_choice(site, &keys, of, known))
        }
        Kind::ExtraKeys { chosen, extra, of, known } => extra_keys(site, chosen, extra, of, known),
        Kind::NoUnits { of } => {
            let message = format!("the numbers{} have no units", place(path));
            error(codes::WRONG_TYPE, message).help(with_units(site, of))
        }
        Kind::WrongType(wanted) => {
            let (wanted_words, found) = (site.wanted(wanted), site.found());
            let message = format!("expected {wanted_words}{}, found {found}", place(path));
            let error = error(codes::WRONG_TYPE, message).label(format!("expected {wanted_words}"));
            match correction(site, wanted) {
                Some(help) => error.help(help),
                None => error,
            }
        }
        Kind::OutOfRange { least, most } => {
            let number = site.raw();
            let (message, label) = match (number.starts_with('-'), *most) {
                (true, _) if *least == 0 => ("a negative number".to_owned(), "expected 0 or more".to_owned()),
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
            error(codes::OUT_OF_RANGE, format!("{} is not a finite number{}", site.raw(), place(path)))
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
            } else if let Some(help) = with_its_unit(site, what) {
                error.help(help)
            } else if let Some(quantity) = what.and_then(|what| quantity(&format!("a {what}"))) {
                error.help(quantity.form)
            } else {
                error
            }
        }
    }
}

fn unknown_key(site: &Site<'_>, key: &str, known: &[&'static str], repair: &Repair) -> Diagnostic {
    let path = site.path;
    let node = |key: &str| site.node.and_then(|table| table.get(key));
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
            (path.key(key), format!("a space is missing after the `:`: write `{name}: {}`", shorten(value)))
        }
        Repair::Advise(advice, same) => {
            if same.len() > 1 {
                keys = format!("unknown keys {}", quoted(same));
            }
            (path.key(key), site.in_format(advice.text))
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
    site: &Site<'_>,
    choice: &str,
    of: &'static str,
    known: &[&'static str],
    bare: bool,
    repair: &Repair,
) -> Diagnostic {
    let path = site.path;
    let message = format!("unknown {} `{}`", noun(of), shorten(choice));
    let near = || {
        let named = known.iter().copied().filter(|name| !is_plain(name));
        foreign::meant_choice(choice, of).or_else(|| nearest(choice, named))
    };
    let (name, help) = match repair {
        Repair::Rename(name) => (*name, format!("did you mean `{name}`?")),
        _ if bare => (choice, form_of_text(site, choice, of, known, near())),
        _ if of == "Payload" => (choice, form_of_json(site, near())),
        _ => (choice, all_choices(site, of, known)),
    };
    if bare {
        Diagnostic::error(codes::UNKNOWN_CHOICE, path.clone(), message).help(help)
    } else {
        Diagnostic::error(codes::UNKNOWN_CHOICE, path.key(name), message).marking(Mark::Key).help(help)
    }
}

fn extra_keys(site: &Site<'_>, chosen: &str, extra: &[String], of: &str, known: &[&str]) -> Diagnostic {
    let path = site.path;
    let (first, keys) = (extra.first().map_or("", String::as_str), quoted(extra));
    let (stands, them) = if extra.len() == 1 { ("stands", "it") } else { ("stand", "them") };
    let message = format!("{keys} {stands} beside `{}` in one {}", shorten(chosen), noun(of));
    let content = site.node.and_then(|node| node.get(chosen)).map(|node| &node.value);
    let help = match (known.contains(&first), site.format) {
        (true, Format::Yaml) if of == "Step" => "each step begins with its own `- `".to_owned(),
        (true, Format::Toml) if of == "Step" => {
            format!("write two steps: {{ {chosen} = … }}, {{ {first} = … }}")
        }
        (true, _) => format!("keep one of them: {}", list(&[chosen, first])),
        // What is no table has no place for them.
        (false, _) if !matches!(content, Some(Value::Table(_) | Value::Null)) => {
            format!("`{chosen}` stands alone in its {}: remove {keys}, or move {them} elsewhere", noun(of))
        }
        (false, Format::Yaml) => format!("indent {keys} further than `{chosen}` to put {them} inside"),
        (false, Format::Toml) => {
            let inside: Vec<_> = extra.iter().map(|key| format!("{} = …", shorten(key))).collect();
            format!("write {them} inside: {chosen} = {{ {} }}", inside.join(", "))
        }
    };
    Diagnostic::error(codes::NOT_ONE_KEY, path.key(first), message).marking(Mark::Key).help(help)
}
