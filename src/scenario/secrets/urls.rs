//! Secrets that need no key: user names and passwords of URLs, and the bodies of private keys.

use std::net::Ipv6Addr;

use memchr::memmem;

use crate::scenario::secrets::finder::Finder;

/// Longest URL that is looked at, in bytes.
const LONGEST_URL: usize = 2000;

/// Marks user names and passwords of URLs; messages speak of `mqtt://HOST[:PORT]`, too.
pub(super) fn urls(finder: &mut Finder<'_>, in_file: bool) {
    let text = finder.text;
    let mut at = 0;
    while let Some(found) = memmem::find(&text.as_bytes()[at..], b"://") {
        let scheme_end = at + found;
        let start = scheme_end + 3;
        let scheme =
            text[..scheme_end].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let region = &text[start..text.floor_char_boundary(start + LONGEST_URL)];
        let region = &region[..region.find('\n').unwrap_or(region.len())];
        let quote = scheme.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '`'));
        let region = match quote {
            Some(quote) => &region[..region.find(quote).unwrap_or(region.len())],
            None => region,
        };
        let word = &region[..region.find(char::is_whitespace).unwrap_or(region.len())];
        // A password may hold any character, and then it is no good URL.
        let has_port =
            word.split_once(':').is_none_or(|(_, port)| port.starts_with(|c: char| c.is_ascii_digit()));
        let sign = word.rfind('@').or_else(|| region.rfind('@').filter(|_| quote.is_some() || !has_port));
        if let Some(sign) = sign {
            finder.mark(start..start + sign);
        } else if in_file
            && let Some((host, port)) =
                word[..word.find(['/', '?', '#']).unwrap_or(word.len())].split_once(':')
            && !host.starts_with('[')
            // The `:-` of a template.
            && host.matches("${").count() == host.matches('}').count()
            && !is_ipv6(word)
            && !port.starts_with(|c: char| c.is_ascii_digit() || c == '$')
        {
            // A password, if somebody has left out the host behind it.
            finder.mark(start + host.len() + 1..start + host.len() + 1 + port.len());
        }
        at = start + if quote.is_some() { region.len() } else { sign.unwrap_or(word.len()).max(word.len()) };
    }
}

/// Marks what stands before the `@` of an address without `://`.
pub(super) fn address(finder: &mut Finder<'_>, at: usize, line_end: usize) -> usize {
    let most = finder.text.floor_char_boundary(at + LONGEST_URL).max(at);
    let rest = &finder.text[at..line_end.min(most)];
    let start = rest.len() - rest.trim_start_matches([' ', '\t', '[', '"', '\'']).len();
    let region = &rest[start..];
    let region = &region[..region.find(['"', '\'']).unwrap_or(region.len())];
    if !region.contains("://")
        && let Some(sign) = region.rfind('@')
        && region[..sign].contains(':')
    {
        finder.mark(at + start..at + start + sign);
    }
    at
}

/// Marks the query of an address, whatever its keys are called.
pub(super) fn query(finder: &mut Finder<'_>, at: usize, line_end: usize) {
    let most = finder.text.floor_char_boundary(at + LONGEST_URL).max(at);
    let rest = &finder.text[at..line_end.min(most)];
    let start = rest.len() - rest.trim_start_matches([' ', '\t', '[', '"', '\'']).len();
    let region = &rest[start..];
    let region = &region[..region.find(['"', '\'', ' ']).unwrap_or(region.len())];
    if let Some(mark) = region.find(['?', '#', ';']) {
        finder.mark(at + start + mark + 1..at + start + region.len());
    }
}

/// Marks the bodies of private keys that stand in the text itself.
pub(super) fn private_keys(finder: &mut Finder<'_>) {
    let text = finder.text;
    let mut at = 0;
    while let Some(found) = memmem::find(&text.as_bytes()[at..], b"PRIVATE KEY-----") {
        let start = at + found + "PRIVATE KEY-----".len();
        let end = memmem::find(&text.as_bytes()[start..], b"-----END").map_or(text.len(), |end| start + end);
        let label = &text[text.floor_char_boundary((at + found).saturating_sub(40))..at + found];
        let is_end = label.rfind("-----").is_some_and(|dashes| label[dashes..].starts_with("-----END"));
        if !is_end {
            finder.mark(start..end);
        }
        at = if is_end { start } else { end };
    }
}

/// Whether an address of IPv6 stands there without its brackets.
fn is_ipv6(word: &str) -> bool {
    let end = word.find(['%', '/', '?', '#']).unwrap_or(word.len());
    word[..end].parse::<Ipv6Addr>().is_ok()
}
