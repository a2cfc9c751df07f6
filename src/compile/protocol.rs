//! The MQTT version of a broker, and whether it has the features that a scenario uses.

use std::collections::BTreeMap;

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::{Client, MAX_WHOLE_PACKET_BYTES, Settings, Version};
use crate::plan::BrokerId;
use crate::scenario::model::{broker, protocol};
use crate::template::Template;
use crate::units::HumanDuration;

#[derive(Debug, Clone, Copy)]
pub(super) struct ProtocolCaps<'a> {
    broker: &'a str,
    version: Version,
    clean_session: bool,
    client: Client,
}

impl<'a> ProtocolCaps<'a> {
    /// What this broker speaks; nothing, if its `protocol` could not be read.
    pub(super) fn with(
        broker: BrokerId,
        brokers: &'a BTreeMap<String, broker::Broker>,
        problems: &Problems<'_>,
    ) -> Option<Self> {
        let (name, broker) = brokers.iter().nth(broker.0)?;
        let at = FieldPath::root().key("brokers").key(name.as_str()).key("protocol");
        let unread = broker.protocol.is_none() && problems.absence_explained(&at);
        (!unread).then(|| Self {
            broker: name,
            version: version(broker),
            clean_session: broker.clean_session.unwrap_or(true),
            client: broker.client.unwrap_or_default(),
        })
    }

    pub(super) fn client(&self) -> Client {
        self.client
    }

    pub(super) fn is_5(&self) -> bool {
        self.version == Version::V5
    }

    /// Notes that `what` cannot be said to this broker, if that is so.
    pub(super) fn needs_5(&self, what: &str, at: &FieldPath, problems: &mut Problems<'_>) {
        if self.version == Version::V311 {
            problems.add(needs_5(what, self.broker, at));
        }
    }

    /// A session that lasts has a name; only a broker of MQTT 5 gives one.
    pub(super) fn check_client_id(
        &self,
        client_id: Option<&Template>,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) {
        let empty = client_id.is_some_and(|client_id| client_id.length((0, 0)).1 == 0);
        if empty && self.version == Version::V311 && !self.clean_session {
            let message = format!(
                "sessions of the broker `{}` are kept, but these users have no client id",
                self.broker
            );
            let help = "give the class a `client_id`, or leave it out for the default";
            problems.add(Diagnostic::error(codes::LASTING_WITHOUT_ID, at.clone(), message).help(help));
        }
    }
}

fn needs_5(what: &str, broker: &str, at: &FieldPath) -> Diagnostic {
    let message = format!("{what} needs MQTT 5, and the broker `{broker}` speaks 3.1.1");
    let help = format!("set the `protocol` of the broker `{broker}` to \"5\", or leave it out");
    Diagnostic::error(codes::NEEDS_MQTT_5, at.clone(), message).help(help)
}

fn version(broker: &broker::Broker) -> Version {
    match broker.protocol {
        None | Some(protocol::Protocol::V311) => Version::V311,
        Some(protocol::Protocol::V5) => Version::V5,
    }
}

pub(super) fn compile_settings(
    name: &str,
    broker: &broker::Broker,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Settings {
    let version = version(broker);
    let unread = broker.protocol.is_none() && problems.absence_explained(&at.key("protocol"));
    if version == Version::V311 && !unread {
        for (key, is_there) in [
            ("session_expiry", broker.session_expiry.is_some()),
            ("receive_maximum", broker.receive_maximum.is_some()),
            ("topic_alias", broker.topic_alias == Some(protocol::TopicAlias::Auto)),
        ] {
            if is_there {
                problems.add(needs_5(&format!("`{key}`"), name, &at.key(key)));
            }
        }
    }
    let clean_session = broker.clean_session.unwrap_or(true);
    let expiry_at = at.key("session_expiry");
    let session_expiry_s = match broker.session_expiry {
        Some(expiry) => whole_seconds(expiry, "`session_expiry`", &expiry_at, problems),
        None if clean_session || version == Version::V311 => 0,
        None => u32::MAX,
    };
    if clean_session && broker.session_expiry.is_some() && session_expiry_s > 0 {
        let message = "the broker keeps sessions that no connection resumes";
        // rumqttc cannot resume a session, so for it there is one cure.
        let help = match broker.client.unwrap_or_default() {
            Client::Native => "set `clean_session` to false, or leave `session_expiry` out",
            Client::Rumqttc => "leave `session_expiry` out",
        };
        problems.add(Diagnostic::warning(codes::SESSION_LEFT_BEHIND, expiry_at, message).help(help));
    }
    let receive_maximum = broker.receive_maximum.unwrap_or(u16::MAX);
    if receive_maximum == 0 {
        let help = "with 1, the broker sends one message after the other";
        problems.range(&at.key("receive_maximum"), "`receive_maximum` must be at least 1", help);
    }
    let max_packet_bytes = broker.max_packet_size.map_or(MAX_WHOLE_PACKET_BYTES, |size| {
        let bytes = u32::try_from(size.0).ok().filter(|bytes| (1..=MAX_WHOLE_PACKET_BYTES).contains(bytes));
        bytes.unwrap_or_else(|| {
            let message = format!("`max_packet_size` must be 1 to {MAX_WHOLE_PACKET_BYTES} bytes");
            let help = "write a size such as \"64KiB\", or leave it out for the maximum";
            problems.range(&at.key("max_packet_size"), message, help);
            MAX_WHOLE_PACKET_BYTES
        })
    });
    Settings {
        version,
        clean_session,
        session_expiry_s,
        receive_maximum,
        max_packet_bytes,
        topic_alias: broker.topic_alias == Some(protocol::TopicAlias::Auto),
    }
}

/// A length of time that goes on the wire as seconds.
pub(super) fn whole_seconds(
    time: HumanDuration,
    what: &str,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> u32 {
    let seconds = u32::try_from(time.0.as_secs()).ok().filter(|_| time.0.subsec_nanos() == 0);
    seconds.unwrap_or_else(|| {
        let help = "write a length of time such as \"60s\" or \"2h\"";
        problems.range(at, format!("{what} must be whole seconds, at most 136 years"), help);
        0
    })
}
