use super::*;

#[test]
fn strings_are_ascii() {
    assert_eq!(ascii("a\"b\\c\n\u{7f}é\u{1f600}"), r#""a\"b\\c\n\u007f\u00e9\ud83d\ude00""#);
    assert_eq!(text(&[]), "[]");
}
