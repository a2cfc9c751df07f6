//! Compiles `reconnect`: when users connect again.

use crate::compile::problems::Problems;
use crate::diagnostic::FieldPath;
use crate::plan::reconnect::{Pauses, Reconnect};
use crate::scenario::model;

pub(super) fn compile_reconnect(
    reconnect: Option<&model::user_class::Reconnect>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Reconnect {
    let table = match reconnect {
        None => return Reconnect::default(),
        Some(model::user_class::Reconnect::Never) => return Reconnect::Never,
        Some(model::user_class::Reconnect::Table(table)) => table,
    };
    let default = Pauses::default();
    let mut pause = |key: &str, written: Option<_>, default| {
        written.map_or(default, |pause| problems.positive_duration(pause, "a pause", &at.key(key)))
    };
    let (initial, max) =
        (pause("initial", table.initial, default.initial), pause("max", table.max, default.max));
    if initial > max {
        let (initial, max) = (humantime::format_duration(initial), humantime::format_duration(max));
        let key = if table.initial.is_some() { "initial" } else { "max" };
        let message = format!("the first pause, {initial}, is longer than the longest, {max}");
        problems.range(&at.key(key), message, "pauses grow from `initial` to `max`");
    }
    let jitter = table.jitter.unwrap_or(default.jitter);
    if !(0.0..=1.0).contains(&jitter) {
        let help = "it is the random share of a pause: 0 for none of it, 1 for all of it";
        problems.range(&at.key("jitter"), "`jitter` must be from 0 to 1", help);
    }
    if table.attempts == Some(0) {
        let help = "leave it out for no limit, or write `reconnect = \"never\"`";
        problems.range(&at.key("attempts"), "`attempts` must be at least 1", help);
    }
    Reconnect::After(Pauses { initial, max, jitter, attempts: table.attempts })
}
