//! The values of labels: short, harmless in a terminal, and different if what they stand for is different.

use sha2::{Digest as _, Sha256};

use crate::report::columns::printable;

const BYTES: usize = 200;

/// So many bytes of a value that is cut stay.
const KEPT_BYTES: usize = 180;

/// A value as it may stand in a label. One that must be changed gets a mark that depends on all of it, so that two names
/// with the same beginning stay two series, and the same two in every run.
pub(super) fn value(text: &str) -> String {
    // A line end is no danger: every format writes it as `\n`.
    let lines: Vec<String> = text.split('\n').map(printable).collect();
    let mut value = lines.join("\n");
    let end = if value.len() > BYTES { value.floor_char_boundary(KEPT_BYTES) } else { value.len() };
    if end == value.len() && value == text {
        return value;
    }
    value.truncate(end);
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(text));
    format!("{value}… #{a:02x}{b:02x}{c:02x}{d:02x}")
}

#[cfg(test)]
mod tests;
