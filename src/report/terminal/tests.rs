use super::*;
use crate::stats::RowKey;
use crate::stats::statistics::Statistics;

fn snapshot(names: &[&str]) -> Snapshot {
    let mut statistics = Statistics::new(1_000.0, false);
    for (index, name) in names.iter().enumerate() {
        let row = RowKey { request_type: "MQTT".into(), name: (*name).into() };
        statistics.log_request(&row, 1_001.0, Some(Number::Float(1.9 + 1e3 * index as f64)), 0);
        statistics.log_error(&row, 1_002.0, "no PUBACK within 300ms, and a long tale of how that came about");
    }
    statistics.snapshot(1_002.0)
}

const LONG: &str = "publish:1:plant/north/hall-7/line-12/robot-3/joint-6/temperature/celsius";

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let snapshot = snapshot(&["connect", LONG, "two\nlines\u{1b}[2J", "größe/ünïcode/名前"]);
    for columns in 80..260 {
        let text = summary(&snapshot, columns);
        assert!(widest(&text) <= columns, "{columns}\n{text}");
        for always in ["50%", "95%", "# reqs", "# fails", "connect", "Aggregated", "no PUBACK"] {
            assert!(text.contains(always), "{columns} {always}\n{text}");
        }
    }
    assert!(summary(&snapshot, 200).contains(LONG), "wide enough for all of it");
    // Nothing is promised of narrower ones, but that they are drawn.
    (0..80).for_each(|columns| assert!(summary(&snapshot, columns).contains("Aggreg") || columns < 40));
}

#[test]
fn a_terminal_of_eighty_columns() {
    insta::assert_snapshot!(summary(&snapshot(&["connect", LONG]), 80));
}

#[test]
fn more_rows_than_a_person_reads_are_left_to_the_files() {
    let names: Vec<_> = (0..MAX_ROWS + 7).map(|n| n.to_string()).collect();
    let text = summary(&snapshot(&names.iter().map(String::as_str).collect::<Vec<_>>()), 80);
    assert!(text.contains("7 of 507 rows are not shown here"), "{text}");
    assert_eq!(text.matches("Aggregated").count(), 2);
}
