//! Locust while it runs: signals to us reach it, and its end is ours.
//!
//! A terminal's Ctrl-C goes to both, and Locust takes a second one as the wish to end without its files. So a signal is
//! passed on only if a process has sent it to us: the kernel says who did.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;

use crate::cli::signals::is_ignored;

/// What is passed on. What we were started to ignore, Locust ignores as well.
const PASSED_ON: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

/// Runs the command to its end; returns its exit code, which is 128 and the number of the signal that has ended it.
pub(super) fn run(command: &mut Command) -> io::Result<u8> {
    let passed_on = PASSED_ON.into_iter().filter(|signal| !is_ignored(*signal));
    let waited_for = passed_on.chain([Signal::CHILD]).map(Signal::as_raw);
    let mut signals = SignalsInfo::<WithOrigin>::new(waited_for)?;
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(code(status));
        }
        for told in signals.wait() {
            let signal = PASSED_ON.into_iter().find(|signal| signal.as_raw() == told.signal);
            if signal.is_some() && !matches!(told.cause, Cause::Kernel) {
                // Others would end it with its files unwritten and its workers untold, or with an exception in the middle of
                // something. Nobody has waited for it, so the number is still its own.
                kill_process(Pid::from_child(&child), Signal::TERM)?;
            }
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
