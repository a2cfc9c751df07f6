//! Exit codes.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};

use crate::report::destination::write_all;
use crate::scenario::secrets::hide_urls;

/// Bad usage, or a bad scenario; nothing was started.
pub(super) const BAD_INPUT: u8 = 2;

/// A threshold was missed, or one of two sides is worse.
pub(super) const THRESHOLD_MISSED: u8 = 3;

/// The runner could not go on: output, runtime.
pub(super) const CANNOT_GO_ON: u8 = 4;

/// Interrupted twice; what was recorded until then is written.
pub(super) const INTERRUPTED: u8 = 130;

/// Says on standard error what is wrong, and gives the code back.
pub(super) fn error(code: u8, what: impl Display) -> ExitCode {
    // A name of a file or an argument may be a URL with a password that was meant for another place.
    let what = hide_urls(&what.to_string());
    say(&format!("\u{1b}[1;31merror\u{1b}[0m: {what}\n"));
    ExitCode::from(code)
}

/// Says something on standard error; without its colours where they are not wanted.
pub(super) fn say(text: &str) {
    let coloured = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    let to = io::stderr().as_fd().try_clone_to_owned();
    // With standard error gone there is nobody to tell.
    let _ = to.and_then(|to| write_all(&File::from(to), adapted(text, coloured).as_bytes()));
}

/// Writes a result to standard output, byte for byte: a name with control characters in it is Locust's too.
pub(super) fn output(text: &str) -> ExitCode {
    written(print(text))
}

/// Writes a result with colours, which are left out where they are not wanted.
pub(super) fn coloured_output(text: &str) -> ExitCode {
    let coloured = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
    output(&adapted(text, coloured))
}

/// Writes to standard output. It is not an error if its reader has gone: `| head` has seen enough.
pub(super) fn print(text: &str) -> io::Result<()> {
    let to = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    match write_all(&to, text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// The exit code of a result that was written, or not.
pub(super) fn written(outcome: io::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => error(CANNOT_GO_ON, unwritten(&e)),
    }
}

/// What to say of a standard output that could not be written.
pub(super) fn unwritten(error: &io::Error) -> String {
    format!("cannot write to standard output: {error}")
}

fn adapted(text: &str, coloured: bool) -> String {
    if coloured { text.to_owned() } else { anstream::adapter::strip_str(text).to_string() }
}
