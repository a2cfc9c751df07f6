//! Python's `repr()` of a string: Locust hashes it to sort its failures, and it is a literal in the locustfiles that we write.

use std::fmt::Write;

use crate::stats::unprintable::UNPRINTABLE;

/// `repr(text)` as Python 3.11 writes it.
pub(crate) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut repr = String::with_capacity(text.len() + 2);
    repr.push(quote);
    for c in text.chars() {
        match c {
            '\t' => repr.push_str("\\t"),
            '\n' => repr.push_str("\\n"),
            '\r' => repr.push_str("\\r"),
            '\\' => repr.push_str("\\\\"),
            _ if c == quote => repr.extend(['\\', c]),
            _ if is_printable(c) => repr.push(c),
            _ => push_escape(&mut repr, u32::from(c)),
        }
    }
    repr.push(quote);
    repr
}

fn push_escape(text: &mut String, code: u32) {
    let written = match code {
        ..0x100 => write!(text, "\\x{code:02x}"),
        0x100..0x1_0000 => write!(text, "\\u{code:04x}"),
        _ => write!(text, "\\U{code:08x}"),
    };
    debug_assert!(written.is_ok(), "a String takes everything");
}

fn is_printable(c: char) -> bool {
    let code = u32::from(c);
    let after = UNPRINTABLE.partition_point(|&(first, _)| first <= code);
    after == 0 || UNPRINTABLE[after - 1].1 < code
}

#[cfg(test)]
mod tests;
