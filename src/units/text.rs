//! How a quantity is read that a scenario spells as a text.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads a quantity from a text; `what` is its name in messages, such as `rate`.
pub(super) fn deserialize_text<'de, D, T>(deserializer: D, what: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: Display,
{
    deserializer.deserialize_str(Text { what, quantity: PhantomData })
}

struct Text<T> {
    what: &'static str,
    quantity: PhantomData<T>,
}

impl<T: FromStr> Visitor<'_> for Text<T>
where
    T::Err: Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {}", self.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error| E::custom(format_args!("invalid {}: {error}", self.what)))
    }
}
