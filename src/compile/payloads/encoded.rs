//! Payloads that are written as digits: hexadecimal and base64.

use std::ops::Range;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::diagnostic::{Diagnostic, FieldPath, Mark};

/// Standard base64, with or without `=` at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn hex(text: &str, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half = None;
    for (offset, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let Some(digit) = c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else {
            let message = format!("`{}` is not a hexadecimal digit", c.escape_debug());
            let help = "the digits are 0 to 9 and a to f; write a text under `text`";
            wrong(codes::HEX, message, help, offset..offset + c.len_utf8(), at, problems);
            return None;
        };
        match half.take() {
            None => half = Some((offset, digit)),
            Some((_, high)) => bytes.push(high << 4 | digit),
        }
    }
    if let Some((offset, _)) = half {
        let help = "each byte has two digits: write 0f for 15";
        wrong(
            codes::HEX,
            "the second digit of the last byte is missing",
            help,
            offset..offset + 1,
            at,
            problems,
        );
        return None;
    }
    Some(bytes)
}

pub(super) fn base64(text: &str, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Vec<u8>> {
    use base64::DecodeError::{InvalidByte, InvalidLastSymbol};
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let mut digits = String::with_capacity(text.len());
    let mut offsets = Vec::with_capacity(text.len());
    for (offset, c) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        if !is_digit(c) {
            let message = format!("`{}` is not a base64 digit", c.escape_debug());
            let help = match c {
                '-' | '_' => "this is base64url; in standard base64 `-` is `+` and `_` is `/`",
                _ => "the digits are A to Z, a to z, 0 to 9, `+` and `/`; write a text under `text`",
            };
            wrong(codes::BASE64, message, help, offset..offset + c.len_utf8(), at, problems);
            return None;
        }
        digits.push(c);
        offsets.push(offset);
    }
    let error = match BASE64.decode(&digits) {
        Ok(bytes) => return Some(bytes),
        Err(error) => error,
    };
    let offset = match error {
        InvalidByte(digit, _) | InvalidLastSymbol { offset: digit, .. } => offsets.get(digit).copied(),
        _ => None,
    };
    let mark = offset.map_or(0..text.len(), |offset| offset..offset + 1);
    let (message, help) = match error {
        InvalidByte(..) => ("`=` stands before the end", "it only fills the last group of four digits"),
        InvalidLastSymbol { .. } => (
            "the last digit has bits that belong to no byte",
            "digits are missing at the end, or there are too many",
        ),
        _ => (
            "the last group of digits is incomplete",
            "four digits make three bytes: some digits are missing",
        ),
    };
    wrong(codes::BASE64, message, help, mark, at, problems);
    None
}

fn wrong(
    code: &'static str,
    message: impl Into<String>,
    help: &str,
    mark: Range<usize>,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    problems.add(Diagnostic::error(code, at.clone(), message).marking(Mark::Within(mark)).help(help));
}
