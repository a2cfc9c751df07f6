use super::*;

#[test]
fn a_reply_is_recognised_by_its_data_or_value() {
    let mut with_data = vec![];
    property::put_text(&mut with_data, property::CORRELATION_DATA, &[7; 24]);
    let mark = ReplyMark::Data([7; 24]);
    assert!(mark.is_met(&with_data, &Payload::new(b"")));
    assert!(!mark.is_met(&[], &Payload::new(b"")));
    assert!(!ReplyMark::Data([8; 24]).is_met(&with_data, &Payload::new(b"")));
    let mark = ReplyMark::Json("/id".into(), 7.into());
    for (payload, is_met) in
        [("{\"id\":7}", true), ("{\"id\":7.0}", true), ("{\"id\":\"7\"}", false), ("{}", false), ("", false)]
    {
        assert_eq!(mark.is_met(&[], &Payload::new(payload.as_bytes())), is_met, "{payload}");
    }
}
