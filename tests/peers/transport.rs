//! TLS and WebSocket against a real Mosquitto, which has them from OpenSSL and libwebsockets.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::client::transport::tls::{TlsFiles, TlsOptions};
use mqtt_scenario::client::transport::{Address, Connector, Endpoint};
use mqtt_scenario::client::{Certificate, Close, Connect, ConnectRequest, Filter, Message, Session, Until};
use mqtt_scenario::mqtt::Qos;
use tokio::time::Instant;

use crate::support::acceptor::Authority;
use crate::support::{Mosquitto, ScenarioDir, Seen, connect_request, free_port, ticket, with_sockets};

const MINUTE: Duration = Duration::from_mins(1);

/// A listener with TLS; the files are beside its configuration.
const TLS: &str = "cafile DIR/ca.pem\ncertfile DIR/server.pem\nkeyfile DIR/server.key\n";

/// A listener with WebSocket. Mosquitto 2.0.11 does not start without another that has none.
fn websocket() -> String {
    format!("protocol websockets\nlistener {} 127.0.0.1\n", free_port())
}

/// A Mosquitto with these settings and the files for TLS, and a client certificate of its authority.
fn mosquitto(settings: &str) -> Mosquitto {
    let authority = Authority::new("peer");
    let (server, client) = (authority.localhost(), authority.sign("device-1", |_| {}));
    let files = [
        ("ca.pem", authority.pem.as_str()),
        ("server.pem", &server.certificate),
        ("server.key", &server.key),
        ("client.pem", &client.certificate),
        ("client.key", &client.key),
    ];
    Mosquitto::start(settings, &files)
}

async fn endpoint(mosquitto: &Mosquitto, options: &TlsOptions<'_>) -> Endpoint {
    let servers = [Address { host: "localhost", port: mosquitto.addr().port(), path: "/mqtt" }];
    let tls = TlsFiles::in_folder(mosquitto.dir()).tls(options).unwrap();
    Endpoint::resolve(&servers).await.unwrap().with_tls(tls)
}

const VERIFIED: TlsOptions<'static> = TlsOptions {
    authorities: Some("ca.pem"),
    server_name: None,
    alpn: &[],
    insecure: false,
    resumption: true,
};

/// A hundred messages there and back, 3,000 bytes each; `certificate` is that of the client or none.
async fn echo(endpoint: Endpoint, certificate: bool) -> Result<(), Failure> {
    let pair = Certificate { certificate: "client.pem", key: "client.key" };
    let connector = Connector::new(vec![endpoint]);
    let request =
        ConnectRequest { certificate: certificate.then_some(pair), inflight: 20, ..connect_request("peer") };
    let mut session = connector.connect(&request).await?;
    let mut seen = Seen::default();
    session.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket(0, MINUTE))?;
    for tag in 1..=100 {
        let qos = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][tag as usize % 3];
        session.drive(Until::Room, None, &mut seen).await?;
        let message = Message { topic: b"t", payload: &[7; 3_000], qos, retain: false, properties: &[] };
        session.publish(&message, ticket(tag, MINUTE))?;
    }
    while seen.received.len() < 100 {
        session.drive(Until::Deadline, Some(Instant::now() + Duration::from_millis(5)), &mut seen).await?;
    }
    session.drive(Until::Idle, None, &mut seen).await?;
    assert_eq!(seen.tags(), (0..=100).collect::<Vec<_>>());
    assert!(seen.received.iter().all(|(_, payload, _)| payload[..] == [7; 3_000]));
    session.close(Close::Clean, MINUTE, &mut seen).await
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn mosquitto_wants_a_certificate_and_gets_it() {
    for version in ["tlsv1.2", "tlsv1.3"] {
        let settings = format!("{TLS}require_certificate true\ntls_version {version}\n");
        let mosquitto = mosquitto(&settings);
        with_sockets(async {
            echo(endpoint(&mosquitto, &VERIFIED).await, true).await.unwrap();
            let failure = echo(endpoint(&mosquitto, &VERIFIED).await, false).await.unwrap_err();
            // OpenSSL says which of the two by the version.
            let said = failure.to_string();
            let expected = [
                "TLS: refused by the broker: handshake failure (40)",
                "TLS: refused by the broker: client certificate required (116)",
            ];
            assert!(expected.contains(&said.as_str()), "{version}: {said}");
        });
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn mosquittos_certificate_is_verified() {
    let mosquitto = mosquitto(TLS);
    with_sockets(async {
        let system = TlsOptions { authorities: None, ..VERIFIED };
        let failure = echo(endpoint(&mosquitto, &system).await, false).await.unwrap_err();
        let unknown = "TLS: certificate of the broker not signed by a trusted authority";
        assert_eq!(failure.to_string(), unknown);
        let named = TlsOptions { server_name: Some("example.com"), ..VERIFIED };
        let failure = echo(endpoint(&mosquitto, &named).await, false).await.unwrap_err();
        assert_eq!(failure.to_string(), "TLS: certificate of the broker is for another name");
        echo(endpoint(&mosquitto, &TlsOptions { insecure: true, ..system }).await, false).await.unwrap();
    });
}

/// A self-signed certificate for `localhost` and its key, by OpenSSL, for kinds of keys that ring has not.
fn by_openssl(key: &[&str]) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").current_dir(dir.path()).args(arguments).output();
        let output = output.expect("openssl cannot be started");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    openssl(&[&["genpkey", "-out", "key"], key].concat());
    openssl(&["req", "-x509", "-new", "-key", "key", "-subj", "/CN=localhost", "-days", "2", "-out", "pem"]);
    let read = |name| fs::read_to_string(dir.path().join(name)).unwrap();
    (read("pem"), read("key"))
}

#[test]
#[ignore = "needs Debian's mosquitto and openssl: run by .ci/run"]
fn insecure_takes_a_key_that_we_cannot_verify_with() {
    for (key, versions) in [
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"][..], &["tlsv1.2", "tlsv1.3"][..]),
        (&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &["tlsv1.2", "tlsv1.3"]),
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], &["tlsv1.2", "tlsv1.3"]),
        (&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], &["tlsv1.2", "tlsv1.3"]),
        (&["-algorithm", "ED25519"], &["tlsv1.2", "tlsv1.3"]),
        (&["-algorithm", "ED448"], &["tlsv1.3"]),
        (&["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], &["tlsv1.3"]),
    ] {
        let (certificate, key_file) = by_openssl(key);
        for version in versions {
            let settings = format!(
                "certfile DIR/any.pem\nkeyfile DIR/any.key\ntls_version {version}\nciphers ALL:@SECLEVEL=0\n"
            );
            let files = [("any.pem", certificate.as_str()), ("any.key", &key_file)];
            let mosquitto = Mosquitto::start(&settings, &files);
            with_sockets(async {
                let insecure = TlsOptions { insecure: true, authorities: None, ..VERIFIED };
                let echoed = echo(endpoint(&mosquitto, &insecure).await, false).await;
                assert_eq!(echoed, Ok(()), "{key:?} {version}");
            });
        }
    }
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn mosquitto_takes_a_client_certificate_of_version_1() {
    let server = Authority::new("peer").localhost();
    let read = |name: &str| fs::read_to_string(format!("tests/fixtures/tls/{name}")).unwrap();
    let (clients, client, key) = (read("v1-authority.pem"), read("v1-signed.pem"), read("v1.key"));
    let files = [
        ("ca.pem", clients.as_str()),
        ("server.pem", &server.certificate),
        ("server.key", &server.key),
        ("client.pem", &client),
        ("client.key", &key),
    ];
    let mosquitto = Mosquitto::start(&format!("{TLS}require_certificate true\n"), &files);
    with_sockets(async {
        let insecure = TlsOptions { insecure: true, authorities: None, ..VERIFIED };
        echo(endpoint(&mosquitto, &insecure).await, true).await.unwrap();
    });
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn mosquitto_speaks_websocket_with_us() {
    let mosquitto = mosquitto(&websocket());
    with_sockets(async {
        let servers = [Address { host: "localhost", port: mosquitto.addr().port(), path: "/mqtt" }];
        let endpoint = Endpoint::resolve(&servers).await.unwrap().with_websocket(&[]);
        echo(endpoint, false).await.unwrap();
    });
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn mosquitto_speaks_websocket_over_tls_with_us() {
    let mosquitto = mosquitto(&format!("{TLS}{}", websocket()));
    with_sockets(async {
        echo(endpoint(&mosquitto, &VERIFIED).await.with_websocket(&[]), false).await.unwrap();
    });
}

/// The program's memory with so many users over TLS, verified by the authorities in `bundle`.
fn resident(place: &ScenarioDir, users: &str, bundle: &Path) -> u64 {
    let running = place.start_with(&["run", "scenario.toml", "-u", users], &[("SSL_CERT_FILE", bundle)]);
    let status = fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
    let (_, log, code) = running.end();
    assert_eq!(code, Some(0), "{log}");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
#[ignore = "needs Debian's mosquitto: run by .ci/run"]
fn two_hundred_users_over_tls_with_the_systems_authorities_are_small() {
    let mosquitto = mosquitto(TLS);
    // The authorities of the system are those of this machine and one more.
    let certificates = rustls_native_certs::load_native_certs().certs;
    assert!(certificates.len() > 50, "this system trusts nobody");
    let own = fs::read_to_string(mosquitto.dir().join("ca.pem")).unwrap();
    let system = fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap();
    let place = ScenarioDir::new(&format!(
        r#"
version = 1
brokers.b.url = "mqtts://localhost:{}"
load = {{ spawn_rate = 200, run_time = "4s" }}
[user_classes.device]
wait_time = {{ constant = "100ms" }}
tasks = [{{ name = "t", steps = [{{ publish = {{ topic = "t", payload = "x", qos = 1 }} }}] }}]
"#,
        mosquitto.addr().port()
    ));
    let bundle = place.path("bundle.pem");
    fs::write(&bundle, system + &own).unwrap();
    let first = resident(&place, "1", &bundle);
    let each = resident(&place, "201", &bundle).saturating_sub(first) / 200;
    assert!(each < 60 * 1024, "{each} bytes for each user");
}
