//! Masters that are silent, malformed or no masters at all: a clear error in a bounded time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use mqtt_scenario::locust::dial::MasterAddress;
use mqtt_scenario::locust::locustfile::fetch;
use tokio::time::timeout;

use crate::support::locust_master::Worker;
use crate::support::{free_port, with_sockets};

/// Greeting and READY of a ROUTER.
pub(crate) fn router() -> Vec<u8> {
    let mut greeting = [0; 64];
    greeting[..16].copy_from_slice(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL");
    let ready = b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0\0";
    [&greeting, ready.as_slice()].concat()
}

/// `("ack", nil, nil)`.
pub(crate) const ACK: &[u8] = b"\0\x07\x93\xa3ack\xc0\xc0";

/// Accepts one connection, sends this and reads until its end.
pub(crate) fn master(sends: Vec<u8>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A worker that has seen enough closes before all is written or read.
        let _ = stream.write_all(&sends);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    port
}

/// What becomes of a worker that looks for a master for so long.
fn error_of(port: u16, limit: Duration) -> String {
    with_sockets(async {
        let mut worker = Worker::start("w", port, &["A"], limit);
        let end = timeout(Duration::from_secs(15), worker.ended()).await.expect("it hangs");
        end.unwrap_err().to_string()
    })
}

#[test]
fn what_is_no_master_is_named_at_once() {
    let with = |after: &[u8]| [&router(), after].concat();
    let table = [
        ("not ZeroMQ", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        ("ZMTP 2", b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x06".to_vec()),
        ("huge", with(b"\x02\x7f\xff\xff\xff\xff\xff\xff\xff")),
        ("malformed frame", with(b"\xff\0")),
        ("malformed body", with(b"\0\x02\xc1\xc1")),
        ("two parts", with(b"\x01\x01a\0\x01b")),
    ];
    let texts =
        table.map(|(name, sends)| format!("{name}: {}", error_of(master(sends), Duration::from_secs(5))));
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn a_master_that_never_answers_is_given_up() {
    let limit = Duration::from_secs(1);
    assert_eq!(
        error_of(master(router()), limit),
        "no master of Locust took this worker in within 1 s: it does not answer client_ready"
    );
    let refused = error_of(free_port(), limit);
    assert!(
        refused.starts_with("no master of Locust took this worker in within 1 s: Connection refused"),
        "{refused}"
    );
    let silent = error_of(master(Vec::new()), limit);
    assert_eq!(silent, "no master of Locust took this worker in within 1 s: it did not answer");
}

#[test]
fn a_malformed_message_of_a_master_that_took_the_worker_in_is_passed_over() {
    with_sockets(async {
        let quit = b"\0\x08\x93\xa4quit\xc0\xc0";
        let sends = [&router(), ACK, b"\0\x02\xc1\xc1", quit].concat();
        let mut worker = Worker::start("w", master(sends), &["A"], Duration::from_secs(5));
        assert_eq!(timeout(Duration::from_secs(10), worker.ended()).await.expect("it hangs"), Ok(()));
    });
}

#[test]
fn a_locustfile_that_never_comes_is_given_up() {
    with_sockets(async {
        let address = MasterAddress { host: "127.0.0.1".to_owned(), port: master(router()) };
        let error = fetch(&address, "test_d", Duration::from_secs(1)).await.unwrap_err().to_string();
        assert_eq!(error, "no master of Locust sent its locustfile in time: it did not answer");
    });
}
