//! Sessions over every transport, against servers that are not ours, and against those that misbehave.
#![expect(clippy::disallowed_methods, reason = "what is spawned ends with the runtime of its test")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use mqtt_scenario::broker::{Broker, BrokerConfig};
use mqtt_scenario::client::driver::Driver;
use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::client::transport::stream::Transport;
use mqtt_scenario::client::transport::tls::{Tls, TlsFiles, TlsOptions};
use mqtt_scenario::client::transport::{Address, Connector, Endpoint};
use mqtt_scenario::client::{Certificate, Close, Connect, ConnectRequest, Filter, Message, Session, Until};
use mqtt_scenario::compile::codes;
use mqtt_scenario::compile::url::{one_target, parse_url};
use mqtt_scenario::compile::{Compiled, Overrides};
use mqtt_scenario::describe::{describe, describe_json};
use mqtt_scenario::mqtt::Qos;
use mqtt_scenario::plan::Plan;
use mqtt_scenario::plan::certificates::certificates;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::rustls::SupportedProtocolVersion;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::support::acceptor::{Authority, Front, Identity, Server};
use crate::support::{ScenarioDir, Seen, TestScenario, connect_request, ticket, with_sockets};

const MINUTE: Duration = Duration::from_mins(1);

/// Verified by the system's authorities, without anything else.
const PLAIN: TlsOptions<'static> =
    TlsOptions { authorities: None, server_name: None, alpn: &[], insecure: false, resumption: true };

/// Each version of TLS alone.
const VERSIONS: [&[&SupportedProtocolVersion]; 2] = [&[&TLS12], &[&TLS13]];

/// A directory with an authority's certificate as `ca.pem`, and those of clients.
struct Files(TempDir);

impl Files {
    fn new(authority: &Authority) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca.pem"), &authority.pem).unwrap();
        Self(dir)
    }

    fn add(&self, name: &str, identity: &Identity) {
        fs::write(self.0.path().join(format!("{name}.pem")), &identity.certificate).unwrap();
        fs::write(self.0.path().join(format!("{name}.key")), &identity.key).unwrap();
    }

    /// TLS that trusts `ca.pem`.
    fn tls(&self, options: &TlsOptions<'_>) -> Tls {
        let options = TlsOptions { authorities: Some("ca.pem"), ..options.clone() };
        TlsFiles::in_folder(self.0.path()).tls(&options).unwrap()
    }
}

async fn at(addr: SocketAddr) -> Endpoint {
    let servers = [Address { host: "localhost", port: addr.port(), path: "/mqtt" }];
    Endpoint::resolve(&servers).await.unwrap()
}

async fn connect(endpoint: Endpoint) -> Result<Box<Driver<Transport>>, Failure> {
    Connector::new(vec![endpoint]).connect(&connect_request("c")).await
}

/// The text of why there is no session.
async fn refused(endpoint: Endpoint) -> String {
    connect(endpoint).await.unwrap_err().to_string()
}

/// Subscribes, publishes three messages that come back, one of them large, and disconnects.
async fn exchange(mut session: Box<Driver<Transport>>) {
    let mut seen = Seen::default();
    session.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket(0, MINUTE)).unwrap();
    let large = vec![7; 300_000];
    let messages: [(&[u8], Qos); 3] =
        [(b"one", Qos::AtMostOnce), (&large, Qos::AtLeastOnce), (b"", Qos::ExactlyOnce)];
    for (tag, (payload, qos)) in (1..).zip(messages) {
        let message = Message { topic: b"t", payload, qos, retain: false, properties: &[] };
        session.publish(&message, ticket(tag, MINUTE)).unwrap();
    }
    while seen.received.len() < 3 {
        session
            .drive(Until::Deadline, Some(Instant::now() + Duration::from_millis(5)), &mut seen)
            .await
            .unwrap();
    }
    session.drive(Until::Idle, None, &mut seen).await.unwrap();
    assert_eq!(seen.tags(), [0, 1, 2, 3]);
    assert!(seen.completed.iter().all(|(_, result)| result.is_ok()), "{:?}", seen.completed);
    let mut received: Vec<_> = seen.received.iter().map(|(_, payload, qos)| (&payload[..], *qos)).collect();
    received.sort_by_key(|(_, qos)| qos.level());
    assert_eq!(received, messages);
    session.close(Close::Clean, MINUTE, &mut seen).await.unwrap();
}

/// Waits until something holds.
async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A server that sends this to each client once it has heard from it, and closes if it shall.
async fn saying(bytes: &'static [u8], close: bool) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut heard = [0; 4096];
            if tcp.read(&mut heard).await.is_ok() {
                let _ = tcp.write_all(bytes).await;
            }
            if !close {
                kept.push(tcp);
            }
        }
    });
    addr
}

/// A server that resets each connection when it has read the beginning of what it hears.
async fn resetting() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let _ = tcp.read(&mut [0; 5]).await;
            tcp.set_zero_linger().unwrap();
        }
    });
    addr
}

mod tls {
    use super::*;

    #[test]
    fn messages_go_both_ways_by_each_version() {
        with_sockets(async {
            let authority = Authority::new("test");
            let (files, identity) = (Files::new(&authority), authority.localhost());
            for versions in VERSIONS {
                let server = Server { versions, ..Server::new(&identity) };
                let front = Front::start(Some(server.config()), false).await;
                let endpoint = at(front.addr).await.with_tls(files.tls(&PLAIN));
                exchange(connect(endpoint).await.unwrap()).await;
                assert_eq!(front.met()[0].server_name.as_deref(), Some("localhost"));
            }
        });
    }

    #[test]
    fn a_certificate_that_is_not_the_brokers_is_named() {
        with_sockets(async {
            let authority = Authority::new("test");
            let files = Files::new(&authority);
            let past = date_time_ymd(2001, 1, 1);
            let future = date_time_ymd(2101, 1, 1);
            let is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            for (identity, text) in [
                (
                    Authority::new("other").localhost(),
                    "TLS: certificate of the broker not signed by a trusted authority",
                ),
                (
                    authority.sign("localhost", |params| params.not_after = past),
                    "TLS: certificate of the broker expired",
                ),
                (
                    authority.sign("localhost", |params| params.not_before = future),
                    "TLS: certificate of the broker not valid yet",
                ),
                (authority.sign("example.com", |_| {}), "TLS: certificate of the broker is for another name"),
                (
                    authority.sign("localhost", |params| params.is_ca = is_ca),
                    "TLS: certificate of the broker is an authority's, not a server's (basicConstraints CA:TRUE)",
                ),
                (
                    authority.sign("localhost", |params| {
                        params.extended_key_usages.remove(0);
                    }),
                    "TLS: certificate of the broker not meant for a server",
                ),
            ] {
                let front = Front::start(Some(Server::new(&identity).config()), false).await;
                assert_eq!(refused(at(front.addr).await.with_tls(files.tls(&PLAIN))).await, text);
                // Whoever does not care gets in.
                let insecure = TlsOptions { insecure: true, ..PLAIN };
                exchange(connect(at(front.addr).await.with_tls(files.tls(&insecure))).await.unwrap()).await;
            }
        });
    }

    /// A fixture of `tests/fixtures/tls`: a certificate of X.509 version 1, self-signed or not.
    fn version_1(name: &str) -> Identity {
        let read = |name: &str| fs::read_to_string(format!("tests/fixtures/tls/{name}")).unwrap();
        Identity { certificate: read(name), key: read("v1.key") }
    }

    #[test]
    fn insecure_takes_any_certificate_of_any_version() {
        with_sockets(async {
            let files = Files::new(&Authority::new("test"));
            let odd = Authority::self_signed("example.com", |params| {
                let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 5], vec![5, 0]);
                extension.set_criticality(true);
                params.custom_extensions = vec![extension];
                params.key_usages = vec![KeyUsagePurpose::CrlSign];
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
                params.not_after = date_time_ymd(2001, 1, 1);
                params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            });
            let mut none = odd.clone();
            none.certificate = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n".to_owned();
            let insecure = files.tls(&TlsOptions { insecure: true, ..PLAIN });
            for identity in [version_1("v1.pem"), version_1("v1-signed.pem"), odd, none] {
                for versions in VERSIONS {
                    let server = Server { versions, ..Server::new(&identity) };
                    let front = Front::start(Some(server.config()), false).await;
                    exchange(connect(at(front.addr).await.with_tls(insecure.clone())).await.unwrap()).await;
                }
            }
            // Whoever shows a certificate must have its key all the same, where that can be found out.
            let foreign = Identity { key: Authority::new("other").localhost().key, ..version_1("v1.pem") };
            for versions in VERSIONS {
                let server = Server { versions, ..Server::new(&foreign) };
                let front = Front::start(Some(server.config()), false).await;
                let text = "TLS: the broker does not have the key of its certificate";
                assert_eq!(refused(at(front.addr).await.with_tls(insecure.clone())).await, text);
            }
        });
    }

    #[test]
    fn a_certificate_in_the_file_of_authorities_is_trusted_itself() {
        with_sockets(async {
            let is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let made = || Authority::self_signed("localhost", |params| params.is_ca = is_ca);
            let changed = |change: fn(&mut CertificateParams)| {
                Authority::self_signed("localhost", |params| {
                    params.is_ca = is_ca;
                    change(params);
                })
            };
            let plain = Authority::self_signed("localhost", |_| {});
            let signed = Authority::new("test").localhost();
            let nobody = "TLS: certificate of the broker is self-signed and not trusted (name it as `ca`)";
            for (identity, failure) in [
                (made(), None),
                (plain, None),
                (version_1("v1.pem"), None),
                (signed, None),
                (changed(|params| params.subject_alt_names.clear()), None),
                (
                    Authority::self_signed("example.com", |params| params.is_ca = is_ca),
                    Some("TLS: certificate of the broker is for another name"),
                ),
                (
                    changed(|params| params.not_after = date_time_ymd(2001, 1, 1)),
                    Some("TLS: certificate of the broker expired"),
                ),
                (
                    changed(|params| params.not_before = date_time_ymd(2101, 1, 1)),
                    Some("TLS: certificate of the broker not valid yet"),
                ),
                (
                    changed(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
                    Some("TLS: certificate of the broker not meant for a server"),
                ),
            ] {
                let files = Files::new(&Authority::new("unused"));
                // One of several in the file.
                let others = fs::read_to_string(files.0.path().join("ca.pem")).unwrap();
                fs::write(files.0.path().join("ca.pem"), others + &identity.certificate).unwrap();
                for versions in VERSIONS {
                    let front = Server { versions, ..Server::new(&identity) }.config();
                    let front = Front::start(Some(front), false).await;
                    let endpoint = at(front.addr).await.with_tls(files.tls(&PLAIN));
                    match failure {
                        None => exchange(connect(endpoint).await.unwrap()).await,
                        Some(text) => assert_eq!(refused(endpoint).await, text),
                    }
                }
                // Another one of the same name, and the same one without its key.
                let other = made();
                let front = Front::start(Some(Server::new(&other).config()), false).await;
                assert_eq!(refused(at(front.addr).await.with_tls(files.tls(&PLAIN))).await, nobody);
                let foreign = Identity { key: other.key, ..identity };
                for versions in VERSIONS {
                    let front = Server { versions, ..Server::new(&foreign) }.config();
                    let front = Front::start(Some(front), false).await;
                    let text = failure.unwrap_or("TLS: the broker does not have the key of its certificate");
                    assert_eq!(refused(at(front.addr).await.with_tls(files.tls(&PLAIN))).await, text);
                }
            }
        });
    }

    #[test]
    fn what_cannot_be_verified_is_named_with_its_cure() {
        with_sockets(async {
            let authority = Authority::new("test");
            let files = Files::new(&authority);
            let v1 = version_1("v1-authority.pem").certificate;
            let trusted = fs::read_to_string(files.0.path().join("ca.pem")).unwrap();
            fs::write(files.0.path().join("ca.pem"), trusted + &v1).unwrap();
            for (identity, text) in [
                (
                    version_1("v1-signed.pem"),
                    "TLS: certificate of the broker is of X.509 version 1 (sign it with -extfile for version 3)",
                ),
                (
                    authority.sign("localhost", |params| params.subject_alt_names.clear()),
                    "TLS: certificate of the broker is for no host (no subjectAltName)",
                ),
                (
                    authority.sign("localhost", |params| {
                        let mut extension =
                            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 5], vec![5, 0]);
                        extension.set_criticality(true);
                        params.custom_extensions = vec![extension];
                    }),
                    "TLS: certificate of the broker has an unknown critical extension",
                ),
                (
                    // An authority that was made anew under its old name.
                    Authority::new("test").localhost(),
                    "TLS: certificate of the broker not signed by a trusted authority",
                ),
            ] {
                let front = Front::start(Some(Server::new(&identity).config()), false).await;
                assert_eq!(refused(at(front.addr).await.with_tls(files.tls(&PLAIN))).await, text);
            }
        });
    }

    #[test]
    fn a_client_certificate_of_any_kind_is_shown_for_the_broker_to_judge() {
        with_sockets(async {
            let authority = Authority::new("test");
            let (files, identity) = (Files::new(&authority), authority.localhost());
            files.add("v1", &version_1("v1.pem"));
            files
                .add("old", &authority.sign("device", |params| params.not_after = date_time_ymd(2001, 1, 1)));
            let server = Server { clients: Some(&authority), ..Server::new(&identity) };
            let front = Front::start(Some(server.config()), false).await;
            let connector = Connector::new(vec![at(front.addr).await.with_tls(files.tls(&PLAIN))]);
            let with = async |certificate, key| {
                let certificate = Some(Certificate { certificate, key });
                let request = ConnectRequest { certificate, ..connect_request("c") };
                connector.connect(&request).await.unwrap_err().to_string()
            };
            // rustls's server knows no version 1; OpenSSL's does, see the test with Mosquitto.
            let refused = "TLS: refused by the broker: ";
            let shown = with("v1.pem", "v1.key").await;
            assert!(shown.starts_with(refused) && !shown.contains("required"), "{shown}");
            assert_eq!(with("old.pem", "old.key").await, format!("{refused}client certificate expired (45)"));
        });
    }

    #[test]
    fn the_systems_authorities_know_no_test_server() {
        with_sockets(async {
            let identity = Authority::new("test").localhost();
            let front = Front::start(Some(Server::new(&identity).config()), false).await;
            let tls = TlsFiles::in_folder(Path::new("")).tls(&PLAIN).unwrap();
            let text = "TLS: certificate of the broker not signed by a trusted authority";
            assert_eq!(refused(at(front.addr).await.with_tls(tls)).await, text);
        });
    }

    #[test]
    fn the_server_name_is_asked_for_and_verified_instead_of_the_host() {
        with_sockets(async {
            let authority = Authority::new("test");
            let (files, identity) = (Files::new(&authority), authority.sign("example.com", |_| {}));
            let front = Front::start(Some(Server::new(&identity).config()), false).await;
            let named = TlsOptions { server_name: Some("example.com"), ..PLAIN };
            connect(at(front.addr).await.with_tls(files.tls(&named))).await.unwrap();
            assert_eq!(front.met()[0].server_name.as_deref(), Some("example.com"));
            // An address stands for itself, and is not asked for.
            let identity = authority.sign("127.0.0.1", |_| {});
            let front = Front::start(Some(Server::new(&identity).config()), false).await;
            connect(Endpoint::from(front.addr).with_tls(files.tls(&PLAIN))).await.unwrap();
            assert_eq!(front.met()[0].server_name, None);
        });
    }

    #[test]
    fn a_protocol_is_agreed_on_or_its_want_named() {
        with_sockets(async {
            let authority = Authority::new("test");
            let (files, identity) = (Files::new(&authority), authority.localhost());
            let alpn = ["x-amzn-mqtt-ca".to_owned()];
            let tls = files.tls(&TlsOptions { alpn: &alpn, ..PLAIN });
            let server = |alpn| Server { alpn, ..Server::new(&identity) }.config();
            let front = Front::start(Some(server(&["h2", "x-amzn-mqtt-ca"])), false).await;
            connect(at(front.addr).await.with_tls(tls.clone())).await.unwrap();
            assert_eq!(front.met()[0].alpn.as_deref(), Some("x-amzn-mqtt-ca"));
            let front = Front::start(Some(server(&["h2"])), false).await;
            let text = "TLS: refused by the broker: no ALPN protocol in common (120)";
            assert_eq!(refused(at(front.addr).await.with_tls(tls)).await, text);
        });
    }

    #[test]
    fn a_client_without_its_certificate_is_refused_by_name() {
        with_sockets(async {
            let (authority, other) = (Authority::new("test"), Authority::new("other"));
            let (files, identity) = (Files::new(&authority), authority.localhost());
            files.add("mine", &authority.sign("device-1", |_| {}));
            files.add("foreign", &other.sign("device-1", |_| {}));
            for versions in VERSIONS {
                let server = Server { clients: Some(&authority), versions, ..Server::new(&identity) };
                let front = Front::start(Some(server.config()), false).await;
                let connector = Connector::new(vec![at(front.addr).await.with_tls(files.tls(&PLAIN))]);
                let with = async |certificate| {
                    let request = ConnectRequest { certificate, ..connect_request("c") };
                    connector.connect(&request).await
                };
                let pair = |certificate, key| Some(Certificate { certificate, key });
                let required = "TLS: refused by the broker: client certificate required (116)";
                assert_eq!(with(None).await.unwrap_err().to_string(), required);
                let unknown = "TLS: refused by the broker: client certificate from an unknown authority (48)";
                let foreign = with(pair("foreign.pem", "foreign.key")).await;
                assert_eq!(foreign.unwrap_err().to_string(), unknown);
                let missing = "TLS: load generator: client certificate cannot be read";
                assert_eq!(with(pair("none.pem", "none.key")).await.unwrap_err().to_string(), missing);
                exchange(with(pair("mine.pem", "mine.key")).await.unwrap()).await;
                let met = front.met();
                let last = &met[met.len() - 1].certificate;
                assert!(last.windows(8).any(|bytes| bytes == b"device-1"));
            }
        });
    }

    #[test]
    fn keys_of_earlier_connections_are_taken_up_unless_they_shall_not() {
        with_sockets(async {
            let authority = Authority::new("test");
            let (files, identity) = (Files::new(&authority), authority.localhost());
            for resumption in [true, false] {
                let front = Front::start(Some(Server::new(&identity).config()), false).await;
                let tls = files.tls(&TlsOptions { resumption, ..PLAIN });
                let connector = Connector::new(vec![at(front.addr).await.with_tls(tls)]);
                for _ in 0..3 {
                    exchange(connector.connect(&connect_request("c")).await.unwrap()).await;
                }
                let resumed: Vec<_> = front.met().iter().map(|met| met.resumed).collect();
                assert_eq!(resumed, [false, resumption, resumption]);
            }
        });
    }

    #[test]
    fn a_server_that_speaks_no_tls_is_named() {
        with_sockets(async {
            let files = Files::new(&Authority::new("test"));
            let closed = "TLS: closed by the broker during the handshake (does it speak TLS at this port?)";
            for (bytes, close, text) in [
                (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], false, "TLS: the broker does not speak TLS"),
                (b"\xE0\x02\x81\0\0", false, "TLS: the broker does not speak TLS"),
                (b"\x20\x02\0\x01", true, "TLS: the broker does not speak TLS"),
                // Less than the head of a record.
                (b"\x16\x03", true, closed),
                (b"", true, closed),
                (&[0x15, 3, 3, 0, 2, 2, 40], true, "TLS: refused by the broker: handshake failure (40)"),
                (
                    &[0x15, 3, 3, 0, 2, 2, 70],
                    true,
                    "TLS: refused by the broker: TLS version not supported (70)",
                ),
            ] {
                let addr = saying(bytes, close).await;
                assert_eq!(refused(at(addr).await.with_tls(files.tls(&PLAIN))).await, text);
            }
            let text = "TLS: connection lost during the handshake (does the broker speak TLS at this port?): \
                        Connection reset by peer (os error 104)";
            assert_eq!(refused(at(resetting().await).await.with_tls(files.tls(&PLAIN))).await, text);
        });
    }

    /// The commonest slips, against the real thing: a port of MQTT, and one of MQTT over TLS.
    #[test]
    fn a_url_for_another_port_of_the_broker_is_named() {
        with_sockets(async {
            let authority = Authority::new("test");
            let (files, identity) = (Files::new(&authority), authority.localhost());
            let plain = Broker::start(BrokerConfig::default()).unwrap();
            let secure = Front::start(Some(Server::new(&identity).config()), false).await;
            let plain = || Endpoint::from(plain.addr());
            let secure = at(secure.addr).await;
            let tls = files.tls(&PLAIN);
            // Closed or reset: that is for the kernel to choose.
            for (endpoint, texts) in [
                (plain().with_tls(tls.clone()), ["TLS: ", "during the handshake (does "]),
                (plain().with_websocket(&[]), ["WebSocket: ", "during the upgrade (does "]),
                (plain().with_tls(tls.clone()).with_websocket(&[]), ["TLS: ", "during the handshake (does "]),
                (secure.clone(), ["no CONNACK: the broker speaks TLS at this port", "mqtts://"]),
                (
                    secure.clone().with_websocket(&[]),
                    ["WebSocket: the broker speaks TLS at this port", "wss://"],
                ),
                (secure.with_tls(tls).with_websocket(&[]), ["WebSocket: ", "during the upgrade (does "]),
            ] {
                let said = refused(endpoint).await;
                assert!(said.starts_with(texts[0]) && said.contains(texts[1]), "{texts:?}: {said}");
            }
        });
    }

    #[test]
    fn files_that_are_none_are_named() {
        let fixtures = Path::new("tests/fixtures/tls");
        let mut files = TlsFiles::in_folder(fixtures);
        let tls = files.tls(&TlsOptions { insecure: true, ..PLAIN }).unwrap();
        let load = |certificate, key| tls.prepare(Some(Certificate { certificate, key }));
        for (certificate, key) in
            [("rsa.pem", "rsa-pkcs1.key"), ("rsa.pem", "rsa-pkcs8.key"), ("ec.pem", "ec-sec1.key")]
        {
            load(certificate, key).unwrap();
        }
        let mut said: Vec<_> = [
            ("none.pem", "ec-sec1.key"),
            ("ec.pem", "none.key"),
            ("ec-sec1.key", "ec-sec1.key"),
            ("ec.pem", "rsa.pem"),
            ("rsa.pem", "rsa-encrypted.key"),
            ("rsa.pem", "ec-sec1.key"),
        ]
        .map(|(certificate, key)| load(certificate, key).unwrap_err().to_string())
        .into();
        for authorities in ["none.pem", "ec-sec1.key"] {
            let options = TlsOptions { authorities: Some(authorities), ..PLAIN };
            said.push(files.tls(&options).unwrap_err().to_string());
        }
        let named = TlsOptions { server_name: Some("no name"), insecure: true, ..PLAIN };
        said.push(files.tls(&named).unwrap_err().to_string());
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_run_that_accepts_any_certificate_says_so_twice() {
        with_sockets(async {
            let identity = Authority::new("test").sign("example.com", |_| {});
            let front = Front::start(Some(Server::new(&identity).config()), false).await;
            let place = ScenarioDir::new(&format!(
                "version = 1\nload.run_time = \"200ms\"\n[brokers.b]\nurl = \"mqtts://localhost:{}\"\n\
                 tls.insecure = true\n[user_classes.device]\n\
                 tasks = [{{ name = \"t\", steps = [\"connect\", {{ wait = \"1m\" }}] }}]\n",
                front.addr.port()
            ));
            let output = tokio::task::spawn_blocking(move || place.run(&["run", "scenario.toml"]));
            let output = output.await.unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{said}");
            assert!(said.contains("warning[W0250]"), "{said}");
            let log = "WARN/mqtt-scenario: INSECURE: no certificate is checked for the broker b";
            assert!(said.contains(log), "{said}");
            assert_eq!(front.met().len(), 1);
        });
    }

    #[test]
    fn each_user_shows_its_own_certificate() {
        with_sockets(async {
            let authority = Authority::new("test");
            let identity = authority.localhost();
            let server = Server { clients: Some(&authority), ..Server::new(&identity) };
            let front = Front::start(Some(server.config()), false).await;
            let place = ScenarioDir::new(&format!(
                r#"
version = 1
[brokers.b]
url = "mqtts://localhost:{}"
tls = {{ ca = "ca.pem", cert = "${{user.class}}-${{user.index}}.pem", key = "${{user.class}}-${{user.index}}.key" }}
[load]
users = 3
spawn_rate = 100
run_time = "1s"
[user_classes.device]
tasks = [{{ name = "t", steps = ["connect", {{ wait = "1m" }}] }}]
"#,
                front.addr.port()
            ));
            fs::write(place.path("ca.pem"), &authority.pem).unwrap();
            for i in 0..3 {
                let identity = authority.sign(&format!("number-{i}"), |_| {});
                fs::write(place.path(&format!("device-{i}.pem")), &identity.certificate).unwrap();
                fs::write(place.path(&format!("device-{i}.key")), &identity.key).unwrap();
            }
            let run = |place: ScenarioDir| async {
                tokio::task::spawn_blocking(|| {
                    let output = place.run(&["run", "scenario.toml", "--only-summary"]);
                    (place, output)
                })
                .await
                .unwrap()
            };
            let (place, output) = run(place).await;
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            let met = front.met();
            assert_eq!(met.len(), 3);
            for name in ["number-0", "number-1", "number-2"] {
                let shown = |der: &[u8]| der.windows(8).any(|bytes| bytes == name.as_bytes());
                assert_eq!(met.iter().filter(|met| shown(&met.certificate)).count(), 1, "{name}");
            }
            // What cannot be read is told before the first user starts; what differs between users, by the run alone.
            assert_eq!(place.run(&["validate", "scenario.toml"]).status.code(), Some(0));
            fs::remove_file(place.path("device-2.key")).unwrap();
            let (_, output) = run(place).await;
            assert_eq!(output.status.code(), Some(4));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("broker `b`: cannot read `device-2.key`: No such file"), "{said}");
            assert_eq!(front.met().len(), 3);
        });
    }
}

mod websocket {
    use super::*;

    #[test]
    fn messages_go_both_ways_also_over_tls() {
        with_sockets(async {
            let authority = Authority::new("test");
            let (files, identity) = (Files::new(&authority), authority.localhost());
            for secure in [false, true] {
                let config = secure.then(|| Server::new(&identity).config());
                let front = Front::start(config, true).await;
                let headers = [("X-Token".to_owned(), "secret: 1".to_owned())];
                let mut endpoint = at(front.addr).await.with_websocket(&headers);
                if secure {
                    endpoint = endpoint.with_tls(files.tls(&PLAIN));
                }
                exchange(connect(endpoint).await.unwrap()).await;
                until(|| front.met()[0].closed.is_some()).await;
                let met = front.met().remove(0);
                assert_eq!((met.path.as_str(), met.closed), ("/mqtt", Some(1000)));
                let header = |name: &str| {
                    met.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
                };
                assert_eq!(header("x-token"), Some("secret: 1"));
                assert_eq!(header("sec-websocket-protocol"), Some("mqtt"));
                assert_eq!(header("host"), Some(format!("localhost:{}", front.addr.port()).as_str()));
                // 300,000 bytes come in pieces of at most 1,000, each with a ping in its middle.
                assert!(met.pongs >= 300, "{} pongs", met.pongs);
            }
        });
    }

    #[test]
    fn a_refused_upgrade_is_named() {
        with_sockets(async {
            let closed =
                "WebSocket: closed by the broker during the upgrade (does it speak it at this port?)";
            for (bytes, close, text) in [
                (
                    &b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"[..],
                    false,
                    "WebSocket: upgrade refused: HTTP 403",
                ),
                (b"HTTP/1.1 200 OK\r\n\r\n", true, "WebSocket: upgrade refused: HTTP 200"),
                (
                    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
                    false,
                    "WebSocket: answer to the upgrade: no `Upgrade: websocket`",
                ),
                (b"\x20\x02\x00\x00", false, "WebSocket: the broker does not speak HTTP"),
                (b"HTTP/1.1 10", true, closed),
                (b"", true, closed),
                (&[0x15, 3, 1, 0, 2, 2, 70], true, "WebSocket: the broker speaks TLS at this port (wss://)"),
            ] {
                let addr = saying(bytes, close).await;
                assert_eq!(refused(at(addr).await.with_websocket(&[])).await, text);
            }
            let text = "WebSocket: connection lost during the upgrade (does the broker speak it at this port?): \
                        Connection reset by peer (os error 104)";
            assert_eq!(refused(at(resetting().await).await.with_websocket(&[])).await, text);
        });
    }

    /// A session on a WebSocket whose server's frames are written by hand after CONNACK.
    async fn after_connack(frames: &'static [u8]) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let mut tcp = listener.accept().await.unwrap().0;
            upgrade(&mut tcp).await;
            tcp.write_all(&[0x82, 4, 0x20, 2, 0, 0]).await.unwrap();
            tcp.write_all(frames).await.unwrap();
            // What the client says before it goes.
            let mut rest = Vec::new();
            let _ = tcp.read_to_end(&mut rest).await;
        });
        let mut session = connect(at(addr).await.with_websocket(&[])).await.unwrap();
        let mut seen = Seen::default();
        let deadline = Some(Instant::now() + MINUTE);
        let failure = session.drive(Until::Deadline, deadline, &mut seen).await.unwrap_err();
        drop(session);
        server.await.unwrap();
        failure.to_string()
    }

    /// Answers the opening request, as RFC 6455 says, with the key's proof worked out by tungstenite.
    async fn upgrade(tcp: &mut TcpStream) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(tcp.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let proof = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: {proof}\r\n\r\n"
        );
        tcp.write_all(answer.as_bytes()).await.unwrap();
    }

    #[test]
    fn a_close_and_what_is_no_websocket_are_named() {
        with_sockets(async {
            for (frames, text) in [
                (&[0x88, 2, 3, 0xE8][..], "connection lost: closed by the broker"),
                (&[0x88, 0], "connection lost: closed by the broker"),
                (&[0x88, 2, 3, 0xF0], "WebSocket: closed by the broker: against its policy (1008)"),
                (&[0x81, 1, 97], "WebSocket: protocol error by the broker: text frame"),
                (&[0x82, 0x81, 0, 0, 0, 0, 0], "WebSocket: protocol error by the broker: masked frame"),
                (&[0x82, 2, 0xE0, 0], "protocol error by the broker: DISCONNECT sent to a client"),
            ] {
                assert_eq!(after_connack(frames).await, text);
            }
        });
    }
}

/// A fleet as `AWS IoT` has it: port and ALPN of MQTT, and a thing's certificate for each device, by a feed.
#[test]
fn each_thing_of_a_feed_shows_its_certificate_and_asks_for_mqtt() {
    with_sockets(async {
        let authority = Authority::new("test");
        let identity = authority.localhost();
        let alpn = &["x-amzn-mqtt-ca"][..];
        let server = Server { clients: Some(&authority), alpn, ..Server::new(&identity) };
        let front = Front::start(Some(server.config()), false).await;
        // Broker and feed stand in a file of their own, from whose folder its paths count.
        let place = ScenarioDir::new(
            r#"
version = 1
include = ["cloud/aws.toml"]
load = { users = 2, spawn_rate = 100, run_time = "500ms" }
[user_classes.device]
feeds = ["things"]
client_id = "${row.thing}"
tasks = [{ name = "t", steps = ["connect", { wait = "1m" }] }]
"#,
        );
        fs::create_dir_all(place.path("cloud/certs")).unwrap();
        let aws = format!(
            "feeds.things.csv = \"things.csv\"\n[brokers.aws]\nurl = \"mqtts://localhost:{}\"\n[brokers.aws.tls]\n\
             ca = \"certs/ca.pem\"\nalpn = [\"x-amzn-mqtt-ca\"]\n\
             cert = \"certs/${{row.thing}}.pem\"\nkey = \"certs/${{row.thing}}.key\"\n",
            front.addr.port()
        );
        fs::write(place.path("cloud/aws.toml"), aws).unwrap();
        fs::write(place.path("cloud/things.csv"), "thing\nthing-a\nthing-b\n").unwrap();
        fs::write(place.path("cloud/certs/ca.pem"), &authority.pem).unwrap();
        for thing in ["thing-a", "thing-b"] {
            let identity = authority.sign(thing, |_| {});
            fs::write(place.path(&format!("cloud/certs/{thing}.pem")), &identity.certificate).unwrap();
            fs::write(place.path(&format!("cloud/certs/{thing}.key")), &identity.key).unwrap();
        }
        let run = |place: ScenarioDir, arguments: &'static [&'static str]| async {
            let output = tokio::task::spawn_blocking(|| {
                let output = place.run(arguments);
                (place, output)
            });
            output.await.unwrap()
        };
        let (place, output) = run(place, &["run", "scenario.toml", "--only-summary"]).await;
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let met = front.met();
        assert_eq!(met.len(), 2);
        assert!(met.iter().all(|met| met.alpn.as_deref() == Some("x-amzn-mqtt-ca")));
        for name in ["thing-a", "thing-b"] {
            let shown = |der: &[u8]| der.windows(name.len()).any(|bytes| bytes == name.as_bytes());
            assert_eq!(met.iter().filter(|met| shown(&met.certificate)).count(), 1, "{name}");
        }
        // The place of a mistake in a file is in the file that names it.
        fs::write(place.path("cloud/certs/ca.pem"), "no certificate").unwrap();
        let (_, output) = run(place, &["validate", "scenario.toml"]).await;
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("error[E0284]: `certs/ca.pem` holds no certificate"), "{said}");
        assert!(said.contains("aws.toml:5:6"), "{said}");
    });
}

#[test]
fn files_that_are_the_same_for_a_class_are_looked_at_with_the_scenario() {
    const CA: &str = "brokers.b.tls.ca";
    const CERT: &str = "brokers.b.tls.cert";
    const KEY: &str = "brokers.b.tls.key";
    let [pem, key, encrypted] = ["ec.pem", "ec-sec1.key", "rsa-encrypted.key"]
        .map(|name| fs::read(format!("tests/fixtures/tls/{name}")).unwrap());
    let files = [("a.pem", &*pem), ("a.key", &*key), ("locked.key", &*encrypted), ("text", b"x")];
    for (url, tls, expected) in [
        ("mqtts://h", "ca = 'a.pem', cert = 'a.pem', key = 'a.key'", &[][..]),
        ("wss://h", "ca = '${vars.a}', cert = '${user.class}.pem', key = '${user.class}.key'", &[]),
        ("mqtts://h", "ca = 'none.pem'", &[(codes::FILE, CA)]),
        ("mqtts://h", "ca = 'a.key'", &[(codes::TLS_FILE, CA)]),
        ("mqtts://h", "ca = ''", &[(codes::EMPTY, CA)]),
        (
            "mqtts://h",
            "cert = 'text', key = 'locked.key'",
            &[(codes::TLS_FILE, CERT), (codes::TLS_FILE, KEY)],
        ),
        ("mqtts://h", "cert = 'b.pem', key = 'b.key'", &[(codes::FILE, CERT), (codes::FILE, KEY)]),
        // Known only with the users.
        ("mqtts://h", "cert = '${user.number}.pem', key = '${user.index}.key'", &[]),
    ] {
        let text = format!(
            "version = 1\nvars.a = 'a.pem'\nload.run_time = '1m'\nbrokers.b = {{ url = '{url}', tls = {{ {tls} }} }}\n\
             [user_classes.a]\ntasks = [{{ name = 't', steps = ['connect'] }}]\n\
             [user_classes.unused]\nabstract = true\nclient_id = 'x'\n"
        );
        let found = TestScenario::toml(text).with_files(&files).compile().err().unwrap_or_default();
        // What classes have in common is told once for each text.
        let mut found: Vec<_> = found.iter().map(|found| (found.code, found.at.to_string())).collect();
        found.dedup();
        let found: Vec<_> = found.iter().map(|(code, at)| (*code, &**at)).collect();
        assert_eq!(found, expected, "{tls}");
    }
}

/// A scenario compiled, or what is wrong with it; warnings with their codes.
fn compiled(text: &str, host: &[&str]) -> (Plan, Vec<&'static str>) {
    let targets = host.iter().map(|url| parse_url(url, &|_| Ok(())).unwrap()).collect();
    let overrides = Overrides { host: one_target(targets).unwrap(), ..Overrides::default() };
    let files = |name: &str| match name.rsplit('.').next() {
        Some("pem") => Ok(fs::read("tests/fixtures/tls/ec.pem").unwrap()),
        Some("key") => Ok(fs::read("tests/fixtures/tls/ec-sec1.key").unwrap()),
        _ => Ok(b"cert\na\nb\n".to_vec()),
    };
    let scenario = TestScenario::toml(text).env(&[("TOKEN", "secret")]).files(files).overrides(&overrides);
    let Compiled { plan, warnings } = scenario.compiled();
    (plan, warnings.into_iter().map(|warning| warning.code).collect())
}

const CLUSTER: &str = r#"
version = 1
[brokers.cluster]
urls = ["wss://a.example.com", "wss://b.example.com/x?signature=secret"]
tls = { ca = "ca.pem", cert = "${user.class}.pem", key = "${user.class}-${user.number}.key", server_name = "example.com", alpn = ["x-amzn-mqtt-ca"], resumption = false }
websocket = { headers = { Authorization = "Bearer ${env.TOKEN}" } }
[load]
users = 3
run_time = "1m"
[user_classes.big]
weight = 2
tasks = [{ name = "t", steps = ["connect"] }]
[user_classes.small]
tasks = [{ name = "t", steps = ["connect"] }]
"#;

#[test]
fn a_plan_shows_how_brokers_are_spoken_to_but_no_secrets() {
    let (plan, warnings) = compiled(CLUSTER, &[]);
    assert!(warnings.is_empty(), "{warnings:?}");
    let text = describe(&plan);
    let shown = text.lines().skip(2).take_while(|line| *line != "load").collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(shown);
    let json = describe_json(&plan);
    assert_eq!(json["user_classes"][0]["certificate"], "${user.class}.pem");
    assert!(text.contains("\n  certificate ${user.class}.pem\n"), "{text}");
    assert!(!format!("{text}{json}{:?}", plan.brokers[0].headers).contains("secret"));
}

#[test]
fn the_certificates_of_all_users_are_known_before_the_run() {
    let files = |plan: &Plan| {
        let files = certificates(plan).into_iter().map(|(_, files)| files.map(|(_, key)| key));
        files.collect::<Vec<_>>()
    };
    let key = |name: &str| Some(name.to_owned());
    let (plan, _) = compiled(CLUSTER, &[]);
    assert_eq!(files(&plan), [key("big-1.key"), key("big-3.key"), key("small-2.key")]);
    let (plan, _) = compiled(&CLUSTER.replace("-${user.number}", ""), &[]);
    assert_eq!(files(&plan), [key("big.key"), key("small.key")]);
    // Rows are those that the users get, and stages start further users.
    let by_row = CLUSTER.replace("${user.class}-${user.number}.key", "${row.cert}-${user.index}.key");
    let fed = by_row
        .replace("[user_classes.big]", "[feeds.f]\ncsv = \"f.csv\"\n[user_classes.big]\nfeeds = [\"f\"]")
        .replace("[user_classes.small]", "[user_classes.small]\nfeeds = [\"f\"]");
    let (plan, _) = compiled(&fed, &[]);
    assert_eq!(files(&plan), [key("a-0.key"), key("b-1.key"), key("a-0.key")]);
    let staged = CLUSTER.replace(
        "users = 3\nrun_time = \"1m\"",
        "stages = [{ users = 2, duration = \"1m\" }, { users = 0, duration = \"1m\" }, { users = 1, duration = \"1m\" }]",
    );
    let (plan, _) = compiled(&staged, &[]);
    assert_eq!(files(&plan), [key("big-1.key"), key("big-3.key"), key("small-2.key")]);
}

#[test]
fn a_host_from_elsewhere_brings_its_transport() {
    let (plan, warnings) = compiled(CLUSTER, &["c", "d:99"]);
    assert_eq!(plan.brokers[0].target.to_string(), "mqtt://c:1883, mqtt://d:99");
    assert_eq!((plan.brokers[0].tls.as_ref(), plan.brokers[0].headers.len()), (None, 0));
    assert_eq!(warnings, ["W0251", "W0251"]);
    assert!(certificates(&plan).is_empty());
    // Files of TLS that is not spoken are nobody's business.
    compiled(&CLUSTER.replace("ca.pem", "no-pem"), &["c"]);
    let (plan, warnings) = compiled(CLUSTER, &["mqtts://c"]);
    assert_eq!(plan.brokers[0].target.to_string(), "mqtts://c:8883");
    assert!(plan.brokers[0].tls.is_some());
    assert_eq!(warnings, ["W0251"]);
}

#[test]
fn what_is_not_there_in_time_is_named() {
    with_sockets(async {
        let files = Files::new(&Authority::new("test"));
        let timeout = Duration::from_millis(100);
        let silent = at(saying(b"", false).await).await;
        for (endpoint, text) in [
            (silent.clone(), "no CONNACK within 100ms"),
            (silent.clone().with_tls(files.tls(&PLAIN)), "no TLS handshake within 100ms"),
            (silent.clone().with_websocket(&[]), "no WebSocket upgrade within 100ms"),
        ] {
            let request = ConnectRequest { timeout, ..connect_request("c") };
            let failure = Connector::new(vec![endpoint]).connect(&request).await.unwrap_err();
            assert_eq!(failure.to_string(), text);
        }
    });
}

#[test]
fn a_port_that_speaks_no_plain_mqtt_is_named() {
    with_sockets(async {
        let tls = "no CONNACK: the broker speaks TLS at this port (mqtts:// or wss://)";
        let http = "no CONNACK: the broker speaks HTTP at this port (ws:// or wss://)";
        let closed = "no CONNACK: closed by the broker (does it want TLS or WebSocket at this port?)";
        for (bytes, close, text) in [
            (&b"\x15\x03\x01\0\x02\x02\x46"[..], true, tls),
            (b"\x15\x03", false, tls),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", true, http),
            (b"", true, closed),
            // What other protocols begin with is no MQTT either.
            (b"SSH-2.0-x\r\n", false, "protocol error by the broker: no CONNACK as its first packet"),
        ] {
            let addr = saying(bytes, close).await;
            assert_eq!(refused(at(addr).await).await, text, "{bytes:?}");
        }
        let text = "no CONNACK: connection lost: Connection reset by peer (os error 104) \
                    (does it want TLS or WebSocket at this port?)";
        assert_eq!(refused(at(resetting().await).await).await, text);
    });
}

#[test]
fn users_are_spread_over_the_servers_of_a_broker() {
    with_sockets(async {
        let fronts = [Front::start(None, false).await, Front::start(None, false).await];
        let servers = fronts.each_ref().map(|f| Address { host: "127.0.0.1", port: f.addr.port(), path: "" });
        let connector = Connector::new(vec![Endpoint::resolve(&servers).await.unwrap()]);
        for turn in 0..5 {
            let request = ConnectRequest { turn, ..connect_request("c") };
            exchange(connector.connect(&request).await.unwrap()).await;
        }
        assert_eq!(fronts.map(|front| front.met().len()), [3, 2]);
    });
}

/// Whether there is such an address on this machine is not ours to say; that the kernel is asked for it through that
/// interface is.
#[test]
fn an_address_is_reached_through_the_interface_that_it_names() {
    with_sockets(async {
        let resolve = async |host| Endpoint::resolve(&[Address { host, port: 1, path: "" }]).await;
        let endpoint = format!("{:?}", resolve("fe80::1%lo").await.unwrap());
        assert!(endpoint.contains("[fe80::1%1]:1"), "{endpoint}");
        let error = resolve("fe80::1%no-such-one").await.unwrap_err().to_string();
        assert!(error.starts_with("cannot look up the broker `fe80::1%no-such-one`: "), "{error}");
    });
}

#[test]
fn a_name_that_leads_nowhere_is_told_before_the_run() {
    with_sockets(async {
        let servers = [Address { host: "no-such-host.invalid", port: 1, path: "" }];
        let error = Endpoint::resolve(&servers).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot look up the broker `no-such-host.invalid`: "), "{error}");
    });
}
