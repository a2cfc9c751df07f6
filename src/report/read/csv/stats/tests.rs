use super::*;

const HEADER: &str = "Name,Type,Request Count,Failure Count,Median Response Time,Average Response Time,\
        Min Response Time,Max Response Time,Requests/s,Failures/s,99.9%,90%\r\n";

#[test]
fn columns_are_found_by_heading_and_python_numbers_read() {
    let text = format!(
        "{HEADER}a,MQTT,4,1,2,1e-05,0,1e+16,0.5,0.25,9,7\r\nb,MQTT,0,0,0,0.0,0,0,0.0,0.0,N/A,N/A\r\n\
             Aggregated,,4,1,2,2.5,0,3.5,0.5,0.0,9,7\r\n"
    );
    let stats = Stats::parse(text.as_bytes()).unwrap();
    let [a, b] = &stats.rows[..] else { panic!("{:?}", stats.rows) };
    assert_eq!((a.title().as_str(), a.requests, a.failures), ("MQTT a", 4, 1));
    assert_eq!((a.average_ms, a.max_ms, a.failures_per_s), (0.000_01, 1e16, 0.25));
    assert_eq!([90.0, 99.9, 50.0].map(|p| a.percentile_ms(p)), [Some(7.0), Some(9.0), None]);
    assert_eq!((b.requests, b.percentiles.len()), (0, 0));
    assert_eq!(stats.percents().collect::<Vec<_>>(), [90.0, 99.9]);
    assert_eq!(a.response_times_ms, None, "there is no column for the median");
}

#[test]
fn a_row_named_aggregated_is_not_the_total() {
    let row = |name: &str, count: u32| format!("{name},,{count},0,0,0.0,0,0,0.0,0.0,0,0\r\n");
    let text = [HEADER.to_owned(), row("Aggregated", 1), row("Aggregated", 2)].concat();
    let stats = Stats::parse(text.as_bytes()).unwrap();
    assert_eq!((stats.rows[0].requests, stats.aggregated.requests), (1, 2));
    let text = [text, row("Aggregated", 3)].concat();
    assert_eq!(
        Stats::parse(text.as_bytes()),
        Err(Problem::Duplicate { line: 3, title: "Aggregated".to_owned() })
    );
}

#[test]
fn the_median_tells_older_files_of_locust() {
    let header = "Name,Type,Request Count,Failure Count,Median Response Time,Average Response Time,\
            Min Response Time,Max Response Time,Requests/s,Failures/s,50%\r\n";
    let older = |median: &str| {
        let text = format!("{header}Aggregated,,2,0,{median},2.0,0.4,3.5,0.5,0.0,3\r\n");
        Stats::parse(text.as_bytes()).unwrap().has_older_medians()
    };
    assert_eq!([older("3"), older("1")], [false, true]);
}
