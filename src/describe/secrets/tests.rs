use super::*;

#[test]
fn the_longest_password_goes_first_and_as_json_too() {
    let secrets = Secrets::new([&b"ab"[..], b"abc", b"q\"q", b""].into_iter());
    for (text, masked) in [
        ("", ""),
        ("xyz", "xyz"),
        ("abcab", "******"),
        ("aabbc", "a***bc"),
        ("{\"k\":\"q\\\"q\"} q\"q", "{\"k\":\"***\"} ***"),
    ] {
        assert_eq!(secrets.mask_text(text), masked);
    }
    assert_eq!(secrets.mask(b"\xffab\xff"), b"\xff***\xff");
}
