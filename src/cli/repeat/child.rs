//! The processes of several runs, one at a time, which end as this one is asked to end.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::cli::signals;
use crate::engine::Interrupts;

/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With this exit code.
    Code(u8),
    /// It, or all of them, were interrupted.
    Interrupted,
}

/// Runs processes one after the other, and passes interrupts on.
pub(super) struct Children {
    program: PathBuf,
    interrupts: Interrupts,
}

impl Children {
    pub(super) fn new() -> io::Result<Self> {
        let interrupts = Interrupts::default();
        signals::watch(interrupts.clone())?;
        Ok(Self { program: env::current_exe()?, interrupts })
    }

    /// Runs the program with these words and waits for its end. What it says on standard error is seen; its tables are
    /// not, since those of all runs follow.
    pub(super) fn run(&mut self, words: &[OsString]) -> io::Result<Ended> {
        if self.interrupts.stop.is_cancelled() {
            return Ok(Ended::Interrupted);
        }
        let mut command = Command::new(&self.program);
        // In a group of its own, Ctrl-C reaches it only through this process, and so once.
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        let mut child = command.spawn()?;
        let (mut told, mut told_again) = (false, false);
        loop {
            if let Some(status) = child.try_wait()? {
                // The first interrupt lets a run finish in order, and it ends as if its time were over.
                if self.interrupts.stop.is_cancelled() {
                    return Ok(Ended::Interrupted);
                }
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                return Ok(code.map_or(Ended::Interrupted, Ended::Code));
            }
            pass_on(&child, self.interrupts.stop.is_cancelled(), &mut told);
            pass_on(&child, self.interrupts.abort.is_cancelled(), &mut told_again);
            thread::park_timeout(LOOK);
        }
    }
}

/// Interrupts a run once.
fn pass_on(child: &Child, asked: bool, told: &mut bool) {
    if asked && !*told {
        *told = true;
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        // It may have ended in the meantime.
        let _ = id.map(|id| kill_process(id, Signal::INT));
    }
}
