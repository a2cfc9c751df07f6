//! A fault in the text of a file that is no tree yet, and the line that it stands in.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, FieldPath, FileId, Mark};

/// A fault at some bytes of the scenario file; who read another file says so afterwards.
pub(super) fn fault(code: &'static str, message: impl Into<String>, span: Range<usize>) -> Diagnostic {
    Diagnostic::error(code, FieldPath::root(), message).marking(Mark::Source(FileId::default(), span))
}

/// First byte and text of the line around a byte.
pub(super) fn line_at(text: &str, at: usize) -> (usize, &str) {
    let start = text[..at].rfind('\n').map_or(0, |line_end| line_end + 1);
    (start, text[start..].lines().next().unwrap_or_default())
}
