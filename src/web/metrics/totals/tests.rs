use super::*;
use crate::stats::UnixMicros;
use crate::stats::recorder::Recorder;

const START: UnixMicros = UnixMicros(1_700_000_000_000_000);

/// Statistics of so many rows, of which every tenth is measured and every third fails once; the row `n` has a second
/// request of `n` ms.
fn statistics(rows: u64) -> Statistics {
    let mut recorder = Recorder::new(START, &[], false);
    let mut statistics = Statistics::new(START.as_secs_f64(), false);
    for number in 0..rows {
        let name = format!("row {number}");
        let row = recorder.row(&RowKey { request_type: "MQTT".to_owned(), name });
        let at = UnixMicros(START.0 + number);
        let ns = number * 1_000_000;
        if number % 10 == 0 {
            recorder.record_measured(row, at, 1_000, 1);
            recorder.record_measured(row, at, ns, 1);
        } else if number % 3 == 0 {
            recorder.record_failure(row, at, Some(1_000), 1, "no");
            recorder.record(row, at, Some(ns), 1);
        } else {
            recorder.record(row, at, Some(1_000), 1);
            recorder.record(row, at, Some(ns), 1);
        }
    }
    statistics.merge(vec![recorder.take(UnixMicros(START.0 + 1_000_000))]);
    statistics
}

#[test]
fn rows_beyond_the_limit_are_one_and_no_time_is_lost() {
    let statistics = statistics(ROWS as u64 + 25);
    let totals = Totals::of(&statistics);
    assert_eq!((totals.rows.len(), totals.others.rows), (ROWS, 25));
    assert_eq!(totals.rows[7].key.name, "row 7");
    let others = &totals.others;
    // Of 500 to 524, three are measured and eight of the others can be divided by 3.
    assert_eq!((others.requests, others.failures, others.length), (50, 7, 50));
    let (mut response, mut measured) = (FineTimes::default(), FineTimes::default());
    for row in statistics.counted_rows().skip(ROWS) {
        if row.measured { &mut measured } else { &mut response }.absorb(row.times);
    }
    assert_eq!(others.response.histogram, response);
    assert_eq!(others.measured.histogram, measured);
    assert!((others.measured.sum_s - 1.530_003).abs() < 1e-9, "{}", others.measured.sum_s);
    let requests: u64 = totals.rows.iter().map(|row| row.requests).sum();
    assert_eq!(requests + others.requests, statistics.overview(START.as_secs_f64()).aggregated.requests);
}

#[test]
fn totals_of_two_tests_add_up_row_by_row_on_both_sides_of_the_limit() {
    let (small, large) = (Totals::of(&statistics(20)), Totals::of(&statistics(ROWS as u64 + 25)));
    let all = |totals: &Totals| {
        let rows: u64 = totals.rows.iter().map(|row| row.requests).sum();
        let times: u64 = totals.rows.iter().map(|row| row.times.histogram.count()).sum();
        let others = &totals.others;
        let of_others = others.response.histogram.count() + others.measured.histogram.count();
        (rows + others.requests, times + of_others)
    };
    let nothing = Totals::default().plus(&small);
    assert_eq!((nothing.rows.len(), all(&nothing), nothing.since), (20, all(&small), small.since));
    for (earlier, later) in [(&small, &large), (&large, &small), (&large, &large)] {
        let sum = earlier.plus(later);
        assert_eq!((sum.rows.len(), sum.others.rows), (ROWS, 25));
        assert_eq!(all(&sum), (all(earlier).0 + all(later).0, all(earlier).1 + all(later).1));
        assert_eq!((sum.rows[7].requests, &sum.rows[7].key), (4, &small.rows[7].key));
        assert!((sum.rows[7].times.sum_s - 2.0 * small.rows[7].times.sum_s).abs() < 1e-9);
    }
    // A row that had no place among the first keeps none.
    let mut other = small.clone();
    other.rows[0].key = Arc::new(RowKey { request_type: "MQTT".to_owned(), name: "new".to_owned() });
    let sum = large.plus(&other);
    assert_eq!(sum.others.requests, large.others.requests + other.rows[0].requests);
    assert_eq!(sum.others.rows, 25);
}

#[test]
fn statistics_that_began_anew_count_from_then_on() {
    let mut statistics = statistics(3);
    assert_eq!(Totals::of(&statistics).since.to_bits(), START.as_secs_f64().to_bits());
    statistics.reset(1_700_000_005.0);
    let totals = Totals::of(&statistics);
    assert_eq!(totals.since.to_bits(), 1_700_000_005.0_f64.to_bits());
    assert_eq!(totals.rows.iter().map(|row| row.requests).sum::<u64>(), 0);
}
