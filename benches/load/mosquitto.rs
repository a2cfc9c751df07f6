//! Mosquitto as the broker, counted by what it tells of itself under `$SYS`.
//!
//! It speaks once a second, so [`Mosquitto::counts`] waits for its next word: the count then belongs to that
//! moment, to which the client's CPU time is read.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::null_broker::Counts;
use crate::process::{Cores, Process};
use crate::{floor, wire};

const RECEIVED: &str = "$SYS/broker/publish/messages/received";
const CONNECTED: &str = "$SYS/broker/clients/connected";

/// A private Mosquitto on loopback.
pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    watcher: TcpStream,
    /// What the watcher has read and not understood yet.
    bytes: Vec<u8>,
    counts: Counts,
    _process: Process,
    _folder: TempDir,
}

impl Mosquitto {
    /// Starts the `mosquitto` of the search path.
    pub(crate) fn start(cores: Cores) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let config = folder.path().join("mosquitto.conf");
        std::fs::write(
            &config,
            format!(
                "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\n\
                 set_tcp_nodelay true\nlog_dest none\nconnection_messages false\nsys_interval 1\n"
            ),
        )?;
        let mut command = Command::new("mosquitto");
        command.arg("-c").arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = cores.start_broker(&mut command)?;
        let mut watcher = connect(port)?;
        watcher.set_read_timeout(Some(Duration::from_secs(2)))?;
        watcher.write_all(&floor::connect(99_999))?;
        for topic in [RECEIVED, CONNECTED] {
            watcher.write_all(&floor::subscribe(topic))?;
        }
        let (bytes, counts) = (Vec::new(), Counts::default());
        Ok(Self { port, watcher, bytes, counts, _process: process, _folder: folder })
    }

    /// What it says next, or has said last if it has nothing new to say.
    pub(crate) fn counts(&mut self) -> io::Result<Counts> {
        let mut news = false;
        while !news {
            let mut buffer = [0; 4096];
            match self.watcher.read(&mut buffer) {
                Ok(0) => return Err(io::Error::other("mosquitto closed")),
                Ok(length) => self.bytes.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            while let Some(packet) = wire::packet(&self.bytes) {
                let (first, body, length) = packet.map_err(io::Error::other)?;
                if first >> 4 == 3 {
                    news |= take_in(body, &mut self.counts);
                }
                self.bytes.drain(..length);
            }
        }
        Ok(self.counts)
    }
}

/// Takes in one of its messages; `true` for the one that counts messages.
fn take_in(body: &[u8], counts: &mut Counts) -> bool {
    let text = String::from_utf8_lossy(body.get(2..).unwrap_or_default());
    let number = |topic| text.strip_prefix(topic).and_then(|number| number.parse::<u64>().ok());
    if let Some(connected) = number(CONNECTED) {
        // Without the watcher.
        counts.connects = connected.saturating_sub(1);
    }
    let received = number(RECEIVED);
    counts.published = received.unwrap_or(counts.published);
    received.is_some()
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let start = Instant::now();
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => return Ok(stream),
            Err(error) if start.elapsed() > Duration::from_secs(5) => return Err(error),
            Err(_) => sleep(Duration::from_millis(20)),
        }
    }
}
