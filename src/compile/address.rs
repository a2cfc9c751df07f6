//! Where messages go and come from: topics and filters, checked as a whole.
//!
//! The parser has checked the parts of a topic. This file checks the whole: its length, the characters of the client id
//! in it, and whether a filter's wildcards fill their levels.

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::mqtt::{MAX_TEXT_BYTES, TopicError, check_topic_filter};
use crate::template;
use crate::template::random::Random;
use crate::template::{NOTHING, Scope, Template, UserScope};

/// Checks the topic of a message of users with this client id, if there is nothing wrong with that.
pub(super) fn check_topic(
    topic: &Template,
    client_id: Option<&Template>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    let kind = Kind { what: "topic", code: template::codes::TOPIC, example: "devices/${client_id}" };
    kind.check(topic, client_id, at, problems);
}

/// Checks that a topic whose place allows them has no wildcard of its own.
pub(super) fn check_no_wildcard(topic: &Template, at: &FieldPath, problems: &mut Problems<'_>) {
    if let Some(wildcard) = topic.literals().flatten().find(|byte| matches!(byte, b'+' | b'#')) {
        let message = TopicError::Wildcard(char::from(*wildcard)).to_string();
        let help = "wildcards belong to subscriptions; write one topic, such as `devices/${client_id}`";
        problems.add(Diagnostic::error(template::codes::TOPIC, at.clone(), message).help(help));
    }
}

/// Checks the filter of a subscription, `$share/GROUP/FILTER` included.
pub(super) fn check_filter(
    filter: &Template,
    client_id: Option<&Template>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    let kind = Kind { what: "filter", code: codes::FILTER, example: "devices/+/status" };
    kind.check(filter, client_id, at, problems);
    // With columns of feeds in it, it is another one for each of their rows.
    let rows = filter.columns().map(|(_, column)| column.len()).max().unwrap_or(1);
    let wrong =
        (0..rows).find_map(|row| Some((row, check_topic_filter(&with_stand_ins(filter, row)).err()?)));
    let Some((row, error)) = wrong else { return };
    let help = match error {
        TopicError::MisplacedWildcard('#') => "write `#` alone behind the last `/`, such as `plant/#`",
        TopicError::MisplacedWildcard(_) => "write `+` alone between two `/`, such as `plant/+/temperature`",
        TopicError::Share => "name the group, then the filter, such as `$share/workers/plant/#`",
        // Empty and too long were told above, a null character by the parser.
        TopicError::Empty | TopicError::TooLong | TopicError::Null | TopicError::Wildcard(_) => return,
    };
    let message =
        if rows > 1 { format!("with row {} of its feed, {error}", row + 1) } else { error.to_string() };
    problems.add(Diagnostic::error(codes::FILTER, at.clone(), message).help(help));
}

/// The fewest and the most bytes of a client id; of one that is wrong, nothing that would be wrong again.
pub(super) fn client_id_length(client_id: Option<&Template>) -> (usize, usize) {
    client_id.map_or((1, 1), |client_id| client_id.length((0, 0)))
}

struct Kind {
    what: &'static str,
    code: &'static str,
    example: &'static str,
}

impl Kind {
    fn check(
        &self,
        address: &Template,
        client_id: Option<&Template>,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) {
        let Self { what, code, example } = self;
        let (least, most) = address.length(client_id_length(client_id));
        if least == 0 {
            let message = if most == 0 {
                format!("a {what} cannot be empty")
            } else {
                format!("this {what} can become empty")
            };
            problems.add(
                Diagnostic::error(code, at.clone(), message)
                    .help(format!("write a {what} such as `{example}`")),
            );
        }
        problems.length(&format!("this {what}"), most, MAX_TEXT_BYTES, at);
        if !address.uses_client_id() {
            return;
        }
        let literals = client_id.iter().flat_map(|client_id| client_id.literals());
        if let Some(wildcard) = literals.flatten().copied().find(|byte| matches!(byte, b'+' | b'#')) {
            let wildcard = char::from(wildcard);
            let message = format!("the client id brings the wildcard `{wildcard}` into this {what}");
            problems.add(Diagnostic::error(code, at.clone(), message).help(format!(
                "leave `{wildcard}` out of `client_id`, or use `${{user.number}}` in the {what}"
            )));
        }
    }
}

/// A filter as some user with this row of each feed has it. Numbers and client ids hold no wildcard, so where those
/// of the filter stand is the same for all users with these rows.
fn with_stand_ins(filter: &Template, row: usize) -> String {
    let mut rows = Vec::new();
    for (feed, column) in filter.columns() {
        rows.resize(rows.len().max(feed + 1), 0);
        rows[feed] = u32::try_from(row % column.len()).unwrap_or(0);
    }
    let user = UserScope { number: 1, index: 0, client_id: b"x"[..].into() };
    let mut random = Random::for_user(0, "", 0);
    let mut scope = Scope {
        user: &user,
        rows: &rows,
        iteration: 0,
        seq: 0,
        now_ns: 0,
        random: &mut random,
        walks: &mut [],
        received: &NOTHING,
    };
    let mut text = Vec::new();
    filter.render(&mut scope, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
