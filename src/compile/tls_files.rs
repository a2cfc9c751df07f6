//! Checks the files of certificates and keys that are known before the run: that they exist and have the right kind.
//!
//! Only the PEM format is checked. Whether TLS accepts the contents shows when the run begins.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::compile::codes;
use crate::compile::files::{self, FolderOf, ReadFile};
use crate::compile::problems::Problems;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::template::Template;

/// What a file is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Certificate,
    Key,
}

/// Says if a file cannot be read or does not hold what it is to hold.
pub(super) fn check(
    files: ReadFile<'_>,
    path: &str,
    part: Part,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    let Some(bytes) = files::read_text(files, path, at, problems) else { return };
    let (labels, message, help): (&[&str], _, _) = match part {
        Part::Certificate => (
            &["CERTIFICATE"],
            format!("`{path}` holds no certificate"),
            "it must be PEM, with a part `-----BEGIN CERTIFICATE-----`",
        ),
        Part::Key => (
            &["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"],
            format!("`{path}` holds no private key"),
            "it must be PEM, with a part `-----BEGIN PRIVATE KEY-----` (or `RSA PRIVATE KEY`, `EC PRIVATE KEY`), \
             not encrypted",
        ),
    };
    if !has_part(&bytes, labels) {
        problems.add(Diagnostic::error(codes::TLS_FILE, at.clone(), message).help(help));
    }
}

fn has_part(pem: &[u8], labels: &[&str]) -> bool {
    let mut lines = pem.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    while let Some(line) = lines.next() {
        let label = line.strip_prefix(b"-----BEGIN ").and_then(|rest| rest.strip_suffix(b"-----"));
        let Some(label) = label.filter(|label| labels.iter().any(|known| known.as_bytes() == *label)) else {
            continue;
        };
        let end = [b"-----END ", label, b"-----"].concat();
        let (mut body, mut is_whole) = (Vec::new(), false);
        for line in lines.by_ref() {
            is_whole = line == end;
            if is_whole {
                break;
            }
            body.extend_from_slice(line);
        }
        if is_whole && STANDARD.decode(&body).is_ok_and(|bytes| !bytes.is_empty()) {
            return true;
        }
    }
    false
}

/// A path of the value at a place, from the scenario's folder: the value may stand in an included file, from whose
/// folder it counts.
pub(super) fn from_scenario(path: String, at: &FieldPath, folder: FolderOf<'_>) -> String {
    if Path::new(&path).is_absolute() { path } else { folder(at) + &path }
}

/// The same for a path that may differ from user to user.
pub(super) fn template_from_scenario(path: Template, at: &FieldPath, folder: FolderOf<'_>) -> Template {
    let folder = folder(at);
    if folder.is_empty() || path.begins_with(b'/') { path } else { path.after(&folder) }
}

#[cfg(test)]
mod tests;
