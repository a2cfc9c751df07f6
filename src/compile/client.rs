//! Finds features that the `client` of a broker does not have. Each is a mistake with its place, so that no run
//! silently differs from its scenario.

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::{Client, RUMQTTC_MIN_KEEP_ALIVE_5_S, Version};
use crate::plan::target::Target;
use crate::scenario::model::broker::Broker;
use crate::scenario::model::protocol::TopicAlias;
use crate::template::Template;

/// Checks what a broker asks of its client; `overridden` says that `target` is not the scenario's.
pub(super) fn check_broker(
    broker: &Broker,
    (version, keep_alive_s): (Version, u16),
    target: Option<&Target>,
    overridden: bool,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    if broker.client.unwrap_or_default() != Client::Rumqttc {
        return;
    }
    if target.is_some_and(|target| target.is_secure() || target.is_websocket()) {
        let key = match (overridden, broker.urls.is_empty()) {
            (true, _) => "client",
            (false, true) => "url",
            (false, false) => "urls",
        };
        let what = "reaches brokers over TCP only, without TLS and WebSocket";
        let cure = if overridden { "give `--host` an `mqtt://` URL" } else { "write `mqtt://`" };
        problems.add(cannot(what, cure, &at.key(key)));
    }
    let many_addresses = !broker.source_addresses.is_empty();
    let short_keep_alive = version == Version::V5 && keep_alive_s < RUMQTTC_MIN_KEEP_ALIVE_5_S;
    for (key, is_asked, what, cure) in [
        (
            "connect_detail",
            broker.connect_detail == Some(true),
            "does not tell when the parts of a connect end",
            "leave out `connect_detail`",
        ),
        (
            "keep_alive",
            short_keep_alive,
            "takes no keep-alive time below 5 seconds in MQTT 5",
            "write \"5s\" or more",
        ),
        (
            "source_addresses",
            many_addresses,
            "cannot choose the address that it connects from",
            "leave out `source_addresses`",
        ),
        (
            "clean_session",
            broker.clean_session == Some(false),
            "loses what is open with a connection, so sessions cannot last",
            "leave out `clean_session`",
        ),
        (
            "topic_alias",
            broker.topic_alias == Some(TopicAlias::Auto),
            "gives and reads no topic aliases",
            "leave out `topic_alias`",
        ),
    ] {
        if is_asked {
            problems.add(cannot(what, cure, &at.key(key)));
        }
    }
}

pub(super) fn check_unsubscribe(client: Client, filters: usize, at: &FieldPath, problems: &mut Problems<'_>) {
    if client == Client::Rumqttc && filters > 1 {
        let cure = "write an `unsubscribe` for each filter";
        problems.add(cannot("unsubscribes from one filter at a time", cure, at));
    }
}

/// Warns of a step that rumqttc does in another way, which a result can show.
pub(super) fn warn_of_difference(
    client: Client,
    difference: Difference,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    if client == Client::Rumqttc {
        let (message, help) = match difference {
            Difference::AbruptDisconnect => (
                "the client `rumqttc` closes the connection without DISCONNECT, but does not reset it",
                "the broker publishes the will all the same; \"native\" as `client` of the broker resets it",
            ),
            Difference::OpenWindow => (
                "with the client `rumqttc`, a message that timed out keeps its place until the broker answers it",
                "with \"native\" as `client` of the broker, its place is free after the timeout",
            ),
        };
        problems.add(Diagnostic::warning(codes::CLIENT_DIFFERS, at.clone(), message).help(help));
    }
}

/// What rumqttc does in another way than the native client.
#[derive(Debug, Clone, Copy)]
pub(super) enum Difference {
    /// `abrupt = true`.
    AbruptDisconnect,
    /// `await_ack = false`.
    OpenWindow,
}

/// Checks a user name or a password.
pub(super) fn check_credential(
    client: Client,
    credential: &Template,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    if client == Client::Rumqttc && credential.length((0, 0)).1 == 0 {
        problems.add(cannot("sends no user name or password that is empty", "leave it out", at));
    }
}

fn cannot(what: &str, cure: &str, at: &FieldPath) -> Diagnostic {
    let message = format!("the client `rumqttc` {what}");
    let help = format!("{cure}, or set the `client` of the broker to \"native\"");
    Diagnostic::error(codes::CLIENT_CANNOT, at.clone(), message).help(help)
}
