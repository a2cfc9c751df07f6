use std::net::Ipv6Addr;

use tokio::net::TcpListener;

use super::*;

/// An address on which nobody listens.
async fn closed(ip: impl Into<IpAddr>) -> SocketAddr {
    TcpListener::bind((ip.into(), 0)).await.unwrap().local_addr().unwrap()
}

const TIMEOUT: Duration = Duration::from_secs(20);

async fn connect(addresses: &[SocketAddr], sources: &[IpAddr]) -> Result<TcpStream, Failure> {
    Ports::new().connect(addresses, sources, 0, TIMEOUT).await
}

/// An address that answers nothing: its listener accepts nobody, and the kernel drops who comes when its queue is
/// full. What fills it must be kept.
async fn silent(ip: IpAddr) -> (TcpListener, Vec<TcpStream>) {
    let socket = if ip.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.unwrap();
    socket.bind(SocketAddr::new(ip, 0)).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut filling = Vec::new();
    let soon = Duration::from_millis(200);
    while let Ok(stream) = tokio::time::timeout(soon, TcpStream::connect(address)).await {
        filling.push(stream.unwrap());
    }
    (listener, filling)
}

#[tokio::test]
async fn a_silent_address_costs_the_next_one_a_head_start() {
    let (silent, _filling) = silent(Ipv6Addr::LOCALHOST.into()).await;
    let second = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [silent.local_addr().unwrap(), second.local_addr().unwrap()];
    for sources in [&[][..], &[Ipv6Addr::LOCALHOST.into(), [127, 0, 0, 1].into()]] {
        let begin = Instant::now();
        let stream = connect(&addresses, sources).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        assert!((HEAD_START..TIMEOUT / 4).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    }
    // Of a time shorter than the head start, each has its share.
    let begin = Instant::now();
    let short = Ports::new().connect(&addresses, &[], 0, Duration::from_millis(100)).await;
    assert_eq!(short.unwrap().peer_addr().unwrap(), addresses[1]);
    assert!(begin.elapsed() < HEAD_START, "{:?}", begin.elapsed());
    // One that is refused does not wait, and the first is still the one that is preferred.
    let closed = closed(Ipv6Addr::LOCALHOST).await;
    let begin = Instant::now();
    let stream = connect(&[closed, addresses[1], addresses[0]], &[]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
    assert!(begin.elapsed() < HEAD_START, "{:?}", begin.elapsed());
}

#[test]
fn a_failure_of_this_machine_is_told_only_if_there_is_no_other() {
    let (refused, none) = (io::Error::from_raw_os_error(111), io::ErrorKind::AddrNotAvailable.into());
    let (refused, none) = (Failure::opening(&refused), Failure::opening(&none));
    assert_eq!(told(told(None, none).into(), refused), refused);
    assert_eq!(told(told(None, refused).into(), none), refused);
    assert_eq!(told(Some(none), none), none);
}

#[tokio::test]
async fn the_turn_of_a_user_chooses_its_source_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [listener.local_addr().unwrap()];
    let sources = [Ipv6Addr::LOCALHOST.into(), IpAddr::from([127, 0, 0, 2]), IpAddr::from([127, 0, 0, 3])];
    // As two processes would, each with every other user.
    for (turn, last) in [(0, 2), (2, 2), (1, 3), (3, 3)] {
        let stream = Ports::new().connect(&addresses, &sources, turn, TIMEOUT).await.unwrap();
        assert_eq!(stream.local_addr().unwrap().ip(), IpAddr::from([127, 0, 0, last]), "{turn}");
    }
}

#[tokio::test]
async fn addresses_are_tried_in_order_until_one_answers() {
    let first = closed(Ipv6Addr::LOCALHOST).await;
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap().local_addr();
    let third = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fourth = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [first, second.unwrap(), third.local_addr().unwrap(), fourth.local_addr().unwrap()];
    let stream = connect(&addresses, &[]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), addresses[2]);
    let failure = connect(&addresses[..2], &[]).await.unwrap_err();
    assert_eq!(failure.to_string(), "cannot connect: Connection refused (os error 111)");
}

#[tokio::test]
async fn addresses_without_a_source_of_their_family_are_passed_over() {
    let six = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
    let four = closed([127, 0, 0, 1]).await;
    let addresses = [six.local_addr().unwrap(), four];
    let sources = [IpAddr::from(Ipv6Addr::LOCALHOST)];
    let stream = connect(&addresses, &sources).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), addresses[0]);
    // The address that could be tried says why, not the one that could not.
    let sources = [IpAddr::from([127, 0, 0, 1])];
    let failure = connect(&addresses, &sources).await.unwrap_err();
    assert_eq!(failure.to_string(), "cannot connect: Connection refused (os error 111)");
    let failure = connect(&addresses[..1], &sources).await.unwrap_err();
    assert!(matches!(failure, Failure::Generator(_)), "{failure}");
}
