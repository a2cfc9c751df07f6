use super::*;

#[test]
fn runs_have_labels_as_far_as_there_is_room() {
    for (runs, expected) in [(0, vec![]), (1, vec![0]), (4, vec![0, 1, 2, 3]), (100, vec![12, 37, 62, 87])] {
        assert_eq!(labelled(runs).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn marks_that_stand_too_close_keep_their_name_for_the_tooltip_alone() {
    let mark = |at_s, name: &str| Mark { at_s, name: name.to_owned() };
    let marks = [mark(0.0, "warm up"), mark(5.0, "ramp"), mark(50.0, "peak"), mark(99.0, "end")];
    let across = Across::Time { length_s: 100.0, interval_s: 1.0, started: None };
    let scale = Scale::log([1.0]);
    let labels = Labels::of(scale, Quantity::TimeMs, across, &marks, false);
    let shown: Vec<_> = labels.marks.iter().map(|mark| (mark.at.as_str(), mark.has_room)).collect();
    assert_eq!(shown, [("0", true), ("5", false), ("50", true), ("99", false)]);
    assert_eq!(mark_lines(&marks[1..3], across, 8.0), "M10 0v8M100 0v8");
    assert_eq!(grid(scale, across, 8.0), "M0 8h200M0 0h200");
}
