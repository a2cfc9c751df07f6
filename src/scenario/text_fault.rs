//! A fault in the text of a file before it is a tree, and the line of a byte.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, FieldPath, FileId, Mark};

/// A fault at some bytes of the scenario file; the reader of another file changes that afterwards.
pub(super) fn fault(code: &'static str, message: impl Into<String>, span: Range<usize>) -> Diagnostic {
    Diagnostic::error(code, FieldPath::root(), message).marking(Mark::Source(FileId::default(), span))
}

/// First byte and text of the line around a byte.
pub(super) fn line_at(text: &str, at: usize) -> (usize, &str) {
    let start = text[..at].rfind('\n').map_or(0, |line_end| line_end + 1);
    (start, text[start..].lines().next().unwrap_or_default())
}
