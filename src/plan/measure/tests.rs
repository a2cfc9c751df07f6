use super::*;
use crate::mqtt::property::{USER_PROPERTY, put_string};
use crate::stats::stamp::PROPERTY;

#[test]
fn a_stamp_is_a_user_property_like_any_other() {
    let stamp = [b'x'; LENGTH];
    let mut expected = vec![USER_PROPERTY];
    put_string(&mut expected, PROPERTY.as_bytes());
    put_string(&mut expected, &stamp);
    assert_eq!(Stamping::property(&stamp).as_slice(), expected);
}
