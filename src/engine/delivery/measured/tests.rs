use super::*;
use crate::plan::measure::Stamping;
use crate::stats::stamp::Publisher;

#[test]
fn a_stamp_is_found_behind_other_properties() {
    let publisher = Publisher { run: 2, user: 3 };
    let stamp = Stamp { time_ns: 1, late_us: None, publisher, step: 4, by_topic: false, seq: 5 };
    let mut properties = vec![property::PAYLOAD_FORMAT, 1];
    property::put_u32(&mut properties, property::MESSAGE_EXPIRY, 9);
    property::put_u16(&mut properties, property::TOPIC_ALIAS, 9);
    property::put_text(&mut properties, property::CONTENT_TYPE, b"text/plain");
    properties.push(property::SUBSCRIPTION_ID);
    property::put_varint(&mut properties, 300);
    properties.push(property::USER_PROPERTY);
    property::put_string(&mut properties, b"site");
    property::put_string(&mut properties, &stamp.encode());
    assert_eq!(in_properties(&properties), None, "another name");
    let others = properties.len();
    properties.extend(Stamping::property(&stamp.encode()));
    assert_eq!(in_properties(&properties), Some(stamp));
    for end in others..properties.len() {
        assert_eq!(in_properties(&properties[..end]), None);
    }
}
