//! Headers of HTTP requests: of a WebSocket's opening request, and of those for a broker's metrics.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::compile::tls::useless;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::target::{Header, Target};
use crate::scenario::model;
use crate::template::Secret;
use crate::template::names::{Names, Place};

/// Headers that a WebSocket's opening request always has, in lower case.
const OF_WEBSOCKET: [&str; 8] = [
    "connection",
    "content-length",
    "host",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "upgrade",
];

pub(super) fn compile_websocket(
    websocket: Option<&model::broker::WebSocket>,
    target: Option<&Target>,
    overridden: bool,
    at: &FieldPath,
    names: &Names<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Header> {
    let Some(websocket) = websocket else { return Vec::new() };
    let used = target.is_some_and(Target::is_websocket);
    if let Some(target) = target.filter(|_| !used) {
        useless("websocket", target, overridden, at, problems);
    }
    let at = at.key("websocket").key("headers");
    let headers = compile_headers(&websocket.headers, &OF_WEBSOCKET, &at, names, problems);
    if used { headers } else { Vec::new() }
}

/// Headers that a scenario adds to those that are always sent, `own` in lower case.
pub(super) fn compile_headers(
    headers: &BTreeMap<String, String>,
    own: &[&str],
    at: &FieldPath,
    names: &Names<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Header> {
    let mut known = BTreeSet::new();
    let mut compiled = Vec::new();
    for (name, value) in headers {
        let at = at.key(name.as_str());
        let lower = name.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            let message = format!("{name:?} is not the name of a header");
            let help = "names of headers are letters, digits and `-`";
            problems.add(Diagnostic::error(codes::HEADER, at.clone(), message).help(help));
        } else if own.contains(&lower.as_str()) {
            let message = format!("the header `{name}` is always sent");
            let help = "it belongs to the protocol and cannot be changed; remove it";
            problems.add(Diagnostic::error(codes::HEADER, at.clone(), message).help(help));
        } else if !known.insert(lower) {
            let message = format!("the header `{name}` is given twice");
            let help = "upper and lower case make no difference; keep one";
            problems.add(Diagnostic::error(codes::HEADER, at.clone(), message).help(help));
        }
        let Some(template) = problems.template(value, Place::Setting, names, &at) else { continue };
        let sendable = |byte: &u8| *byte == b'\t' || (b' '..=b'~').contains(byte);
        if !template.literal().unwrap_or_default().iter().all(sendable) {
            // The value is not repeated: it may be a secret.
            let message = format!("the value of `{name}` holds a character that a header cannot carry");
            let help = "write only characters from the space to `~`";
            problems.add(Diagnostic::error(codes::HEADER, at, message).help(help));
        }
        compiled.push(Header { name: name.clone(), value: Secret(template) });
    }
    compiled
}
