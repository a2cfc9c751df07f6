//! Draws lines over what was drawn before, by escape sequences, so that nothing flickers and log lines stay above.
//!
//! A frame is written in one piece, line over line, each erased only behind its new text. When a window gets narrower,
//! terminals break the old lines into several. So the painter counts how many lines of the terminal the old text takes
//! now. A terminal that cuts lines instead loses some lines of the log above the table; no terminal of today does that.

use crate::report::columns::width;

/// Erases the rest of the line.
const END_OF_LINE: &str = "\u{1b}[K";
/// Erases everything below.
const BELOW: &str = "\u{1b}[J";
/// A terminal that knows it shows all that comes until `SHOW` at once.
const HOLD: &str = "\u{1b}[?2026h";
const SHOW: &str = "\u{1b}[?2026l";
/// Lines that are too long are cut instead of broken, in case that the terminal finds a character wider than we do.
const CUT: &str = "\u{1b}[?7l";
const BREAK: &str = "\u{1b}[?7h";

/// Remembers what stands on the terminal. The cursor stays in the first column below it.
#[derive(Debug, Default)]
pub(in crate::cli) struct Painter {
    /// The width of each line that was drawn.
    drawn: Vec<usize>,
}

impl Painter {
    /// The text that draws these lines in place of the old ones.
    pub(in crate::cli) fn frame(&mut self, lines: &[String], columns: usize) -> String {
        let mut out = HOLD.to_owned() + &self.back(columns);
        self.put(lines, &mut out);
        out + SHOW
    }

    /// The text that puts a text in the place of the table, which is to be drawn again below it. The text ends with a
    /// line end.
    pub(in crate::cli) fn above(&mut self, text: &str, columns: usize) -> String {
        self.clear(columns) + text
    }

    /// The text that takes the table away.
    pub(in crate::cli) fn clear(&mut self, columns: usize) -> String {
        let back = self.back(columns);
        self.drawn.clear();
        back + BELOW
    }

    fn put(&mut self, lines: &[String], out: &mut String) {
        out.push_str(CUT);
        for line in lines {
            out.push_str(line);
            out.push_str(END_OF_LINE);
            out.push('\n');
        }
        out.push_str(BREAK);
        out.push_str(BELOW);
        self.drawn =
            lines.iter().map(|line| width(&anstream::adapter::strip_str(line).to_string())).collect();
    }

    /// Moves the cursor to the first line of the table, on a terminal that has this many columns now.
    fn back(&self, columns: usize) -> String {
        let lines: usize = self.drawn.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        if lines == 0 { "\r".to_owned() } else { format!("\r\u{1b}[{lines}A") }
    }
}

#[cfg(test)]
mod tests;
