//! Templates of other tools: their names here, and texts that contain them and would be sent unchanged.
//!
//! `{seq}`, `{{seq}}`, `%i`, `$seq` or `<seq>` is a template in some other tool and an ordinary text here. Braces, `$`
//! and `%` in JSON, XML, dates and topics of brokers must not be taken for a template.

use std::ops::Range;

use crate::template::names::{FUNCTIONS, NAMES, Names};

/// Longest placeholder that is looked for, in bytes.
const LONGEST: usize = 60;

/// Words of other tools, in small letters and without `_`, and our template.
const WORDS: &[(&[&str], &str)] = &[
    (
        &[
            "user.number",
            "usernumber",
            "userid",
            "user.id",
            "user",
            "id",
            "vu",
            "vu.id",
            "vu.idintest",
            "exec.vu.idintest",
            "threadnum",
            "thread",
            "threadid",
            "device",
            "deviceid",
            "device.id",
            "clientnumber",
            "num",
            "number",
        ],
        "${user.number}",
    ),
    (&["user.index", "userindex", "index", "idx"], "${user.index}"),
    (&["user.class", "userclass", "class"], "${user.class}"),
    (&["clientid", "client", "client.id", "cid", "mqttclientid"], "${client_id}"),
    (&["iteration", "iter", "iterations", "loop"], "${iteration}"),
    (
        &[
            "seq",
            "i",
            "n",
            "count",
            "counter",
            "sequence",
            "seqno",
            "seqnum",
            "sequencenumber",
            "msgid",
            "messageid",
            "msgnum",
        ],
        "${seq}",
    ),
    (
        &[
            "timestamp",
            "time",
            "now",
            "ts",
            "unix",
            "unixtime",
            "epoch",
            "nowms",
            "date.now",
            "millis",
            "timeshift",
        ],
        "${now_ms()}",
    ),
    (&["nowns", "nanos"], "${now_ns()}"),
    (&["nowiso", "date", "datetime", "iso", "isodate", "isoformat", "isotimestamp"], "${now_iso()}"),
    (&["uuid", "uuid4", "guid", "randomuuid", "uuidv4"], "${uuid()}"),
    (
        &[
            "randomint",
            "random",
            "rand",
            "randint",
            "randomnumber",
            "random.randint",
            "randomintbetween",
            "integer",
        ],
        "${random_int(1, 6)}",
    ),
    (&["randomfloat", "randfloat", "random.uniform", "float"], "${random_float(0.5, 1.5)}"),
    (&["randomstring", "randstring", "randstr", "string"], "${random_string(16)}"),
    (&["randombytes"], "${random_bytes(16)}"),
    (&["choice", "random.choice", "oneof", "randomitem"], "${choice('red', 'green')}"),
    (&["walk"], "${walk(15, 25, 0.5)}"),
    (&["hostname", "host", "machinename", "machine"], "${hostname()}"),
    (&["env", "getenv", "property", "p"], "${env.NAME}"),
];

/// Our template for a name or a call of another tool, such as `__threadNum`, `$randomInt`, `uuid4()`.
pub(super) fn template_for(written: &str) -> Option<&'static str> {
    let name = written.split(['(', ':', '|']).next().unwrap_or_default().trim();
    let name: String =
        name.chars().filter(|c| *c != '_' && *c != '$').map(|c| c.to_ascii_lowercase()).collect();
    WORDS.iter().find(|(words, _)| words.contains(&&*name)).map(|(_, ours)| *ours)
}

/// A text that looks like a template of another tool.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Placeholder {
    /// The bytes of the text that it takes up.
    pub(crate) range: Range<usize>,
    /// What was surely meant, if that is known.
    pub(crate) ours: Option<String>,
}

pub(crate) fn placeholders(text: &str, names: &Names<'_>) -> Vec<Placeholder> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = text[at..].find(['{', '<', '%', '$']) {
        let start = at + step;
        let rest = &text[start..];
        if rest.starts_with("${") || rest.starts_with("$${") {
            at = rest.find('}').map_or(text.len(), |end| start + end + 1);
            continue;
        }
        let length = in_braces(rest, names)
            .or_else(|| in_angles(text, rest, names))
            .or_else(|| behind_percent(&text[..start], rest))
            .or_else(|| behind_dollar(&text[..start], rest));
        let Some((length, ours)) = length else {
            at = start + 1;
            continue;
        };
        // `#{x}`, `@{x}`
        let before = usize::from(rest.starts_with('{') && text[..start].ends_with(['#', '@']));
        found.push(Placeholder { range: start - before..start + length, ours });
        at = start + length;
    }
    found
}

/// A length, and our template.
type Found = (usize, Option<String>);

fn ours(name: &str, names: &Names<'_>) -> Option<String> {
    let first = name.split(['(', ':', '|', ' ']).next().unwrap_or_default();
    if names.vars.contains_key(first) {
        return Some(format!("${{vars.{first}}}"));
    }
    if names.columns.names().any(|column| column == first) {
        return Some(format!("${{row.{first}}}"));
    }
    let is_ours = NAMES.iter().any(|(known, ..)| *known == first)
        || name.contains('(') && FUNCTIONS.iter().any(|function| function.name == first);
    if is_ours && !name.contains([':', '|']) {
        return Some(format!("${{{name}}}"));
    }
    template_for(name).map(str::to_owned)
}

/// `{seq}`, `{{ seq }}`, `{seq:05d}`, `{% seq %}`; but no JSON.
fn in_braces(rest: &str, names: &Names<'_>) -> Option<Found> {
    let (inside, close) = [("{{", "}}"), ("{%", "%}"), ("{", "}")].iter().find_map(|(open, close)| {
        let inside = rest.strip_prefix(open)?;
        Some((&inside[..inside.find(close).filter(|end| *end <= LONGEST)?], *close))
    })?;
    let length = inside.len() + 2 * close.len();
    let name = inside.trim().trim_start_matches(['.', '$', '=']).trim_start();
    let doubled = close.len() == 2;
    let (head, tail) = name.split_at(name.find(|c: char| !is_of_name(c)).unwrap_or(name.len()));
    if !is_name(head) || matches!(head, "true" | "false" | "null") {
        return None;
    }
    let is_format = |tail: &str| {
        let tail = tail.strip_prefix(':').unwrap_or("-");
        tail.strip_suffix(['d', 's', 'x', 'f'])
            .is_some_and(|tail| tail.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    };
    let is_call = tail.starts_with('(') && tail.ends_with(')');
    let fits = tail.is_empty() || is_call || is_format(tail) || doubled && !tail.contains(['{', '"', '\n']);
    fits.then(|| (length, ours(name, names)))
}

/// `<seq>`; but no XML.
fn in_angles(text: &str, rest: &str, names: &Names<'_>) -> Option<Found> {
    let inside = rest.strip_prefix('<')?;
    let name = &inside[..inside.find('>').filter(|end| *end <= LONGEST)?];
    let is_xml = text.contains("</") || text.contains("/>");
    let ours = ours(name, names).filter(|_| is_name(name) && !is_xml)?;
    Some((name.len() + 2, Some(ours)))
}

/// `%c`, `%i`, `%05d`, `%client_id%`; but no percentage and no date.
fn behind_percent(before: &str, rest: &str) -> Option<Found> {
    let inside = rest.strip_prefix('%')?;
    if before.ends_with(|c: char| c.is_ascii_digit() || c == '%') {
        return None;
    }
    if let Some(end) = inside.find('%').filter(|end| *end <= LONGEST && *end > 1)
        && let Some(ours) = template_for(&inside[..end]).filter(|_| is_name(&inside[..end]))
    {
        return Some((end + 2, Some(ours.to_owned())));
    }
    let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
    let letter = inside[digits..].chars().next()?;
    let is_last =
        !inside[digits + letter.len_utf8()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let ours = match letter {
        'c' => Some("${client_id}"),
        'i' => Some("${user.number}"),
        'd' => Some("${seq}"),
        'u' | 's' | 'n' => None,
        _ => return None,
    };
    let is_one = is_last && (digits == 0 || letter == 'd');
    // `%Y-%m-%d` is a date, which is sent as it stands as well; but what is meant is another thing.
    let ours = if before.ends_with("%m-") { Some("${now_iso()}") } else { ours };
    is_one.then(|| (1 + digits + 1, ours.map(str::to_owned)))
}

/// `$seq`, `$(seq)`; but no `$SYS`, no `$share` and no key of JSON such as `"$date"`.
fn behind_dollar(before: &str, rest: &str) -> Option<Found> {
    let inside = rest.strip_prefix('$')?;
    if let Some(call) = inside.strip_prefix('(') {
        let name = &call[..call.find(')').filter(|end| *end <= LONGEST)?];
        let ours = template_for(name).map(str::to_owned);
        return is_name(name.split(' ').next().unwrap_or_default()).then_some((name.len() + 3, ours));
    }
    let length = inside.find(|c: char| !is_of_name(c)).unwrap_or(inside.len());
    let name = inside[..length].trim_end_matches('.');
    let is_key = before.ends_with(['"', '\'']) && inside[name.len()..].starts_with(['"', '\'']);
    let is_short = name.len() < 3
        || matches!(name, "num" | "date" | "time" | "class" | "count" | "user" | "index" | "string");
    let ours = template_for(name)
        .filter(|_| !(is_short || is_key && inside[name.len() + 1..].trim_start().starts_with(':')))?;
    Some((name.len() + 1, Some(ours.to_owned())))
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(is_of_name)
}

#[cfg(test)]
mod tests;
