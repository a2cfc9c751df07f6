use super::*;

#[test]
fn the_first_address_is_masked_wherever_it_occurs() {
    let table = [
        ("timed out", "timed out"),
        ("<A object at 0x1f> is not 0x1f2", "<A object at 0x....> is not 0x....2"),
        ("<A object at 0x1f> <B object at 0x2e>", "<A object at 0x....> <B object at 0x2e>"),
        ("<A object at 0x1f, cut", "<A object at 0x1f, cut"),
        ("an object at 0x> is 0x", "an object at 0x....> is 0x...."),
    ];
    for (error, masked) in table {
        assert_eq!(mask_address(error), masked);
    }
}

#[test]
fn equal_masks_are_one_failure_named_as_it_was_first_seen() {
    let mut failures = FailureTable::default();
    let row = RowKey { request_type: "MQTT".into(), name: "publish".into() };
    for (at, error) in [(1.0, "<A object at 0x1>"), (2.0, "other"), (3.0, "<A object at 0x2>")] {
        failures.add(Occurrence { row: &row, error, times: 1, first_seen: at, last_seen: at });
    }
    let mut sorted = failures.sorted();
    sorted.sort_by_key(|failure| failure.order);
    assert_eq!(sorted.len(), 2);
    assert_eq!((sorted[0].occurrences, sorted[0].first_seen, sorted[0].last_seen), (2, 1.0, 3.0));
    assert_eq!(sorted[0].what.original, "<A object at 0x1>");
    failures.clear();
    assert!(failures.sorted().is_empty());
}

#[test]
fn keys_are_locusts() {
    let row = RowKey { request_type: "MQTT".into(), name: "x".into() };
    assert_eq!(key(&row, "it's")[..4], [0xb7, 0x1f, 0x70, 0x09]);
}
