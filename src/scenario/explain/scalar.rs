//! Numbers, truth values and versions in other spellings than ours.

use crate::scenario::mistake::Wanted;
use crate::scenario::node::Value;

pub(super) fn protocol(written: &str) -> String {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    match digits.as_str() {
        "5" | "50" | "500" => "write it in quotes: \"5\"".to_owned(),
        "4" | "311" => "MQTT 3.1.1, whose protocol level is 4, is written \"3.1.1\"".to_owned(),
        "3" | "31" | "30" => "write \"3.1.1\", the oldest that is spoken here, or \"5\"".to_owned(),
        _ => "write \"3.1.1\" or \"5\", in quotes".to_owned(),
    }
}

pub(super) fn truth(value: &Value) -> &'static str {
    let text = match value {
        Value::Text(text) => text.to_ascii_lowercase(),
        Value::Integer(number) => number.to_string(),
        _ => String::new(),
    };
    match text.as_str() {
        "true" | "yes" | "y" | "on" | "1" => "write true",
        "false" | "no" | "n" | "off" | "0" => "write false",
        _ => "write true or false",
    }
}

pub(super) fn number(wanted: &Wanted, value: &Value, raw: &str) -> String {
    let whole = *wanted == Wanted::Whole;
    let example =
        if whole { "write a whole number, such as 10" } else { "write a number, such as 10 or 0.5" };
    match value {
        Value::Float(number) if number.fract() == 0.0 && (0.0..1e15).contains(number) => {
            format!("write {number:.0}")
        }
        Value::Float(number) if whole && (0.0..1e15).contains(number) => {
            format!("write {:.0} or {:.0}", number.floor(), number.ceil())
        }
        Value::Text(text) => {
            let quoted = if raw.starts_with(['"', '\'']) { ", without quotes" } else { "" };
            match plain_number(text, whole) {
                Some(number) => format!("write {number}{quoted}"),
                None => example.to_owned(),
            }
        }
        _ => example.to_owned(),
    }
}

/// A number that is written in another way, such as `1_000`, `1,000`, `007`, `1k` or `5/s`.
pub(super) fn plain_number(text: &str, whole: bool) -> Option<String> {
    let text = text.trim().replace('_', "");
    let text = text.trim_end_matches("/s");
    let grouped = text.contains(',') && text.split(',').skip(1).all(|group| group.len() == 3);
    let text = if grouped { text.replace(',', "") } else { text.to_owned() };
    let (text, is_thousands) = match text.strip_suffix(['k', 'K']) {
        Some(thousands) => (thousands.to_owned(), true),
        None => (text, false),
    };
    let plain = text.trim_start_matches('0');
    let plain =
        if plain.is_empty() || plain.starts_with('.') { format!("0{plain}") } else { plain.to_owned() };
    let number = plain.parse::<f64>().ok().filter(|number| number.is_finite() && !text.is_empty())?;
    let number = if is_thousands { number * 1_000.0 } else { number };
    if whole && plain.parse::<u64>().is_err() {
        return (number.fract() == 0.0 && (0.0..1e15).contains(&number)).then(|| format!("{number:.0}"));
    }
    Some(if is_thousands { number.to_string() } else { plain })
}

#[cfg(test)]
mod tests;
