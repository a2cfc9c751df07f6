//! A TCP relay on 127.0.0.1 that a test breaks: it closes connections, falls silent without closing them, or is slow.
//!
//! A connection that the relay holds is what a lost route looks like from both ends: it is open, and nothing comes. What is
//! sent meanwhile arrives after the release, late and whole, as TCP delivers it then.
#![expect(clippy::disallowed_methods, reason = "it passes bytes on in threads of its own, in real time")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// A relay to one port. It ends with the test's process.
pub(crate) struct Relay {
    port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    /// Both ends of each connection.
    connections: Vec<[TcpStream; 2]>,
    /// Connections with a smaller number are silent.
    held: usize,
    /// The connection in which this comes next is closed instead.
    cut_before: Option<Vec<u8>>,
    /// How long everything is on its way.
    delay: Duration,
}

impl Relay {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let relay = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = Arc::clone(&relay.state);
        thread::spawn(move || {
            for worker in listener.incoming() {
                let worker = worker.unwrap();
                // The worker sees a connection that ends, as at a machine whose master is not there.
                let Ok(master) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { continue };
                let again = |stream: &TcpStream| stream.try_clone().unwrap();
                let number = {
                    let mut state = state.0.lock().unwrap();
                    state.connections.push([again(&worker), again(&master)]);
                    state.connections.len() - 1
                };
                for (from, to) in [(again(&worker), again(&master)), (master, worker)] {
                    let state = Arc::clone(&state);
                    thread::spawn(move || pass_on(from, to, number, &state));
                }
            }
        });
        relay
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Closes all connections. New ones are taken.
    pub(crate) fn cut(&self) {
        for end in self.state.0.lock().unwrap().connections.iter().flatten() {
            // It may have ended by itself.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Closes the first connection in which these bytes come, and keeps them back.
    pub(crate) fn cut_before(&self, bytes: &[u8]) {
        self.state.0.lock().unwrap().cut_before = Some(bytes.to_vec());
    }

    /// Passes everything on so much later from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        self.state.0.lock().unwrap().delay = delay;
    }

    /// Passes nothing on any more in the connections that there are.
    pub(crate) fn hold_old(&self) {
        let mut state = self.state.0.lock().unwrap();
        state.held = state.connections.len();
    }

    /// Passes nothing on any more, in new connections either.
    pub(crate) fn hold_all(&self) {
        self.state.0.lock().unwrap().held = usize::MAX;
    }

    /// Passes everything on again, and what has come meanwhile.
    pub(crate) fn release(&self) {
        self.state.0.lock().unwrap().held = 0;
        self.state.1.notify_all();
    }
}

/// Passes bytes on until an end closes.
fn pass_on(mut from: TcpStream, mut to: TcpStream, number: usize, state: &(Mutex<State>, Condvar)) {
    let mut bytes = [0; 16 << 10];
    loop {
        let read = from.read(&mut bytes).unwrap_or(0);
        let held = state.0.lock().unwrap();
        let mut state = state.1.wait_while(held, |state| number < state.held).unwrap();
        let comes = |text: &Vec<u8>| bytes[..read].windows(text.len()).any(|part| part == text);
        if state.cut_before.take_if(|text| comes(text)).is_some() {
            for end in &state.connections[number] {
                let _ = end.shutdown(Shutdown::Both);
            }
            return;
        }
        let delay = state.delay;
        drop(state);
        thread::sleep(delay);
        if read == 0 || to.write_all(&bytes[..read]).is_err() {
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
    }
}
