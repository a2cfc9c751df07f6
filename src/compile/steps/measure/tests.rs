use super::*;

#[test]
fn a_pointer_is_taken_apart_as_the_standard_says() {
    let parts = |pointer| parts(pointer).map(|parts| parts.join("|"));
    for (pointer, expected) in [
        ("/a", Some("a")),
        ("/a/0/b c", Some("a|0|b c")),
        ("/a~1b/m~0n/~01", Some("a/b|m~n|~1")),
        ("/", Some("")),
        ("", None),
        ("a", None),
        ("/a~", None),
        ("/a~2", None),
    ] {
        assert_eq!(parts(pointer).as_deref(), expected, "{pointer}");
    }
    let look = StampLocation::Json(super::parts("/a~1b/m~0n").unwrap());
    assert_eq!(look.to_string(), "json:/a~1b/m~0n");
}
