use super::*;

#[test]
fn what_a_file_says_moves_no_cursor_in_messages() {
    let error = Problem::Duplicate { line: 3, title: "\u{1b}[2J".to_owned() }.at("a\nb");
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}

#[test]
fn a_byte_order_mark_is_no_text_and_bad_bytes_have_a_line() {
    assert_eq!(text(b"\xef\xbb\xbfa"), Ok("a"));
    assert_eq!(text(b"\xef\xbb\xbf \r\n"), Err(Problem::Empty));
    assert_eq!(text(b"a\nb\n\xff"), Err(Problem::NotUtf8 { line: 3 }));
}
