use super::*;

#[test]
fn times_are_those_of_the_calendar() {
    assert_eq!(unix_seconds("1970-01-02T00:00:01Z"), Some(86_401.0));
    assert_eq!(unix_seconds("2023-07-22T04:26:52Z"), Some(1_690_000_012.0));
    for wrong in ["2023-07-22T04:26:52", "2023-06-31T00:00:00Z", "2023-7-22T04:26:52Z", "", "Z", "T"] {
        assert_eq!(unix_seconds(wrong), None, "{wrong}");
    }
}

#[test]
fn an_older_file_has_no_times_and_the_most_frequent_comes_first() {
    let text = "\u{feff}Method,Name,Error,Occurrences\r\nMQTT,a,\"x, \"\"y\"\"\",3\r\nMQTT,b,z,4\r\n";
    let found = failures(text.as_bytes()).unwrap();
    assert_eq!((found[0].name.as_str(), found[1].error.as_str()), ("b", "x, \"y\""));
    assert_eq!((found[1].occurrences, found[1].first_seen), (3, None));
}

#[test]
fn a_traceback_keeps_its_line_breaks() {
    let text = "Count,Message,Traceback,Nodes\r\n2,boom,\"a\n  b\n\",local\r\n";
    assert_eq!(exceptions(text.as_bytes()).unwrap()[0].traceback, "a\n  b\n");
    let error = exceptions(b"Count,Message,Traceback,Nodes\r\nmany,boom,,local\r\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2: column `Count` is `many`, not a whole number of 10^15 or less");
}
