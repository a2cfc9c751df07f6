//! The benchmarks work: their scenarios compile, and the null broker answers and counts.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::support::run_program;

#[path = "../benches/load/link.rs"]
mod link;
#[path = "../benches/load/null_broker.rs"]
mod null_broker;
#[path = "../benches/load/wire.rs"]
mod wire;

use mqtt_scenario::stats::stamp::Stamp;
use null_broker::{Counts, Deliveries};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::support::acceptor::{Authority, Server};

#[test]
fn every_scenario_of_the_benchmarks_compiles() {
    let mut files = 0;
    for entry in fs::read_dir("benches/scenarios").unwrap() {
        let path = entry.unwrap().path();
        let said = run_program(Path::new("."), &["validate", path.to_str().unwrap()]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", path.display());
        files += 1;
    }
    assert!(files >= 8, "only {files} were found");
}

/// A null broker on a thread, and its pipe.
fn with_null_broker(deliveries: Deliveries, test: impl FnOnce(TcpStream, &mut dyn FnMut() -> Counts)) {
    with_tls(deliveries, None, test);
}

/// The same through TLS.
fn with_tls(
    deliveries: Deliveries,
    tls: Option<Arc<ServerConfig>>,
    test: impl FnOnce(TcpStream, &mut dyn FnMut() -> Counts),
) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (commands, mut asks) = io::pipe().unwrap();
    let (told, answers) = io::pipe().unwrap();
    let broker = thread::spawn(move || null_broker::serve(&listener, deliveries, tls, commands, answers));
    let mut told = BufReader::new(told);
    let mut counts = || {
        asks.write_all(b"?").unwrap();
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        line.parse().unwrap()
    };
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    test(client, &mut counts);
    drop(asks);
    broker.join().unwrap().expect("it ends when its pipe closes");
}

fn expect(client: &mut TcpStream, bytes: &[u8]) {
    let mut got = vec![0; bytes.len()];
    client.read_exact(&mut got).unwrap();
    assert_eq!(got, bytes);
}

const CONNECT: [u8; 15] = *b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x00\x00\x01x";

#[test]
fn the_null_broker_answers_every_packet_and_counts_it() {
    with_null_broker(Deliveries::None, |mut client, counts| {
        client.write_all(&CONNECT).unwrap();
        expect(&mut client, &[0x20, 2, 0, 0]);
        let (message, id_at) = wire::publish("a/b", &[7; 200], 1);
        assert_eq!(message[id_at..id_at + 2], [0, 1]);
        // Three messages whose bytes come in two pieces.
        let three = message.repeat(3);
        client.write_all(&three[..message.len() + 9]).unwrap();
        expect(&mut client, &[0x40, 2, 0, 1]);
        client.write_all(&three[message.len() + 9..]).unwrap();
        expect(&mut client, &[0x40, 2, 0, 1, 0x40, 2, 0, 1]);
        client.write_all(&wire::publish("a", b"", 0).0).unwrap();
        client.write_all(&wire::publish("a", b"", 2).0).unwrap();
        client.write_all(&[0x62, 2, 0, 1, 0xC0, 0]).unwrap();
        expect(&mut client, &[0x50, 2, 0, 1, 0x70, 2, 0, 1, 0xD0, 0]);
        let published = Counts { connects: 1, published: 5, ..Counts::default() };
        assert_eq!(counts(), published);
        client.write_all(&[0xE0, 0]).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "it closes after DISCONNECT");
    });
}

#[test]
fn the_stamps_of_the_null_broker_are_a_sequence_without_gaps() {
    with_null_broker(Deliveries::Stamped, |mut client, _| {
        client.write_all(&CONNECT).unwrap();
        client.write_all(&[0x82, 6, 0, 9, 0, 1, b'#', 0]).unwrap();
        expect(&mut client, &[0x20, 2, 0, 0, 0x90, 3, 0, 9, 0]);
        let head = wire::publish(null_broker::TOPIC, &[0; 33 + 20], 0).0.len() - 33 - 20;
        // More than are written at a time.
        for seq in 1..=600 {
            let mut message = vec![0; head + 33 + 20];
            client.read_exact(&mut message).unwrap();
            let (stamp, payload) = message[head..].split_at(33);
            assert_eq!(Stamp::decode(stamp).map(|stamp| stamp.seq), Some(seq));
            assert_eq!(payload, b"01234567890123456789");
        }
    });
}

#[test]
fn the_null_broker_speaks_tls_if_it_shall() {
    let authority = Authority::new("test");
    let identity = authority.localhost();
    let server = Server::new(&identity).config();
    with_tls(Deliveries::None, Some(server), |client, counts| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let mut client = StreamOwned::new(session, client);
        let mut expect = |sent: &[u8], bytes: &[u8]| {
            client.write_all(sent).unwrap();
            let mut got = vec![0; bytes.len()];
            client.read_exact(&mut got).unwrap();
            assert_eq!(got, bytes);
        };
        expect(&CONNECT, &[0x20, 2, 0, 0]);
        let message = wire::publish("a/b", &[7; 200], 1).0;
        expect(&message, &[0x40, 2, 0, 1]);
        expect(&message.repeat(500), &[0x40, 2, 0, 1].repeat(500));
        assert_eq!(counts(), Counts { connects: 1, published: 501, ..Counts::default() });
    });
}

#[test]
fn the_null_broker_delivers_at_its_pace_and_flat_out() {
    for deliveries in [Deliveries::PerSecond(100.0), Deliveries::Flood] {
        with_null_broker(deliveries, |mut client, counts| {
            client.write_all(&CONNECT).unwrap();
            client.write_all(&[0x82, 6, 0, 9, 0, 1, b'#', 0]).unwrap();
            expect(&mut client, &[0x20, 2, 0, 0, 0x90, 3, 0, 9, 0]);
            let message = wire::publish(null_broker::TOPIC, b"01234567890123456789", 0).0;
            expect(&mut client, &message.repeat(5));
            let counts = counts();
            assert_eq!(counts.subscribes, 1);
            match deliveries {
                Deliveries::Flood => assert!(counts.delivered >= 256, "{counts:?}"),
                _ => assert!((5..=20).contains(&counts.delivered), "{counts:?}"),
            }
        });
    }
}
