//! The bare tokio floor: one current-thread runtime, one task and one 4 KiB buffer per connection.
//!
//! What a careful program on the product's runtime takes when it does nothing but the traffic.

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::floor::{self, Job};
use crate::{null_broker, wire};

/// Works on so many connections to a port of this machine.
pub(crate) fn run(job: Job, connections: usize, port: u16) -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for number in 0..connections {
            let share = Share { job, number, connections, port };
            tasks.spawn_local(async move { share.work().await.map_err(|error| error.to_string()) });
            if number % floor::OPENING == floor::OPENING - 1 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let over = tokio::time::timeout(floor::LIFE, async {
            while let Some(ended) = tasks.join_next().await {
                ended??;
            }
            Ok(())
        });
        over.await.unwrap_or(Ok(()))
    })
}

/// One connection's part of the job.
#[derive(Debug, Clone, Copy)]
struct Share {
    job: Job,
    number: usize,
    connections: usize,
    port: u16,
}

impl Share {
    async fn work(self) -> Result<(), Box<dyn Error>> {
        if self.job == Job::Cycle {
            let cycles = floor::MOST_CYCLES / self.connections as u64;
            for _ in 0..cycles {
                self.cycle().await?;
            }
            return Ok(());
        }
        let mut connection = self.connect().await?;
        let (message, id_at) = floor::message(self.job, self.number);
        match self.job {
            Job::Window(size) => {
                let mut out = Vec::new();
                let push = |out: &mut Vec<u8>, id: [u8; 2]| {
                    let at = out.len() + id_at;
                    out.extend_from_slice(&message);
                    out[at..at + 2].copy_from_slice(&id);
                };
                (1..=size).for_each(|id: u16| push(&mut out, id.to_be_bytes()));
                loop {
                    connection.stream.write_all(&out).await?;
                    out.clear();
                    connection.read(|body| push(&mut out, [body[0], body[1]])).await?;
                }
            }
            Job::Flood => {
                let batch = message.repeat(floor::FLOOD_BATCH);
                loop {
                    connection.stream.write_all(&batch).await?;
                }
            }
            Job::Paced(rate) => {
                let pace = Duration::from_secs_f64(self.connections as f64 / rate);
                let phase = pace.mul_f64(self.number as f64 / self.connections as f64);
                let mut ticks = interval_at(tokio::time::Instant::now() + phase, pace);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
                loop {
                    ticks.tick().await;
                    connection.stream.write_all(&message).await?;
                    connection.read(|_| {}).await?;
                }
            }
            Job::Receive => {
                connection.stream.write_all(&floor::subscribe(null_broker::TOPIC)).await?;
                loop {
                    connection.read(|_| {}).await?;
                }
            }
            Job::Idle => connection.read(|_| {}).await,
            Job::Cycle => Ok(()),
        }
    }

    async fn connect(self) -> Result<Connection, Box<dyn Error>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&floor::connect(self.number)).await?;
        let mut connection = Connection { stream, buffer: Vec::with_capacity(4096) };
        connection.read(|_| {}).await?;
        Ok(connection)
    }

    async fn cycle(self) -> Result<(), Box<dyn Error>> {
        let mut connection = self.connect().await?;
        connection.stream.write_all(&floor::message(self.job, self.number).0).await?;
        connection.read(|_| {}).await?;
        Ok(connection.stream.write_all(&floor::DISCONNECT).await?)
    }
}

struct Connection {
    stream: TcpStream,
    /// What was read and not taken: no more than the head of one packet between two reads.
    buffer: Vec<u8>,
}

impl Connection {
    /// Reads until at least one packet is there, and hands over the bodies of all.
    async fn read(&mut self, mut packets: impl FnMut(&[u8])) -> Result<(), Box<dyn Error>> {
        let mut used = 0;
        while used == 0 {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the broker closed".into());
            }
            while let Some(packet) = wire::packet(&self.buffer[used..]) {
                let (_, body, length) = packet?;
                packets(body);
                used += length;
            }
        }
        self.buffer.drain(..used);
        Ok(())
    }
}
