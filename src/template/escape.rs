//! A text as it stands between the quotes of a JSON text (RFC 8259, section 7).

/// The most bytes that one byte of a text can become: `\u0000`.
pub(super) const LONGEST: usize = 6;

/// Whether a byte of UTF-8 may stand in a JSON text as it is (RFC 8259, section 7).
pub(crate) fn stands_for_itself(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

/// Gives a text in pieces as they stand between the quotes of a JSON text.
#[inline]
pub(super) fn escape(text: &[u8], mut push: impl FnMut(&[u8])) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| !stands_for_itself(*byte)) {
        push(&rest[..at]);
        match rest[at] {
            b'\n' => push(b"\\n"),
            b'\r' => push(b"\\r"),
            b'\t' => push(b"\\t"),
            byte @ (b'"' | b'\\') => push(&[b'\\', byte]),
            byte => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                push(&[b'\\', b'u', b'0', b'0', high, low]);
            }
        }
        rest = &rest[at + 1..];
    }
    push(rest);
}

pub(crate) fn escaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    escape(text, |piece| out.extend_from_slice(piece));
    out
}

#[cfg(test)]
mod tests;
