//! Files that a scenario names beside itself: the only way to them.
//!
//! Compiling does no I/O: the caller passes a function that reads a file. So tests need no files, and the caller
//! decides what a path means.

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::template;
use crate::units::text_bytes;

/// Largest file that a scenario may name, in bytes: one message cannot be larger.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// What paths of a scenario are relative to: the cure for a file that cannot be read.
pub const FROM_THE_SCENARIO: &str = "paths are relative to the folder of the scenario file";

/// Most lines that are kept of a file: each costs four bytes beside its own.
pub(super) const MAX_LINES: usize = 50_000_000;

/// Reads the file that the value at a place names, or says why it cannot: see
/// [`Context::files`](crate::compile::context::Context::files).
pub type ReadFile<'a> = &'a dyn Fn(&FieldPath, &str) -> Result<Vec<u8>, String>;

/// Says what leads from the folder of the scenario to that of the file in which the value at a place stands: see
/// [`Context::folder`](crate::compile::context::Context::folder).
pub type FolderOf<'a> = &'a dyn Fn(&FieldPath) -> String;

/// Says in which file and in which of its lines, from 1, the value at a place stands: see
/// [`Context::line`](crate::compile::context::Context::line).
pub type LineOf<'a> = &'a dyn Fn(&FieldPath) -> Option<(String, u32)>;

pub(super) fn read(
    files: ReadFile<'_>,
    path: &str,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<Vec<u8>> {
    if path.is_empty() {
        problems.add(
            Diagnostic::error(codes::EMPTY, at.clone(), "the name of a file cannot be empty")
                .help("write a path from the folder of the scenario, such as \"devices.csv\""),
        );
        return None;
    }
    match files(at, path) {
        Ok(bytes) if bytes.len() as u64 <= MAX_FILE_BYTES => Some(bytes),
        Ok(_) => {
            let message = format!("the file `{path}` is larger than {} MiB", MAX_FILE_BYTES >> 20);
            problems.add(
                Diagnostic::error(codes::FILE, at.clone(), message)
                    .help("no message can carry more; use a smaller file"),
            );
            None
        }
        Err(reason) => {
            let message = format!("cannot read `{path}`: {reason}");
            problems.add(Diagnostic::error(codes::FILE, at.clone(), message).help(FROM_THE_SCENARIO));
            None
        }
    }
}

/// The bytes of a file of text, without its byte order mark.
pub(super) fn read_text(
    files: ReadFile<'_>,
    path: &str,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<Vec<u8>> {
    let mut bytes = read(files, path, at, problems)?;
    if let Ok(text) = text_bytes(&bytes) {
        bytes.drain(..bytes.len() - text.len());
        return Some(bytes);
    }
    let message = format!("the file `{path}` is UTF-16 text");
    problems.add(Diagnostic::error(template::codes::TEXT, at.clone(), message).help("save it as UTF-8"));
    None
}

/// The line of a byte of a text, from 1.
pub(super) fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].split(|byte| *byte == b'\n').count()
}
