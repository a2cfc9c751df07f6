use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::mqtt::property::{CONTENT_TYPE, USER_PROPERTY};
use crate::template::names::{Columns, Names, Place};

#[test]
fn constants_are_encoded_once_and_templates_each_time() {
    let (vars, used_vars) = (BTreeMap::new(), RefCell::new(BTreeSet::new()));
    let names = Names {
        class: None,
        vars: &vars,
        used_vars: &used_vars,
        columns: &Columns::default(),
        env: &|_| None,
        hostname: "rig",
        run_id: None,
    };
    let template = |text| Template::parse(text, Place::Property, &names).unwrap();
    let mut properties = Properties::default();
    properties.add(vec![USER_PROPERTY, 0, 1, b'k'], template("${seq}"));
    properties.add(vec![CONTENT_TYPE], template("a/b"));
    assert_eq!(properties.fixed, b"\x03\0\x03a/b");
    let mut out = vec![b'-'];
    properties.write(&mut out, |_, out| out.extend_from_slice(b"17"));
    assert_eq!(out, b"-\x03\0\x03a/b\x26\0\x01k\0\x0217");
    assert!(properties.most_bytes((1, 1)) >= out.len() - 1);
}
