//! Finding one text in a JSON value without reading the value into memory.
//!
//! The reader follows the pointer and skips all other values. So it never takes a similar text elsewhere in the message
//! for the right one. Skipped values are not checked: a message that is not JSON gives nothing, or a text that is not a
//! stamp.

/// The text at a pointer (RFC 6901), as it stands between its quotes; nothing if there is none. `pointer` is its
/// parts, `~0` and `~1` replaced; keys that hold escapes are not found.
pub fn text_at<'a>(json: &'a [u8], pointer: &[Box<str>]) -> Option<&'a [u8]> {
    let mut cursor = Cursor { json, at: 0 };
    for part in pointer {
        match cursor.next()? {
            b'{' => cursor.enter_object(part.as_bytes())?,
            b'[' => cursor.enter_list(part.parse().ok()?)?,
            _ => return None,
        }
    }
    if cursor.next()? == b'"' { cursor.text() } else { None }
}

struct Cursor<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&mut self) -> Option<u8> {
        while self.json.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.json.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// Moves from behind `{` to the value of a key, the first one if it stands there several times.
    fn enter_object(&mut self, key: &[u8]) -> Option<()> {
        loop {
            self.expect(b'"')?;
            let found = self.text()? == key;
            self.expect(b':')?;
            if found {
                return Some(());
            }
            self.skip()?;
            self.expect(b',')?;
        }
    }

    fn enter_list(&mut self, index: usize) -> Option<()> {
        for _ in 0..index {
            self.skip()?;
            self.expect(b',')?;
        }
        Some(())
    }

    /// Reads the rest of a text from behind its first quote.
    fn text(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        loop {
            match self.json.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(&self.json[start..self.at - 1])
    }

    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.next()? {
                b'"' => {
                    self.text()?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                b',' | b':' if depth > 0 => continue,
                b',' | b':' => return None,
                _ => {
                    let rest = &self.json[self.at..];
                    let ends =
                        |byte: &u8| matches!(byte, b',' | b':' | b'}' | b']') || byte.is_ascii_whitespace();
                    self.at += rest.iter().position(ends).unwrap_or(rest.len());
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
