//! The steps `subscribe` and `unsubscribe`: their filters, and the options of each.

use std::sync::Arc;

use crate::compile::address::check_filter;
use crate::compile::client::check_unsubscribe;
use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::compile::steps::{Recording, StepCompiler, quality};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::{MAX_PACKET_BYTES, RetainHandling, SubscribeOptions};
use crate::plan::subscription::{Subscription, Unsubscribe};
use crate::plan::{Step, Subscribe, Text};
use crate::scenario::model;
use crate::scenario::model::subscription::Filter;
use crate::template::Template;
use crate::template::names::Place;

/// What is wanted of the messages of a filter, as far as it is written in one place.
#[derive(Clone, Copy, Default)]
struct Wanted {
    qos: Option<u8>,
    no_local: Option<bool>,
    retain_as_published: Option<bool>,
    retain_handling: Option<RetainHandling>,
}

/// A filter as a step names it.
struct Named<'a> {
    /// Nothing, if a table lacks it.
    filter: Option<&'a str>,
    at: FieldPath,
    /// What it wants for itself, and where that is written; nothing if it is a text.
    own: Option<(Wanted, FieldPath)>,
}

impl StepCompiler<'_> {
    pub(super) fn subscribe(
        &mut self,
        subscribe: &model::step::Subscribe,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Step> {
        let common = Wanted {
            qos: subscribe.qos,
            no_local: subscribe.no_local,
            retain_as_published: subscribe.retain_as_published,
            retain_handling: subscribe.retain_handling,
        };
        let (level, qos) = quality(common.qos, at, problems);
        self.check_version(common, at, problems);
        let identifier = self.identifier(subscribe.identifier, at, problems);
        let timeout = self.timeout(subscribe.timeout, at, problems);
        let list = subscribe.filters.as_ref().map(|list| list.iter().enumerate());
        let list = list.into_iter().flatten().map(|(i, filter)| {
            let at = at.key("filters").index(i);
            match filter {
                Filter::Plain(filter) => Named { filter: Some(filter), at, own: None },
                Filter::Table(table) => {
                    let own = Wanted {
                        qos: table.qos,
                        no_local: table.no_local,
                        retain_as_published: table.retain_as_published,
                        retain_handling: table.retain_handling,
                    };
                    Named { filter: table.filter.as_deref(), at: at.key("filter"), own: Some((own, at)) }
                }
            }
        });
        let list = subscribe.filters.is_some().then_some(list);
        let named = all_named("subscribe", subscribe.filter.as_deref(), list, at, problems);
        let (mut filters, mut names, mut is_whole) = (Vec::new(), Vec::new(), true);
        // At the key of the step it is one mistake, however many filters are shared.
        let mut no_local_told = false;
        for Named { filter, at: filter_at, own } in named {
            let (mut level, mut qos) = (level, qos);
            let mut wanted = common;
            if let Some((own, own_at)) = &own {
                self.check_version(*own, own_at, problems);
                if own.qos.is_some() {
                    (level, qos) = quality(own.qos, own_at, problems);
                }
                wanted = own.or(common);
            }
            names.push(format!("{level}:{}", filter.unwrap_or_default()));
            let Some(filter) = self.filter(filter, &filter_at, problems) else {
                is_whole = false;
                continue;
            };
            if wanted.no_local == Some(true) && is_shared(&filter) {
                let own_at = own.filter(|(own, _)| own.no_local.is_some()).map(|(_, at)| at);
                if own_at.is_some() || !no_local_told {
                    let message = "a shared subscription cannot have `no_local`";
                    let at = own_at.as_ref().unwrap_or(at).key("no_local");
                    problems.add(
                        Diagnostic::error(codes::NO_LOCAL_SHARED, at, message)
                            .help("leave it out: the broker gives each message to one member of the group, whoever sent it"),
                    );
                }
                no_local_told |= own_at.is_none();
            }
            filters.push(Subscription { filter: self.text(filter), qos, options: wanted.options() });
        }
        let recording = Recording {
            name: subscribe.name.as_deref(),
            request_type: subscribe.request_type.as_deref(),
            record: subscribe.record,
        };
        let default = names.join(",");
        let request = self.request(&recording, &format!("subscribe:{default}"), at, problems);
        let measure = self.measure(subscribe, &names, at, problems);
        let step = Subscribe { filters, identifier, timeout, request, measure };
        (is_whole && !step.filters.is_empty()).then(|| Step::Subscribe(Arc::new(step)))
    }

    pub(super) fn unsubscribe(
        &mut self,
        unsubscribe: &model::subscription::Unsubscribe,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Step> {
        let timeout = self.timeout(unsubscribe.timeout, at, problems);
        let list = unsubscribe.filters.as_ref().map(|list| list.iter().enumerate());
        let list = list.into_iter().flatten().map(|(i, filter)| {
            let at = at.key("filters").index(i);
            Named { filter: Some(filter), at, own: None }
        });
        let list = unsubscribe.filters.is_some().then_some(list);
        let named = all_named("unsubscribe", unsubscribe.filter.as_deref(), list, at, problems);
        if let Some(protocol) = &self.protocol {
            check_unsubscribe(protocol.client(), named.len(), &at.key("filters"), problems);
        }
        let names: Vec<_> = named.iter().filter_map(|named| named.filter).collect();
        let default = format!("unsubscribe:{}", names.join(","));
        let filters: Vec<Option<Text>> = named
            .iter()
            .map(|Named { filter, at, .. }| {
                self.filter(*filter, at, problems).map(|filter| self.text(filter))
            })
            .collect();
        let recording = Recording {
            name: unsubscribe.name.as_deref(),
            request_type: unsubscribe.request_type.as_deref(),
            record: unsubscribe.record,
        };
        let request = self.request(&recording, &default, at, problems);
        let filters: Vec<Text> = filters.into_iter().collect::<Option<_>>()?;
        (!filters.is_empty()).then(|| Step::Unsubscribe(Box::new(Unsubscribe { filters, timeout, request })))
    }

    /// Parses and checks a filter; returns `None` if there is a mistake in its template.
    fn filter(&self, filter: Option<&str>, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Template> {
        let filter = problems.template(filter?, Place::Filter, self.names, at)?;
        check_filter(&filter, self.client_id, at, problems);
        Some(filter)
    }

    /// Only MQTT 5 can say most of what can be wanted.
    fn check_version(&self, wanted: Wanted, at: &FieldPath, problems: &mut Problems<'_>) {
        let Some(protocol) = &self.protocol else { return };
        for (key, is_there) in [
            ("no_local", wanted.no_local == Some(true)),
            ("retain_as_published", wanted.retain_as_published == Some(true)),
            ("retain_handling", wanted.retain_handling.is_some_and(|when| when != RetainHandling::Always)),
        ] {
            if is_there {
                protocol.needs_5(&format!("`{key}`"), &at.key(key), problems);
            }
        }
    }

    fn identifier(
        &self,
        identifier: Option<u32>,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<u32> {
        let (identifier, at) = (identifier?, at.key("identifier"));
        if identifier == 0 || identifier as usize > MAX_PACKET_BYTES {
            let message = format!("`identifier` must be 1 to {MAX_PACKET_BYTES}");
            problems.range(&at, message, "write a number that tells this subscription from others");
        }
        if let Some(protocol) = &self.protocol {
            protocol.needs_5("`identifier`", &at, problems);
        }
        Some(identifier)
    }
}

impl Wanted {
    fn or(self, other: Self) -> Self {
        Self {
            qos: self.qos.or(other.qos),
            no_local: self.no_local.or(other.no_local),
            retain_as_published: self.retain_as_published.or(other.retain_as_published),
            retain_handling: self.retain_handling.or(other.retain_handling),
        }
    }

    fn options(self) -> SubscribeOptions {
        SubscribeOptions {
            no_local: self.no_local.unwrap_or(false),
            retain_as_published: self.retain_as_published.unwrap_or(false),
            retain_handling: self.retain_handling.unwrap_or_default(),
        }
    }
}

fn is_shared(filter: &Template) -> bool {
    filter.literals().next().is_some_and(|head| head.starts_with(b"$share/"))
}

/// The filters of a step, which names them in one way or the other, and each once.
fn all_named<'a>(
    step: &str,
    filter: Option<&'a str>,
    list: Option<impl Iterator<Item = Named<'a>>>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Vec<Named<'a>> {
    let example = "such as \"devices/+/status\"";
    let list_at = at.key("filters");
    let alone = filter.map(|filter| Named { filter: Some(filter), at: at.key("filter"), own: None });
    let named: Vec<_> = match (alone, list) {
        (None, None) => {
            if !problems.absence_explained(&list_at) {
                let message = format!("this {step} has no `filter`");
                problems.add_absence(
                    Diagnostic::error(codes::MISSING, at.key("filter"), message)
                        .help(format!("add one, {example}, or a list of `filters`")),
                );
            }
            return Vec::new();
        }
        (Some(alone), None) => return vec![alone],
        (Some(alone), Some(list)) => {
            let message = "`filter` and `filters` exclude each other";
            let help = "move what `filter` says into the list, or leave the list out";
            problems.add(Diagnostic::error(codes::CONFLICT, list_at, message).help(help));
            return [alone].into_iter().chain(list).collect();
        }
        (None, Some(list)) => list.collect(),
    };
    if named.is_empty() {
        let message = format!("this {step} has no filter in `filters`");
        problems.add(
            Diagnostic::error(codes::EMPTY, list_at, message).help(format!("add at least one, {example}")),
        );
    }
    for Named { at, .. } in named.iter().filter(|named| named.filter.is_none()) {
        problems.add_absence(
            Diagnostic::error(codes::MISSING, at.clone(), "this entry of `filters` has no `filter`")
                .help(format!("add one, {example}")),
        );
    }
    for (i, again) in named.iter().enumerate() {
        let is_first = named[..i].iter().all(|other| other.filter != again.filter);
        if let Some(filter) = again.filter.filter(|_| !is_first) {
            let message = format!("the filter `{filter}` is listed twice");
            let help = "leave one of them out: for the broker, the second replaces the first";
            problems.add(Diagnostic::error(codes::FILTER_TWICE, again.at.clone(), message).help(help));
        }
    }
    named
}
