use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_reader_that_reads_nothing_ends_the_stream_and_a_slow_one_does_not() {
    let (ours, mut theirs) = duplex(4);
    let mut stream = Stall::new(ours, Duration::from_mins(1));
    let slow = async {
        for _ in 0..6 {
            sleep(Duration::from_secs(59)).await;
            theirs.read_u8().await.unwrap();
        }
    };
    let (written, ()) = tokio::join!(stream.write_all(b"ten bytes."), slow);
    written.unwrap();

    let began = Instant::now();
    let error = stream.write_all(b"more").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(began.elapsed().as_secs(), 60);
}
