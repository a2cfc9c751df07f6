//! Any bytes as the broker's side of a connection, cut into reads anywhere, while requests of every kind are open:
//! each of them ends once, in its time and in bounded memory.
//!
//! The first four bytes say how the client and the stream are, the rest is what the broker sends; see [`Setup`].
//! The clock is paused, so that waiting takes no time. To begin with what is nearly right:
//! `cargo fuzz run broker_side fuzz/corpus/broker_side fuzz/seeds/broker_side -- -timeout=10`.
#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mqtt_scenario::client::driver::Driver;
use mqtt_scenario::client::failure::Failure;
use mqtt_scenario::client::pool::Pool;
use mqtt_scenario::client::{
Stream,
SessionState,     Close, Completion, ConnectRequest, Filter, Incoming, Late, Message, Session, Sink, Ticket, Until,
};
use mqtt_scenario::mqtt::{Qos, Settings, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, timeout};

/// How long a request waits, and how long is driven in one go.
const PATIENCE: Duration = Duration::from_secs(3);

/// The broker's bytes come in so many parts, with requests begun between them.
const ROUNDS: usize = 3;

/// What a run may have in memory, beside a few times what the broker sent. The answers to that are at most twice
/// as long; a topic alias is taken by its name.
const MEMORY: usize = 2 << 20;

/// Counts the bytes that are allocated, and the most that were.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's duty is ours.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's duty is ours.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How the client and its stream are.
#[derive(Clone, Copy)]
struct Setup {
    version: Version,
    /// The broker's bytes begin where the CONNACK would; otherwise an orderly one is before them.
    instead: bool,
    /// The session outlives its connections, of which there are two.
    lasting: bool,
    topic_alias: bool,
    small_receive_maximum: bool,
    /// The stream ends with the broker's bytes; otherwise it stays open and silent.
    ends: bool,
    close: Close,
    /// Seed of the lengths of reads; 0 for reads as large as they can be.
    cuts: u8,
    /// Most bytes that one write takes: 0 for all, 255 for none at all after the CONNECT.
    writes: u8,
    /// Which requests are begun in each round, by bits.
    requests: u8,
}

impl Setup {
    fn new([flags, cuts, writes, requests]: [u8; 4]) -> Self {
        let is = |bit: u8| flags & (1 << bit) != 0;
        Self {
            version: if is(0) { Version::V5 } else { Version::V311 },
            instead: is(1),
            lasting: is(2),
            topic_alias: is(3),
            small_receive_maximum: is(4),
            ends: is(5),
            close: if is(6) { Close::Abrupt } else { Close::Clean },
            cuts,
            writes,
            requests,
        }
    }

    fn connack(&self, session_present: bool) -> Vec<u8> {
        match self.version {
            _ if self.instead => Vec::new(),
            Version::V311 => vec![0x20, 2, u8::from(session_present), 0],
            Version::V5 => vec![0x20, 3, u8::from(session_present), 0, 0],
        }
    }
}

/// Bytes with lengths that are right, from a first byte, a length and a body each: mutations get further.
fn framed(mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [first, length, more @ ..] = rest {
        let (body, after) = more.split_at(usize::from(*length).min(more.len()));
        bytes.push(*first);
        mqtt_scenario::mqtt::property::put_varint(&mut bytes, body.len());
        bytes.extend_from_slice(body);
        rest = after;
    }
    bytes
}

/// A stream in memory: what the broker sends, as far as it has been let out.
struct Wire {
    bytes: Vec<u8>,
    at: usize,
    let_out: Rc<Cell<usize>>,
    setup: Setup,
    random: u32,
    written: usize,
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let left = wire.let_out.get().min(wire.bytes.len()) - wire.at;
        if left == 0 {
            let over = wire.at == wire.bytes.len() && wire.setup.ends;
            return if over { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        let mut length = left.min(into.remaining());
        if wire.setup.cuts != 0 {
            wire.random = wire.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            length = length.min((wire.random >> 24) as usize % 9 + 1);
        }
        into.put_slice(&wire.bytes[wire.at..wire.at + length]);
        wire.at += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let length = match wire.setup.writes {
            0 => bytes.len(),
            u8::MAX if wire.written > 0 => return Poll::Pending,
            u8::MAX => bytes.len(),
            most => bytes.len().min(most.into()),
        };
        wire.written += length;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Stream for Wire {
    fn abort_on_close(&mut self) {}
}

/// How often each request has ended, by its tag, and what came.
#[derive(Default)]
struct Seen {
    ends: Vec<u32>,
    messages: usize,
    payload_bytes: usize,
}

impl Sink for Seen {
    fn completed(&mut self, Completion { ticket, result, .. }: Completion) {
        self.ends[ticket.tag as usize] += 1;
        assert_eq!(self.ends[ticket.tag as usize], 1, "request {} ended twice", ticket.tag);
        if let Err(failure) = result {
            assert!(!failure.to_string().is_empty());
        }
    }

    fn received(&mut self, message: Incoming<'_>, _: Instant) {
        assert!(!message.topic.is_empty());
        self.messages += 1;
        self.payload_bytes += message.payload.len();
    }

    fn unexpected(&mut self, what: &'static str) {
        assert!(!what.is_empty());
    }
}

impl Seen {
    fn ticket(&mut self) -> Ticket {
        let due = Instant::now();
        let tag = u32::try_from(self.ends.len()).expect("a few requests");
        self.ends.push(0);
        Ticket { tag, awaited: true, due, late: Late::NONE, deadline: due + PATIENCE, length: 1 }
    }

    /// A request that was not taken is not to end.
    fn begun<T>(&mut self, request: Result<T, Failure>) {
        if request.is_err() {
            self.ends.pop();
        }
    }

    fn begin(&mut self, session: &mut Box<Driver<Wire>>, kinds: u8) {
        let levels = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];
        for (bit, qos) in levels.into_iter().enumerate() {
            if kinds & (1 << bit) != 0 && (qos == Qos::AtMostOnce || session.has_room()) {
                let message = Message { topic: b"t", payload: b"x", qos, retain: bit == 2, properties: &[] };
                let ticket = self.ticket();
                let request = session.publish(&message, ticket);
                self.begun(request);
            }
        }
        if kinds & 8 != 0 {
            let ticket = self.ticket();
            let request = session.subscribe(&[Filter::new("t", Qos::ExactlyOnce)], ticket);
            self.begun(request);
        }
        if kinds & 16 != 0 {
            let ticket = self.ticket();
            let filters = [Filter::new("a/#", Qos::AtLeastOnce), Filter::new("b", Qos::AtMostOnce)];
            let request = session.subscribe_with(&filters, Some(7), ticket);
            self.begun(request);
            let ticket = self.ticket();
            let request = session.unsubscribe(&["a/#", "t"], ticket);
            self.begun(request);
        }
    }
}

/// One run after the other on one thread, as users are.
struct Rig {
    runtime: Runtime,
    pool: Pool,
}

impl Rig {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        Self { runtime: runtime.expect("a runtime"), pool: Pool::default() }
    }
}

thread_local! {
    static RIG: Rig = Rig::new();
}

async fn run(setup: Setup, bytes: &[u8], pool: &Pool, seen: &mut Seen) {
    let mut first = ConnectRequest {
        broker: 0,
        turn: 0,
        certificate: None,
        client_id: "c",
        username: None,
        password: None,
        keep_alive_s: 1,
        inflight: 3,
        timeout: PATIENCE,
        settings: Settings {
            version: setup.version,
            clean_session: !setup.lasting,
            topic_alias: setup.topic_alias,
            max_packet_bytes: 1 << 16,
            ..Settings::default()
        },
        will: None,
        session: None,
        timings: None,
    };
    if setup.small_receive_maximum {
        first.settings.receive_maximum = 2;
    }
    let mut kept: Option<SessionState> = None;
    for connection in 0..if setup.lasting { 2 } else { 1 } {
        let request = ConnectRequest { session: kept.as_ref(), ..first };
        let mut sent = setup.connack(connection > 0);
        let connack_bytes = sent.len();
        sent.extend_from_slice(bytes);
        let let_out = Rc::new(Cell::new(if setup.instead { sent.len() } else { connack_bytes }));
        let total = sent.len();
        let wire = Wire {
            bytes: sent,
            at: 0,
            let_out: Rc::clone(&let_out),
            setup,
            random: setup.cuts.into(),
            written: 0,
        };
        let opened = timeout(PATIENCE, Driver::open(wire, pool.clone(), &request)).await;
        let Ok(Ok(session)) = opened else { return };
        let mut session = Box::new(session);
        for round in 1..=ROUNDS {
            seen.begin(&mut session, setup.requests >> (4 * (round % 2)));
            let_out.set(let_out.get().max(total * round / ROUNDS));
            let until = if round == ROUNDS { Until::Idle } else { Until::Written };
            let deadline = Instant::now() + PATIENCE;
            let driven = session.drive(until, Some(deadline), seen).await;
            // A timer rings within a millisecond.
            assert!(Instant::now() <= deadline + Duration::from_millis(1), "driven for too long");
            assert!(session.backlog() < 1 << 20, "{} bytes wait", session.backlog());
            if driven.is_err() {
                break;
            }
        }
        let lost = session.close(setup.close, PATIENCE, seen).await;
        if let Err(failure) = lost {
            assert!(!failure.to_string().is_empty());
        }
        kept = Some(session.take_state());
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((setup, bytes)) = input.split_first_chunk::<4>() else { return };
    let is_framed = setup[0] & 0x80 != 0;
    let setup = Setup::new(*setup);
    let bytes = if is_framed { framed(bytes) } else { bytes.to_vec() };
    RIG.with(|rig| {
        let before = LIVE.load(Ordering::Relaxed);
        MOST.store(before, Ordering::Relaxed);
        let mut seen = Seen::default();
        rig.runtime.block_on(run(setup, &bytes, &rig.pool, &mut seen));
        if !setup.lasting {
            assert!(seen.ends.iter().all(|ends| *ends == 1), "{:?}", seen.ends);
        }
        assert!(seen.messages <= 2 * bytes.len() && seen.payload_bytes <= 2 * bytes.len());
        let most = MOST.load(Ordering::Relaxed) - before;
        assert!(most < MEMORY + 16 * bytes.len(), "{most} bytes in memory for {}", bytes.len());
    });
});
