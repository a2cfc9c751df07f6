//! Proposes what was most likely meant, in the words and the format of the file.

use crate::diagnostic::Part;
use crate::scenario::explain::forms::{all_choices, between, both, form_of_json, form_of_wait};
use crate::scenario::explain::scalar::{number, plain_number, protocol, truth};
use crate::scenario::explain::shape::{list_for_table, one_text, table_for, text_for_table};
use crate::scenario::explain::site::Site;
use crate::scenario::explain::vocabulary::{choices, pair, plain_text, quantity};
use crate::scenario::mistake::Wanted;
use crate::scenario::node::Value;
use crate::scenario::pause;

/// How to write what was meant, where that can be told from the value.
pub(super) fn correction(site: &Site<'_>, wanted: &Wanted) -> Option<String> {
    let Some(node) = site.node else {
        return content_of_choice(site, wanted);
    };
    let raw = site.raw();
    if let Some(help) = with_a_unit(site, wanted, &node.value) {
        return Some(help);
    }
    match (wanted, &node.value) {
        (Wanted::Choice { of: "WaitTime", known }, _) => Some(form_of_wait(site, known)),
        (Wanted::Choice { of: "Protocol", .. }, Value::Integer(_) | Value::Float(_)) => Some(protocol(&raw)),
        (Wanted::Choice { of: "Reconnect", .. }, Value::Bool(again)) => Some(match again {
            true => "users reconnect unless told not to: leave it out".to_owned(),
            false => "write \"never\"".to_owned(),
        }),
        (Wanted::Choice { of: "TopicAlias", .. }, Value::Bool(on)) => {
            Some(format!("write \"{}\"", if *on { "auto" } else { "off" }))
        }
        (Wanted::Choice { of, .. }, Value::Integer(_) | Value::Float(_) | Value::Bool(_) | Value::Date)
            if plain_text(of) == Some("text") =>
        {
            Some(format!("write it in quotes: \"{raw}\""))
        }
        (Wanted::Choice { of: "Pause", .. }, Value::List(_)) => {
            between(site).or_else(|| Some(choices("Pause", &["between", "exponential"])))
        }
        (Wanted::Words(words), _) if quantity(words).is_some() => {
            quantity(words).map(|quantity| quantity.form.to_owned())
        }
        (Wanted::Pair { of }, _) => Some(both(of)),
        (Wanted::Choice { of: "Payload", .. }, Value::List(_)) => Some(form_of_json(site, None)),
        (Wanted::Words(words), Value::Integer(_) | Value::Float(_) | Value::Bool(_)) if words == "text" => {
            Some(format!("write it in quotes: \"{raw}\""))
        }
        (Wanted::Words(_), Value::Date) => Some(format!("write it in quotes: \"{raw}\"")),
        (Wanted::Words(words), Value::List(items)) if words == "text" => Some(one_text(site, items)),
        (Wanted::Words(words), Value::Table(_)) if words == "text" => Some(text_for_table(site)),
        (Wanted::Words(_), Value::List(_) | Value::Table(_)) => Some("write a single value".to_owned()),
        (Wanted::Whole, _)
            if is_qos(site)
                && plain_number(raw.trim_matches(['"', '\'']), true).is_none()
                && !is_number(&node.value) =>
        {
            Some("write 0, 1 or 2".to_owned())
        }
        (Wanted::Whole | Wanted::Number, _) => Some(number(wanted, &node.value, &raw)),
        (Wanted::Bool, value) => Some(truth(value).to_owned()),
        (Wanted::List, Value::Text(_)) => Some(format!("write it as a list: [{raw}]")),
        (Wanted::List, Value::Table(_)) => Some(list_for_table(site, &raw)),
        (Wanted::List, _) => Some("write [ ] around it".to_owned()),
        (Wanted::Table, value) => Some(table_for(site, value, &raw)),
        (Wanted::Choice { of, known }, _) => Some(all_choices(site, of, known)),
        (Wanted::Words(_), _) => None,
    }
}

fn is_qos(site: &Site<'_>) -> bool {
    matches!(site.path.0.last(), Some(Part::Key(key)) if key == "qos")
}

/// A bare number where a text with a unit belongs.
fn with_a_unit(site: &Site<'_>, wanted: &Wanted, value: &Value) -> Option<String> {
    let words = match wanted {
        Wanted::Words(words) => &**words,
        Wanted::Choice { of, .. } => plain_text(of)?,
        _ => return None,
    };
    let (unit, meaning) = quantity(words)?.unit?;
    let raw = site.raw();
    let plain = is_number(value) && !raw.starts_with('-') && !raw.contains(['e', 'E', 'n', '_', 'x']);
    plain.then(|| format!("write \"{raw}{unit}\" {meaning}"))
}

/// A text that lacks only its unit, or is a pause of another tool; `what` is what it was to be.
pub(super) fn with_its_unit(site: &Site<'_>, what: Option<&str>) -> Option<String> {
    let what = what?;
    let Some(Value::Text(text)) = site.node.map(|node| &node.value) else { return None };
    let text = text.trim();
    if what == "length of time"
        && let Some(pause) = pause::pause(text, site.format)
    {
        return Some(format!("write {pause}"));
    }
    let (unit, meaning) = quantity(&format!("a {what}"))?.unit?;
    let is_number = text.parse::<f64>().is_ok_and(|number| number.is_finite() && number >= 0.0);
    is_number.then(|| format!("write \"{text}{unit}\" {meaning}"))
}

/// What a choice needs whose name stands alone.
fn content_of_choice(site: &Site<'_>, wanted: &Wanted) -> Option<String> {
    let Some(Part::Key(choice)) = site.path.0.last() else {
        return None;
    };
    let example = match wanted {
        Wanted::Words(words) => quantity(words)?.example,
        Wanted::Choice { of, .. } => quantity(plain_text(of)?)?.example,
        Wanted::Pair { of } => pair(of),
        Wanted::Number => "0.5",
        _ => return None,
    };
    Some(format!("write {}", site.table(choice, example)))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_))
}
