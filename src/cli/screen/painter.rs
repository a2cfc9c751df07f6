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
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    /// What stands on a terminal that breaks long lines when it gets narrower, after these texts.
    fn shown(texts: &[&str]) -> Vec<String> {
        let mut screen: Vec<String> = vec![String::new()];
        let mut row = 0;
        for text in texts {
            let mut rest = *text;
            while let Some(c) = rest.chars().next() {
                if let Some(sequence) = rest.strip_prefix("\u{1b}[") {
                    let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                    let number = sequence[..end].parse().unwrap_or(0);
                    match &sequence[end..=end] {
                        "A" => row -= number,
                        "J" => screen.truncate(row + 1),
                        _ => {}
                    }
                    if &sequence[end..=end] == "J" {
                        screen[row].clear();
                    }
                    rest = &sequence[end + 1..];
                    continue;
                }
                rest = &rest[c.len_utf8()..];
                match c {
                    '\r' => {}
                    '\n' => {
                        row += 1;
                        if row == screen.len() {
                            screen.push(String::new());
                        }
                    }
                    c => {
                        // The first character of a line writes over the old ones, whose rest is erased behind it.
                        screen[row].push(c);
                    }
                }
            }
            for line in &mut screen {
                // Whatever was written twice into a line replaces itself.
                if let Some(at) = line.rfind('|') {
                    *line = line[at..].to_owned();
                }
            }
        }
        screen
    }

    #[test]
    fn a_frame_takes_the_place_of_the_one_before_and_the_log_stays_above() {
        let mut painter = Painter::default();
        let first = painter.frame(&lines(&["|a", "|b", "|c"]), 80);
        let log = painter.above("log 1\n", 80) + &painter.frame(&lines(&["|a", "|b", "|c"]), 80);
        let second = painter.frame(&lines(&["|d", "|e"]), 80);
        assert_eq!(shown(&[&first]), ["|a", "|b", "|c", ""]);
        assert_eq!(shown(&[&first, &log]), ["log 1", "|a", "|b", "|c", ""]);
        assert_eq!(shown(&[&first, &log, &second]), ["log 1", "|d", "|e", ""]);
        let end = painter.clear(80);
        assert_eq!(shown(&[&first, &log, &second, &end]), ["log 1", ""]);
        assert_eq!(painter.clear(80), "\r\u{1b}[J", "nothing is there any more");
    }

    #[test]
    fn a_narrower_window_has_broken_the_old_lines() {
        let mut painter = Painter::default();
        painter.frame(&lines(&["\u{1b}[31mnine char\u{1b}[0m", "", "名前"]), 80);
        // Three lines of four columns, an empty one, and one of four.
        assert!(painter.frame(&lines(&["x"]), 4).starts_with("\u{1b}[?2026h\r\u{1b}[5A"));
        assert!(painter.frame(&lines(&["x"]), 0).contains("\u{1b}[1A"));
    }

    #[test]
    fn a_frame_is_one_text_that_erases_only_what_is_left_over() {
        let mut painter = Painter::default();
        painter.frame(&lines(&["one", "two"]), 80);
        insta::assert_snapshot!(
            painter.frame(&lines(&["1", "2"]), 80).replace('\u{1b}', "␛").replace('\r', "␍")
        );
    }
}
