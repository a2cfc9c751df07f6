//! Brokers: their addresses, and how users connect to them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::mqtt::Client;
use crate::scenario::model::protocol::{Protocol, TopicAlias};
use crate::scenario::model::user_class::Secret;
use crate::units::{ByteSize, HumanDuration};

/// A system under test.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Broker {
    /// The address: `mqtt://HOST[:PORT]` (TCP, port 1883), `mqtts://` (TLS, 8883), `ws://HOST[:PORT][/PATH]`
    /// (WebSocket, 80) or `wss://` (WebSocket over TLS, 443). Without a path, WebSocket asks for `/mqtt`. `embedded:`
    /// starts a broker inside this process on loopback; options make it simulate faults:
    /// `embedded:?delay=5ms&loss=0.01`. A template of `vars` and `env`. Required, unless there are `urls`.
    pub url: Option<String>,
    /// Several servers in place of `url`, such as the nodes of a cluster. Users are spread over them evenly, and each
    /// user keeps its server. All URLs have the same scheme (`mqtt://` or another one, but not `embedded:`).
    pub urls: Vec<String>,
    /// How long a connect may take, from the first packet to CONNACK: TCP, TLS, the upgrade to WebSocket and MQTT
    /// together. Default 10 s.
    pub connect_timeout: Option<HumanDuration>,
    /// Whether each part of a connect also has a row of its own: `connect:tcp`, `connect:tls` and `connect:websocket`
    /// if the URL has them, and `connect:connack` from CONNECT to CONNACK. If the step has a `name`, that replaces
    /// `connect`. A failed connect has the parts that succeeded. The parts count among all requests. Default false.
    pub connect_detail: Option<bool>,
    /// A user sends PINGREQ when it has sent nothing, or received nothing, for this time. Whole seconds up to 65535; 0
    /// turns it off. Default 60 s.
    pub keep_alive: Option<HumanDuration>,
    /// How many QoS 1 and 2 messages of one user may wait for their acknowledgement at the same time, 1 to 65535. A
    /// further publish waits for its turn. With `clean_session = false`, messages that timed out also count until the
    /// broker acknowledges them. Default 20, as in paho; brokers refuse more unless they are configured for it.
    #[schemars(range(min = 1))]
    pub inflight: Option<u16>,
    /// Local addresses to connect from, in turn. One address has about 28,000 ports for one address of a broker. On
    /// loopback, any address of 127.0.0.0/8 works. Default: the system chooses.
    pub source_addresses: Vec<String>,
    /// TLS settings, for `mqtts://` and `wss://`. Default: the client verifies the broker against the authorities that
    /// the system trusts, and has no certificate.
    pub tls: Option<Tls>,
    /// WebSocket settings, for `ws://` and `wss://`. Default: no extra headers.
    pub websocket: Option<WebSocket>,
    /// The MQTT client that drives the connections. Default `native`.
    pub client: Option<Client>,
    /// Version of MQTT, as text. Default `3.1.1`.
    pub protocol: Option<Protocol>,
    /// Whether each connection starts with a new session. With `false` the session continues after its connection:
    /// `disconnect` does not end subscriptions, the broker keeps QoS 1 and 2 messages for users that are away, and
    /// open requests of a lost connection continue on the next one. Default true.
    pub clean_session: Option<bool>,
    /// How long the broker keeps a session without a connection; whole seconds. Needs MQTT 5. Default: not at all, or
    /// for ever with `clean_session = false`.
    pub session_expiry: Option<HumanDuration>,
    /// How many QoS 1 and 2 messages the broker may send to a user before the user acknowledges them, 1 to 65535.
    /// Needs MQTT 5. Default: 65535.
    pub receive_maximum: Option<u16>,
    /// The largest packet that users accept; a larger one ends the connection. With MQTT 5 users tell it to the
    /// broker. Default: MQTT's 256 MiB.
    pub max_packet_size: Option<ByteSize>,
    /// Whether users send short numbers in place of topics. Needs MQTT 5. Default `off`.
    pub topic_alias: Option<TopicAlias>,
    /// Where the broker tells of itself. Its figures stand beside ours in result, report and live page:
    /// `{ sys = "$SYS/#" }`. Default: nowhere.
    pub watch: Option<Watch>,
}

/// What the broker says of itself while the run goes on: how many connections it has, how many messages it has sent, how
/// much memory it uses. This needs `sys` or `prometheus`, or both. A broker that does not tell does not fail the run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// Topic filter of the figures that the broker publishes: `"$SYS/#"`. Each server of the broker gets one more
    /// connection for it, which belongs to no user and to no row. A template of `vars` and
    /// `env`. Default: none.
    pub sys: Option<String>,
    /// User name of that connection, a template of `vars` and `env`. Default: none.
    pub username: Option<String>,
    /// Password of that connection: a template of `vars` and `env`, or `{ file = "PATH" }`. Never shown. Default: none.
    pub password: Option<Secret>,
    /// Address of metrics in Prometheus' text format: `"http://localhost:9090/metrics"`, also with `https://`. A template
    /// of `vars` and `env`. Default: none.
    pub prometheus: Option<String>,
    /// Names of the metrics to keep, with `*` for any characters: `["mosquitto_*", "process_resident_memory_bytes"]`.
    /// Default: all. In each case at most 200 figures are kept.
    pub pick: Vec<String>,
    /// Headers of each request to that address, templates of `vars` and `env`:
    /// `{ Authorization = "Bearer ${env.TOKEN}" }`. Values are never shown. Default: none.
    pub headers: BTreeMap<String, String>,
    /// How often the metrics are read, at least `100ms`. Default 5 s. They are also read at the start and at the end.
    pub every: Option<HumanDuration>,
}

/// TLS settings. Files are PEM, by path from the folder of this file. The program reads them before the run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// File with the authorities that may have signed the broker's certificate. Default: those that the system trusts.
    pub ca: Option<String>,
    /// File with the client certificate, and with the authorities between it and one that the broker trusts. A
    /// template that may differ between classes and users: `"certs/${user.index}.pem"`. Needs `key`. Default: none.
    pub cert: Option<String>,
    /// File with the private key of the certificate: PKCS#8, PKCS#1 or SEC1, not encrypted. A template like `cert`.
    /// Never shown. Needs `cert`. Default: none.
    pub key: Option<String>,
    /// Host name that users request (SNI), and that the broker's certificate must be for. Default: the host of the
    /// URL.
    pub server_name: Option<String>,
    /// Protocols that users offer (ALPN), the preferred one first: `["x-amzn-mqtt-ca"]` for port 443 of AWS IoT. A
    /// broker that chooses none may still accept the connection. Default: none.
    pub alpn: Vec<String>,
    /// Whether users accept any certificate, for test systems: anybody can then pretend to be the broker. Default
    /// false.
    pub insecure: Option<bool>,
    /// Whether a user resumes the TLS session of an earlier connection, as devices do. This costs the broker and the
    /// users less. With `false` each connect is a device's first. Default true.
    pub resumption: Option<bool>,
}

/// WebSocket settings. The subprotocol is always `mqtt`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebSocket {
    /// Headers of the opening request, in addition to those of the protocol; templates of `vars` and `env`:
    /// `{ Authorization = "Bearer ${env.TOKEN}" }`. Values are never shown.
    pub headers: BTreeMap<String, String>,
}
