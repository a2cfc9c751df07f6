//! An error of the operating system as a small value that can be copied and compared.

use std::fmt;
use std::io;

/// An error of the operating system, reduced to parts that can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Os {
    kind: io::ErrorKind,
    code: Option<i32>,
}

impl From<&io::Error> for Os {
    fn from(error: &io::Error) -> Self {
        Self { kind: error.kind(), code: error.raw_os_error() }
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{}", io::Error::from_raw_os_error(code)),
            None => write!(f, "{}", self.kind),
        }
    }
}
