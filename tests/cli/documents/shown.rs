//! What a page shows of the output of a command, compared with what the command writes. Numbers differ from run to run, so they
//! are left out of both; lines and their order of words stay.

/// Words that are units: a time is `980 µs` in one run and `1.02 ms` in the next.
const UNITS: [&str; 9] = ["µs", "ms", "s", "B", "kB", "KiB", "MiB", "GiB", "min"];

/// What a verdict ends with on a machine that is too busy for the run; the page does not depend on it.
const BUSY: &str = "; but the load generator was the limit";

/// A line without its numbers, their signs and units.
fn without_numbers(line: &str) -> String {
    let line = &line.replace(BUSY, "");
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let mut plain = String::new();
        let mut in_number = false;
        for it in word.chars() {
            let is_inside = it.is_ascii_digit() || (in_number && matches!(it, '.' | ','));
            if is_inside && !in_number {
                while plain.ends_with(['+', '-', '−']) {
                    plain.pop();
                }
                plain.push('#');
            }
            if !is_inside {
                plain.push(it);
            }
            in_number = is_inside;
        }
        let is_unit = UNITS.contains(&plain.trim_end_matches([',', ':', ')', '.']));
        if !(is_unit && words.last().is_some_and(|word| word.ends_with('#'))) {
            words.push(plain);
        }
    }
    words.join(" ")
}

/// The lines that a page shows and that the output does not have. `…` stands for lines that are left out.
pub(super) fn strange_lines(shown: &str, output: &str) -> Vec<String> {
    let output: Vec<String> = output.lines().map(without_numbers).collect();
    let lines = shown.lines().filter(|line| !line.trim().is_empty() && line.trim() != "…");
    lines.filter(|line| !output.contains(&without_numbers(line))).map(str::to_owned).collect()
}

#[test]
fn numbers_and_units_may_differ_and_words_may_not() {
    let output = "connect   105   0   10.4/s\np50 92 µs, p99 1.02 ms\nruns/2026-11-29T16-55-03Z-my\n";
    for (shown, strange) in [
        ("connect 99 3 9/s", None),
        ("p50 1.5 ms, p99 2 s", None),
        ("runs/2027-01-01T00-00-00Z-my", None),
        ("…\n\nconnect   1   0   1/s", None),
        ("connects 99 3 9/s", Some("connects 99 3 9/s")),
        ("connect 99 3", Some("connect 99 3")),
        ("p50 1.5 ms, p95 2 s, p99 2 s", Some("p50 1.5 ms, p95 2 s, p99 2 s")),
    ] {
        assert_eq!(strange_lines(shown, output).first().map(String::as_str), strange, "{shown}");
    }
}
