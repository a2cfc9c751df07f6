//! The raw floor: one thread, one epoll set, packets encoded beforehand, no library of MQTT.
//!
//! Level-triggered and one read per event, since that is the fewest system calls that a closed loop can do:
//! one wait for many connections, and one read and one write per message.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with, sockopt};

use crate::floor::{self, Job};
use crate::{null_broker, wire};

/// Works on so many connections to a port of this machine.
pub(crate) fn run(job: Job, connections: usize, port: u16) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut client = Client {
        job,
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        epoll: epoll::create(CreateFlags::CLOEXEC)?,
        connections: Vec::with_capacity(connections),
        opening: 0,
        cycles: 0,
    };
    let mut events = Vec::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    let mut paced_since = None;
    let mut sent = 0;
    while start.elapsed() < floor::LIFE {
        while client.connections.len() < connections && client.opening < floor::OPENING {
            client.open(client.connections.len())?;
        }
        let mut timeout_ms = 100;
        if let Job::Paced(rate) = job
            && client.connections.len() == connections
            && client.opening == 0
        {
            let since = *paced_since.get_or_insert_with(Instant::now);
            while (sent as f64) < since.elapsed().as_secs_f64() * rate {
                client.publish(sent % connections)?;
                sent += 1;
            }
            timeout_ms = 1;
        }
        events.clear();
        let timeout = Timespec { tv_sec: 0, tv_nsec: timeout_ms * 1_000_000 };
        epoll::wait(&client.epoll, spare_capacity(&mut events), Some(&timeout))?;
        for event in &events {
            let (key, flags) = (usize::try_from(event.data.u64())?, event.flags);
            if flags.contains(EventFlags::OUT) {
                client.writable(key)?;
            }
            if flags.contains(EventFlags::IN) {
                client.readable(key, &mut buffer)?;
            }
        }
    }
    Ok(())
}

struct Connection {
    stream: TcpStream,
    /// The head of a packet whose end has not come.
    partial: Vec<u8>,
    out: Vec<u8>,
    message: Vec<u8>,
    id_at: usize,
}

struct Client {
    job: Job,
    address: SocketAddr,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    opening: usize,
    cycles: u64,
}

impl Client {
    fn connect(&self) -> Result<TcpStream, Box<dyn Error>> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        match rustix::net::connect(&socket, &self.address) {
            // On loopback the connection stands before the call returns, unless the broker's queue is full.
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket.into()),
            Err(error) => Err(error.into()),
        }
    }

    fn interest(&self, key: usize, write: bool) -> EventFlags {
        let write = write || (self.job == Job::Flood && self.is_up(key));
        if write { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN }
    }

    fn is_up(&self, key: usize) -> bool {
        !self.connections[key].message.is_empty()
    }

    /// Opens connection `key`, for the first time or again.
    fn open(&mut self, key: usize) -> Result<(), Box<dyn Error>> {
        let stream = self.connect()?;
        self.opening += 1;
        let fresh = Connection {
            stream,
            partial: Vec::new(),
            out: floor::connect(key),
            message: Vec::new(),
            id_at: 0,
        };
        if key == self.connections.len() {
            self.connections.push(fresh);
        } else {
            self.connections[key] = fresh;
        }
        let event = EventData::new_u64(key as u64);
        epoll::add(&self.epoll, &self.connections[key].stream, event, EventFlags::IN)?;
        self.flush(key, false)
    }

    /// Writes what waits; `waiting` tells whether epoll watches for room already.
    fn flush(&mut self, key: usize, waiting: bool) -> Result<(), Box<dyn Error>> {
        let connection = &mut self.connections[key];
        match connection.stream.write(&connection.out) {
            Ok(length) if length == connection.out.len() => connection.out.clear(),
            Ok(length) => drop(connection.out.drain(..length)),
            // Not connected yet, or no room.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {}
            Err(error) => return Err(error.into()),
        }
        let wants = !self.connections[key].out.is_empty();
        if wants != waiting && self.job != Job::Flood {
            let (event, flags) = (EventData::new_u64(key as u64), self.interest(key, wants));
            epoll::modify(&self.epoll, &self.connections[key].stream, event, flags)?;
        }
        Ok(())
    }

    fn writable(&mut self, key: usize) -> Result<(), Box<dyn Error>> {
        let connection = &mut self.connections[key];
        if self.job == Job::Flood && connection.out.is_empty() {
            for _ in 0..floor::FLOOD_BATCH {
                connection.out.extend_from_slice(&connection.message);
            }
        }
        self.flush(key, true)
    }

    fn readable(&mut self, key: usize, buffer: &mut [u8]) -> Result<(), Box<dyn Error>> {
        let connection = &mut self.connections[key];
        let length = match connection.stream.read(buffer) {
            Ok(0) => return Err("the broker closed".into()),
            Ok(length) => length,
            // The connection of an earlier cycle had this key.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
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
            let (first, body, length) = packet?;
            used += length;
            if self.answered(key, first, body)? {
                // A connection of the next cycle; the rest belongs to the last one.
                return Ok(());
            }
        }
        let connection = &mut self.connections[key];
        connection.partial.extend_from_slice(&bytes[used..]);
        if connection.out.is_empty() { Ok(()) } else { self.flush(key, false) }
    }

    /// Takes a packet in; `true` if its connection was replaced by a new one.
    fn answered(&mut self, key: usize, first: u8, body: &[u8]) -> Result<bool, Box<dyn Error>> {
        match (first >> 4, self.job) {
            (2, job) => {
                self.opening -= 1;
                let connection = &mut self.connections[key];
                (connection.message, connection.id_at) = floor::message(job, key);
                match job {
                    Job::Window(size) => (1..=size).for_each(|id| self.push(key, id)),
                    Job::Cycle => self.push(key, 1),
                    Job::Receive => connection.out = floor::subscribe(null_broker::TOPIC),
                    Job::Flood => {
                        let (event, flags) = (EventData::new_u64(key as u64), self.interest(key, true));
                        epoll::modify(&self.epoll, &self.connections[key].stream, event, flags)?;
                    }
                    Job::Paced(_) | Job::Idle => {}
                }
            }
            (4, Job::Window(_)) => {
                let id = body.first_chunk().ok_or(wire::Malformed)?;
                self.push(key, u16::from_be_bytes(*id));
            }
            (4, Job::Cycle) => {
                self.connections[key].stream.write_all(&floor::DISCONNECT)?;
                self.cycles += 1;
                if self.cycles < floor::MOST_CYCLES {
                    self.open(key)?;
                    return Ok(true);
                }
            }
            // An acknowledgement of no consequence, or a message.
            _ => {}
        }
        Ok(false)
    }

    fn publish(&mut self, key: usize) -> Result<(), Box<dyn Error>> {
        let waiting = !self.connections[key].out.is_empty();
        self.push(key, 1);
        self.flush(key, waiting)
    }

    fn push(&mut self, key: usize, id: u16) {
        let connection = &mut self.connections[key];
        let at = connection.out.len() + connection.id_at;
        connection.out.extend_from_slice(&connection.message);
        connection.out[at..at + 2].copy_from_slice(&id.to_be_bytes());
    }
}
