//! Brokers: where they are and how they are spoken to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::model::protocol::{Protocol, TopicAlias};
use crate::units::{ByteSize, HumanDuration};

/// A system under test.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Broker {
    /// Where it is: `mqtt://HOST[:PORT]` (TCP, port 1883), `mqtts://` (TLS, 8883), `ws://HOST[:PORT][/PATH]`
    /// (WebSocket, 80) or `wss://` (WebSocket over TLS, 443), the path `/mqtt` unless there is one; or `embedded:`
    /// for a broker inside this process on loopback, with planted faults as options:
    /// `embedded:?delay=5ms&loss=0.01`. A template of `vars` and `env`. Required, unless there are `urls`.
    pub url: Option<String>,
    /// Several servers instead, the nodes of a cluster; users are spread over them evenly, each stays with its
    /// own. All have the same beginning (`mqtt://` or the others), and none is `embedded:`.
    pub urls: Vec<String>,
    /// How long a connect may take, from the first packet to CONNACK: TCP, TLS, the upgrade to WebSocket and
    /// MQTT together. Default 10 s.
    pub connect_timeout: Option<HumanDuration>,
    /// Whether the parts of each connect are recorded as well, each in a row of its own: `connect:tcp`, `connect:tls`
    /// and `connect:websocket` where the URL has them, and `connect:connack` from CONNECT to CONNACK; of a connect
    /// with a `name`, that stands before the colon. A connect that fails has the parts that it came through. They
    /// count among all requests. Default false.
    pub connect_detail: Option<bool>,
    /// Longest time without sending, or without receiving anything, before a PINGREQ; whole seconds up to 65535, 0
    /// for never. Default 60 s.
    pub keep_alive: Option<HumanDuration>,
    /// How many QoS 1 and 2 messages of one user may wait for acknowledgement at once, 1 to 65535; a
    /// further publish waits for its turn. With `clean_session = false` those that have timed out count, too, until the
    /// broker acknowledges them. Default 20, as in paho; brokers refuse more unless told to.
    #[schemars(range(min = 1))]
    pub inflight: Option<u16>,
    /// Local addresses to connect from, in turn. One address has about 28,000 ports for one broker address;
    /// on loopback, any of 127.0.0.0/8 will do. Default: the system chooses.
    pub source_addresses: Vec<String>,
    /// TLS, for `mqtts://` and `wss://`. Default: verified by the authorities that the system trusts, without a
    /// client certificate.
    pub tls: Option<Tls>,
    /// WebSocket, for `ws://` and `wss://`. Default: no headers of its own.
    pub websocket: Option<WebSocket>,
    /// Version of MQTT, a text. Default `3.1.1`.
    pub protocol: Option<Protocol>,
    /// Whether each connection begins with nothing. With `false` a session outlives its connection: subscriptions
    /// end with it and not with `disconnect`, the broker keeps messages of QoS 1 and 2 for users that are away, and
    /// requests that were open when a connection was lost go on with the next one. Default true.
    pub clean_session: Option<bool>,
    /// How long the broker keeps a session without a connection; whole seconds. Needs MQTT 5. Default: not at
    /// all, or for ever with `clean_session = false`.
    pub session_expiry: Option<HumanDuration>,
    /// How many QoS 1 and 2 messages the broker may send to a user before they are acknowledged, 1 to 65535.
    /// Needs MQTT 5. Default: 65535.
    pub receive_maximum: Option<u16>,
    /// The largest packet that users take; a larger one ends the connection. The broker is told in MQTT 5.
    /// Default: the 256 MiB of MQTT.
    pub max_packet_size: Option<ByteSize>,
    /// Whether topics are sent as short numbers. Needs MQTT 5. Default `off`.
    pub topic_alias: Option<TopicAlias>,
}

/// How TLS is spoken. Files are PEM, by path from the folder of this file, and read before the run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// File of the authorities that may have signed the broker's certificate. Default: those that the system
    /// trusts.
    pub ca: Option<String>,
    /// File of the client's certificate, with the authorities between it and the one that the broker trusts. A
    /// template that may differ from class to class and user to user: `"certs/${user.index}.pem"`. Needs `key`.
    /// Default: none.
    pub cert: Option<String>,
    /// File of the certificate's private key, likewise: PKCS#8, PKCS#1 or SEC1, not encrypted. Never shown. Needs
    /// `cert`. Default: none.
    pub key: Option<String>,
    /// Name that the broker is asked for (SNI) and that its certificate must be for. Default: the host of the
    /// URL.
    pub server_name: Option<String>,
    /// Protocols to offer (ALPN), the preferred first: `["x-amzn-mqtt-ca"]` for port 443 of Amazon's broker. One
    /// that chooses none of them may still accept. Default: none offered.
    pub alpn: Vec<String>,
    /// Whether any certificate will do, so that anybody can play the broker: for test systems. Default false.
    pub insecure: Option<bool>,
    /// Whether a user takes up the keys of an earlier connection, as devices do, which costs broker and users
    /// less; without it each connect is a device's first. Default true.
    pub resumption: Option<bool>,
}

/// How WebSocket is spoken. The subprotocol is always `mqtt`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebSocket {
    /// Headers of the opening request besides those of the protocol, templates of `vars` and `env`:
    /// `{ Authorization = "Bearer ${env.TOKEN}" }`. Values are never shown.
    pub headers: BTreeMap<String, String>,
}
