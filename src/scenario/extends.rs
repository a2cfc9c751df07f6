//! `extends`: user classes take over the keys of other classes that they do not have themselves.
//!
//! This works on the tree, so values that a class takes over keep their place in the file. Only the table of a class
//! itself is copied; it shares all other values with its base.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, FieldPath, Mark, nearest};
use crate::scenario::codes;
use crate::scenario::merge::{Section, merge};
use crate::scenario::node::{Node, Table, Value};
use crate::scenario::reported::Reported;

/// Most values that all classes together may take over. Sharing makes the tree small, but the model holds each
/// value once per class.
const MAX_INHERITED: usize = 2_000_000;

/// Most mistakes of classes that are listed: one more than are drawn.
const MAX_SAID: usize = 101;

#[derive(Clone, Copy, PartialEq, Eq)]
enum ClassState {
    New,
    /// It waits for its base.
    Open,
    /// It has all that it can have.
    Complete,
    /// Something is wrong with what it takes over, so keys that it lacks are not reported.
    Incomplete,
}

/// Completes all classes; says whether there is any that extends another.
///
/// Nothing must be wrong with the shape of the tree any more.
pub(super) fn resolve(root: &mut Node, diagnostics: &mut Vec<Diagnostic>, reported: &mut Reported) -> bool {
    let Some(classes) = root.get("user_classes").and_then(Node::table) else {
        return false;
    };
    let mut states = Vec::new();
    let mut bases = Vec::new();
    for entry in classes.entries() {
        let extends = entry.node.get("extends");
        bases.push(match extends.and_then(Node::seen) {
            Some(Value::Text(base)) => Some(base.clone()),
            _ => None,
        });
        let is_known = extends.is_none_or(|extends| !extends.unreadable);
        states.push(if is_known { ClassState::New } else { ClassState::Incomplete });
    }
    let has_bases = bases.iter().any(Option::is_some);
    let mut resolver = Resolver {
        at: FieldPath::root().key("user_classes"),
        indices: classes
            .entries()
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.key.clone(), index))
            .collect(),
        names: classes.entries().iter().map(|entry| entry.key.clone()).collect(),
        nodes: classes.entries().iter().map(|entry| entry.node.clone()).collect(),
        states,
        bases,
        left: MAX_INHERITED,
        is_too_much: false,
        diagnostics,
        said: 0,
    };
    (0..resolver.nodes.len()).for_each(|class| resolver.complete(class));
    let Resolver { at, names, nodes, states, .. } = resolver;
    for (name, state) in names.iter().zip(states) {
        if state == ClassState::Incomplete {
            reported.add(at.key(&**name));
        }
    }
    if has_bases && let Some(table) = root.table_mut(&at.0) {
        for (name, node) in names.iter().zip(nodes) {
            if let Some(entry) = table.get_mut(name) {
                entry.node = node;
            }
        }
    }
    has_bases
}

/// All classes by their index in the file.
struct Resolver<'a> {
    at: FieldPath,
    indices: HashMap<Arc<str>, usize>,
    names: Vec<Arc<str>>,
    bases: Vec<Option<Arc<str>>>,
    nodes: Vec<Node>,
    states: Vec<ClassState>,
    /// How many more values may be taken over.
    left: usize,
    is_too_much: bool,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// How many of them are of classes.
    said: usize,
}

impl Resolver<'_> {
    /// Completes a class and those that it builds on, without recursion: a chain may be as long as the file.
    fn complete(&mut self, class: usize) {
        let mut chain = Vec::new();
        let mut next = Some(class);
        while let Some(class) = next {
            match self.states[class] {
                ClassState::New => {
                    self.states[class] = ClassState::Open;
                    chain.push(class);
                    next = self.base(class);
                }
                ClassState::Open => {
                    self.cycle(&chain, class);
                    break;
                }
                ClassState::Complete | ClassState::Incomplete => break,
            }
        }
        while let Some(class) = chain.pop() {
            if self.states[class] == ClassState::Open {
                self.states[class] = self.take_over(class);
            }
        }
    }

    /// The class that a class extends; an unknown one is a mistake.
    fn base(&mut self, class: usize) -> Option<usize> {
        let base = self.bases[class].clone()?;
        let found = self.indices.get(&base).copied();
        if found.is_none() {
            self.states[class] = ClassState::Incomplete;
            if self.said >= MAX_SAID {
                return None;
            }
            let message = format!("there is no user class `{base}` to extend");
            let others = || self.names.iter().enumerate().filter(|(index, _)| *index != class);
            let help = match nearest(&base, others().map(|(_, name)| &**name)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => some_of("the other user classes are", others().map(|(_, name)| &**name)),
            };
            self.say(codes::UNKNOWN_BASE, class, message, help);
        }
        found
    }

    /// All classes of a chain from `first` on extend each other in turn.
    fn cycle(&mut self, chain: &[usize], first: usize) {
        let start = chain.iter().position(|class| *class == first).unwrap_or(0);
        let members = &chain[start..];
        let name = self.names[first].clone();
        let way: Vec<_> =
            members[1..].iter().take(10).map(|class| format!("`{}`", self.names[*class])).collect();
        let message = if way.is_empty() {
            format!("user class `{name}` extends itself")
        } else {
            let more = if members.len() > 11 { ", …" } else { "" };
            format!("user class `{name}` extends itself by way of {}{more}", way.join(", "))
        };
        let help = if way.is_empty() { "remove `extends`" } else { "remove `extends` from one of them" };
        self.say(codes::EXTENDS_CYCLE, first, message, help.to_owned());
        for class in members {
            self.states[*class] = ClassState::Incomplete;
        }
    }

    /// Merges a class over its base, which is as complete as it can be.
    fn take_over(&mut self, class: usize) -> ClassState {
        let base = self.bases[class].as_ref().and_then(|base| self.indices.get(base)).copied();
        let Some(base) = base else { return ClassState::Complete };
        let Some(table) = self.nodes[base].table() else { return ClassState::Incomplete };
        let mut inherited = (**table).clone();
        inherited.retain(|entry| !matches!(&*entry.key, "abstract" | "extends"));
        let under = Node { value: Value::Table(Arc::new(inherited)), ..self.nodes[base].clone() };
        let Some(left) = self.left.checked_sub(under.count(self.left + 1)) else {
            let message = format!("user classes take over more than {MAX_INHERITED} values from others");
            let help = "extend smaller classes, or write fewer of them".to_owned();
            // Once: whatever comes after it is too much as well.
            if !self.is_too_much {
                self.say(codes::TOO_MUCH_INHERITED, class, message, help);
            }
            self.is_too_much = true;
            return ClassState::Incomplete;
        };
        self.left = left;
        let node = &mut self.nodes[class];
        if matches!(node.value, Value::Null) {
            node.value = Value::Table(Arc::new(Table::default()));
        }
        *node = merge(node.clone(), &under, Section::Class);
        self.states[base]
    }

    fn say(&mut self, code: &'static str, class: usize, message: String, help: String) {
        if self.said >= MAX_SAID {
            return;
        }
        self.said += 1;
        let at = self.at.key(&*self.names[class]).key("extends");
        self.diagnostics.push(Diagnostic::error(code, at, message).marking(Mark::Value).help(help));
    }
}

/// The first names of a list in words.
fn some_of<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    const MAX: usize = 10;
    let mut names: Vec<_> = names.take(MAX + 1).map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return "there is no other user class".to_owned();
    }
    let more = if names.len() > MAX { ", …" } else { "" };
    names.truncate(MAX);
    format!("{what} {}{more}", names.join(", "))
}
