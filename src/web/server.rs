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
mod tests;
