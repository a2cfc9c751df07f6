use super::*;

#[test]
fn a_code_span_holds_backticks_and_pipes() {
    assert_eq!(cell_code("a|b"), "`a\\|b`");
    assert_eq!(code("a`b"), "``a`b``");
    assert_eq!(code("`a``"), "``` `a`` ```");
    assert_eq!(code("a\nb\u{202e}c"), "`a\u{fffd}b\u{fffd}c`");
    assert_eq!(code(""), "");
}

#[test]
fn a_text_is_no_markup() {
    for (said, written) in [
        ("~ a_b <c>|", "\\~ a\\_b &lt;c&gt;\\|"),
        ("- a - b: c", "\\- a - b: c"),
        ("@you see #7 http://a www.b :bug:", "&#64;you see &#35;7 http&#58;//a www&#46;b &#58;bug:"),
        ("a\nb\u{202e}", "a\u{fffd}b\u{fffd}"),
    ] {
        assert_eq!(text(said), written);
    }
}
