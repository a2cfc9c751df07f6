//! The examples of sessions that are taken over and of queues for who is away; they hold for every broker.

use crate::support::program::{SummarizedRun, example};

/// What a takeover looks like if the broker says why it ends the connection, as it should in MQTT 5.
pub(crate) fn ended_by(broker: &str) -> String {
    format!("MQTT disconnect: DISCONNECT by {broker}: Session taken over (0x8E)")
}

/// What a takeover looks like if the broker just closes, as in MQTT 3.1.1.
pub(crate) fn closed_by(broker: &str) -> String {
    format!("MQTT disconnect: connection to {broker} lost: closed by the broker")
}

/// The example of a takeover, in that protocol.
pub(crate) fn takeover(protocol: &str) -> String {
    let protocol = format!("protocol = \"{protocol}\"");
    example(
        "takeover.toml",
        &[("protocol = \"5\"", &protocol), ("\"2s\"", "\"500ms\""), ("\"5s\"", "\"2s\"")],
    )
}

/// Exactly one takeover.
pub(crate) fn check_takeover(ran: &SummarizedRun, sign: &str) {
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert_eq!(
        (ran.counts("connect"), ran.counts("disconnect")),
        (Some((2, 0)), Some((1, 1))),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains(sign), "{}", ran.stdout);
    assert!(ran.stdout.contains("Thresholds: 2 of 2 met"), "{}", ran.stdout);
}

/// The example of a queue for who is away, in that protocol and less time.
pub(crate) fn offline(protocol: &str) -> String {
    let protocol = if protocol == "5" { "protocol = \"5\"\nsession_expiry = \"1h\"" } else { "" };
    example(
        "offline.toml",
        &[
            ("protocol = \"5\"\nsession_expiry = \"1h\"", protocol),
            ("\"4s\"", "\"1500ms\""),
            ("\"1s\"", "\"500ms\""),
            ("\"7s\"", "\"3s\""),
        ],
    )
}
