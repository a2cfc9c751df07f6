use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use proptest::prelude::*;

use super::*;

#[test]
fn samples_are_read_with_their_labels_and_other_lines_are_passed_over() {
    let page = "\
# HELP emqx_connections_count Current connections
# TYPE emqx_connections_count gauge
emqx_connections_count{node=\"emqx@127.0.0.1\"} 17
process_resident_memory_bytes 1.234e+07 1395066363000
spaces { a = \"b\" }\t-3
odd{path=\"C:\\\\DIR\\\\\",quote=\"a\\\"}\"} +Inf
empty{} 4
http_request_duration_seconds_bucket{le=\"0.05\"} 24054
http_request_duration_seconds_count 144320
with_example_total 7 # {trace_id=\"x\"} 0.67
9lives 1
no_value
not_a_number{a=\"b\"} seven
two_words 1 seven
unclosed{a=\"b\" 1
<html><body>Login</body></html>
";
    let read: Vec<_> = samples(page).map(|of| format!("{}{} {}", of.metric, of.labels, of.value)).collect();
    assert_eq!(
        read,
        [
            "emqx_connections_count{node=\"emqx@127.0.0.1\"} 17",
            "process_resident_memory_bytes 12340000",
            "spaces{ a = \"b\" } -3",
            "odd{path=\"C:\\\\DIR\\\\\",quote=\"a\\\"}\"} inf",
            "empty 4",
            "http_request_duration_seconds_count 144320",
            "with_example_total 7",
        ]
    );
}

proptest! {
    #[test]
    fn what_another_program_writes_is_read(value in any::<u64>(), label in "\\PC{0,20}") {
        let mut registry = Registry::default();
        let family = Family::<Vec<(String, String)>, Counter>::default();
        family.get_or_create(&vec![("name".to_owned(), label)]).inc_by(value);
        registry.register("requests", "Requests", family);
        let mut page = String::new();
        encode(&mut page, &registry).unwrap();
        let read: Vec<_> = samples(&page).collect();
        prop_assert_eq!(read.len(), 1, "{}", page);
        prop_assert_eq!(read[0].metric, "requests_total");
        prop_assert_eq!(read[0].value, value as f64);
    }

    #[test]
    fn no_page_is_a_panic(page in "(\\PC|\n|[{}\"\\\\ ]){0,200}") {
        let _ = samples(&page).count();
    }
}
