use super::*;

#[test]
fn a_mark_is_passed_over_and_wide_text_refused() {
    let wide = |text: &str, mark: bool| -> Vec<u16> {
        mark.then_some(0xfeff).into_iter().chain(text.encode_utf16()).collect()
    };
    for (bytes, expected) in [
        (b"".to_vec(), Ok(&b""[..])),
        (b"abc".to_vec(), Ok(b"abc")),
        (b"\xef\xbb\xbfabc".to_vec(), Ok(b"abc")),
        (b"\xef\xbb\xbf\xef\xbb\xbf".to_vec(), Ok(b"\xef\xbb\xbf")),
        ("é".as_bytes().to_vec(), Ok("é".as_bytes())),
        (wide("id,name", true).iter().flat_map(|unit| unit.to_le_bytes()).collect(), Err(WideText)),
        (wide("id,name", true).iter().flat_map(|unit| unit.to_be_bytes()).collect(), Err(WideText)),
        (wide("id,name", false).iter().flat_map(|unit| unit.to_le_bytes()).collect(), Err(WideText)),
        (wide("id,name", false).iter().flat_map(|unit| unit.to_be_bytes()).collect(), Err(WideText)),
        (vec![0, 0, 0, 0], Ok(&[0, 0, 0, 0])),
    ] {
        assert_eq!(text_bytes(&bytes), expected, "{bytes:?}");
    }
}
