//! Steps that wait for messages, and their conditions.

use std::sync::Arc;

use regex::bytes::Regex;

use crate::compile::address::{check_filter, check_topic};
use crate::compile::codes;
use crate::compile::payloads;
use crate::compile::problems::Problems;
use crate::compile::steps::{Recording, StepCompiler};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt;
use crate::plan::condition::{Condition, JsonValue, Pattern, Wanted};
use crate::plan::receive::{Correlation, Exchange, Keeps, Receive, Since};
use crate::plan::{Step, Steps, Subscribe, Text};
use crate::scenario::model;
use crate::scenario::model::receive as written;
use crate::template;
use crate::template::names::Place;
use crate::template::{Part, Template};

impl StepCompiler<'_> {
    pub(super) fn receive(
        &mut self,
        receive: &written::Receive,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Step> {
        let timeout = self.timeout(receive.timeout, at, problems);
        let filter_at = at.key("filter");
        if receive.filter.is_none() {
            problems.add_absence(
                Diagnostic::error(codes::MISSING, filter_at.clone(), "this receive has no `filter`")
                    .help("add one, such as \"replies/${client_id}\""),
            );
        }
        if receive.count == Some(0) {
            problems.range(&at.key("count"), "`count` must be at least 1", "leave it out for one message");
        }
        let recording = Recording {
            name: receive.name.as_deref(),
            request_type: receive.request_type.as_deref(),
            record: receive.record,
        };
        let default = format!("receive:{}", receive.filter.as_deref().unwrap_or_default());
        let request = self.request(&recording, &default, at, problems);
        let takes = self.condition(receive.r#where.as_ref(), &at.key("where"), problems);
        let expect = self.condition(receive.expect.as_ref(), &at.key("expect"), problems);
        let filter = problems.template(receive.filter.as_deref()?, Place::Filter, self.names, &filter_at)?;
        check_filter(&filter, self.client_id, &filter_at, problems);
        let filter = self.text(filter);
        self.awaited.push((filter_at, filter.clone()));
        let since = receive.since.unwrap_or_default();
        self.keep(&filter, since, receive.count.unwrap_or(1));
        let counter = self.counters;
        self.counters += 1;
        self.receives = true;
        Some(Step::Receive(Box::new(Receive {
            filter,
            takes,
            expect,
            count: receive.count.unwrap_or(1),
            since,
            retained: receive.retained.unwrap_or(false),
            timeout,
            request,
            counter,
        })))
    }

    pub(super) fn exchange(
        &mut self,
        request: &written::Request,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Step> {
        let publish = model::step::Publish {
            topic: request.topic.clone(),
            payload: request.payload.clone(),
            qos: request.qos,
            properties: request.properties.clone(),
            timeout: request.timeout,
            name: request.name.clone(),
            request_type: request.request_type.clone(),
            record: request.record,
            ..model::step::Publish::default()
        };
        let row = format!("request:{}", publish.topic.as_deref().unwrap_or_default());
        let publish = self.message(&publish, "request", &row, at, problems);
        let correlation = self.correlation(request, at, problems);
        let expect = self.condition(request.expect.as_ref(), &at.key("expect"), problems);
        let reply_at = at.key("reply_topic");
        if request.reply_topic.is_none() {
            problems.add_absence(
                Diagnostic::error(codes::MISSING, reply_at.clone(), "this request has no `reply_topic`")
                    .help("add one, such as \"replies/${client_id}\""),
            );
        }
        let reply_topic = request.reply_topic.as_deref()?;
        let mut reply_topic = problems.template(reply_topic, Place::Topic, self.names, &reply_at)?;
        check_topic(&reply_topic, self.client_id, &reply_at, problems);
        if reply_topic.source().starts_with("$share/") {
            let message = "the topic of a reply cannot be a shared subscription";
            problems.add(
                Diagnostic::error(template::codes::TOPIC, reply_at.clone(), message)
                    .help("leave `$share/GROUP/` out: it belongs to `subscribe`"),
            );
        }
        let mut publish = publish?;
        publish.feeds.extend(reply_topic.feeds_per_message());
        publish.feeds.sort_unstable();
        publish.feeds.dedup();
        self.check_received(&reply_topic, &reply_at, problems);
        reply_topic.number_walks(&mut self.walks);
        self.receives = true;
        let reply_topic = self.text(reply_topic);
        self.awaited.push((reply_at, reply_topic.clone()));
        Some(Step::Request(Box::new(Exchange { publish, reply_topic, correlation: correlation?, expect })))
    }

    fn correlation(
        &self,
        request: &written::Request,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Correlation> {
        let correlation_at = at.key("correlation");
        let is_5 = self.protocol.is_some_and(|protocol| protocol.is_5());
        match &request.correlation {
            None if !is_5 => return Some(Correlation::Topic),
            Some(Correlation::Topic) => return Some(Correlation::Topic),
            Some(Correlation::Json(pointer)) => {
                let pointer = json_pointer(pointer, &correlation_at.key("json"), problems);
                return pointer.map(Correlation::Json);
            }
            None => {}
            Some(Correlation::Property) => {
                if let Some(protocol) = &self.protocol {
                    protocol.needs_5("`correlation = \"property\"`", &correlation_at, problems);
                }
            }
        }
        let properties = request.properties.as_ref();
        let given = [
            ("response_topic", properties.is_some_and(|properties| properties.response_topic.is_some())),
            ("correlation_data", properties.is_some_and(|properties| properties.correlation_data.is_some())),
        ];
        for (key, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            let message = format!("the request sets `{key}` itself and knows its reply by it");
            problems.add(
                Diagnostic::error(codes::CONFLICT, at.key("properties").key(key), message)
                    .help("leave it out, or choose another `correlation`"),
            );
        }
        Some(Correlation::Property)
    }

    /// What a message must be like; what is wrong in it is left out and noted.
    fn condition(
        &mut self,
        condition: Option<&written::Condition>,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Condition {
        let Some(condition) = condition else { return Condition::default() };
        let written::Condition { equals, contains, regex, topic, json } = condition;
        if *condition == written::Condition::default() {
            problems.add_absence(
                Diagnostic::error(codes::EMPTY, at.clone(), "this condition is empty")
                    .help("say what a message must be like, such as `equals = \"on\"`, or leave it out"),
            );
        }
        let mut text = |text: &Option<String>, key: &str, problems: &mut Problems<'_>| {
            let mut template =
                problems.template(text.as_deref()?, Place::Condition, self.names, &at.key(key))?;
            template.number_walks(&mut self.walks);
            self.check_received(&template, &at.key(key), problems);
            Some(self.text(template))
        };
        let equals = text(equals, "equals", problems);
        let contains = text(contains, "contains", problems);
        let topic = topic.as_deref().and_then(|topic| {
            let at = at.key("topic");
            let filter = problems.template(topic, Place::Filter, self.names, &at)?;
            check_filter(&filter, self.client_id, &at, problems);
            Some(self.text(filter))
        });
        let regex = regex.as_deref().and_then(|regex| pattern(regex, &at.key("regex"), problems));
        let json_at = at.key("json");
        let json = json.iter().filter_map(|(pointer, value)| {
            let at = json_at.key(pointer.as_str());
            let pointer = json_pointer(pointer, &at, problems);
            let mut value = payloads::json::template(value, Place::Condition, self.names, &at, problems)?;
            value.number_walks(&mut self.walks);
            self.check_received(&value, &at, problems);
            let value = match self.text(value) {
                // Whatever is rendered into it, the template of a JSON value is JSON.
                Text::Constant(json) => {
                    Wanted::Constant(Arc::new(serde_json::from_slice(&json).unwrap_or_default()))
                }
                text => Wanted::Rendered(text),
            };
            Some(JsonValue { pointer: pointer?, value })
        });
        let json = json.collect();
        Condition { equals, contains, regex, topic, json }
    }

    /// Notes what a template uses of a message that no step before receives, or that its broker cannot say.
    pub(super) fn check_received(
        &mut self,
        template: &Template,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) {
        if !template.uses_received() {
            return;
        }
        self.keeps.last = true;
        if !self.receives {
            let message = "no step before this receives a message, so `received` is empty";
            problems.add(
                Diagnostic::error(codes::NOTHING_RECEIVED, at.clone(), message)
                    .help("put a `receive` or `request` before it"),
            );
        }
        if let Some(protocol) = &self.protocol {
            for part in template.received().filter_map(Part::of_5) {
                protocol.needs_5(part, at, problems);
            }
        }
    }

    /// Has users keep what comes before a step waits for it, if it counts.
    fn keep(&mut self, filter: &Text, since: Since, count: u32) {
        if since == Since::Step {
            return;
        }
        let Keeps { filters, most, long, .. } = &mut self.keeps;
        *long |= since == Since::Subscribe;
        *most = usize::try_from(count).unwrap_or(usize::MAX).max(*most);
        if !filters.contains(filter) {
            filters.push(filter.clone());
        }
    }

    /// Notes the steps that wait for messages which no subscription in these lists of steps can bring. Where one of
    /// the two is not the same for all users, nobody can tell.
    pub(in crate::compile) fn warn_of_silence<'s>(
        &self,
        lists: impl Iterator<Item = &'s Steps>,
        problems: &mut Problems<'_>,
    ) {
        let steps = lists.flat_map(|steps| &steps.0);
        let subscribed: Vec<&Text> = steps
            .filter_map(|step| match step {
                Step::Subscribe(subscribe) => Some(filters(subscribe)),
                _ => None,
            })
            .flatten()
            .collect();
        for (at, awaited) in &self.awaited {
            if subscribed.iter().any(|subscribed| can_bring(subscribed, awaited)) {
                continue;
            }
            let (message, help) = if subscribed.is_empty() {
                (
                    "no step of this user class subscribes to anything, so no message will arrive",
                    "add a `subscribe` with this filter before, such as in `on_start`",
                )
            } else {
                (
                    "no `subscribe` of this user class matches what this step waits for",
                    "subscribe to it before, such as in `on_start`",
                )
            };
            problems.add(Diagnostic::warning(codes::NOTHING_SUBSCRIBED, at.clone(), message).help(help));
        }
    }
}

fn filters(subscribe: &Subscribe) -> impl Iterator<Item = &Text> {
    subscribe.filters.iter().map(|subscription| &subscription.filter)
}

/// Whether a subscription may bring what somebody waits for.
fn can_bring(subscribed: &Text, awaited: &Text) -> bool {
    match (subscribed, awaited) {
        (Text::Constant(subscribed), Text::Constant(awaited)) => {
            let [subscribed, awaited] = [subscribed, awaited].map(|text| String::from_utf8_lossy(text));
            mqtt::overlap(mqtt::without_share(&subscribed), mqtt::without_share(&awaited))
        }
        _ => true,
    }
}

fn pattern(regex: &str, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Pattern> {
    match Regex::new(regex) {
        Ok(regex) => Some(Pattern(Arc::new(regex))),
        Err(error) => {
            // The last line says what is wrong; those before it show where, in a picture.
            let text = error.to_string();
            let what = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            problems.add(
                Diagnostic::error(
                    codes::REGEX,
                    at.clone(),
                    format!("this is not a regular expression: {what}"),
                )
                .help("write `\\\\` before a character that stands for itself, as in \"\\\\[a\\\\]\""),
            );
            None
        }
    }
}

/// A JSON pointer: nothing for the whole, or `/` before each step.
fn json_pointer(pointer: &str, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Arc<str>> {
    let escapes = pointer.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    if escapes && (pointer.is_empty() || pointer.starts_with('/')) {
        return Some(pointer.into());
    }
    let (message, help) = if escapes {
        (
            format!("`{pointer}` is not a JSON pointer: it does not begin with `/`"),
            format!("write \"/{pointer}\""),
        )
    } else {
        (
            format!("`{pointer}` is not a JSON pointer: 0 or 1 must follow each `~`"),
            "write `~0` for `~` and `~1` for a `/` in a name".to_owned(),
        )
    };
    problems.add(Diagnostic::error(codes::JSON_POINTER, at.clone(), message).help(help));
    None
}
