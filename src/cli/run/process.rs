//! What a process has once, however many runs it carries out: standard error, the log and signals.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tracing::Level;

use crate::cli::exit;
use crate::cli::lines::Lines;
use crate::cli::log::{Log, Reader, start_log};
use crate::cli::run::options::RunOptions;
use crate::cli::signals;
use crate::engine::Interrupts;
use crate::report::destination::Destination;

/// What a process has once.
#[derive(Debug)]
pub(in crate::cli) struct Process {
    /// Standard error.
    pub(in crate::cli) stderr: Lines,
    /// The file of `--logfile`.
    pub(super) logfile: Option<(PathBuf, Lines)>,
    /// The log, which has more readers while a run goes on.
    pub(in crate::cli) log: Log,
    /// What signals ask for.
    pub(in crate::cli) interrupts: Interrupts,
}

impl Process {
    /// Starts the log and waits for signals; an error is an exit code and a message. An older log file is overwritten.
    pub(in crate::cli) fn start(options: &RunOptions) -> Result<Self, (u8, String)> {
        // Of several runs, each says what it has to say in its folder.
        let to_stderr = options.repeat.run_folder.is_none();
        let level = options.loglevel.unwrap_or(if options.quiet { Level::ERROR } else { Level::INFO });
        Self::with_log(options.logfile.clone(), to_stderr, level)
    }

    /// The same with a log of this level, to a file or, if there is none, to standard error.
    pub(in crate::cli) fn with_log(
        logfile: Option<PathBuf>,
        to_stderr: bool,
        level: Level,
    ) -> Result<Self, (u8, String)> {
        let cannot = |what: &str, error| (exit::CANNOT_GO_ON, format!("cannot {what}: {error}"));
        let interrupts = Interrupts::default();
        signals::watch(interrupts.clone(), signals::GRACE)
            .map_err(|error| cannot("wait for signals", error))?;
        let stderr = Lines::stderr().map_err(|error| cannot("write to standard error", error))?;
        let logfile = logfile.map(open_log).transpose()?;
        let to_stderr = to_stderr && logfile.is_none();
        let readers = logfile.iter().map(|(_, lines)| lines).chain(to_stderr.then_some(&stderr));
        let log = Log::of(readers.cloned().map(Reader::Lines).collect());
        start_log(level, &log).map_err(log_error)?;
        Ok(Self { stderr, logfile, log, interrupts })
    }

    /// Waits for so long at most until what was said is written.
    pub(in crate::cli) fn flush(&self, limit: Duration) {
        for lines in self.logfile.iter().map(|(_, lines)| lines).chain([&self.stderr]) {
            lines.flush(limit);
        }
    }
}

/// Begins a file of the log.
pub(super) fn open_log(path: PathBuf) -> Result<(PathBuf, Lines), (u8, String)> {
    match Destination::find(&path).and_then(Lines::file) {
        Ok(lines) => Ok((path, lines)),
        Err(error) => Err(log_error(error)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn log_error(error: io::Error) -> (u8, String) {
    (exit::CANNOT_GO_ON, format!("cannot write the log: {error}"))
}
