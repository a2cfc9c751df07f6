//! Exit codes.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use crate::scenario::secrets::hide_urls;

/// Bad usage, or a bad scenario; nothing was started.
pub(super) const BAD_INPUT: u8 = 2;

/// A threshold was missed.
pub(super) const THRESHOLD_MISSED: u8 = 3;

/// The runner could not go on: output, runtime.
pub(super) const CANNOT_GO_ON: u8 = 4;

/// Interrupted twice; what was recorded until then is written.
pub(super) const INTERRUPTED: u8 = 130;

/// Says on standard error what is wrong, and gives the code back.
pub(super) fn error(code: u8, what: impl Display) -> ExitCode {
    // A name of a file or an argument may be a URL with a password that was meant for another place.
    let what = hide_urls(&what.to_string());
    // With standard error gone there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "\u{1b}[1;31merror\u{1b}[0m: {what}");
    ExitCode::from(code)
}

/// Writes a result to standard output, byte for byte: a name with control characters in it is Locust's too.
pub(super) fn output(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // `| head` has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(e) => error(CANNOT_GO_ON, format_args!("cannot write to standard output: {e}")),
    }
}
