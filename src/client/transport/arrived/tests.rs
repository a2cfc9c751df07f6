use std::net::Ipv6Addr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn what_the_other_side_does_not_take_has_not_arrived() {
    for ip in [IpAddr::from([127, 0, 0, 1]), Ipv6Addr::LOCALHOST.into()] {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        assert_eq!(not_arrived(&stream), Some(0));
        let (piece, mut sent) = (vec![0; 1 << 20], 0);
        while let Ok(n) = stream.try_write(&piece) {
            sent += n;
            tokio::task::yield_now().await;
        }
        let before = not_arrived(&stream).unwrap();
        assert!(before > 0 && before < sent as u64, "{before} of {sent}");
        let mut rest = vec![0; sent];
        peer.read_exact(&mut rest).await.unwrap();
        // The last acknowledgement may come a moment later.
        while not_arrived(&stream) != Some(0) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

#[test]
fn an_error_of_the_kernel_is_no_length() {
    assert_eq!(queue_length(&[]), None);
    let mut answer = vec![0; 124];
    answer[4..6].copy_from_slice(&2_u16.to_ne_bytes());
    assert_eq!(queue_length(&answer), None);
}
