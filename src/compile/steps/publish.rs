//! The publish step: where its texts, its payload and its properties come together.

use crate::compile::address::{check_topic, client_id_length};
use crate::compile::client::{Difference, warn_of_difference};
use crate::compile::codes;
use crate::compile::payloads::{PayloadSource, Pointed};
use crate::compile::problems::Problems;
use crate::compile::properties::compile_properties;
use crate::compile::steps::measure::Written;
use crate::compile::steps::{Recording, StepCompiler, quality};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::{MAX_PACKET_BYTES, Qos};
use crate::plan::measure::{StampPlace, Stamping};
use crate::plan::payload::Payload;
use crate::plan::{Publish, Step};
use crate::scenario::model;
use crate::template::Template;
use crate::template::names::Place;

/// The bytes of a PUBLISH beside topic and payload, after the fixed header: topic length and packet id.
const PUBLISH_OVERHEAD_BYTES: usize = 4;

impl StepCompiler<'_> {
    /// A message; its feeds and walks are told apart from those of the class's other steps.
    pub(super) fn publish(
        &mut self,
        publish: &model::step::Publish,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Step> {
        let (level, topic) = (publish.qos.unwrap_or(0), publish.topic.as_deref().unwrap_or_default());
        let row = format!("publish:{level}:{topic}");
        self.message(publish, "publish", &row, at, problems).map(|publish| Step::Publish(Box::new(publish)))
    }

    /// The message of a step that mistakes call `step`, in the row `row` unless it says another.
    pub(super) fn message(
        &mut self,
        publish: &model::step::Publish,
        step: &str,
        row: &str,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Publish> {
        let (_, qos) = quality(publish.qos, at, problems);
        let timeout = self.timeout(publish.timeout, at, problems);
        let topic_at = at.key("topic");
        if publish.topic.is_none() {
            let message = format!("this {step} has no `topic`");
            problems.add_absence(
                Diagnostic::error(codes::MISSING, topic_at.clone(), message)
                    .help("add one, such as \"devices/${client_id}\""),
            );
        }
        let recording = Recording {
            name: publish.name.as_deref(),
            request_type: publish.request_type.as_deref(),
            record: publish.record,
        };
        let request = self.request(&recording, row, at, problems);
        let mut payload_at = at.key("payload");
        let stamp_at = at.key("stamp");
        let stamp = publish.stamp.as_deref().map(|text| self.stamp_place(text, &stamp_at, problems));
        let mut rest = None;
        let payload = match (&publish.payload, &stamp) {
            (payload, Some(Some(Written::Json(pointer, parts)))) => {
                let place = Pointed { pointer, parts, at: &stamp_at };
                let payload = payload.as_ref();
                let split =
                    self.payloads.compile_around(payload, place, self.names, &mut payload_at, problems);
                split.map(|(head, tail)| {
                    rest = Some(tail);
                    PayloadSource::Template(head)
                })
            }
            (Some(payload), _) => {
                self.payloads.compile(payload, Place::Payload, self.names, &mut payload_at, problems)
            }
            (None, _) => Some(PayloadSource::Template(Template::literally(""))),
        };
        let properties = publish.properties.as_ref().map(|properties| {
            let at = at.key("properties");
            if let Some(protocol) = &self.protocol {
                protocol.needs_5("`properties`", &at, problems);
            }
            compile_properties(properties, Place::Property, &at, self.names, self.client_id, problems)
        });
        let mut properties = properties.unwrap_or_default();
        let topic = publish.topic.as_deref()?;
        let topic = problems.template(topic, Place::Topic, self.names, &topic_at);
        if let Some(topic) = &topic {
            check_topic(topic, self.client_id, &topic_at, problems);
        }
        if let Some(topic) = &topic {
            self.check_received(topic, &topic_at, problems);
        }
        for template in properties.templates() {
            self.check_received(template, &at.key("properties"), problems);
        }
        if let Some(PayloadSource::Template(template)) = &payload {
            self.check_received(template, &payload_at, problems);
        }
        if let Some(rest) = &rest {
            self.check_received(rest, &payload_at, problems);
        }
        let (mut topic, payload) = (topic?, payload?);
        let mut feeds: Vec<usize> = topic.feeds_per_message().collect();
        topic.number_walks(&mut self.walks);
        let payload = match payload {
            PayloadSource::Template(mut template) => {
                feeds.extend(template.feeds_per_message());
                template.number_walks(&mut self.walks);
                Payload::Text(self.text(template))
            }
            PayloadSource::Made(payload) => payload,
        };
        for template in properties.templates_mut() {
            feeds.extend(template.feeds_per_message());
            template.number_walks(&mut self.walks);
        }
        if let Some(rest) = &mut rest {
            feeds.extend(rest.feeds_per_message());
            rest.number_walks(&mut self.walks);
        }
        feeds.sort_unstable();
        feeds.dedup();
        let expires = publish.properties.as_ref().is_some_and(|p| p.message_expiry.is_some());
        let stamp = stamp.flatten().map(|written| {
            let step = self.stamp_step(publish, &written, at, problems);
            let place = match written {
                Written::Property => StampPlace::Property,
                Written::Prefix => StampPlace::Prefix,
                Written::Json(pointer, _) => {
                    StampPlace::Json { pointer, rest: rest.unwrap_or_else(|| Template::literally("")) }
                }
            };
            Box::new(Stamping { step, place, expires })
        });
        let client_id = client_id_length(self.client_id);
        let most = payload.length(client_id).1.saturating_add(PUBLISH_OVERHEAD_BYTES);
        let most = most.saturating_add(topic.length(client_id).1);
        let is_5 = self.protocol.is_some_and(|protocol| protocol.is_5());
        let most = stamp.as_ref().map_or(most, |stamp| {
            most.saturating_add(stamp.payload_bytes(client_id)).saturating_add(stamp.property_bytes())
        });
        let most = most.saturating_add(if is_5 { properties.most_bytes(client_id) } else { 0 });
        problems.length("this message", most, MAX_PACKET_BYTES, &payload_at);
        let await_ack = publish.await_ack.unwrap_or(true);
        if let Some(protocol) = self.protocol.as_ref().filter(|_| !await_ack && qos != Qos::AtMostOnce) {
            warn_of_difference(protocol.client(), Difference::OpenWindow, &at.key("await_ack"), problems);
        }
        let counter = self.counters;
        self.counters += 1;
        Some(Publish {
            topic: self.text(topic),
            payload,
            qos,
            retain: publish.retain.unwrap_or(false),
            properties,
            timeout,
            await_ack,
            request,
            counter,
            feeds,
            stamp,
        })
    }
}
