//! The properties of a message or a will.

use crate::compile::address::{check_no_wildcard, check_topic, client_id_length};
use crate::compile::problems::Problems;
use crate::compile::protocol::whole_seconds;
use crate::diagnostic::FieldPath;
use crate::mqtt::MAX_TEXT_BYTES;
use crate::mqtt::property::{
    CONTENT_TYPE, CORRELATION_DATA, MESSAGE_EXPIRY, RESPONSE_TOPIC, USER_PROPERTY, put_string, put_u32,
};
use crate::plan::properties::Properties;
use crate::scenario::model::protocol;
use crate::template::Template;
use crate::template::names::{Names, Place};

/// Compiles properties; those that are wrong are left out and noted. `place` says what their templates may hold.
pub(super) fn compile_properties(
    written: &protocol::Properties,
    place: Place,
    at: &FieldPath,
    names: &Names<'_>,
    client_id: Option<&Template>,
    problems: &mut Problems<'_>,
) -> Properties {
    let mut properties = Properties::default();
    if let Some(expiry) = written.message_expiry {
        let at = at.key("message_expiry");
        put_u32(
            &mut properties.fixed,
            MESSAGE_EXPIRY,
            whole_seconds(expiry, "`message_expiry`", &at, problems),
        );
    }
    let texts = [
        ("content_type", CONTENT_TYPE, &written.content_type),
        ("response_topic", RESPONSE_TOPIC, &written.response_topic),
        ("correlation_data", CORRELATION_DATA, &written.correlation_data),
    ];
    for (key, number, text) in texts {
        let Some(text) = text else { continue };
        let at = at.key(key);
        let place =
            if number == CORRELATION_DATA && place == Place::Property { Place::Binary } else { place };
        let Some(template) = problems.template(text, place, names, &at) else { continue };
        if number == RESPONSE_TOPIC {
            check_topic(&template, client_id, &at, problems);
            check_no_wildcard(&template, &at, problems);
        } else {
            let most = template.length(client_id_length(client_id)).1;
            problems.length("this property", most, MAX_TEXT_BYTES, &at);
        }
        properties.add(vec![number], template);
    }
    let at = at.key("user_properties");
    for (name, value) in written.user_properties.iter() {
        let at = at.key(name);
        problems.length("this name", name.len(), MAX_TEXT_BYTES, &at);
        let Some(template) = problems.template(value, place, names, &at) else { continue };
        let most = template.length(client_id_length(client_id)).1;
        problems.length("this property", most, MAX_TEXT_BYTES, &at);
        let mut head = vec![USER_PROPERTY];
        put_string(&mut head, name.as_bytes());
        properties.add(head, template);
    }
    properties
}
