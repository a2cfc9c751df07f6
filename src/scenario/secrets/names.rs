//! Which keys sound like that of a secret.

use crate::diagnostic::nearest;
use crate::scenario::secrets::extent::LONGEST_KEY;

/// What stands before the secret in a header.
pub(super) const SCHEMES: [&str; 5] = ["Bearer ", "Basic ", "Token ", "Digest ", "ApiKey "];

/// Keys whose tables have things by names that anybody may choose.
pub(super) const NAMING: [&str; 5] = ["user_classes", "brokers", "payloads", "feeds", "vars"];

/// What a key of a secret contains, in small letters without `-` and `_`.
const WORDS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "authorization",
    "cookie",
    "credential",
    "privatekey",
    "bearer",
    "signature",
];

/// Short ones, which others contain by chance.
const WHOLE_WORDS: [&str; 7] = ["pass", "pw", "psk", "auth", "jwt", "sig", "pin"];

/// Returns whether a value with this name is most likely a secret.
pub(super) fn is_secret(key: &str) -> bool {
    if key.len() > LONGEST_KEY {
        return false;
    }
    let plain: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    WORDS.iter().any(|word| plain.contains(word))
        || WHOLE_WORDS.contains(&plain.as_str())
        || is_misspelt(&plain)
}

/// Whether all that stands under this key, by whatever names, is secret.
pub(super) fn is_table_of_secrets(key: &str) -> bool {
    nearest(key, ["headers", "header"]).is_some() || is_misspelt(&key.to_lowercase())
}

pub(super) fn is_misspelt(key: &str) -> bool {
    (5..=18).contains(&key.len()) && nearest(key, ["password", "passphrase", "authorization"]).is_some()
}

/// Whether a line such as `[brokers.b.websocket.headers]` begins a table of which all is secret.
pub(super) fn is_section_of_secrets(line: &str) -> bool {
    let path = line.split('#').next().unwrap_or_default().trim().trim_matches(['[', ']']);
    let parts: Vec<_> = path.split('.').map(|part| part.trim().trim_matches(['"', '\''])).collect();
    let own = |place: usize| place == 0 || !NAMING.contains(&parts[place - 1]);
    (0..parts.len()).any(|place| own(place) && is_table_of_secrets(parts[place]))
}
