//! How a file of text is encoded, as far as its first bytes tell: a byte order mark is no content.

/// The file is not UTF-8 but UTF-16 or UTF-32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is UTF-16 text, and UTF-8 is expected: save it as UTF-8")]
pub struct WideText;

/// The bytes of a text without the byte order mark that editors and shells of some systems write before it.
pub fn text_bytes(bytes: &[u8]) -> Result<&[u8], WideText> {
    if let Some(text) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return Ok(text);
    }
    // With a mark, or with the zeros that letters have in it; those of UTF-32 begin and look alike.
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..] => Err(WideText),
        [0, b, 0, d, ..] | [b, 0, d, 0, ..] if *b != 0 && *d != 0 && bytes.len().is_multiple_of(2) => {
            Err(WideText)
        }
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests;
