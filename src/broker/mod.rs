//! An MQTT broker in memory, for `embedded:` URLs, for `mqtt-scenario broker` and for tests: 3.1.1 and 5 on
//! one port, quality of service 0 to 2, wildcards, retained messages, wills, sessions, shared
//! subscriptions, and faults planted on purpose.
//!
//! It is our own and not a library: no library that exists can be stopped, tells its port, stays small and plants
//! faults. It shares rumqttc's codec with our client and so cannot show a fault that both have;
//! Mosquitto is the second witness. It runs on one thread of its own, so its state needs no lock and it
//! competes with the load for one core at most.
//!
//! Left out on purpose: authentication (any user name and password will do), topic aliases and
//! subscription identifiers (announced as unavailable), and any limit on the number of retained messages
//! and offline sessions.
//!
//! ```text
//! mod ──accepts──▶ connection (one task each) ──▶ hub ──▶ router (who?) ──▶ session (queue, in flight)
//!                     │ wire ─ strict ─ wire_v4, wire_v5 (rumqttc)              │
//!                     ◀──────────────────────── output ◀────────────────────────┘
//! ```

pub mod counters;
pub mod faults;

mod answers;
mod config;
mod connection;
mod hub;
mod packet;
mod router;
mod session;
mod strict;
mod wire;
mod wire_v4;
mod wire_v5;

pub use crate::broker::config::{BrokerConfig, QueueLimit};

use crate::broker::counters::{Counters, Tally};
use crate::broker::hub::Hub;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::task::JoinSet;
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Connections that the kernel keeps until we accept them: a thousand users may arrive at once.
const BACKLOG: u32 = 4_096;

/// How often sessions and wills are looked at for those whose time is over.
const SWEEP: Duration = Duration::from_millis(500);

/// How long accepting pauses when it fails, as it does when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Why the broker could not start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address to listen on.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The system gives no thread or no event queue.
    #[error("cannot start the broker's thread: {0}")]
    Thread(#[from] io::Error),
}

/// A running broker. Dropping it stops it.
#[derive(Debug)]
pub struct Broker {
    addr: SocketAddr,
    tally: Arc<Tally>,
    stop: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

impl Broker {
    /// Starts a broker on a thread of its own; it accepts connections when this returns.
    pub fn start(config: BrokerConfig) -> Result<Self, BrokerError> {
        let tally = Arc::new(Tally::default());
        let stop = CancellationToken::new();
        let (report, reported) = mpsc::sync_channel(1);
        let thread = {
            let (tally, stop) = (Arc::clone(&tally), stop.clone());
            thread::Builder::new().name("mqtt-broker".to_owned()).spawn(move || {
                let (runtime, listener) = match listen(config.bind) {
                    Ok(listening) => listening,
                    Err(error) => return drop(report.send(Err(error))),
                };
                let hub = Rc::new(Hub::new(&config, tally));
                drop(report.send(listener.local_addr().map_err(BrokerError::from)));
                runtime.block_on(accept(&hub, &listener, &stop));
            })?
        };
        // The thread reports before it can end.
        let addr = reported.recv().map_err(|error| io::Error::other(error.to_string()))??;
        tracing::debug!(%addr, "broker listens");
        Ok(Self { addr, tally, stop, thread: Some(thread) })
    }

    /// Where it listens, with the port that it got.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it has counted so far.
    pub fn counters(&self) -> Counters {
        self.tally.read()
    }

    /// Closes all connections (without wills), ends the thread and returns the last counts.
    pub fn stop(mut self) -> Counters {
        self.join();
        self.counters()
    }

    fn join(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::debug!("the broker's thread panicked");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.join();
    }
}

fn listen(address: SocketAddr) -> Result<(LocalRuntime, TcpListener), BrokerError> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let bind = || {
        let _context = runtime.enter();
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    let listener = bind().map_err(|source| BrokerError::Bind { address, source })?;
    Ok((runtime, listener))
}

/// Serves all clients that connect until `stop`, then ends every connection.
async fn accept(hub: &Rc<Hub>, listener: &TcpListener, stop: &CancellationToken) {
    let mut connections = JoinSet::new();
    let mut sweep = time::interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            _ = sweep.tick() => hub.sweep(),
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection's task panicked");
                }
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn_local(connection::serve(Rc::clone(hub), stream))),
                Err(error) => {
                    tracing::debug!(%error, "accept");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    connections.shutdown().await;
}
