//! Calls in templates: their arguments, checked and put into a segment.
//!
//! Everything about an argument is decided here, ranges included, so that rendering has nothing to refuse.

use std::ops::Range;
use std::str::FromStr;

use crate::diagnostic::nearest;
use crate::mqtt::MAX_PACKET_BYTES;
use crate::template::codes;
use crate::template::cursor::Literal;
use crate::template::foreign::template_for;
use crate::template::names::{FUNCTIONS, Function, NAMES, function_named, quoted};
use crate::template::parse::spot::{Fault, Spot, trimmed};
use crate::template::received::{MAX_LEVEL, Part};
use crate::template::segment::Segment;
use crate::template::walk::{MAX_DECIMALS, Walk, decimal};

impl Spot<'_> {
    /// A call of the function `name` with what stands between its parentheses.
    pub(super) fn call(
        &self,
        name: &str,
        name_range: Range<usize>,
        arguments: Range<usize>,
        whole: Range<usize>,
    ) -> Result<Segment, Fault> {
        let Some(function) = function_named(name) else {
            let message = format!("unknown function `{name}` in a template");
            let fault = Fault::new(codes::UNKNOWN_FUNCTION, name_range, message);
            let functions = || FUNCTIONS.iter().map(|function| function.name);
            return Err(if NAMES.iter().any(|(known, ..)| *known == name) {
                fault.help(format!("`{name}` is a name: write `${{{name}}}` without parentheses"))
            } else if let Some(near) = nearest(name, functions()) {
                fault.help(format!("did you mean `{near}`?"))
            } else if let Some(ours) = template_for(name) {
                fault.help(format!("did you mean `{ours}`?"))
            } else {
                fault.help(format!("the functions are: {}", quoted(functions())))
            });
        };
        self.check_place(name, function.kind, whole.clone())?;
        let arguments = self.arguments(arguments, function)?;
        if !(function.least..=function.most).contains(&arguments.len()) {
            let wanted = match (function.least, function.most) {
                (0, _) => "no arguments".to_owned(),
                (1, 1) => "one argument".to_owned(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, _) => format!("at least {least} argument"),
            };
            let message = format!("`{name}` takes {wanted}, not {}", arguments.len());
            return Err(Fault::new(codes::ARGUMENT_COUNT, whole, message).help(usage(function)));
        }
        match (name, &*arguments) {
            ("now_ms", _) => Ok(Segment::NowMs),
            ("now_ns", _) => Ok(Segment::NowNs),
            ("now_iso", _) => Ok(Segment::NowIso),
            ("uuid", _) => Ok(Segment::Uuid),
            ("random_int", [low, high]) => {
                let (from, to): (i64, i64) = (low.number(function)?, high.number(function)?);
                ordered(from <= to, low, high, function)?;
                Ok(Segment::RandomInt {
                    low: from,
                    count: to.wrapping_sub(from).cast_unsigned().wrapping_add(1),
                })
            }
            ("random_float", [low, high]) => {
                let (from, to): (f64, f64) = (low.number(function)?, high.number(function)?);
                if let Some(bad) = [(from, low), (to, high)].iter().find(|(x, _)| !x.is_finite()) {
                    return Err(bad.1.fault(function, "is not a finite number"));
                }
                ordered(from <= to, low, high, function)?;
                Ok(Segment::RandomFloat { low: from, high: to })
            }
            ("random_string", [n]) => Ok(Segment::RandomString(n.size(function)?)),
            ("random_bytes", [n]) => Ok(Segment::RandomBytes(n.size(function)?)),
            ("choice", texts) => {
                texts.iter().map(|text| text.text(function)).collect::<Result<_, _>>().map(Segment::Choice)
            }
            ("walk", [low, high, step]) => walk(low, high, step, function).map(Segment::Walk),
            ("received.level", [level]) => Ok(Segment::Received(Part::Level(level.level(function)?))),
            ("hostname", _) => Ok(Segment::Literal(Literal::new(self.names.hostname.as_bytes()))),
            // A test calls every function of the table, so each has its line above.
            _ => Err(Fault::new(codes::UNKNOWN_FUNCTION, name_range, format!("`{name}` cannot be called"))),
        }
    }

    fn arguments(&self, range: Range<usize>, function: &Function) -> Result<Vec<Argument<'_>>, Fault> {
        let mut arguments = Vec::new();
        if self.text[range.clone()].trim().is_empty() {
            return Ok(arguments);
        }
        let mut start = range.start;
        let mut quote = None;
        let mut escaped = false;
        let ends = self.text[range.clone()].char_indices().filter_map(|(offset, c)| {
            match quote {
                Some(_) if escaped => escaped = false,
                Some(_) if c == '\\' => escaped = true,
                Some(open) if c == open => quote = None,
                None if matches!(c, '"' | '\'') => quote = Some(c),
                None if c == ',' => return Some(range.start + offset),
                _ => {}
            }
            None
        });
        for end in ends.chain([range.end]) {
            let own = trimmed(self.text, start..end);
            if own.is_empty() {
                let mark = start.min(range.end)..(end + 1).min(range.end).max(start);
                return Err(Fault::new(
                    codes::SYNTAX,
                    mark,
                    format!("an argument of `{}` is missing", function.name),
                )
                .help(usage(function)));
            }
            arguments.push(Argument { text: &self.text[own.clone()], range: own });
            start = end + 1;
        }
        Ok(arguments)
    }
}

struct Argument<'a> {
    text: &'a str,
    range: Range<usize>,
}

impl Argument<'_> {
    fn fault(&self, function: &Function, what: &str) -> Fault {
        let message = format!("argument `{}` of `{}` {what}", self.text, function.name);
        Fault::new(codes::ARGUMENT, self.range.clone(), message).help(usage(function))
    }

    fn number<T: FromStr>(&self, function: &Function) -> Result<T, Fault> {
        let what = if function.name == "random_float" { "is not a number" } else { "is not a whole number" };
        self.text.parse().map_err(|_| match self.text.parse::<f64>() {
            // A whole number, but with an exponent or a fraction of nothing, or beyond what is drawn from.
            Ok(number) if number.fract() == 0.0 && function.name != "random_float" => {
                if number < 0.0 && self.text.parse::<i64>().is_ok() {
                    self.fault(function, what)
                } else if number.abs() < 1e15 {
                    self.fault(function, what).help(format!("write {number:.0}"))
                } else {
                    let range = "whole numbers go from -9223372036854775808 to 9223372036854775807";
                    self.fault(function, "is too large").help(range)
                }
            }
            _ => self.fault(function, what),
        })
    }

    fn level(&self, function: &Function) -> Result<u16, Fault> {
        let level: i64 = self.number(function)?;
        match u16::try_from(level) {
            Ok(level @ 1..=MAX_LEVEL) => Ok(level),
            _ if level < 1 => Err(self.fault(function, "must be at least 1, which is the first level")),
            _ => Err(self.fault(function, &format!("must not be above {MAX_LEVEL}"))),
        }
    }

    fn size(&self, function: &Function) -> Result<usize, Fault> {
        match self.number(function)? {
            0 => Err(self.fault(function, "must be at least 1")),
            n if n > MAX_PACKET_BYTES => {
                Err(self
                    .fault(function, &format!("must not be above {MAX_PACKET_BYTES}, the longest packet")))
            }
            n => Ok(n),
        }
    }

    /// The bytes of a quoted text; a backslash stands before a quote or a backslash.
    fn text(&self, function: &Function) -> Result<Box<[u8]>, Fault> {
        let mut characters = self.text.chars();
        let Some(open @ ('"' | '\'')) = characters.next() else {
            return Err(self.fault(function, "is not a text in quotes"));
        };
        let mut text = String::new();
        while let Some(c) = characters.next() {
            match c {
                '\\' => match characters.next() {
                    Some(c @ ('"' | '\'' | '\\')) => text.push(c),
                    _ => {
                        return Err(self.fault(
                            function,
                            "has a backslash that stands before neither a quote nor a backslash",
                        ));
                    }
                },
                c if c == open => {
                    return if characters.as_str().is_empty() {
                        Ok(text.into_bytes().into())
                    } else {
                        Err(self.fault(function, "goes on after its closing quote"))
                    };
                }
                c => text.push(c),
            }
        }
        Err(self.fault(function, "has no closing quote"))
    }
}

/// A walk, in the units of the most exact of its arguments.
fn walk(
    low: &Argument<'_>,
    high: &Argument<'_>,
    step: &Argument<'_>,
    function: &Function,
) -> Result<Walk, Fault> {
    let read = |argument: &Argument<'_>| {
        let what =
            format!("is not a number with up to nine digits before and {MAX_DECIMALS} behind the point");
        decimal(argument.text).ok_or_else(|| argument.fault(function, &what))
    };
    let [(from, a), (to, b), (by, c)] = [read(low)?, read(high)?, read(step)?];
    if from == to {
        let message = format!("`{}` starts and ends at {}", function.name, low.text);
        return Err(Fault::new(codes::ARGUMENT, low.range.start..high.range.end, message)
            .help("put the largest number second, or write the number itself"));
    }
    ordered(from < to, low, high, function)?;
    if by <= 0 {
        return Err(step.fault(function, "must be above 0"));
    }
    if by > to - from {
        return Err(step.fault(function, "is longer than the way from one end to the other"));
    }
    let decimals = a.max(b).max(c);
    let unit = 10_i64.pow(MAX_DECIMALS - decimals);
    Ok(Walk { low: from / unit, high: to / unit, step: by / unit, decimals, index: 0 })
}

fn ordered(ordered: bool, low: &Argument<'_>, high: &Argument<'_>, function: &Function) -> Result<(), Fault> {
    if ordered {
        return Ok(());
    }
    let message = format!("`{}` starts at {} above its end at {}", function.name, low.text, high.text);
    Err(Fault::new(codes::ARGUMENT, low.range.start..high.range.end, message)
        .help("put the smaller number first"))
}

fn usage(function: &Function) -> String {
    format!("it is called like `${{{}}}`", function.example)
}
