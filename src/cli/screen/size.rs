//! The size of a terminal, asked for at each use, since a window may be resized at any time.

use std::io;
use std::os::fd::AsFd;

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Size {
    /// Characters of a line.
    pub(in crate::cli) columns: usize,
    /// Lines.
    pub(in crate::cli) rows: usize,
}

impl Size {
    /// What is assumed of a terminal that does not say.
    const USUAL: Self = Self { columns: 80, rows: 24 };

    /// The size of the terminal at standard error.
    pub(in crate::cli) fn of_stderr() -> Self {
        Self::of(io::stderr()).unwrap_or(Self::USUAL)
    }

    /// The same; `None` if standard error is no terminal.
    pub(in crate::cli) fn of_stderr_terminal() -> Option<Self> {
        Self::of(io::stderr())
    }

    /// The size of the terminal at standard output; `None` if there is none.
    pub(in crate::cli) fn of_stdout() -> Option<Self> {
        Self::of(io::stdout())
    }

    fn of(terminal: impl AsFd) -> Option<Self> {
        let size = rustix::termios::tcgetwinsize(terminal).ok()?;
        (size.ws_col > 0 && size.ws_row > 0)
            .then(|| Self { columns: size.ws_col.into(), rows: size.ws_row.into() })
    }
}
