//! `--html FILE` of commands that read several results: the page goes to a file, and the results stay what they are.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::exit;
use crate::cli::recorded::Place;
use crate::report::destination::Destination;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page would replace a result.
    #[error("--html {}: this is a file of a result that is read\n  help: give the page a file of its own, such as page.html", .0.display())]
    Result(PathBuf),
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl PageError {
    /// 2 if the file must not be written, 4 if it cannot be written.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Result(_) => exit::BAD_INPUT,
            Self::Unwritten { .. } => exit::CANNOT_GO_ON,
        }
    }
}

/// Makes sure that the page replaces none of the results.
pub(super) fn find<'p>(path: &Path, results: impl IntoIterator<Item = &'p Place>) -> Result<(), PageError> {
    match results.into_iter().find(|place| place.has(path)) {
        Some(_) => Err(PageError::Result(path.to_owned())),
        None => Ok(()),
    }
}

/// Writes the page and says on standard error where it is; standard output is for the text of the command.
pub(super) fn write(path: &Path, page: askama::Result<String>) -> Result<(), PageError> {
    let written = page.map_err(io::Error::other);
    let written = written.and_then(|page| Destination::find(path)?.replace_for_good(page.as_bytes()));
    written.map_err(|source| PageError::Unwritten { path: path.to_owned(), source })?;
    exit::say(&format!("Page: {}\n", path.display()));
    Ok(())
}
