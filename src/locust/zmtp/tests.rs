use proptest::prelude::*;
use tokio::io::{DuplexStream, duplex};

use super::*;

/// READY of a Locust master, as libzmq sends it.
const ROUTER_READY: &[u8] = b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0\0";

fn master_greeting() -> Vec<u8> {
    let mut bytes = greeting().to_vec();
    bytes[8] = 1;
    bytes[11] = 1;
    bytes
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

/// A dealer whose peer has sent these bytes after an orderly handshake.
async fn opened(after: &[u8]) -> (Dealer<DuplexStream>, DuplexStream) {
    let (ours, mut theirs) = duplex(1 << 20);
    theirs.write_all(&[&master_greeting(), ROUTER_READY, after].concat()).await.unwrap();
    let dealer = Dealer::open(ours, "host_1f").await.unwrap();
    let mut sent = vec![0; GREETING_BYTES + 2 + ready("host_1f").len()];
    theirs.read_exact(&mut sent).await.unwrap();
    (dealer, theirs)
}

/// What comes of a peer that sends these bytes and stays.
fn refused(bytes: &[u8]) -> String {
    run(async {
        let (ours, mut theirs) = duplex(1 << 20);
        theirs.write_all(bytes).await.unwrap();
        Dealer::open(ours, "host_1f").await.unwrap_err().to_string()
    })
}

#[test]
fn greeting_and_ready_are_those_of_zmtp_3_0() {
    run(async {
        let (ours, mut theirs) = duplex(1 << 10);
        theirs.write_all(&[&master_greeting(), ROUTER_READY].concat()).await.unwrap();
        let _dealer = Dealer::open(ours, "host_1f").await.unwrap();
        let expected = [
            b"\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL".as_slice(),
            &[0; 48],
            b"\x04\x30\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\x07host_1f",
        ]
        .concat();
        let mut sent = vec![0; expected.len()];
        theirs.read_exact(&mut sent).await.unwrap();
        assert_eq!(sent, expected);
    });
}

#[test]
fn a_peer_that_is_no_master_is_told_from_its_first_bytes() {
    let greeted = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = master_greeting();
        change(&mut bytes);
        refused(&bytes)
    };
    let with_ready = |ready: &[u8]| refused(&[&master_greeting(), ready].concat());
    let table = [
        refused(b"HTTP/1.1 400 Bad Request\r\n\x1b[2J"),
        refused(b""),
        refused(b"\xff\0\0\0\0\0\0\0\x01\x7f\x01"),
        greeted(&|bytes| bytes[12..17].copy_from_slice(b"CURVE")),
        with_ready(b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03PUB"),
        with_ready(b"\x04\x06\x05READY"),
        with_ready(b"\x04\x09\x05READY\x09So"),
        with_ready(b"\x04\x0c\x05ERROR\x05no\x1b[m"),
        with_ready(b"\x00\x01x"),
        with_ready(b"\x06\0\0\0\x01\0\0\0\0"),
        with_ready(b"\x02\xff\xff\xff\xff\xff\xff\xff\xff"),
        with_ready(b"\x80\x01x"),
        with_ready(b"\x05\x01x"),
    ];
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn a_connection_that_ends_says_when() {
    run(async {
        let (ours, theirs) = duplex(1 << 10);
        drop(theirs);
        let error = Dealer::open(ours, "host_1f").await.unwrap_err().to_string();
        assert!(
            ["the connection was closed before it was agreed on", "broken pipe"].contains(&error.as_str()),
            "{error}"
        );
        let (mut dealer, theirs) = opened(b"").await;
        drop(theirs);
        assert_eq!(dealer.receive().await.unwrap_err().to_string(), "the connection was closed");
    });
}

#[test]
fn a_ping_is_answered_and_unknown_commands_are_passed_over() {
    run(async {
        let (mut dealer, mut theirs) = opened(b"\x04\x09\x04PING\0\x0aab\x04\x05\x04NEWS\0\x02hi").await;
        assert_eq!(dealer.receive().await.unwrap(), ["hi"]);
        dealer.close(Duration::from_millis(1)).await;
        let mut pong = [0; 9];
        theirs.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, b"\x04\x07\x04PONGab");
    });
}

#[test]
fn a_message_may_have_parts_but_not_without_end() {
    run(async {
        let (mut dealer, _theirs) = opened(b"\x01\x01a\x03\0\0\0\0\0\0\0\x02bc\0\0").await;
        assert_eq!(dealer.receive().await.unwrap(), ["a", "bc", ""]);
        let (mut dealer, _theirs) = opened(&b"\x01\x01a".repeat(MAX_PARTS + 1)).await;
        assert_eq!(
            dealer.receive().await.unwrap_err().to_string(),
            "it sent a malformed frame: a message of too many parts"
        );
    });
}

#[test]
fn a_master_that_reads_nothing_does_not_fill_the_memory() {
    run(async {
        let (mut dealer, _theirs) = opened(b"").await;
        let body = vec![0; 1 << 20];
        let sent = (0..100).take_while(|_| dealer.send(&body).is_ok()).count();
        assert_eq!(sent, 15);
    });
}

#[test]
fn the_last_message_leaves_before_the_connection_is_closed() {
    run(async {
        let (mut dealer, mut theirs) = opened(b"").await;
        dealer.send(b"last").unwrap();
        let (mut read, mut write) = tokio::io::split(&mut theirs);
        let peer = async {
            let mut sent = Vec::new();
            read.read_to_end(&mut sent).await.unwrap();
            write.shutdown().await.unwrap();
            sent
        };
        let (closed, sent) = tokio::join!(dealer.close(Duration::from_secs(1)), peer);
        assert!(closed);
        assert_eq!(sent, b"\0\x04last");
    });
}

#[test]
fn no_byte_is_lost_when_receiving_is_given_up_and_begun_again() {
    run(async {
        let (mut dealer, mut theirs) = opened(b"").await;
        let body = vec![7; 300];
        let mut frame = BytesMut::new();
        put_frame(&mut frame, 0, &body);
        dealer.send(&body).unwrap();
        for byte in &frame[..frame.len() - 1] {
            theirs.write_all(&[*byte]).await.unwrap();
            assert!(timeout(Duration::from_millis(1), dealer.receive()).await.is_err());
        }
        theirs.write_all(&frame[frame.len() - 1..]).await.unwrap();
        assert_eq!(dealer.receive().await.unwrap(), [body]);
        let mut sent = vec![0; frame.len()];
        theirs.read_exact(&mut sent).await.unwrap();
        assert_eq!(sent, frame);
    });
}

proptest! {
    #[test]
    fn what_is_framed_is_read_back_wherever_the_stream_is_cut(
        bodies in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..600), any::<bool>()), 1..5),
        cut in 1_usize..40,
    ) {
        let mut written = BytesMut::new();
        for (body, more) in &bodies {
            put_frame(&mut written, u8::from(*more), body);
        }
        let mut read = BytesMut::new();
        let mut seen = Vec::new();
        for chunk in written.chunks(cut) {
            read.extend_from_slice(chunk);
            while let Some(frame) = take_frame(&mut read).unwrap() {
                let Frame::Part { body, more } = frame else { panic!("no command was sent") };
                seen.push((body.to_vec(), more));
            }
        }
        prop_assert_eq!(seen, bodies);
    }

    #[test]
    fn any_bytes_are_a_frame_a_beginning_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut read = BytesMut::from(&bytes[..]);
        while let Ok(Some(_)) = take_frame(&mut read) {}
        let _ = check_ready(&bytes);
    }
}
