//! Serves the routes of a site over HTTP/1.1, on a thread of its own with limits on everything that a visitor can hold.
//!
//! A visitor holds one of [`CONNECTIONS`] and a bounded buffer, and never anybody else's time: who is slow to ask, to
//! read or to send is sent away. The thread has a lower priority than the run's, so that visitors get what the run
//! leaves. axum's own server has none of these limits, which is why hyper serves here.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Router, body::HttpBody};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::web::stall::Stall;

/// Visitors that are connected at a time; the next one is told so.
pub const CONNECTIONS: usize = 200;

/// Bytes that a visitor may send in the body of a request.
pub const BODY_BYTES: usize = 64 << 10;

/// Bytes of an answer, or of the head of a request, that lie in the program for one visitor, and again in the system.
const BUFFER_BYTES: usize = 64 << 10;

/// For so long answers under way may go on when the server stops.
const END_TIME: Duration = Duration::from_millis(500);

/// How long visitors may take. Tests have less time.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// To send the head of a request, or the next one of an idle connection.
    head: Duration,
    /// From the head of a request to the head of its answer: the runner alone may think for ten seconds.
    request: Duration,
    /// Without reading one byte of an answer.
    stall: Duration,
    connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            request: Duration::from_secs(20),
            stall: Duration::from_mins(1),
            connections: CONNECTIONS,
        }
    }
}

/// After the system could not give us a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How much lower than the run's the priority of the thread is, of at most 19.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// A server that runs. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the site from now on.
    ///
    /// # Errors
    /// What the system says if there can be no thread or no runtime.
    pub fn start(listener: TcpListener, site: Router) -> io::Result<Self> {
        Self::start_within(listener, site, Limits::default())
    }

    fn start_within(listener: TcpListener, site: Router, limits: Limits) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let site = site
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .layer(middleware::from_fn(move |request, next| bounded(request, next, limits.request)));
        let thread = thread::Builder::new().name("web".to_owned()).spawn(move || {
            yield_to_the_run();
            runtime.block_on(async {
                if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                    serve(&listener, &site, &stopped, limits).await;
                }
            });
            // A file that is being read must not hold up the end.
            runtime.shutdown_background();
        })?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens: the port is the real one, also if any was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Is cancelled when the server stops: answers that go on for ever end then.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Ends it within a second: nobody is let in, answers under way get half a second, and the rest is cut off.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Lets visitors in until it is told to stop.
async fn serve(listener: &tokio::net::TcpListener, site: &Router, stop: &CancellationToken, limits: Limits) {
    let mut visitors = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = visitors.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if visitors.len() < limits.connections => {
                visitors.spawn(visit(stream, site.clone(), stop.clone(), limits));
            }
            Ok((stream, _)) => turn_away(&stream),
            // Too many open files, or a visitor that has left already.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
    let _ = timeout(END_TIME, async { while visitors.join_next().await.is_some() {} }).await;
}

/// Serves one connection to its end. How it ends concerns nobody but the visitor.
async fn visit(stream: TcpStream, site: Router, stop: CancellationToken, limits: Limits) {
    // Both only make it faster or smaller.
    let _ = stream.set_nodelay(true);
    let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, BUFFER_BYTES);
    let io = TokioIo::new(Stall::new(stream, limits.stall));
    let mut connection = Box::pin(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(io, TowerToHyperService::new(site)),
    );
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Says that there are too many visitors, as far as that can be said at once.
fn turn_away(stream: &TcpStream) {
    let text = "There are too many visitors: close a page and try again.\n";
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    );
    let _ = stream.try_write(answer.as_bytes());
}

/// Refuses a request that says itself that its body is too large, and ends one that takes too long.
async fn bounded(request: Request, next: Next, time: Duration) -> Response {
    if request.body().size_hint().lower() > BODY_BYTES as u64 {
        let text = format!("A request may have {BODY_BYTES} bytes.\n");
        return (StatusCode::PAYLOAD_TOO_LARGE, [(header::CONNECTION, "close")], text).into_response();
    }
    match timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            (StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, "close")], "Too slow.\n").into_response()
        }
    }
}

/// Lowers the priority of this thread. Elsewhere than on Linux that would be the whole process's.
fn yield_to_the_run() {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    }
}

#[cfg(test)]
mod tests {
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
}
