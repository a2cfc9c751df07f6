//! Texts in Markdown: whatever a broker or a file says stands there as it is and does nothing.
//!
//! Every text is on one line and inside a line that we began, so signs that count only at the beginning of a line are
//! escaped only at the beginning of a text.

use crate::report::columns::printable;

/// A text as it is, on one line, in a cell of a table, too. It is no markup, no link, no emoji, and calls nobody.
pub fn text(text: &str) -> String {
    let text = printable(text);
    let mut escaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A name with it would call somebody, and a number an issue.
            '@' => escaped.push_str("&#64;"),
            '#' => escaped.push_str("&#35;"),
            // Links by themselves, and emojis.
            ':' if characters.peek().is_some_and(|next| !next.is_whitespace()) => escaped.push_str("&#58;"),
            '.' if ends_with_www(&escaped) => escaped.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '!' | '[' | ']' | '|' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            // A list, or the line under a heading.
            '+' | '-' | '=' if escaped.is_empty() && characters.peek().is_some() => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn ends_with_www(text: &str) -> bool {
    text.len().checked_sub(3).and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// A code span on one line, with a fence longer than any run of backticks in it; nothing for an empty text.
pub fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A code span in a table. A pipe must be escaped even there, since Markdown splits a table into cells first.
pub fn cell_code(text: &str) -> String {
    code(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests;
