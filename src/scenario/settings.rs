//! `--set PATH=VALUE`: values of the command line, put into the tree of the files.
//!
//! PATH is written as messages write it, VALUE as in TOML; anything that is not TOML is a text, so that a shell needs
//! no quotes within quotes. Each argument is a file of its own with itself as the only line. A value that excludes
//! another one, such as `fixed_count` beside `weight`, takes its place, as when files are merged.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, FieldPath, FileId, Mark, Part, is_bare, nearest};
use crate::scenario::files::{File, Files, Format};
use crate::scenario::merge::Section;
use crate::scenario::node::{Entry, Node, Table, Value};
use crate::scenario::{codes, format_toml};

/// What messages call an argument.
pub(super) const NAME: &str = "--set";

/// Sections of named things, and the keys of which one must be there for a new name to be more than a misspelt one.
const NAMED: [(&str, &str, &[&str]); 3] = [
    ("user_classes", "user class", &["tasks", "sequence", "extends"]),
    ("brokers", "broker", &["url"]),
    ("feeds", "feed", &["csv"]),
];

/// Puts the arguments into the tree, one after the other; what is wrong with one is reported, and the others are set.
pub(super) fn apply(
    root: &mut Node,
    files: &mut Files,
    arguments: &[String],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut names = Vec::new();
    let mut refused = Vec::new();
    for argument in arguments {
        let folder = files.get(FileId::default()).folder().to_owned();
        let file = files.add(File::new(NAME.to_owned(), argument.clone(), Format::Toml, folder));
        if let Err(diagnostic) = set(root, file, files.get(file).text(), &mut names) {
            refused.push((file, *diagnostic));
        }
    }
    for name in &names {
        if let Some(diagnostic) = remove_misspelt(root, name) {
            // Nothing can be there below a name that is not there, so that is not reported.
            let same = |file| {
                names
                    .iter()
                    .any(|new| new.file == file && new.section == name.section && new.name == name.name)
            };
            refused.retain(|(file, _)| !same(*file));
            refused.push((name.file, diagnostic));
        }
    }
    refused.sort_by_key(|(file, _)| *file);
    diagnostics.extend(refused.into_iter().map(|(_, diagnostic)| diagnostic));
}

struct Step {
    part: Part,
    span: Range<usize>,
}

/// A name that an argument has added to one of the sections of [`NAMED`].
struct NewName {
    file: FileId,
    section: usize,
    name: String,
    span: Range<usize>,
}

fn set(
    root: &mut Node,
    file: FileId,
    argument: &str,
    names: &mut Vec<NewName>,
) -> Result<(), Box<Diagnostic>> {
    let fault = |fault: Fault| {
        let mark = Mark::Source(file, fault.span);
        let diagnostic = Diagnostic::error(fault.code, FieldPath::root(), fault.message);
        Box::new(diagnostic.marking(mark).help(fault.help))
    };
    let (steps, from) = parse(argument).map_err(fault)?;
    let value = format_toml::read_value(argument.trim_end(), from, file)?;
    if let [Step { part: Part::Key(section), .. }, Step { part: Part::Key(name), span }, ..] =
        steps.as_slice()
        && let Some(section_index) = NAMED.iter().position(|(named, ..)| named == section)
        && (root.get(section).and_then(|table| table.get(name)).is_none()
            || names.iter().any(|new| new.section == section_index && new.name == *name))
    {
        names.push(NewName { file, section: section_index, name: name.clone(), span: span.clone() });
    }
    own_list(root, &steps);
    put(root, &steps, value).map_err(fault)
}

struct Fault {
    code: &'static str,
    span: Range<usize>,
    message: String,
    help: String,
}

fn parse(argument: &str) -> Result<(Vec<Step>, usize), Fault> {
    const FORM: &str = "write PATH=VALUE, such as load.users=10 or user_classes.device.tasks[0].weight=2";
    let wrong = |span: Range<usize>, message: String| Fault {
        code: codes::SETTING,
        span,
        message,
        help: FORM.to_owned(),
    };
    let mut steps: Vec<Step> = Vec::new();
    let mut at = argument.len() - argument.trim_start().len();
    loop {
        let rest = &argument[at..];
        let mut after = rest.chars();
        let next = after.next();
        let step = match next {
            Some('[') if !steps.is_empty() => {
                let digits = rest[1..].split(']').next().unwrap_or_default();
                let end = at + 1 + digits.len() + 1;
                match digits.parse() {
                    Ok(index) if argument[..end.min(argument.len())].ends_with(']') => {
                        Step { part: Part::Index(index), span: at..end }
                    }
                    _ => {
                        let end = end.min(argument.len());
                        return Err(wrong(
                            at..end,
                            "a place in a list is a number in brackets, from 0".into(),
                        ));
                    }
                }
            }
            Some(quote @ ('"' | '\'')) => {
                let Some((key, length)) = quoted(rest, quote) else {
                    return Err(wrong(at..argument.len(), "a key without its closing quote".into()));
                };
                Step { part: Part::Key(key), span: at..at + length }
            }
            _ => {
                let length = rest.find(|c: char| !is_bare(c.encode_utf8(&mut [0; 4]))).unwrap_or(rest.len());
                if length == 0 {
                    let width = next.map_or(0, char::len_utf8);
                    return Err(wrong(at..at + width, "a key is missing here".into()));
                }
                Step { part: Part::Key(rest[..length].to_owned()), span: at..at + length }
            }
        };
        at = step.span.end;
        steps.push(step);
        let rest = argument[at..].trim_start();
        at = argument.len() - rest.len();
        match rest.chars().next() {
            Some('=') => {
                let value = rest[1..].trim_start();
                break Ok((steps, argument.len() - value.len()));
            }
            Some('.') => at += rest.len() - rest[1..].trim_start().len(),
            Some('[') => {}
            Some(other) => {
                return Err(wrong(at..at + other.len_utf8(), format!("`{other}` is not expected in a path")));
            }
            None => return Err(wrong(0..argument.len(), "a `=` and a value are missing".into())),
        }
    }
}

/// A key in quotes at the beginning of a text, and its length with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut key = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Some((key, at + 1)),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => key.push('\n'),
                't' => key.push('\t'),
                other => key.push(other),
            },
            _ => key.push(c),
        }
    }
    None
}

/// Puts a value at a path; tables on the way that are not there are made.
fn put(root: &mut Node, steps: &[Step], value: Node) -> Result<(), Fault> {
    let file = value.file;
    let mut node = root;
    let mut place = Section::Root;
    for (number, step) in steps.iter().enumerate() {
        let refuse = |message: String, help: String| Fault {
            code: codes::NO_SUCH_PLACE,
            span: step.span.clone(),
            message,
            help,
        };
        let before = || path(&steps[..number]);
        node = match (&step.part, &mut node.value) {
            (Part::Key(key), Value::Table(_)) if number == 0 && key == "include" => {
                let help = "name the file in the `include` of the scenario";
                return Err(refuse("`include` cannot be set on the command line".into(), help.into()));
            }
            (Part::Key(key), Value::Table(table)) => {
                let table = Arc::make_mut(table);
                if table.live().any(|entry| place.excludes(key, &entry.key)) {
                    table.retain(|entry| !place.excludes(key, &entry.key));
                }
                let is_there = table.get(key).is_some_and(|entry| {
                    !entry.ignored && !entry.node.unreadable && !matches!(entry.node.value, Value::Null)
                });
                if !is_there {
                    if let Some(Step { part: Part::Index(_), .. }) = steps.get(number + 1) {
                        let list = path(&steps[..=number]);
                        let help = format!("set the whole list: {list}=[…]");
                        return Err(refuse(format!("there is no list `{list}`"), help));
                    }
                    let empty = Value::Table(Arc::new(Table::default()));
                    let node = Node::new(file, step.span.clone(), empty);
                    table.insert(Entry::new(key.as_str().into(), step.span.clone(), node));
                }
                if number + 1 == steps.len() {
                    table.insert(Entry::new(key.as_str().into(), step.span.clone(), value));
                    return Ok(());
                }
                place = place.below(key);
                match table.get_mut(key) {
                    Some(entry) => &mut entry.node,
                    None => return Ok(()),
                }
            }
            (Part::Index(index), Value::List(items)) => {
                let length = items.len();
                place = Section::Other;
                if let Some(item) = Arc::make_mut(items).get_mut(*index) {
                    item
                } else {
                    let message = format!("there is no item {index} in `{}`", before());
                    let help = match length {
                        0 => "the list is empty".to_owned(),
                        1 => "it has one item: [0]".to_owned(),
                        _ => format!("it has {length} items: [0] to [{}]", length - 1),
                    };
                    return Err(refuse(message, help));
                }
            }
            (Part::Key(key), Value::List(items)) => {
                let message = format!("`{}` is a list and has no key `{key}`", before());
                let help = match items.len() {
                    0 => "the list is empty".to_owned(),
                    _ => format!("name an item of it: {}[0]", before()),
                };
                return Err(refuse(message, help));
            }
            (Part::Index(_), Value::Table(_)) => {
                let help = "name a key of it, after a dot";
                return Err(refuse(format!("`{}` is a table and no list", before()), help.into()));
            }
            _ => {
                let message = format!("`{}` is a single value, with nothing in it", before());
                return Err(refuse(message, format!("set it as a whole: {}=…", before())));
            }
        };
    }
    *node = value;
    Ok(())
}

/// Where the path leads into a list that a class takes over from another one, gives the class the list as its own.
fn own_list(root: &mut Node, steps: &[Step]) {
    let parts: Vec<_> = steps.iter().map(|step| &step.part).collect();
    let [Part::Key(section), Part::Key(class), Part::Key(key), Part::Index(_), ..] = parts.as_slice() else {
        return;
    };
    let Some(classes) = root.get(section).and_then(Node::table).filter(|_| section == "user_classes") else {
        return;
    };
    let own = classes.get(class).map(|entry| &entry.node);
    if own.and_then(|own| own.get(key)).is_some() {
        return;
    }
    let mut seen = HashSet::new();
    let mut next = own;
    let mut found = None;
    while let Some(table) = next.and_then(Node::table) {
        found = table.get(key).filter(|entry| !entry.ignored);
        let Some(Value::Text(base)) = table.get("extends").and_then(|entry| entry.node.seen()) else { break };
        if found.is_some() || !seen.insert(base) {
            break;
        }
        next = classes.get(base).map(|entry| &entry.node);
    }
    let Some(entry) = found.cloned() else { return };
    let at = [Part::Key(section.clone()), Part::Key(class.clone())];
    if let Some(table) = root.table_mut(&at) {
        table.insert(entry);
    }
}

/// Removes a new name again that has no key that a new one needs. Most likely an existing name was meant.
fn remove_misspelt(root: &mut Node, new: &NewName) -> Option<Diagnostic> {
    let (section, what, needed) = NAMED[new.section];
    let named = root.get(section)?.table()?.clone();
    let node = &named.get(&new.name)?.node;
    if !matches!(node.value, Value::Table(_)) || needed.iter().any(|key| node.get(key).is_some()) {
        return None;
    }
    let table = root.table_mut(&[Part::Key(section.to_owned())])?;
    table.retain(|entry| *entry.key != *new.name);
    let others: Vec<_> = table.live().map(|entry| &*entry.key).take(10).collect();
    let message = format!("there is no {what} `{}`", new.name);
    let help = match (nearest(&new.name, table.live().map(|entry| &*entry.key)), others.as_slice()) {
        (Some(name), _) => format!("did you mean `{name}`?"),
        (None, []) => format!("a new {what} needs `{}`", needed[0]),
        (None, others) => {
            let others: Vec<_> = others.iter().map(|name| format!("`{name}`")).collect();
            format!("`{section}` has {}; a new {what} needs `{}`", others.join(", "), needed[0])
        }
    };
    let mark = Mark::Source(new.file, new.span.clone());
    let at = FieldPath::root().key(section).key(&*new.name);
    Some(Diagnostic::error(codes::NO_SUCH_PLACE, at, message).marking(mark).help(help))
}

fn path(steps: &[Step]) -> FieldPath {
    FieldPath(steps.iter().map(|step| step.part.clone()).collect())
}
