//! The word that lets a visitor in.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::str::FromStr;

use sha2::{Digest, Sha256};

const SHORTEST: usize = 16;

/// As long as browsers keep a cookie at least.
const LONGEST: usize = 1_024;

/// A word that lets a visitor in: 16 to 1,024 letters, digits and `-._~`, which stand in an address and in a cookie as
/// they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one of 128 random bits.
    ///
    /// # Errors
    /// What the system says if it has no random numbers.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// The word, to be shown to who may come in.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether somebody has said it. Hashes are compared, so the time that it takes tells nothing about the word.
    pub(super) fn is(&self, said: &[u8]) -> bool {
        let (ours, theirs) = (Sha256::digest(&self.0), Sha256::digest(said));
        ours.iter().zip(theirs).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

impl FromStr for Token {
    type Err = String;

    /// Reads a word; the error is a sentence.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
        if is_plain && (SHORTEST..=LONGEST).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("a token is {SHORTEST} to {LONGEST} letters, digits and -._~ without blanks"))
        }
    }
}

/// Not the word: it has no business in a log.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests;
