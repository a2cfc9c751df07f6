use super::*;

#[test]
fn colours_are_there_only_where_they_are_wanted() {
    let (on, off) = (Paint { coloured: true }, Paint { coloured: false });
    assert_eq!(on.text(Tint::Bad, "12"), "\u{1b}[31m12\u{1b}[0m");
    assert_eq!((on.text(Tint::Plain, "12"), on.text(Tint::Bad, "")), ("12".to_owned(), String::new()));
    assert_eq!(off.text(Tint::Bad, "12"), "12");
}
