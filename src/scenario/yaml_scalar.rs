//! What a plain text of YAML stands for: nothing, a truth value, a number or a text.

use serde_saphyr::granit_parser::ScalarStyle;

use crate::scenario::node::Value;

/// A scalar by YAML 1.2's core schema (section 10.3.2), leading zeros apart.
pub(super) fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.into());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    if let Some(value) = number(text) { value } else { Value::Text(text.into()) }
}

fn number(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if matches!(digits, ".inf" | ".Inf" | ".INF") {
        return Some(Value::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let valid = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return valid.then(|| Value::Integer(i128::from_str_radix(digits, radix).unwrap_or(i128::MAX)));
        }
    }
    let bytes = digits.as_bytes();
    let leading_zero = bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit();
    if leading_zero || !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        let limit = if negative { i128::MIN } else { i128::MAX };
        return Some(Value::Integer(text.parse().unwrap_or(limit)));
    }
    // Rust reads all that the core schema does and some words more, which begin with a letter.
    let starts_as_number = bytes[0].is_ascii_digit() || bytes[0] == b'.';
    starts_as_number.then(|| text.parse().ok().map(Value::Float)).flatten()
}
