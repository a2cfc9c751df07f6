use std::io::{Read, Write};
use std::net::TcpStream;

use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use super::*;

const SHORT: Duration = Duration::from_millis(300);
const HELLO: &str = "GET /hello HTTP/1.1\r\nhost: x\r\n\r\n";
const GOODBYE: &str = "GET /hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn server(limits: Limits) -> Server {
    let endless = || async { Body::from_stream(ReaderStream::new(tokio::io::repeat(b'x'))) };
    let site = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/endless", get(endless))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }));
    Server::start_within(TcpListener::bind("127.0.0.1:0").unwrap(), site, limits).unwrap()
}

fn connect(server: &Server, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// All that comes until the server closes; `None` if it does not.
fn rest(mut stream: TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // Bytes that the server has not read make the end a reset.
    let is_closed = read.map_or_else(|error| error.kind() == io::ErrorKind::ConnectionReset, |_| true);
    is_closed.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn status(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 12];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[9..]).into_owned()
}

#[test]
fn a_server_ends_within_a_second_whoever_is_there() {
    let server = server(Limits::default());
    let idle = connect(&server, "");
    let mut kept = connect(&server, HELLO);
    assert_eq!(status(&mut kept), "200");
    let mut endless = connect(&server, "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(status(&mut endless), "200");
    let began = Instant::now();
    let address = server.address();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    for stream in [idle, kept, endless] {
        assert!(rest(stream).is_some());
    }
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn who_is_slow_to_ask_or_asks_nothing_more_is_sent_away() {
    let server = server(Limits { head: SHORT, ..Limits::default() });
    let began = Instant::now();
    let visitors = ["", "GET /hello HTTP/1.1\r\nhost:", HELLO].map(|text| connect(&server, text));
    for stream in visitors {
        assert!(rest(stream).is_some());
    }
    assert!(began.elapsed() >= SHORT);
}

#[test]
fn a_request_that_does_not_come_to_its_end_is_sent_away() {
    let server = server(Limits { request: SHORT, ..Limits::default() });
    let post = "POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nonly this";
    let answer = rest(connect(&server, post)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[test]
fn there_is_a_last_visitor_and_the_next_one_is_told_so() {
    let server = server(Limits { connections: 2, ..Limits::default() });
    let mut visitors = [(); 2].map(|()| connect(&server, HELLO));
    assert_eq!(visitors.each_mut().map(status), ["200", "200"]);
    let answer = rest(connect(&server, "")).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("too many visitors"), "{answer}");
    let [one, _other] = visitors;
    drop(one);
    let began = Instant::now();
    // Who is turned away before its request is read may see a reset instead of the answer.
    while !rest(connect(&server, GOODBYE)).unwrap().starts_with("HTTP/1.1 200") {
        assert!(began.elapsed() < Duration::from_secs(5), "nobody is let in again");
    }
}

#[test]
fn a_body_has_a_limit_however_it_comes() {
    let server = server(Limits::default());
    let head = "POST /length HTTP/1.1\r\nhost: x\r\n";
    let post = |length: usize| {
        format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{}", "x".repeat(length))
    };
    let answer = rest(connect(&server, &post(BODY_BYTES))).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("65536"), "{answer}");
    let declared = format!("{head}content-length: 99999999\r\n\r\n");
    assert_eq!(status(&mut connect(&server, &declared)), "413");
    let chunk = format!("{:x}\r\n{}\r\n", BODY_BYTES / 2, "x".repeat(BODY_BYTES / 2));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(3));
    assert_eq!(status(&mut connect(&server, &chunked)), "413");
}

#[test]
fn who_does_not_read_disturbs_nobody_and_is_sent_away() {
    let server = server(Limits { stall: SHORT, ..Limits::default() });
    let mut deaf: Vec<_> =
        (0..20).map(|_| connect(&server, "GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")).collect();
    let began = Instant::now();
    for _ in 0..10 {
        assert_eq!(status(&mut connect(&server, HELLO)), "200");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    while began.elapsed() < SHORT * 3 {
        assert_eq!(status(&mut connect(&server, HELLO)), "200");
    }
    // What lay in buffers comes, and then the end.
    assert!(rest(deaf.remove(0)).is_some());
}

#[test]
fn nonsense_is_refused_and_disturbs_nobody() {
    let server = server(Limits { head: SHORT, ..Limits::default() });
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(BUFFER_BYTES * 2));
    for nonsense in ["\0\0\0\0\r\n\r\n", "\x16\x03\x01\x02", "GET / HTTP/9.9\r\n\r\n", &long] {
        // It may close while we still write.
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let _ = stream.write_all(nonsense.as_bytes());
        let answer = rest(stream);
        assert!(answer.is_some_and(|answer| !answer.starts_with("HTTP/1.1 200")));
    }
    assert_eq!(status(&mut connect(&server, HELLO)), "200");
}
