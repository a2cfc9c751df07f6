//! The null broker: acknowledges at once, drops what it gets, counts.
//!
//! One thread and level-triggered epoll, all answers to one read in one write, so that it costs less per
//! message than any client and the client is what a measurement shows. It counts in memory and tells when it
//! is asked through a pipe; when the pipe closes it ends, so that it cannot outlive who started it.

#![expect(clippy::disallowed_methods, reason = "it lives on wall time, outside of any runtime")]

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mqtt_scenario::stats::stamp::{self, Publisher, Stamp};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use tokio_rustls::rustls::ServerConfig;

use super::link::Link;
use super::wire;

/// The topic of what subscribers get.
pub(crate) const TOPIC: &str = "bench/fan";

/// Bytes that may wait for one subscriber; until they are gone it gets no more.
const HIGH_WATER: usize = 64 * 1024;

/// Messages in one write of a flood.
const FLOOD_BATCH: usize = 256;

const READ_BYTES: usize = 64 * 1024;
const LISTENER: u64 = u64::MAX;
const COMMANDS: u64 = u64::MAX - 1;

/// What subscribers get, 20 bytes of payload at QoS 0, a stamp not counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Deliveries {
    /// Nothing.
    None,
    /// So many messages per second over all subscribers, everybody one at a time.
    PerSecond(f64),
    /// As much as they take.
    Flood,
    /// The same with a stamp in front, as if one publisher sent to each subscriber.
    Stamped,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Connections that sent CONNECT.
    pub(crate) connects: u64,
    /// Filters that were subscribed to.
    pub(crate) subscribes: u64,
    /// Messages from clients.
    pub(crate) published: u64,
    /// Messages to subscribers.
    pub(crate) delivered: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.connects, self.subscribes, self.published, self.delivered)
    }
}

impl FromStr for Counts {
    type Err = io::Error;

    fn from_str(line: &str) -> io::Result<Self> {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [connects, subscribes, published, delivered] => {
                Ok(Self { connects, subscribes, published, delivered })
            }
            _ => Err(io::Error::other("the null broker died")),
        }
    }
}

/// Serves until `commands` is closed, through TLS if it is told how; answers each byte of it with a line of [`Counts`].
pub(crate) fn serve(
    listener: &TcpListener,
    deliveries: Deliveries,
    tls: Option<Arc<ServerConfig>>,
    mut commands: impl Read + AsFd,
    mut answers: impl Write,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    epoll::add(&epoll, &commands, EventData::new_u64(COMMANDS), EventFlags::IN)?;
    let payload = *b"01234567890123456789";
    let (message, flood) = match deliveries {
        Deliveries::None | Deliveries::PerSecond(_) => (wire::publish(TOPIC, &payload, 0).0, Vec::new()),
        Deliveries::Flood => {
            let message = wire::publish(TOPIC, &payload, 0).0;
            (message.clone(), message.repeat(FLOOD_BATCH))
        }
        Deliveries::Stamped => {
            let message = wire::publish(TOPIC, &[&[b'~'; stamp::LENGTH][..], &payload].concat(), 0).0;
            (message.clone(), message.repeat(FLOOD_BATCH))
        }
    };
    let stamped_from_end = (deliveries == Deliveries::Stamped).then_some(payload.len() + stamp::LENGTH);
    let mut broker = Broker {
        epoll,
        tls,
        connections: Vec::new(),
        free: Vec::new(),
        subscribers: Vec::new(),
        message,
        flood,
        stamped_from_end,
        counts: Counts::default(),
    };
    let mut events = Vec::with_capacity(1024);
    let mut buffer = vec![0; READ_BYTES];
    let mut pace = Pace { subscribers: 0, due: Instant::now() };
    loop {
        let timeout = broker.deliver_what_is_due(deliveries, &mut pace);
        events.clear();
        match epoll::wait(&broker.epoll, spare_capacity(&mut events), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let (key, flags) = (event.data.u64(), event.flags);
            match key {
                LISTENER => broker.accept(listener)?,
                COMMANDS => {
                    let mut bytes = [0; 16];
                    match commands.read(&mut bytes)? {
                        0 => return Ok(()),
                        n => (0..n).try_for_each(|_| writeln!(answers, "{}", broker.counts))?,
                    }
                    answers.flush()?;
                }
                key => broker.ready(usize::try_from(key).unwrap_or(usize::MAX), flags, &mut buffer),
            }
        }
    }
}

struct Connection {
    link: Link,
    /// The head of a packet whose end has not come.
    partial: Vec<u8>,
    out: Vec<u8>,
    subscribed: bool,
    /// Messages with stamps.
    stamped: u64,
    /// What epoll was told.
    wants_write: bool,
}

struct Broker {
    epoll: std::os::fd::OwnedFd,
    tls: Option<Arc<ServerConfig>>,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    /// Keys of connections that subscribed; those that are gone are skipped.
    subscribers: Vec<usize>,
    message: Vec<u8>,
    /// What a subscriber gets when it has nothing to read; empty without a flood.
    flood: Vec<u8>,
    /// Where the stamp of a message begins, from its end.
    stamped_from_end: Option<usize>,
    counts: Counts,
}

impl Broker {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // A client that was gone before it was accepted.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let key = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            epoll::add(&self.epoll, &stream, EventData::new_u64(key as u64), EventFlags::IN)?;
            let (partial, out) = (Vec::new(), Vec::new());
            let link = Link::new(stream, self.tls.as_ref())?;
            self.connections[key] =
                Some(Connection { link, partial, out, subscribed: false, stamped: 0, wants_write: false });
        }
    }

    fn ready(&mut self, key: usize, flags: EventFlags, buffer: &mut [u8]) {
        let Some(mut connection) = self.connections.get_mut(key).and_then(Option::take) else { return };
        let readable = flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR);
        let alive = (!readable || self.read(&mut connection, key, buffer).is_ok())
            && self.write(&mut connection, key).is_ok();
        if alive {
            self.connections[key] = Some(connection);
        } else {
            // Closing takes it out of the epoll set.
            drop(connection);
            self.free.push(key);
            self.subscribers.retain(|subscriber| *subscriber != key);
        }
    }

    /// One read, and all packets in it. An error means that the connection is over.
    fn read(&mut self, connection: &mut Connection, key: usize, buffer: &mut [u8]) -> io::Result<()> {
        let length = match connection.link.read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut joined = std::mem::take(&mut connection.partial);
        let bytes = if joined.is_empty() {
            &buffer[..length]
        } else {
            joined.extend_from_slice(&buffer[..length]);
            &joined
        };
        let mut used = 0;
        while let Some(packet) = wire::packet(&bytes[used..]) {
            let (first, body, length) = packet.map_err(|_| ErrorKind::InvalidData)?;
            self.answer(connection, key, first, body)?;
            used += length;
        }
        connection.partial.extend_from_slice(&bytes[used..]);
        Ok(())
    }

    fn answer(&mut self, connection: &mut Connection, key: usize, first: u8, body: &[u8]) -> io::Result<()> {
        let out = &mut connection.out;
        match first >> 4 {
            1 => {
                self.counts.connects += 1;
                out.extend_from_slice(&[0x20, 2, 0, 0]);
            }
            3 => {
                self.counts.published += 1;
                if first & 6 != 0 {
                    let topic = usize::from(u16::from_be_bytes(id(body)?));
                    let [high, low] = id(body.get(2 + topic..).unwrap_or_default())?;
                    let answer = if first & 6 == 2 { 0x40 } else { 0x50 };
                    out.extend_from_slice(&[answer, 2, high, low]);
                }
            }
            6 => out.extend(wire::packed(0x70, &id(body)?)),
            8 => {
                let filters = filters(body);
                self.counts.subscribes += filters as u64;
                out.extend(wire::packed(0x90, &[&id(body)?[..], &vec![0; filters]].concat()));
                if !connection.subscribed {
                    connection.subscribed = true;
                    self.subscribers.push(key);
                }
            }
            10 => out.extend(wire::packed(0xB0, &id(body)?)),
            12 => out.extend_from_slice(&[0xD0, 0]),
            // Acknowledgements; nothing is sent that would need them.
            4 | 5 | 7 => {}
            _ => return Err(ErrorKind::ConnectionAborted.into()),
        }
        Ok(())
    }

    /// Writes what waits, as far as it goes.
    fn write(&mut self, connection: &mut Connection, key: usize) -> io::Result<()> {
        let flooded = connection.subscribed && !self.flood.is_empty();
        if flooded && connection.out.is_empty() {
            connection.out.extend_from_slice(&self.flood);
            if let Some(place) = self.stamped_from_end {
                stamp_all(connection, key, self.message.len(), place);
            }
            self.counts.delivered += FLOOD_BATCH as u64;
        }
        if !connection.out.is_empty() || connection.link.wants_write() {
            match connection.link.write(&connection.out) {
                Ok(length) if length == connection.out.len() => connection.out.clear(),
                Ok(length) => drop(connection.out.drain(..length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        let wants_write = flooded || !connection.out.is_empty() || connection.link.wants_write();
        if wants_write != connection.wants_write {
            connection.wants_write = wants_write;
            let interest = if wants_write { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            epoll::modify(&self.epoll, &connection.link.tcp, EventData::new_u64(key as u64), interest)?;
        }
        Ok(())
    }

    /// Gives every subscriber its message if it is time, and tells how long there is to wait.
    ///
    /// One message each and no more: what comes in must be read also when deliveries are late. The pace begins
    /// anew with every subscriber, since few of them cannot take the rate of all.
    fn deliver_what_is_due(&mut self, deliveries: Deliveries, pace: &mut Pace) -> Option<Timespec> {
        let Deliveries::PerSecond(rate) = deliveries else { return None };
        let now = Instant::now();
        if pace.subscribers != self.subscribers.len() {
            *pace = Pace { subscribers: self.subscribers.len(), due: now };
        }
        if pace.subscribers == 0 {
            return None;
        }
        if pace.due <= now {
            pace.due += Duration::from_secs_f64(pace.subscribers as f64 / rate);
            for key in self.subscribers.clone() {
                let Some(mut connection) = self.connections[key].take() else { continue };
                if connection.out.len() < HIGH_WATER {
                    connection.out.extend_from_slice(&self.message);
                    self.counts.delivered += 1;
                }
                // If it is over, reading will tell.
                let _ = self.write(&mut connection, key);
                self.connections[key] = Some(connection);
            }
        }
        Timespec::try_from(pace.due.saturating_duration_since(Instant::now())).ok()
    }
}

/// Writes the next stamps of a subscriber's own publisher into messages of this length; each begins so far from the
/// end.
fn stamp_all(connection: &mut Connection, key: usize, length: usize, place: usize) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time_ns = u64::try_from(now.as_nanos()).unwrap_or(0);
    let publisher = Publisher { run: 1, user: u32::try_from(key).unwrap_or(0) };
    for message in connection.out.chunks_exact_mut(length) {
        connection.stamped += 1;
        let stamp =
            Stamp { time_ns, late_us: None, publisher, step: 0, by_topic: false, seq: connection.stamped };
        message[length - place..][..stamp::LENGTH].copy_from_slice(&stamp.encode());
    }
}

/// When the subscribers get their next message.
struct Pace {
    /// How many there were when it began.
    subscribers: usize,
    due: Instant,
}

/// The two bytes that most packets begin with.
fn id(body: &[u8]) -> io::Result<[u8; 2]> {
    body.first_chunk().copied().ok_or(ErrorKind::InvalidData.into())
}

/// How many filters a SUBSCRIBE has.
fn filters(body: &[u8]) -> usize {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut filters = 0;
    while let Some(length) = rest.first_chunk() {
        filters += 1;
        rest = rest.get(3 + usize::from(u16::from_be_bytes(*length))..).unwrap_or_default();
    }
    filters
}
