use super::*;

fn column(values: &[&str]) -> Arc<Column> {
    Arc::new(Column::new("c", values.iter().map(|value| value.as_bytes())))
}

#[test]
fn values_come_back_as_they_went_in() {
    let column = column(&["", "one", "", "zwölf"]);
    let values: Vec<&[u8]> = column.values().collect();
    assert_eq!(values, [&b""[..], b"one", b"", "zwölf".as_bytes()]);
    assert_eq!((column.len(), column.length()), (4, (0, 6)));
    assert!(!format!("{column:?}").contains("one"));
}

#[test]
fn a_twin_for_json_is_made_once_and_only_if_it_differs() {
    let plain = column(&["a", "é"]);
    assert!(Arc::ptr_eq(&plain.in_json(), &plain));
    let quoted = column(&["a\"b", "c"]);
    let twin = quoted.in_json();
    assert_eq!(twin.value(0), b"a\\\"b");
    assert!(Arc::ptr_eq(&quoted.in_json(), &twin));
    assert_eq!(quoted, column(&["a\"b", "c"]));
}
