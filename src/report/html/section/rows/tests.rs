use super::*;

fn row(name: &str, requests: u64) -> RowResult {
    RowResult { request_type: "MQTT".to_owned(), name: name.to_owned(), requests, ..RowResult::default() }
}

#[test]
fn of_too_many_rows_those_with_the_fewest_requests_are_counted_only() {
    let rows: Vec<_> = (0..600).map(|number| row(&format!("row {number}"), 1 + number % 7)).collect();
    let table = Rows::of("rows".to_owned(), &rows, None);
    assert_eq!((table.shown.len(), table.left_out), (MAX_ROWS, 100));
    assert!(table.shown.iter().all(|row| row.cells[0].text != "1"), "those with one request are left out");
}

#[test]
fn a_row_without_response_times_has_no_longest_one() {
    assert!(times(&row("untimed", 7)).iter().all(|cell| cell.text == "–" && cell.sort == "-1"));
}

#[test]
fn rows_without_requests_are_left_out_and_failures_stand_apart() {
    let times = Times { p50: 1.0, p90: 2.0, p99: 3.0, p999: 4.0, max: 5.0, ..Times::default() };
    let failing = RowResult { failures: 3, succeeded_ms: Some(times), failed_ms: None, ..row("failing", 10) };
    let table = Rows::of("rows".to_owned(), &[row("idle", 0), failing], None);
    let parts = &table.shown[0].parts;
    assert_eq!(table.shown.len(), 1);
    assert_eq!(
        (parts[0].name, parts[0].count.as_str(), parts[0].times[4].as_str()),
        ("succeeded", "7", "5.00 ms")
    );
    assert_eq!((parts[1].name, parts[1].count.as_str(), parts[1].times[4].as_str()), ("failed", "3", "–"));
}
