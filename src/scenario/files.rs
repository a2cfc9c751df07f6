//! The texts that a scenario is made of, and how a file is read from the disk.
//!
//! A text is kept as it stands in its file, except for a byte order mark, which is not part of any line that a
//! person sees. What the command line sets counts as a file, too: its only line is the argument.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::diagnostic::FileId;
use crate::units::{WideText, text_bytes};

/// The largest size in bytes that is read of a scenario, with all files that it includes.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// How a scenario is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1, the canonical spelling.
    Toml,
    /// YAML 1.2.
    Yaml,
}

impl Format {
    /// The format that a file's ending stands for: `.toml`, `.yaml` or `.yml`.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The name says neither TOML nor YAML.
    #[error("cannot tell the format of {}: the name of a scenario ends in .toml, .yaml or .yml", .0.display())]
    UnknownFormat(PathBuf),
    /// The file system refused to read the file.
    #[error("cannot read {}: {}", path.display(), reason(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is larger than [`MAX_FILE_BYTES`].
    #[error("{} is larger than {} MiB, the most that is read as a scenario", .0.display(), MAX_FILE_BYTES >> 20)]
    TooLarge(PathBuf),
    /// The file is text in another encoding than UTF-8.
    #[error("cannot read {}: {WideText}", .0.display())]
    Utf16(PathBuf),
    /// The file is not text in UTF-8.
    #[error("{} is not UTF-8 text: invalid bytes in line {line}", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first line with such bytes, from 1.
        line: usize,
    },
}

/// Why a file cannot be read: the most frequent reasons in plain words.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// One of the texts that a scenario is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    name: String,
    text: String,
    format: Format,
    folder: PathBuf,
}

impl File {
    /// A text, without its byte order mark; `name` is what messages call it.
    pub(super) fn new(name: String, mut text: String, format: Format, folder: PathBuf) -> Self {
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Self { name, text, format, folder }
    }

    /// Returns what messages call it: the path of the file, or the name of the option.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the format that it is written in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the folder that relative paths in it start from; an empty path means the current folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// All texts that a scenario is made of: at least the scenario file.
#[derive(Debug, Clone)]
pub struct Files {
    first: File,
    others: Vec<File>,
}

impl Files {
    pub(super) fn new(first: File) -> Self {
        Self { first, others: Vec::new() }
    }

    pub(super) fn add(&mut self, file: File) -> FileId {
        self.others.push(file);
        FileId(u32::try_from(self.others.len()).unwrap_or(0))
    }

    pub(super) fn first(&self) -> &File {
        &self.first
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &File> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The file with a number; the scenario file for one that was not given out.
    pub fn get(&self, id: FileId) -> &File {
        let index = usize::try_from(id.0).ok().and_then(|id| id.checked_sub(1));
        index.and_then(|index| self.others.get(index)).unwrap_or(&self.first)
    }
}

pub(super) fn read_file(path: &Path, most: u64) -> Result<File, ReadError> {
    let format = Format::of(path).ok_or_else(|| ReadError::UnknownFormat(path.to_owned()))?;
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        .map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    if bytes.len() as u64 > most {
        return Err(ReadError::TooLarge(path.to_owned()));
    }
    if text_bytes(&bytes).is_err() {
        return Err(ReadError::Utf16(path.to_owned()));
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            Ok(File::new(path.display().to_string(), text, format, folder))
        }
        Err(error) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.split(|byte| *byte == b'\n').count();
            Err(ReadError::NotUtf8 { path: path.to_owned(), line })
        }
    }
}
