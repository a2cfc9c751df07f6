use super::*;
use crate::mqtt::MAX_PACKET_BYTES;

#[test]
fn integers_of_variable_length_are_as_the_standard_has_them() {
    for (value, bytes) in [
        (0, &[0][..]),
        (127, &[0x7F]),
        (128, &[0x80, 1]),
        (16_383, &[0xFF, 0x7F]),
        (16_384, &[0x80, 0x80, 1]),
        (2_097_151, &[0xFF, 0xFF, 0x7F]),
        (2_097_152, &[0x80, 0x80, 0x80, 1]),
        (MAX_PACKET_BYTES, &[0xFF, 0xFF, 0xFF, 0x7F]),
    ] {
        let mut out = Vec::new();
        put_varint(&mut out, value);
        assert_eq!(out, bytes);
        assert_eq!(varint_length(value), bytes.len());
    }
}

#[test]
fn a_text_is_found_behind_all_others() {
    let before = b"\x01\x01\x02\0\0\x01\0\x0B\x80\x01\x23\0\x05\x26\0\x01k\0\x02\x09\0\x03\0\x01t";
    assert_eq!(find(before, CORRELATION_DATA), None);
    assert_eq!(find(before, CONTENT_TYPE), Some(&b"t"[..]));
    let all = [before, &b"\x09\0\x03\xFF\0\x08\x08\0\0"[..]].concat();
    assert_eq!(find(&all, CORRELATION_DATA), Some(&b"\xFF\0\x08"[..]));
    assert_eq!(find(&all, RESPONSE_TOPIC), Some(&b""[..]));
    assert_eq!(find(b"", CONTENT_TYPE), None);
}

#[test]
fn a_property_is_its_number_and_its_value() {
    let mut out = Vec::new();
    put_u16(&mut out, TOPIC_ALIAS, 258);
    put_u32(&mut out, MESSAGE_EXPIRY, 1);
    put_text(&mut out, CONTENT_TYPE, b"a/b");
    assert_eq!(out, b"\x23\x01\x02\x02\0\0\0\x01\x03\0\x03a/b");
}

#[test]
fn subscription_identifiers_are_found_among_the_other_properties() {
    let all = b"\x01\x01\x0B\x80\x01\x02\0\0\x01\0\x03\0\x01t\x08\0\x01r\x09\0\x02\x0B\x07\x23\0\x0B\x26\0\x01k\0\x01\x0B\x0B\xFF\xFF\xFF\x7F";
    for (properties, expected) in [
        (&b""[..], &[][..]),
        (b"\x0B\x01", &[1]),
        (b"\x0B\x01\x0B\x02\x0B\x01", &[1, 2, 1]),
        (all, &[128, 268_435_455]),
        (b"\x0B\x05\x26\0\x01k", &[5]),
        (b"\x0B\x05\x0B\x80", &[5]),
        (b"\x03\0\x09t\x0B\x05", &[]),
        (b"\x0B\xFF\xFF\xFF\xFF\x01", &[]),
    ] {
        assert_eq!(subscription_ids(properties).collect::<Vec<_>>(), expected, "{properties:?}");
    }
}
