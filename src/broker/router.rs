//! Finds the receivers of a message: subscriptions as a tree of topic levels, shared groups, retained messages.
//!
//! It is a tree and no list: if ten thousand devices subscribe to `cmd/ID/#`, a publish costs the same as with one
//! device. Wildcards are ordinary children, since no level of a topic can be spelled like them. Filters deeper than
//! [`MAX_LEVELS`] are refused, so that the recursion is bounded.

use crate::broker::packet::{Message, Options};
use crate::broker::session::SessionRef;
use crate::mqtt::{self, Qos};
use std::collections::HashMap;
use std::rc::Rc;

/// The deepest filter that can be subscribed to.
pub(super) const MAX_LEVELS: usize = 200;

#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) session: SessionRef,
    pub(super) options: Options,
}

#[derive(Debug, Clone)]
pub(super) struct Retained {
    pub(super) message: Rc<Message>,
    pub(super) qos: Qos,
}

#[derive(Debug, Default)]
pub(super) struct Router {
    root: Node,
    retained: HashMap<String, Retained>,
}

#[derive(Debug, Default)]
struct Node {
    children: HashMap<Box<str>, Node>,
    subscribers: Vec<Target>,
    groups: Vec<Group>,
}

/// The members of `$share/NAME/…` at one filter, who take turns.
#[derive(Debug)]
struct Group {
    name: Box<str>,
    members: Vec<Target>,
    next: usize,
}

impl Router {
    /// Adds a subscription, or changes the options of one that is there. The filter is a checked one.
    pub(super) fn subscribe(&mut self, filter: &str, target: Target) {
        let (group, levels) = split_share(filter);
        let mut node = &mut self.root;
        for level in levels.split('/') {
            if !node.children.contains_key(level) {
                node.children.insert(level.into(), Node::default());
            }
            let Some(child) = node.children.get_mut(level) else { return };
            node = child;
        }
        let members = match group {
            None => &mut node.subscribers,
            Some(name) => node.group(name),
        };
        match members.iter_mut().find(|member| Rc::ptr_eq(&member.session, &target.session)) {
            Some(member) => *member = target,
            None => members.push(target),
        }
    }

    pub(super) fn unsubscribe(&mut self, filter: &str, session: &SessionRef) {
        let (group, levels) = split_share(filter);
        self.root.remove(&mut levels.split('/'), group, session);
    }

    /// Appends everyone who is to receive a message of this topic, each session once for all its ordinary
    /// subscriptions, with the highest quality of service of those that match, and one member of each
    /// shared group.
    pub(super) fn matching(&mut self, topic: &str, found: &mut Vec<Target>) {
        let mut shared = Vec::new();
        let nodes = self.root.collect(Some(topic), !topic.starts_with('$'), found, &mut shared);
        if nodes > 1 {
            merge(found);
        }
        found.append(&mut shared);
    }

    /// Keeps a message for later subscribers, or forgets the topic's if the payload is empty.
    pub(super) fn retain(&mut self, message: &Message, qos: Qos) {
        if message.payload.is_empty() {
            self.retained.remove(&message.topic);
        } else {
            // A copy: the payload is a part of a read buffer, all of which it would keep alive.
            let message = Message {
                topic: message.topic.clone(),
                payload: bytes::Bytes::copy_from_slice(&message.payload),
                properties: message.properties.clone(),
                expires: message.expires,
            };
            self.retained.insert(message.topic.clone(), Retained { message: Rc::new(message), qos });
        }
    }

    /// The retained messages that match a filter; none for a shared subscription (MQTT 5, section 4.8.2).
    pub(super) fn retained(&self, filter: &str) -> Vec<Retained> {
        if filter.starts_with("$share/") {
            Vec::new()
        } else if filter.contains(['+', '#']) {
            let matches = |(topic, _): &(&String, &Retained)| mqtt::matches(filter, topic);
            self.retained.iter().filter(matches).map(|(_, retained)| retained.clone()).collect()
        } else {
            self.retained.get(filter).cloned().into_iter().collect()
        }
    }
}

impl Node {
    fn group(&mut self, name: &str) -> &mut Vec<Target> {
        let at = self.groups.iter().position(|group| &*group.name == name).unwrap_or_else(|| {
            self.groups.push(Group { name: name.into(), members: Vec::new(), next: 0 });
            self.groups.len() - 1
        });
        &mut self.groups[at].members
    }

    fn is_empty(&self) -> bool {
        self.children.is_empty() && self.subscribers.is_empty() && self.groups.is_empty()
    }

    fn remove<'a>(
        &mut self,
        levels: &mut impl Iterator<Item = &'a str>,
        group: Option<&str>,
        session: &SessionRef,
    ) {
        if let Some(level) = levels.next() {
            if let Some(child) = self.children.get_mut(level) {
                child.remove(levels, group, session);
                if child.is_empty() {
                    self.children.remove(level);
                }
            }
            return;
        }
        let others = |member: &Target| !Rc::ptr_eq(&member.session, session);
        match group {
            None => self.subscribers.retain(others),
            Some(name) => {
                self.group(name).retain(others);
                self.groups.retain(|group| !group.members.is_empty());
            }
        }
    }

    /// Walks the levels of `topic` (none: all are walked) and returns how many nodes had ordinary
    /// subscribers.
    fn collect(
        &mut self,
        topic: Option<&str>,
        wildcards: bool,
        found: &mut Vec<Target>,
        shared: &mut Vec<Target>,
    ) -> usize {
        let mut nodes = 0;
        if wildcards && let Some(child) = self.children.get_mut("#") {
            nodes += child.take(found, shared);
        }
        let Some(topic) = topic else {
            return nodes + self.take(found, shared);
        };
        let (level, rest) = match topic.split_once('/') {
            Some((level, rest)) => (level, Some(rest)),
            None => (topic, None),
        };
        if wildcards && let Some(child) = self.children.get_mut("+") {
            nodes += child.collect(rest, true, found, shared);
        }
        if let Some(child) = self.children.get_mut(level) {
            nodes += child.collect(rest, true, found, shared);
        }
        nodes
    }

    fn take(&mut self, found: &mut Vec<Target>, shared: &mut Vec<Target>) -> usize {
        found.extend_from_slice(&self.subscribers);
        shared.extend(self.groups.iter_mut().filter_map(Group::take_turn));
        usize::from(!self.subscribers.is_empty())
    }
}

impl Group {
    /// The next member that is connected, or the next one if none is.
    fn take_turn(&mut self) -> Option<Target> {
        let count = self.members.len();
        let turns = (0..count).map(|i| (self.next + i) % count);
        let online = turns.clone().find(|at| self.members[*at].session.borrow().is_online());
        let at = online.or(turns.clone().next())?;
        self.next = (at + 1) % count;
        self.members.get(at).cloned()
    }
}

fn split_share(filter: &str) -> (Option<&str>, &str) {
    match filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/')) {
        Some((group, levels)) => (Some(group), levels),
        None => (None, filter),
    }
}

/// Makes one of several subscriptions of the same session.
fn merge(found: &mut Vec<Target>) {
    found.sort_by_key(|target| Rc::as_ptr(&target.session));
    found.dedup_by(|next, kept| {
        let same = Rc::ptr_eq(&next.session, &kept.session);
        if same {
            kept.options.qos = kept.options.qos.max(next.options.qos);
            kept.options.no_local &= next.options.no_local;
            kept.options.retain_as_published |= next.options.retain_as_published;
        }
        same
    });
}

#[cfg(test)]
mod tests;
