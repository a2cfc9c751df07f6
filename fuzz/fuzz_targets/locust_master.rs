//! Any bytes as a Locust master: from the first byte of the connection, after an orderly handshake, and as one message.
//!
//! The first byte says whether the handshake comes before and how the stream is cut. Nothing panics, what is read is no longer
//! than what was sent, and a master that stops sending is given up in bounded time.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mqtt_scenario::locust::decode::decode;
use mqtt_scenario::locust::zmtp::Dealer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// Greeting and READY of a ROUTER.
fn handshake() -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..16].copy_from_slice(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL");
    bytes.extend_from_slice(b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06ROUTER\x08Identity\0\0\0\0");
    bytes
}

async fn read(ours: DuplexStream, most: usize) {
    let Ok(mut dealer) = Dealer::open(ours, "host_1f").await else { return };
    let mut bytes = 0;
    while let Ok(Ok(message)) = timeout(Duration::from_secs(1), dealer.receive()).await {
        bytes += message.iter().map(|part| part.len()).sum::<usize>();
        assert!(bytes <= most, "{bytes} bytes of {most}");
        if let [body] = &*message {
            let _ = decode(body);
        }
    }
    dealer.close(Duration::from_secs(1)).await;
}

async fn write(theirs: DuplexStream, bytes: &[u8], cut: usize) {
    let (mut reader, mut writer) = tokio::io::split(theirs);
    let sending = async {
        for chunk in bytes.chunks(cut) {
            if writer.write_all(chunk).await.is_err() {
                break;
            }
        }
    };
    let mut heard = Vec::new();
    let _ = tokio::join!(sending, timeout(Duration::from_secs(30), reader.read_to_end(&mut heard)));
    assert!(heard.len() < 1 << 10 || heard.len() <= 2 * bytes.len(), "{} bytes in answer", heard.len());
}

thread_local! {
    static RUNTIME: Runtime =
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
}

fuzz_target!(|input: &[u8]| {
    let Some((&setup, bytes)) = input.split_first() else { return };
    let _ = decode(bytes);
    let sent = if setup & 1 == 0 { bytes.to_vec() } else { [&handshake(), bytes].concat() };
    let cut = usize::from(setup >> 1) + 1;
    RUNTIME.with(|runtime| {
        let (ours, theirs) = duplex(4 << 10);
        runtime.block_on(async { tokio::join!(read(ours, sent.len()), write(theirs, &sent, cut)) });
    });
});
