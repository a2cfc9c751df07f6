//! Brokers that are broken behind TLS: what they leave unread, unsaid or unfinished waits in more buffers there, and
//! still every request ends once, by name and in its time.

use std::fmt::Write as _;
use std::time::Duration;

use mqtt_scenario::client::driver::Driver;
use mqtt_scenario::client::failure::{Ack, Failure};
use mqtt_scenario::client::transport::stream::Transport;
use mqtt_scenario::client::transport::tls::{TlsFiles, TlsOptions};
use mqtt_scenario::client::transport::{Address, Connector, Endpoint};
use mqtt_scenario::client::{Close, Connect, ConnectRequest, Filter, Message, Session, Until};
use mqtt_scenario::mqtt::Qos;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::support::acceptor::{Authority, Server};
use crate::support::peer::{CONNACK, MINUTE, SECOND};
use crate::support::{Seen, connect_request, ticket, with_sockets};

const TIMEOUT: Duration = Duration::from_millis(150);

/// More than the kernel's buffers for a loopback connection take.
const TOO_MUCH: usize = 32 << 20;

/// A session with a broker behind TLS that is played by hand.
async fn open(request: &ConnectRequest<'_>) -> (Box<Driver<Transport>>, TlsStream<TcpStream>) {
    let authority = Authority::new("test");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), &authority.pem).unwrap();
    let options = TlsOptions {
        authorities: Some("ca.pem"),
        server_name: None,
        alpn: &[],
        insecure: false,
        resumption: true,
    };
    let tls = TlsFiles::in_folder(dir.path()).tls(&options).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = Address { host: "localhost", port, path: "/mqtt" };
    let connector = Connector::new(vec![Endpoint::resolve(&[address]).await.unwrap().with_tls(tls)]);
    let acceptor = TlsAcceptor::from(Server::new(&authority.localhost()).config());
    let (session, peer) = tokio::join!(connector.connect(request), async {
        let mut peer = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut head = [0; 2];
        peer.read_exact(&mut head).await.unwrap();
        assert_eq!(head[0], 0x10);
        peer.read_exact(&mut vec![0; head[1].into()]).await.unwrap();
        peer.write_all(&CONNACK).await.unwrap();
        peer.flush().await.unwrap();
        peer
    });
    (session.unwrap(), peer)
}

fn publish(session: &mut Box<Driver<Transport>>, tag: u32, payload: &[u8], qos: Qos, timeout: Duration) {
    let message = Message { topic: b"t", payload, qos, retain: false, properties: &[] };
    session.publish(&message, ticket(tag, timeout)).unwrap();
}

/// A message of each quality of service and a subscription, written.
async fn open_all(session: &mut Box<Driver<Transport>>, timeout: Duration, seen: &mut Seen) {
    publish(session, 1, b"x", Qos::AtLeastOnce, timeout);
    publish(session, 2, b"x", Qos::ExactlyOnce, timeout);
    session.subscribe(&[Filter::new("t", Qos::AtMostOnce)], ticket(3, timeout)).unwrap();
    session.drive(Until::Written, None, seen).await.unwrap();
}

#[test]
fn a_broker_that_stops_reading_fails_messages_in_their_time() {
    with_sockets(async {
        let (mut session, _peer) = open(&connect_request("c")).await;
        let mut seen = Seen::default();
        let payload = vec![b'x'; TOO_MUCH];
        publish(&mut session, 1, &payload, Qos::AtMostOnce, TIMEOUT);
        publish(&mut session, 2, &payload, Qos::AtLeastOnce, TIMEOUT);
        publish(&mut session, 3, b"small", Qos::AtMostOnce, TIMEOUT);
        let start = Instant::now();
        assert!(session.drive(Until::Idle, Some(start + 8 * SECOND), &mut seen).await.unwrap());
        assert!(start.elapsed() < 8 * SECOND, "{:?}", start.elapsed());
        let mut completed = seen.take();
        completed.sort_by_key(|(tag, _)| *tag);
        let unwritten = Failure::WriteTimeout(TIMEOUT);
        let unanswered = Failure::AckTimeout(Ack::Puback, TIMEOUT);
        assert_eq!(completed, [(1, Err(unwritten)), (2, Err(unanswered)), (3, Err(unwritten))]);
        // A farewell that nobody reads takes no longer than it may.
        let start = Instant::now();
        assert_eq!(
            session.close(Close::Clean, TIMEOUT, &mut seen).await,
            Err(Failure::WriteTimeout(TIMEOUT))
        );
        assert!(start.elapsed() < 2 * SECOND, "{:?}", start.elapsed());
        assert_eq!(seen.take(), []);
    });
}

#[test]
fn what_was_not_read_is_written_when_the_broker_reads_on() {
    with_sockets(async {
        let (mut session, mut peer) = open(&connect_request("c")).await;
        let mut seen = Seen::default();
        publish(&mut session, 1, &vec![b'x'; TOO_MUCH], Qos::AtMostOnce, 20 * SECOND);
        let stuck = session.drive(Until::Idle, Some(Instant::now() + TIMEOUT), &mut seen).await;
        assert_eq!((stuck, seen.take()), (Ok(false), vec![]));
        let (done, read) = tokio::join!(session.drive(Until::Idle, None, &mut seen), async {
            let mut packet = vec![0; 1 + 4 + 3 + TOO_MUCH];
            peer.read_exact(&mut packet).await.map(|_| packet)
        });
        assert!(done.unwrap());
        assert_eq!(read.unwrap()[0], 0x30);
        assert_eq!(seen.take(), [(1, Ok(()))]);
    });
}

/// The connection stands, but nobody is there any more: requests end by their own time, the connection by PINGREQ.
#[test]
fn a_half_open_connection_is_found_by_its_keep_alive() {
    with_sockets(async {
        let request = ConnectRequest { keep_alive_s: 1, ..connect_request("c") };
        let (mut session, _peer) = open(&request).await;
        let mut seen = Seen::default();
        open_all(&mut session, TIMEOUT, &mut seen).await;
        let start = Instant::now();
        assert!(session.drive(Until::Idle, None, &mut seen).await.unwrap());
        assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
        assert_eq!(seen.tags(), [1, 2, 3]);
        let failure = session.drive(Until::Deadline, None, &mut seen).await.unwrap_err();
        assert_eq!(failure, Failure::AckTimeout(Ack::Pingresp, SECOND));
        assert!(start.elapsed() < 8 * SECOND, "{:?}", start.elapsed());
    });
}

/// How a broker can end a connection without a word, or with the wrong one.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// With TLS's own goodbye.
    Notified,
    /// TCP alone: what an attacker could do too.
    Truncated,
    /// In the middle of a packet.
    InPacket,
    /// Half open: no more from the broker, who would still read.
    Shutdown,
    /// A record that no key fits.
    Garbage,
    /// A record of no known kind.
    Noise,
    /// Bytes that are valid in TLS and are not MQTT.
    Malformed,
    /// A reset.
    Reset,
}

#[test]
fn each_way_to_end_a_connection_has_its_name() {
    use Ending::{Garbage, InPacket, Malformed, Noise, Notified, Reset, Shutdown, Truncated};
    let mut said = String::new();
    for ending in [Notified, Truncated, InPacket, Shutdown, Garbage, Noise, Malformed, Reset] {
        let failure = with_sockets(async {
            let (mut session, mut peer) = open(&connect_request("c")).await;
            let mut seen = Seen::default();
            open_all(&mut session, MINUTE, &mut seen).await;
            // All that the client has sent, lest a close becomes a reset.
            peer.read_exact(&mut [0; 7 + 7 + 8]).await.unwrap();
            let tcp = |peer: TlsStream<TcpStream>| peer.into_inner().0;
            let _open = match ending {
                Notified => peer.shutdown().await.map(|()| None).unwrap(),
                Truncated => {
                    drop(tcp(peer));
                    None
                }
                InPacket => {
                    peer.write_all(b"\x30\x7F\0\x01t").await.unwrap();
                    peer.flush().await.unwrap();
                    peer.shutdown().await.map(|()| None).unwrap()
                }
                Shutdown => {
                    let mut tcp = tcp(peer);
                    tcp.shutdown().await.unwrap();
                    Some(tcp)
                }
                Garbage | Noise => {
                    let mut tcp = tcp(peer);
                    let record = if matches!(ending, Garbage) {
                        &b"\x17\x03\x03\0\x20abcdefghijklmnopqrstuvwxyz012345"[..]
                    } else {
                        b"HTTP/1.1 400 Bad Request\r\n\r\n"
                    };
                    tcp.write_all(record).await.unwrap();
                    Some(tcp)
                }
                Malformed => {
                    peer.write_all(b"\x40\x03\0\x01\0").await.unwrap();
                    peer.flush().await.unwrap();
                    Some(tcp(peer))
                }
                Reset => {
                    tcp(peer).set_zero_linger().unwrap();
                    None
                }
            };
            let start = Instant::now();
            let failure = session.drive(Until::Idle, None, &mut seen).await.unwrap_err();
            assert!(start.elapsed() < 8 * SECOND, "{ending:?}: {:?}", start.elapsed());
            assert_eq!(seen.tags(), [1, 2, 3], "{ending:?}: each request ends once");
            assert!(seen.completed.iter().all(|(_, result)| *result == Err(failure)), "{ending:?}");
            failure.to_string()
        });
        writeln!(said, "{ending:?}: {failure}").unwrap();
    }
    insta::assert_snapshot!(said);
}

/// A record for each byte.
#[test]
fn packets_may_come_in_records_of_a_byte() {
    with_sockets(async {
        let (mut session, mut peer) = open(&connect_request("c")).await;
        let mut seen = Seen::default();
        open_all(&mut session, MINUTE, &mut seen).await;
        let acks = b"\x40\x02\0\x01\x50\x02\0\x02\x30\x04\0\x01tx\x90\x03\0\x03\0\x70\x02\0\x02";
        let (settled, ()) = tokio::join!(session.drive(Until::Idle, None, &mut seen), async {
            for byte in acks {
                peer.write_all(&[*byte]).await.unwrap();
                peer.flush().await.unwrap();
            }
        });
        assert!(settled.unwrap());
        assert_eq!(seen.tags(), [1, 2, 3]);
        assert!(seen.completed.iter().all(|(_, result)| result.is_ok()), "{:?}", seen.completed);
        assert_eq!(seen.received.len(), 1);
    });
}
