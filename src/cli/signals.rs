//! Signals, handled by a thread of their own, so they work even while the rest of the program waits.
//!
//! The first SIGINT, SIGTERM or SIGHUP asks the run to stop. A second SIGINT or SIGTERM ends the program at once: it
//! has a second ([`GRACE`]) to put its files in order, and is over then, even if a disk or a pipe never answers. A second SIGHUP
//! does not count: a terminal that is closed sends two by itself.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::process;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

use crate::cli::exit;
use crate::cli::screen::keys;
use crate::engine::Interrupts;

/// How long a run may take after a second interrupt.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// From now on SIGINT, SIGTERM and SIGHUP are passed on as interrupts. After the second one the program may take as long
/// as `grace`, and is ended then.
pub(super) fn watch(interrupts: Interrupts, grace: Duration) -> io::Result<()> {
    let (ready, is_ready) = sync_channel(1);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let outcome = Builder::new_current_thread().enable_all().build().and_then(|runtime| {
            runtime.block_on(async {
                let signals = Signals::new()?;
                // Whoever asked waits for it.
                let _ = ready.send(Ok(()));
                match signals.handle_signals(&interrupts, grace).await {}
            })
        });
        let _ = ready.send(outcome);
    })?;
    is_ready.recv().unwrap_or_else(|_| Err(io::Error::other("the thread for signals has ended")))
}

/// A file that may not grow any more is an error of the write from now on, and not the death of the process.
pub(super) fn survive_file_limits() {
    // If that cannot be had, the program dies of its limit as any other does.
    if let Ok(runtime) = Builder::new_current_thread().enable_io().build() {
        let _entered = runtime.enter();
        drop(signal(SignalKind::from_raw(Number::XFSZ.as_raw())));
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` under `nohup`.
    hangup: Option<Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let ignored = ignores_hangups();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: if ignored { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// Waits for the next one; returns whether it is a hangup.
    async fn next(&mut self) -> bool {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => false,
            _ = self.terminate.recv() => false,
            _ = hangup => true,
        }
    }

    async fn handle_signals(mut self, interrupts: &Interrupts, grace: Duration) -> Infallible {
        loop {
            let is_hangup = self.next().await;
            if !interrupts.stop.is_cancelled() {
                interrupts.stop.cancel();
            } else if !is_hangup {
                break;
            }
        }
        warn!("Interrupted again: stopping at once");
        interrupts.abort.cancel();
        tokio::select! {
            () = tokio::time::sleep(grace) => {}
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        keys::restore();
        process::exit(exit::INTERRUPTED.into())
    }
}

/// Returns whether the program was started to survive its terminal.
fn ignores_hangups() -> bool {
    is_ignored(Number::HUP)
}

/// Returns whether the program was started to ignore a signal.
pub(super) fn is_ignored(signal: Number) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status).is_some_and(|signals| signals >> (signal.as_raw() - 1) & 1 != 0)
}

/// The signals that a process ignores, as bits from SIGHUP on.
fn ignored(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests;
