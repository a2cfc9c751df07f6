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
    insta::assert_snapshot!(painter.frame(&lines(&["1", "2"]), 80).replace('\u{1b}', "␛").replace('\r', "␍"));
}
