use super::*;

const HEADER: &str = "Timestamp,User Count,Type,Name,50%,100%,Total Request Count,Total Failure Count,\
        Total Average Response Time\r\n";

fn parsed(rows: &[(u64, &str, u64, u64, f64)]) -> History {
    let lines = rows.iter().map(|(at, name, requests, failures, average)| {
        let request_type = if *name == "Aggregated" { "" } else { "MQTT" };
        format!("{at},7,{request_type},{name},3,9,{requests},{failures},{average:?}\r\n")
    });
    let text = [HEADER.to_owned(), lines.collect()].concat();
    History::parse(text.as_bytes()).unwrap().unwrap()
}

#[test]
fn an_interval_is_the_difference_of_two_ticks() {
    let history = parsed(&[
        (100, "Aggregated", 0, 0, 0.0),
        (101, "Aggregated", 4, 1, 2.0),
        (102, "Aggregated", 6, 1, 4.0),
    ]);
    let all = &history.series.all;
    assert_eq!((&all.requests[..], &all.failures[..]), (&[4, 2][..], &[1, 0][..]));
    assert_eq!(all.mean_ms, [Some(2.0), Some(8.0)]);
    assert_eq!((history.started, history.ended, history.users), (100, 102, 7));
    assert!(all.p50_ms.is_empty(), "percentiles of the whole run until then are no series");
}

#[test]
fn a_second_without_a_tick_gets_its_part_and_two_ticks_in_one_count_once() {
    let history = parsed(&[
        (100, "Aggregated", 0, 0, 0.0),
        (102, "Aggregated", 9, 0, 2.0),
        (102, "Aggregated", 10, 0, 2.0),
    ]);
    assert_eq!(history.series.all.requests, [5, 5]);
    assert_eq!(history.series.all.mean_ms, [Some(2.0), Some(2.0)]);
}

#[test]
fn rows_begin_late_and_have_the_percentiles_of_moments() {
    let history = parsed(&[
        (100, "Aggregated", 0, 0, 0.0),
        (101, "Aggregated", 0, 0, 0.0),
        (102, "a", 3, 0, 1.0),
        (102, "Aggregated", 3, 0, 1.0),
    ]);
    let [a] = &history.series.rows[..] else { panic!("{:?}", history.series.rows) };
    assert_eq!(a.requests, [0, 3]);
    assert_eq!((&a.p50_ms[..], &a.max_ms[..]), (&[None, Some(3.0)][..], &[None, Some(9.0)][..]));
    assert_eq!(a.p99_ms, [None, None], "the file has no such column");
    assert_eq!(history.series.percentiles_over_s, Some(10));
}

#[test]
fn totals_that_begin_again_are_a_reset() {
    let history = parsed(&[
        (100, "Aggregated", 0, 0, 0.0),
        (101, "Aggregated", 40, 4, 1.0),
        (102, "Aggregated", 5, 0, 3.0),
    ]);
    assert_eq!(history.series.all.requests, [40, 5]);
    assert_eq!(history.series.all.mean_ms[1], Some(3.0));
    assert!(history.was_reset);
}

#[test]
fn a_long_run_has_longer_intervals() {
    let ticks: Vec<_> = (0..=3_601).map(|s| (1_000 + s, "Aggregated", s * 2, 0, 1.0)).collect();
    let series = parsed(&ticks).series;
    assert_eq!((series.interval_s, series.points.len()), (7, 515));
    assert_eq!(series.points.iter().map(|point| point.requests).sum::<u64>(), 7_202);
    assert_eq!(series.points.last().map(|point| point.at_s), Some(3_601.0));
}

#[test]
fn a_file_without_a_tick_has_no_history() {
    assert_eq!(History::parse(HEADER.as_bytes()), Ok(None));
}
