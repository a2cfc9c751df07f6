use super::*;

#[test]
fn usual_names_stay_as_they_are() {
    for name in ["publish a/b", "größe/名前", "quote \" and \\", "two\nlines", "", &"n".repeat(BYTES)] {
        assert_eq!(value(name), name);
    }
}

#[test]
fn long_and_harmful_names_are_changed_and_stay_apart() {
    let long = |end: &str| value(&format!("{}{end}", "é".repeat(BYTES)));
    assert!(long("1").len() < BYTES);
    assert!(long("1").starts_with("éé"));
    assert_ne!(long("1"), long("2"));
    assert_eq!(long("1"), long("1"));
    let (red, home) = (value("\u{1b}[31m"), value("\u{7}[31m"));
    assert!(red.starts_with("\u{fffd}[31m… #"), "{red}");
    assert_ne!(red, home);
}
