use proptest::prelude::*;

use super::*;

fn ledger() -> Ledger {
    Ledger::new("main", "somewhere".to_owned())
}

#[test]
fn what_was_told_before_the_run_is_its_first_value() {
    let mut ledger = ledger();
    ledger.number("clients", 90.0, 7.0);
    ledger.number("clients", 99.0, 3.0);
    ledger.begin();
    ledger.number("clients", 104.0, 5.0);
    ledger.number("late", 104.5, 1.0);
    ledger.number("nothing", 105.0, f64::NAN);
    ledger.text("version", "2.0");
    let told = ledger.so_far(100.0);
    let names: Vec<_> = told.figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["clients", "late"]);
    let clients = &told.figures[0];
    assert_eq!((clients.first, clients.last, clients.lowest, clients.highest), (3.0, 5.0, 3.0, 5.0));
    let times: Vec<_> = clients.points.iter().map(|point| point.at_s).collect();
    assert_eq!(times, [0.0, 4.0]);
    assert_eq!(
        [-0.5, 0.0, 3.9, 4.0, 9.0].map(|at_s| clients.at(at_s)),
        [None, Some(3.0), Some(3.0), Some(5.0), Some(5.0)]
    );
    assert_eq!(told.texts[0].text, "2.0");
}

#[test]
fn a_figure_per_client_does_not_fill_the_memory() {
    let mut ledger = ledger();
    for client in 0..1_000 {
        ledger.number(&format!("client/{client}"), 1.0, 1.0);
        ledger.text(&format!("address/{client}"), "x");
    }
    ledger.number("client/0", 2.0, 2.0);
    let told = ledger.so_far(0.0);
    assert_eq!(told.figures.len() + told.texts.len(), MAX_FIGURES);
    assert!(told.notes[0].contains("more than 200 figures"), "{:?}", told.notes);
    assert!(told.figures.iter().any(|figure| figure.last == 2.0), "known ones go on");
}

#[test]
fn a_fault_is_told_once() {
    let mut ledger = ledger();
    assert!(ledger.note("It is down."));
    assert!(!ledger.note("It is down."));
    assert_eq!(ledger.so_far(0.0).notes, ["It is down."]);
}

proptest! {
    #[test]
    fn however_many_values_come_first_last_and_extremes_stay(
        values in prop::collection::vec(-1e6..1e6_f64, 1..5_000),
    ) {
        let mut ledger = ledger();
        for (second, value) in values.iter().enumerate() {
            ledger.number("x", second as f64, *value);
        }
        let told = ledger.so_far(0.0);
        let figure = &told.figures[0];
        prop_assert_eq!(figure.first, values[0]);
        prop_assert_eq!(figure.last, *values.last().unwrap());
        prop_assert_eq!(figure.lowest, values.iter().copied().fold(f64::MAX, f64::min));
        prop_assert_eq!(figure.highest, values.iter().copied().fold(f64::MIN, f64::max));
        prop_assert!(figure.points.len() <= MAX_POINTS);
        prop_assert!(figure.points.len() >= values.len().min(MAX_POINTS / 2));
        // Each point is a value that was told then, in order, and none is far from the next.
        for pair in figure.points.windows(2) {
            prop_assert!(pair[0].at_s < pair[1].at_s);
            prop_assert!(pair[1].at_s - pair[0].at_s <= (values.len() as f64 / MAX_POINTS as f64).max(0.5) * 4.0);
        }
        for point in &figure.points {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole seconds")]
            let second = point.at_s as usize;
            prop_assert_eq!(point.value, values[second]);
        }
    }
}
