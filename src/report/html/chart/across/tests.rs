use super::*;

fn time(length_s: f64, interval_s: f64) -> Across {
    Across::Time { length_s, interval_s, started: None }
}

#[test]
fn intervals_share_columns_only_if_there_are_many() {
    for (length_s, interval_s, width, step) in [
        (1.0, 1.0, 2, 2),
        (0.4, 1.0, 2, 2),
        (240.0, 1.0, 480, 2),
        (600.0, 1.0, 1_200, 12),
        (3_600.0, 15.0, 480, 2),
    ] {
        let across = time(length_s, interval_s);
        assert_eq!((across.width(), across.step()), (width, step), "{length_s}");
        assert!(across.columns() <= MAX_COLUMNS);
    }
}

#[test]
fn labels_of_time_are_few_and_round() {
    let labels =
        |length_s| time(length_s, 1.0).ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
    assert_eq!(labels(0.4), ["0"]);
    assert_eq!(labels(10.0), ["0", "2", "4", "6", "8", "10"]);
    assert_eq!(labels(600.0), ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00"]);
    assert_eq!(labels(10_000.0), ["0:00", "0:30", "1:00", "1:30", "2:00", "2:30"]);
}

#[test]
fn nines_are_equally_far_from_each_other_and_end_at_the_last_request() {
    let across = Across::Quantile { requests: 10_000 };
    let ticks = across.ticks();
    let places: Vec<_> = ticks.iter().filter(|(_, label)| label.contains('9')).map(|(at, _)| *at).collect();
    assert_eq!(places.len(), 4, "{ticks:?}");
    assert!(places.iter().zip([0.25, 0.5, 0.75, 1.0]).all(|(at, expected)| (at - expected).abs() < 1e-9));
    let last = across.quantiles().last().copied().unwrap();
    assert!((last - 0.9999).abs() < 1e-12, "1 - 1/n, but {last}");
}
