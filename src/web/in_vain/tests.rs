use super::*;

#[test]
fn what_is_in_vain_is_named_in_one_sentence_however_much_it_is() {
    let of = |count: usize, name: &str| (0..count).map(|number| format!("{name}{number}")).collect();
    let start = Start { unknown: of(12, "\u{1b}x"), ..Start::default() };
    assert_eq!(
        not_understood(&start).unwrap(),
        "Not understood, so it changes nothing: \\u{1b}x0, \\u{1b}x1, \\u{1b}x2, \\u{1b}x3, \\u{1b}x4, \\u{1b}x5, \
             \\u{1b}x6, \\u{1b}x7, \\u{1b}x8, \\u{1b}x9, and 2 more"
    );
    let long = Start { unknown: vec!["k".repeat(61)], ..Start::default() };
    assert!(not_understood(&long).unwrap().ends_with(&format!(": {}…", "k".repeat(60))));
    assert_eq!(not_changeable(&start), None);
    let settings = vec![("vars.a".to_owned(), "b".to_owned())];
    let start = Start { host: Some("x".to_owned()), settings, ..Start::default() };
    assert_eq!(not_changeable(&start).unwrap(), "These stay as they are while a run goes on: host, vars.a");
}
