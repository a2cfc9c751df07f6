//! The next command, ready to be pasted into a shell.
//!
//! It is broken only between its arguments, and each line but the last ends with a backslash: pasted, the lines are one
//! command. An argument that is wider than the terminal is left whole, since the terminal breaks it without harm.

use std::path::Path;

use crate::report::columns::{printable, width};

/// Columns of the indentation of a line that goes on.
const INDENT: usize = 4;

/// A path, or another word of a command line, as an argument that a shell reads as one word.
pub fn argument(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%=,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// The lines that tell the next command, of at most so many columns where that is possible.
pub fn next(arguments: &[String], columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = "Next: mqtt-scenario".to_owned();
    for argument in arguments {
        let argument = printable(argument);
        // There must be room for the backslash.
        if width(&line) + 1 + width(&argument) + 2 > columns && line.len() > INDENT {
            lines.push(line + " \\");
            line = " ".repeat(INDENT - 1);
        }
        line.push(' ');
        line.push_str(&argument);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests;
