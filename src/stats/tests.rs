use super::*;

#[test]
fn rows_sort_by_name_before_type() {
    let key =
        |request_type: &str, name: &str| RowKey { request_type: request_type.into(), name: name.into() };
    assert!(key("z", "a") < key("a", "b"));
    assert!(key("a", "a") < key("b", "a"));
}

#[test]
fn seconds_are_what_six_decimals_read_as() {
    for micros in [0, 1, 1_741_000_000_056_601, 1_741_000_000_999_999, 4_102_444_800_000_003] {
        let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        assert_eq!(UnixMicros(micros).as_secs_f64().to_bits(), text.parse::<f64>().unwrap().to_bits());
    }
}
