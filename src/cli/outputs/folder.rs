//! The folder of a run: a place of its own for everything that the run leaves behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cli::outputs::error::OutputError;
use crate::report::destination::Destination;

/// More folders of one name in one second are none that a person made.
const MAX_SAME: u32 = 1_000;

/// The folder of one run. It is new: no older run has files in it.
#[derive(Debug, Clone)]
pub(in crate::cli) struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes a folder in `parent`, named by the time (UTC) and the scenario: `2026-11-29T16-55-03Z-publish`. If there
    /// is one already, a number follows. Folders above it are made, too.
    pub(in crate::cli) fn create(
        parent: &Path,
        scenario: &str,
        now: SystemTime,
    ) -> Result<Self, OutputError> {
        let time = humantime::format_rfc3339_seconds(now).to_string().replace(':', "-");
        let name = format!("{time}-{}", file_name(scenario));
        let failed = |path: PathBuf| move |source| OutputError::Folder { path, source };
        fs::create_dir_all(parent).map_err(failed(parent.to_owned()))?;
        for number in 1..=MAX_SAME {
            let path = match number {
                1 => parent.join(&name),
                number => parent.join(format!("{name}-{number}")),
            };
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MAX_SAME => {}
                Err(source) => return Err(failed(path)(source)),
            }
        }
        Err(OutputError::Folder { path: parent.join(name), source: io::ErrorKind::AlreadyExists.into() })
    }

    /// Makes this folder itself, and those above it. It may be there, but must be empty.
    pub(in crate::cli) fn at(path: &Path) -> Result<Self, OutputError> {
        let failed = |source| OutputError::Folder { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed)?;
        if fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(failed(io::ErrorKind::DirectoryNotEmpty.into()));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The path of a file in it.
    pub(in crate::cli) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Its path.
    pub(in crate::cli) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the newest earlier run of the same scenario beside it that has a result.
    pub(in crate::cli) fn earlier(&self) -> Option<PathBuf> {
        let name = self.path.file_name()?.to_str()?;
        let (_, scenario) = name.split_once('Z')?;
        let beside = fs::read_dir(self.path.parent()?).ok()?;
        let names = beside.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let is_earlier = |other: &String| {
            other.as_str() < name && other.split_once('Z').is_some_and(|(_, other)| other == scenario)
        };
        let folders = names.filter(is_earlier).map(|other| self.path.with_file_name(other));
        folders.filter(|folder| folder.join("result.json").is_file()).max()
    }

    /// Writes a file of it, whole or not at all.
    pub(in crate::cli) fn write(
        &self,
        what: &'static str,
        name: &str,
        text: &str,
    ) -> Result<(), OutputError> {
        let path = self.file(name);
        let write = Destination::find(&path).and_then(|to| to.replace(text.as_bytes()));
        write.map_err(|source| OutputError::Write { what, path, source })
    }
}

/// A name of a scenario as part of a file name: letters, digits, `.`, `-` and `_`, no more than 60 of them.
fn file_name(scenario: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = scenario.chars().map(plain).take(60).collect();
    let name = name.trim_matches('.');
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests;
