//! The will of a user class.

use crate::compile::address::{check_no_wildcard, check_topic, client_id_length};
use crate::compile::codes;
use crate::compile::payloads::{PayloadSource, Payloads};
use crate::compile::problems::Problems;
use crate::compile::properties::compile_properties;
use crate::compile::protocol::{ProtocolCaps, whole_seconds};
use crate::compile::steps::quality;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::MAX_TEXT_BYTES;
use crate::plan::payload::Payload;
use crate::plan::{Text, Will};
use crate::scenario::model::protocol;
use crate::template::Template;
use crate::template::names::{Names, Place};

/// Compiles a will. Returns `None` if there is a mistake in its topic or payload.
pub(super) fn compile_will(
    will: &protocol::Will,
    at: &FieldPath,
    names: &Names<'_>,
    client_id: Option<&Template>,
    payloads: &Payloads<'_>,
    protocol: Option<&ProtocolCaps<'_>>,
    problems: &mut Problems<'_>,
) -> Option<Will> {
    for (key, is_there) in [("delay", will.delay.is_some()), ("properties", will.properties.is_some())] {
        if let Some(protocol) = protocol.filter(|_| is_there) {
            protocol.needs_5(&format!("`{key}`"), &at.key(key), problems);
        }
    }
    let (_, qos) = quality(will.qos, at, problems);
    let delay = will.delay.unwrap_or_default();
    let delay_s = whole_seconds(delay, "`delay`", &at.key("delay"), problems);
    let properties = will.properties.as_ref().map(|properties| {
        compile_properties(properties, Place::Will, &at.key("properties"), names, client_id, problems)
    });
    let mut payload_at = at.key("payload");
    let payload = match &will.payload {
        Some(payload) => payloads.compile(payload, Place::WillPayload, names, &mut payload_at, problems),
        None => Some(PayloadSource::Template(Template::literally(""))),
    };
    let payload = payload.map(|payload| match payload {
        PayloadSource::Template(template) => Payload::Text(match template.literal() {
            Some(text) => Text::Constant(text.into()),
            None => Text::PerMessage(template),
        }),
        PayloadSource::Made(payload) => payload,
    });
    if let Some(payload) = &payload {
        let most = payload.length(client_id_length(client_id)).1;
        problems.length("the payload of a will", most, MAX_TEXT_BYTES, &payload_at);
    }
    let topic_at = at.key("topic");
    let Some(topic) = &will.topic else {
        problems.add_absence(
            Diagnostic::error(codes::MISSING, topic_at, "this will has no `topic`")
                .help("add one, such as \"devices/${client_id}/lost\""),
        );
        return None;
    };
    let topic = problems.template(topic, Place::Will, names, &topic_at)?;
    check_topic(&topic, client_id, &topic_at, problems);
    check_no_wildcard(&topic, &topic_at, problems);
    Some(Will {
        topic,
        payload: payload?,
        qos,
        retain: will.retain.unwrap_or(false),
        delay_s,
        properties: properties.unwrap_or_default(),
    })
}
