//! The processes of several runs, one at a time, which end as this one is asked to end.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::cli::signals;
use crate::engine::Interrupts;

/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long a series may take after a second interrupt: the run that goes on is ended first, and what it left is told.
const GRACE: Duration = Duration::from_secs(3);

/// Runs processes one after the other, and passes interrupts on.
pub(super) struct Children {
    program: PathBuf,
    interrupts: Interrupts,
}

impl Children {
    pub(super) fn new() -> io::Result<Self> {
        let interrupts = Interrupts::default();
        signals::watch(interrupts.clone(), GRACE)?;
        Ok(Self { program: env::current_exe()?, interrupts })
    }

    /// Whether an interrupt was received.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupts.stop.is_cancelled()
    }

    /// Whether a second one was received.
    pub(super) fn is_aborted(&self) -> bool {
        self.interrupts.abort.is_cancelled()
    }

    /// Runs the program with these words and waits for its end; `None` if an interrupt came before. What it says on
    /// standard error is seen; its tables are not, since those of all runs follow.
    pub(super) fn run<'a>(
        &mut self,
        words: impl Iterator<Item = &'a OsString>,
    ) -> io::Result<Option<ExitStatus>> {
        if self.is_interrupted() {
            return Ok(None);
        }
        let mut command = Command::new(&self.program);
        // In a group of its own, Ctrl-C reaches it only through this process, and so once.
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        let mut child = command.spawn()?;
        let (mut told, mut told_again) = (false, false);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            // The first interrupt lets a run finish in order.
            pass_on(&child, self.is_interrupted(), &mut told);
            pass_on(&child, self.is_aborted(), &mut told_again);
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
