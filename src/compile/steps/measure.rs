//! Stamps and measurements: reads the keys of publish and subscribe, and checks whether they are possible.

use crate::compile::codes;
use crate::compile::problems::{Problems, suggestion};
use crate::compile::steps::{DEFAULT_REQUEST_TYPE, StepCompiler};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::measure::{Measure, StampLocation};
use crate::scenario::model;
use crate::stats::stamp::{MAX_STEPS, PROPERTY};
use crate::template;
use crate::template::Varies;
use crate::template::names::Place;

/// A place for a stamp as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    Property,
    Prefix,
    /// The text of the pointer, and its parts.
    Json(String, Box<[Box<str>]>),
}

impl StepCompiler<'_> {
    /// Where a stamp shall stand; what is wrong is noted.
    pub(super) fn stamp_place(
        &self,
        text: &str,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Written> {
        match text {
            "user_property" => {
                if let Some(protocol) = &self.protocol {
                    protocol.needs_5("a stamp in a user property", at, problems);
                }
                Some(Written::Property)
            }
            "prefix" => Some(Written::Prefix),
            _ => {
                let Some(pointer) = text.strip_prefix("json:") else {
                    let message = format!("`{text}` is not a place for a stamp");
                    let help = match suggestion(text, "places", ["user_property", "prefix"].into_iter()) {
                        near if near.starts_with("did") => near,
                        _ => "write \"user_property\", \"prefix\" or a pointer such as \"json:/sent\""
                            .to_owned(),
                    };
                    problems.add(Diagnostic::error(codes::STAMP, at.clone(), message).help(help));
                    return None;
                };
                let parts = parts(pointer);
                if parts.is_none() {
                    let message = format!("`{pointer}` is not a pointer into a JSON value");
                    let help = "write `/` and a key for each level, such as \"json:/meta/sent\"; `/` in a key is `~1`, \
                                `~` is `~0`";
                    problems.add(Diagnostic::error(codes::STAMP, at.clone(), message).help(help));
                }
                Some(Written::Json(pointer.to_owned(), parts?))
            }
        }
    }

    /// Notes what keeps a publish step from being stamped: too many steps, or a property of the same name.
    pub(super) fn stamp_step(
        &self,
        publish: &model::step::Publish,
        place: &Written,
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> u16 {
        let taken = publish.properties.as_ref().is_some_and(|p| p.user_properties.has(PROPERTY));
        if taken && *place == Written::Property {
            let message =
                format!("the stamp uses the user property `{PROPERTY}`, which these properties set too");
            let at = at.key("properties").key("user_properties").key(PROPERTY);
            problems.add(Diagnostic::error(codes::CONFLICT, at, message).help("give it another name"));
        }
        u16::try_from(self.counters).ok().filter(|step| usize::from(*step) < MAX_STEPS).unwrap_or_else(|| {
            let message = format!("only the first {MAX_STEPS} publish steps of a class can be stamped");
            problems.add(
                Diagnostic::error(codes::TOO_MANY_STEPS, at.key("stamp"), message)
                    .help("put the stamped steps first, or use `repeat`"),
            );
            0
        })
    }

    /// What a subscription measures, if it does; `names` has quality of service and text of each filter.
    pub(super) fn measure(
        &mut self,
        subscribe: &model::step::Subscribe,
        names: &[String],
        at: &FieldPath,
        problems: &mut Problems<'_>,
    ) -> Option<Measure> {
        if subscribe.measure.is_none() {
            if problems.absence_explained(&at.key("measure")) {
                return None;
            }
            for (key, is_there) in
                [("stamp", subscribe.stamp.is_some()), ("measure_name", subscribe.measure_name.is_some())]
            {
                if is_there {
                    let message = format!("`{key}` needs `measure`");
                    problems.add(
                        Diagnostic::error(codes::CONFLICT, at.key(key), message)
                            .help("add measure = \"end_to_end\", or leave it out"),
                    );
                }
            }
            return None;
        }
        let look = match &subscribe.stamp {
            None => Some(StampLocation::Around),
            Some(text) => self.stamp_place(text, &at.key("stamp"), problems).map(|place| match place {
                Written::Property => StampLocation::Property,
                Written::Prefix => StampLocation::Prefix,
                Written::Json(_, parts) => StampLocation::Json(parts),
            }),
        };
        let name_at = at.key("measure_name");
        let names: Option<Vec<_>> = match subscribe.measure_name.as_deref() {
            None => Some(names.iter().map(|name| format!("end_to_end:{name}")).collect()),
            Some("") => {
                problems.add(
                    Diagnostic::error(codes::EMPTY, name_at, "`measure_name` cannot be empty")
                        .help("leave it out for the default"),
                );
                None
            }
            Some(name) => problems.template(name, Place::RowName, self.names, &name_at).and_then(|name| {
                if name.varies() == Varies::Never {
                    let name = String::from_utf8_lossy(name.literal().unwrap_or_default()).into_owned();
                    return Some(vec![name; names.len()]);
                }
                let message = "the row of a measurement must be the same for all users";
                problems.add(
                    Diagnostic::error(template::codes::NOT_ALLOWED_HERE, name_at, message).help(
                        "leave out what differs from user to user: each row keeps a histogram of its own",
                    ),
                );
                None
            }),
        };
        self.measure_places.push(at.key("measure"));
        let rows = names?.into_iter().map(|name| self.rows.id(DEFAULT_REQUEST_TYPE, name)).collect();
        Some(Measure { rows, look: look? })
    }
}

/// Returns the parts of a JSON pointer (RFC 6901), or `None` if it is invalid or points to the whole value.
fn parts(pointer: &str) -> Option<Box<[Box<str>]>> {
    let rest = pointer.strip_prefix('/')?;
    let is_escaped = |part: &str| {
        let mut rest = part.split('~');
        rest.next();
        rest.all(|escaped| escaped.starts_with(['0', '1']))
    };
    rest.split('/')
        .map(|part| is_escaped(part).then(|| part.replace("~1", "/").replace("~0", "~").into()))
        .collect()
}

#[cfg(test)]
mod tests;
