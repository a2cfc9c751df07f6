use super::*;

#[test]
fn codes_are_unique_and_in_order() {
    assert!(ALL.is_sorted_by(|a, b| a.0 < b.0));
    assert!(ALL.iter().all(|(_, meaning)| meaning.ends_with('.')));
}
