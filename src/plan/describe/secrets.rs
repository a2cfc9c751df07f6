//! Passwords, kept out of what a plan says.
//!
//! By value and not by where a text comes from, since a topic or a name may well have got the password from the
//! same variable. Only passwords of users that are shown matter: nobody else's is ever rendered here.

use crate::plan::describe::sample::SampleUser;

/// What stands in place of a password.
pub(super) const MASK: &str = "***";

/// The passwords of all sample users.
#[derive(Debug)]
pub(super) struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    pub(super) fn of<'a>(users: impl Iterator<Item = &'a SampleUser>) -> Self {
        let mut secrets: Vec<Vec<u8>> = Vec::new();
        for password in users.filter_map(|user| user.password.as_deref()) {
            // As it stands inside of a JSON text, too.
            let quoted = serde_json::to_string(&String::from_utf8_lossy(password)).unwrap_or_default();
            secrets.push(quoted.trim_matches('"').as_bytes().to_vec());
            secrets.push(password.to_vec());
        }
        secrets.retain(|secret| !secret.is_empty());
        // The longest first: one may be a part of another.
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self(secrets)
    }

    /// The bytes with every password in them replaced.
    pub(super) fn mask(&self, bytes: &[u8]) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
        while let Some((first, tail)) = rest.split_first() {
            match self.0.iter().find_map(|secret| rest.strip_prefix(secret.as_slice())) {
                Some(after) => {
                    out.extend_from_slice(MASK.as_bytes());
                    rest = after;
                }
                None => {
                    out.push(*first);
                    rest = tail;
                }
            }
        }
        out
    }

    /// The same for a text.
    pub(super) fn mask_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.mask(text.as_bytes())).into_owned()
    }
}
