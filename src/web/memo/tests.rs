use super::*;

#[test]
fn bytes_are_made_once_of_one_value_even_if_another_one_is_equal() {
    let (memo, one, equal) = (Memo::default(), Arc::new(1), Arc::new(1));
    let get = |of, text: &str| memo.get(of, |_| Ok::<_, ()>(text.into())).unwrap();
    assert_eq!(get(&one, "first"), "first");
    assert_eq!(get(&one, "again"), "first");
    assert_eq!(get(&equal, "other"), "other");
    assert_eq!(get(&one, "later"), "later");
    assert_eq!(memo.get(&equal, |_| Err("failed")), Err("failed"));
    assert_eq!(get(&one, "kept"), "later");
}
