//! Keeps passwords out of the output of a plan.
//!
//! Passwords are found by value, since a topic or a name may contain the same variable. Only passwords of users that
//! are shown matter: those of other users are never rendered here.

use crate::describe::sample::SampleUser;

/// What stands in place of a password.
pub(super) const MASK: &str = "***";

pub(super) struct Secrets {
    passwords: Vec<Vec<u8>>,
    /// Which bytes one of them begins with: most text is passed over by this alone.
    begins: [bool; 256],
}

impl Secrets {
    pub(super) fn of<'a>(users: impl Iterator<Item = &'a SampleUser>) -> Self {
        Self::new(users.filter_map(|user| user.persona().password().map(str::as_bytes)))
    }

    fn new<'a>(passwords: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut secrets: Vec<Vec<u8>> = Vec::new();
        for password in passwords {
            // As it stands inside of a JSON text, too.
            let quoted = serde_json::to_string(&String::from_utf8_lossy(password)).unwrap_or_default();
            let inside = quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"'));
            secrets.push(inside.unwrap_or_default().as_bytes().to_vec());
            secrets.push(password.to_vec());
        }
        secrets.retain(|secret| !secret.is_empty());
        // The longest first: one may be a part of another.
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        let mut begins = [false; 256];
        for first in secrets.iter().filter_map(|secret| secret.first()) {
            begins[usize::from(*first)] = true;
        }
        Self { passwords: secrets, begins }
    }

    pub(super) fn mask(&self, bytes: &[u8]) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
        while let Some((first, tail)) = rest.split_first() {
            let found = || self.passwords.iter().find_map(|secret| rest.strip_prefix(secret.as_slice()));
            if let Some(after) = self.begins[usize::from(*first)].then(found).flatten() {
                out.extend_from_slice(MASK.as_bytes());
                rest = after;
            } else {
                out.push(*first);
                rest = tail;
            }
        }
        out
    }

    pub(super) fn mask_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.mask(text.as_bytes())).into_owned()
    }
}

#[cfg(test)]
mod tests;
