use super::*;

#[test]
fn all_lines_come_when_there_is_a_new_one_and_the_oldest_goes() {
    let lines = LastLines::default();
    assert_eq!(lines.take_if_new(), None);
    (0..=LINES).for_each(|line| lines.add(&line.to_string()));
    let taken = lines.take_if_new().unwrap();
    assert_eq!((taken.len(), &*taken[0], &*taken[LINES - 1]), (LINES, "1", "500"));
    assert_eq!(lines.take_if_new(), None);
    lines.add(&"é".repeat(LINE_BYTES));
    assert_eq!(lines.take_if_new().unwrap()[LINES - 1].len(), LINE_BYTES);
}
