//! Why the outcome of a run could not be written.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::outputs::outlet::Ending;
use crate::report::csv::files::CsvError;

/// Why the outcome of a run could not be written.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum OutputError {
    /// One of the four CSV files.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// Another file.
    #[error("cannot write the {what} {}: {source}", path.display())]
    Write {
        /// What it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The reader of the file did not keep up.
    #[error("{}: {} missing, because the reader was too slow", path.display(), lines_are(*lines))]
    Lost {
        /// The file.
        path: PathBuf,
        /// How many lines.
        lines: u64,
    },
    /// Lines that were lost because of an error that was reported before.
    #[error("{}: {} missing, because they could not be written", path.display(), lines_are(*lines))]
    Refused {
        /// The file.
        path: PathBuf,
        /// How many lines.
        lines: u64,
    },
    /// A file that is not whole because of an error that was reported before.
    #[error("{}: the end of the run is missing, because it could not be written", path.display())]
    Dropped {
        /// The file.
        path: PathBuf,
    },
    /// Nobody read a file that is written whole.
    #[error("{}: the end of the run is missing, because nobody reads the file", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
    },
    /// No thread could be started.
    #[error("cannot start a thread for {}: {source}", path.display())]
    Thread {
        /// The file that it was for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder of a run could not be made.
    #[error("cannot make the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl OutputError {
    /// The file or folder that it is about.
    pub(in crate::cli) fn path(&self) -> &Path {
        match self {
            Self::Csv(CsvError::Create { path, .. } | CsvError::Write { path, .. })
            | Self::Write { path, .. }
            | Self::Lost { path, .. }
            | Self::Refused { path, .. }
            | Self::Dropped { path }
            | Self::Unread { path }
            | Self::Thread { path, .. }
            | Self::Folder { path, .. } => path,
        }
    }
}

fn lines_are(lines: u64) -> String {
    if lines == 1 { "1 line is".to_owned() } else { format!("{lines} lines are") }
}

/// What a CSV file is in errors: its name says it.
pub(super) const CSV: &str = "";

/// What a file is in errors.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) what: &'static str,
    pub(super) path: PathBuf,
}

impl Name {
    pub(super) fn write_error(&self, source: io::Error) -> OutputError {
        let path = self.path.clone();
        if self.what == CSV {
            return CsvError::Write { path, source }.into();
        }
        OutputError::Write { what: self.what, path, source }
    }

    pub(super) fn thread_error(&self, source: io::Error) -> OutputError {
        OutputError::Thread { path: self.path.clone(), source }
    }

    /// What is missing of an output that was dropped after its error had been told.
    pub(super) fn dropped(&self, ending: &Ending) -> OutputError {
        let path = self.path.clone();
        match *ending {
            Ending::Lost(lines @ 1..) | Ending::Refused(lines @ 1..) => OutputError::Refused { path, lines },
            _ => OutputError::Dropped { path },
        }
    }

    /// Returns an error if the file did not end whole.
    pub(super) fn ended(&self, ending: Ending) -> Option<OutputError> {
        let path = self.path.clone();
        match ending {
            Ending::Whole | Ending::Refused(0) => None,
            Ending::Lost(0) => Some(OutputError::Unread { path }),
            Ending::Lost(lines) => Some(OutputError::Lost { path, lines }),
            Ending::Refused(lines) => Some(OutputError::Refused { path, lines }),
            Ending::Failed(source) => Some(self.write_error(source)),
        }
    }
}
