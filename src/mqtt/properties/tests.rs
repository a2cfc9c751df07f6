use super::*;

fn all(body: &[u8], allowed: Allowed) -> Result<Vec<(u8, Value<'_>)>, PropertyError> {
    let mut found = Vec::new();
    let rest = read(body, allowed, |number, value| {
        found.push((number, value));
        Ok::<_, PropertyError>(())
    })?;
    assert_eq!(rest, b"rest");
    Ok(found)
}

#[test]
fn each_kind_of_value_is_read() {
    let body =
        b"\x1B\x01\x01\x02\0\0\x01\0\x03\0\x01t\x09\0\x02\0\xFF\x0B\x80\x01\x0B\x05\x26\0\x01k\0\0rest";
    let expected = [
        (PAYLOAD_FORMAT, Value::Number(1)),
        (MESSAGE_EXPIRY, Value::Number(256)),
        (CONTENT_TYPE, Value::Text("t")),
        (CORRELATION_DATA, Value::Other),
        (SUBSCRIPTION_ID, Value::Number(128)),
        (SUBSCRIPTION_ID, Value::Number(5)),
        (USER_PROPERTY, Value::Other),
    ];
    assert_eq!(all(body, Allowed::PUBLISH).unwrap(), expected);
    assert_eq!(all(b"\0rest", Allowed::ACK).unwrap(), []);
}

#[test]
fn what_is_wrong_is_named() {
    const CUT: &str = "properties are cut short";
    const RANGE: &str = "property with a value out of its range";
    const WRONG: &str = "property that does not belong to its packet";
    const TEXT: &str = "property text is not UTF-8, or has a null character";
    for (body, allowed, what) in [
        (&b""[..], Allowed::ACK, CUT),
        (b"\x80\x80\x80\x80\x01", Allowed::ACK, CUT),
        (b"\x05\x1F\0\x01", Allowed::ACK, CUT),
        (b"\x03\x1F\0\x01", Allowed::ACK, CUT),
        (b"\x01\x23", Allowed::PUBLISH, CUT),
        (b"\x02\x0B\x80", Allowed::PUBLISH, CUT),
        (b"\x03\x23\0\0", Allowed::PUBLISH, RANGE),
        (b"\x02\x01\x02", Allowed::PUBLISH, RANGE),
        (b"\x02\x0B\0", Allowed::PUBLISH, RANGE),
        (b"\x02\x24\x02", Allowed::CONNACK, RANGE),
        (b"\x03\x21\0\0", Allowed::CONNACK, RANGE),
        (b"\x05\x27\0\0\0\0", Allowed::CONNACK, RANGE),
        (b"\x05\x11\0\0\0\0", Allowed::DISCONNECT, WRONG),
        (b"\x05\x18\0\0\0\0", Allowed::CONNECT, WRONG),
        (b"\x02\x17\x02", Allowed::CONNECT, RANGE),
        (b"\x03\x23\0\x01", Allowed::ACK, WRONG),
        (b"\x02\x80\0", Allowed::CONNACK, WRONG),
        (b"\x02\0\0", Allowed::CONNACK, WRONG),
        (b"\x04\x01\x01\x01\x01", Allowed::PUBLISH, "property twice in a packet"),
        (b"\x04\x1F\0\x01\xFF", Allowed::ACK, TEXT),
        (b"\x04\x1F\0\x01\0", Allowed::ACK, TEXT),
    ] {
        assert_eq!(all(body, allowed).unwrap_err().what(), what, "{body:?}");
    }
}
