//! From a text to segments, with every mistake in it.
//!
//! By hand and in one pass: an expression ends at its `}`, so a mistake inside one never spoils the next, and
//! each has the exact bytes to mark.

use std::ops::Range;

use crate::diagnostic::nearest;
use crate::mqtt::TopicError;
use crate::template::codes;
use crate::template::cursor::Literal;
use crate::template::foreign::template_for;
use crate::template::names::{FUNCTIONS, NAMES, Names, Place, function_named, quoted};
use crate::template::parse::spot::{Spot, trimmed};
use crate::template::received::Part;
use crate::template::segment::{Segment, merged};
use crate::template::template::Template;

mod call;
mod column;
mod spot;

pub use crate::template::parse::spot::Fault;

/// Most mistakes that are looked for in one text: one more than are drawn.
const MAX_FAULTS: usize = 101;

impl Template {
    /// Parses a text that stands at `place`. Its mistakes come together, the first hundred of them; at least one if it
    /// is wrong.
    ///
    /// `${…}` holds a name or a function, `$${` stands for `${`, everything else for itself.
    pub fn parse(text: &str, place: Place, names: &Names<'_>) -> Result<Self, Vec<Fault>> {
        let mut parser =
            Parser { spot: Spot { text, place, names }, segments: Vec::new(), faults: Vec::new() };
        parser.run();
        if !parser.faults.is_empty() {
            return Err(parser.faults);
        }
        Ok(Self::new(text, merged(parser.segments)))
    }
}

struct Parser<'a> {
    spot: Spot<'a>,
    segments: Vec<Segment>,
    faults: Vec<Fault>,
}

impl Parser<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while self.faults.len() < MAX_FAULTS
            && let Some(dollar) = self.spot.text[at..].find("${").map(|found| at + found)
        {
            if dollar > at && self.spot.text[..dollar].ends_with('$') {
                // `$${`: without the first dollar, it stands for itself.
                self.literal(at..dollar - 1);
                self.literal(dollar..dollar + 2);
                at = dollar + 2;
                continue;
            }
            self.literal(at..dollar);
            let inside = dollar + 2;
            at = if let Some(end) = self.end_of_expression(inside) {
                match self.spot.expression(inside..end, dollar..end + 1) {
                    Ok(segment) => self.push(segment, dollar..end + 1),
                    Err(fault) => self.faults.push(fault),
                }
                end + 1
            } else {
                self.faults.push(
                    Fault::new(codes::UNCLOSED, dollar..inside, "this `${` is not closed")
                        .help("close it with `}`, or write `$${` for a literal `${`"),
                );
                inside
            };
        }
        self.literal(at..self.spot.text.len());
    }

    /// Where the `}` stands that ends an expression: not inside quotes, and before the next `${`.
    fn end_of_expression(&self, start: usize) -> Option<usize> {
        let mut quote = None;
        let mut escaped = false;
        let mut in_call = false;
        for (offset, c) in self.spot.text[start..].char_indices() {
            let at = start + offset;
            match quote {
                Some(_) if escaped => escaped = false,
                Some(_) if c == '\\' => escaped = true,
                Some(open) if c == open => quote = None,
                Some(_) => {}
                None => match c {
                    '(' => in_call = true,
                    // Only between parentheses: the default of a variable may hold an apostrophe.
                    '"' | '\'' if in_call => quote = Some(c),
                    '}' => return Some(at),
                    '$' if self.spot.text[at..].starts_with("${") => return None,
                    _ => {}
                },
            }
        }
        None
    }

    fn literal(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.push(Segment::Literal(Literal::new(self.spot.text[range.clone()].as_bytes())), range);
        }
    }

    /// Takes a segment in, if what it can render to fits the place.
    fn push(&mut self, segment: Segment, range: Range<usize>) {
        let texts: &[Box<[u8]>] = match &segment {
            Segment::Literal(literal) => std::slice::from_ref(&literal.text),
            Segment::Choice(texts) => texts,
            _ => &[],
        };
        let written = &self.spot.text[range.clone()];
        for text in texts {
            let Some(wrong) = text.iter().position(|byte| self.spot.cannot_carry(*byte)) else { continue };
            // The very byte, if the text stands as it is in the file.
            let mark = if written.as_bytes() == &**text {
                range.start + wrong..range.start + wrong + 1
            } else {
                range.clone()
            };
            self.faults.push(match text[wrong] {
                0 if self.spot.place == Place::Topic => {
                    Fault::new(codes::TOPIC, mark, TopicError::Null.to_string()).help("leave it out")
                }
                0 => Fault::new(
                    codes::TEXT,
                    mark,
                    format!("{} cannot contain the null character", self.spot.place.described()),
                )
                .help("leave it out"),
                wildcard => Fault::new(
                    codes::TOPIC,
                    mark,
                    TopicError::Wildcard(char::from(wildcard)).to_string(),
                )
                .help(
                    "wildcards belong to subscriptions; publish to one topic, such as `sensors/${client_id}`",
                ),
            });
        }
        self.segments.push(segment);
    }
}

impl Spot<'_> {
    /// What stands between `${` and `}`; `whole` is the range with both.
    fn expression(&self, inside: Range<usize>, whole: Range<usize>) -> Result<Segment, Fault> {
        let range = trimmed(self.text, inside);
        let expression = &self.text[range.clone()];
        if expression.is_empty() {
            return Err(Fault::new(codes::EMPTY_EXPRESSION, whole, "there is no name in this `${}`")
                .help("write a name, such as `${client_id}`, or `$${}` for a literal `${}`"));
        }
        if let Some(variable) = expression.strip_prefix("env.") {
            return self.environment(variable, range);
        }
        if let Some(name) = expression.strip_prefix("vars.") {
            return self.constant(name, range);
        }
        if let Some(name) = expression.strip_prefix("row.") {
            return self.column(name.trim_start(), range);
        }
        match expression.find('(') {
            Some(parenthesis) => {
                let name = expression[..parenthesis].trim_end();
                let name_range = range.start..range.start + name.len();
                let Some(inner) = expression[parenthesis + 1..].strip_suffix(')') else {
                    return Err(Fault::new(
                        codes::SYNTAX,
                        range,
                        "this call does not end with a closing parenthesis",
                    )
                    .help("a function is called like `${random_int(1, 6)}`"));
                };
                let start = range.start + parenthesis + 1;
                self.call(name, name_range, start..start + inner.len(), range)
            }
            None => self.name(expression, range),
        }
    }

    fn environment(&self, variable: &str, range: Range<usize>) -> Result<Segment, Fault> {
        let (name, default) = match variable.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (variable, None),
        };
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(Fault::new(codes::SYNTAX, range, "this is not the name of an environment variable")
                .help("write `${env.NAME}` or `${env.NAME:-default}`"));
        }
        // As in a shell, `:-` also replaces a variable that is set to nothing.
        let value = match ((self.names.env)(name), default) {
            (Some(value), Some(default)) if value.is_empty() => Some(default.to_owned()),
            (None, default) => default.map(str::to_owned),
            (value, _) => value,
        };
        match value {
            Some(value) => Ok(Segment::Literal(Literal::new(value.as_bytes()))),
            None => Err(Fault::new(
                codes::ENV_NOT_SET,
                range,
                format!("the environment variable `{name}` is not set"),
            )
            .help(format!("set it, or give it a default: `${{env.{name}:-default}}`"))),
        }
    }

    fn constant(&self, name: &str, range: Range<usize>) -> Result<Segment, Fault> {
        if let Some(value) = self.names.vars.get(name) {
            self.names.used_vars.borrow_mut().insert(name.to_owned());
            return Ok(Segment::Literal(Literal::new(value.as_bytes())));
        }
        let known = || self.names.vars.keys().map(String::as_str);
        let fault = Fault::new(codes::UNKNOWN_VAR, range, format!("`vars` has no constant `{name}`"));
        Err(if let Some(near) = nearest(name, known()) {
            // What was meant is used, and must not be called unused on top.
            self.names.used_vars.borrow_mut().insert(near.to_owned());
            fault.help(format!("did you mean `vars.{near}`?"))
        } else if self.names.vars.is_empty() {
            fault.help("the scenario has no `vars` yet; add them")
        } else {
            fault.help(format!("the constants are: {}", quoted(known())))
        })
    }

    fn name(&self, name: &str, range: Range<usize>) -> Result<Segment, Fault> {
        let Some((_, kind, _)) = NAMES.iter().find(|(known, ..)| *known == name) else {
            let fault =
                Fault::new(codes::UNKNOWN_NAME, range, format!("unknown name `{name}` in a template"));
            let names = || NAMES.iter().map(|(name, ..)| *name);
            let functions = || FUNCTIONS.iter().map(|function| function.name);
            return Err(if name == "row" {
                fault.help("a feed's value is written with its column: `${row.COLUMN}`")
            } else if name
                .strip_prefix("received.topic")
                .is_some_and(|rest| rest.trim_start().starts_with('['))
            {
                fault.help("a level of the topic, from 1, is written `${received.level(2)}`")
            } else if let Some(known) = calculates(name) {
                fault.help(format!("templates do not calculate or format: `${{{known}}}` stands alone"))
            } else if self.names.columns.get(name).is_some() {
                fault.help(format!("columns of feeds are written with `row`: `${{row.{name}}}`"))
            } else if self.names.vars.contains_key(name) {
                self.names.used_vars.borrow_mut().insert(name.to_owned());
                fault.help(format!("constants are written with their section: `${{vars.{name}}}`"))
            } else if let Some(near) = nearest(name, names()) {
                fault.help(format!("did you mean `{near}`?"))
            } else if let Some(ours) = template_for(name) {
                fault.help(format!("did you mean `{ours}`?"))
            } else if let Some(function) = nearest(name, functions()).and_then(function_named) {
                fault.help(format!("functions are called: `${{{}}}`", function.example))
            } else {
                fault.help(format!(
                    "the names are: {}, `row.COLUMN`, `vars.NAME` and `env.NAME`; the functions: {}",
                    quoted(names()),
                    quoted(functions())
                ))
            });
        };
        self.check_place(name, *kind, range)?;
        if let Some(part) = Part::named(name) {
            return Ok(Segment::Received(part));
        }
        Ok(match (name, self.names.class) {
            ("user.number", _) => Segment::UserNumber,
            ("user.index", _) => Segment::UserIndex,
            ("client_id", _) => Segment::ClientId,
            ("iteration", _) => Segment::Iteration,
            ("seq", _) => Segment::Seq,
            ("run.id", _) => Segment::Literal(Literal::new(self.names.run_id.unwrap_or("0000").as_bytes())),
            // The only one left: `user.class`.
            (_, class) => Segment::Literal(Literal::new(class.unwrap_or_default().as_bytes())),
        })
    }
}

/// The name in front of an operator or a format.
fn calculates(expression: &str) -> Option<&'static str> {
    let (first, rest) = expression.split_at(expression.find([' ', '+', '-', '*', '/', '%', ':', '[', '|'])?);
    let is_more = rest.trim_start().starts_with(['+', '-', '*', '/', '%', ':', '[', '|']);
    NAMES.iter().map(|(name, ..)| *name).find(|name| *name == first && is_more)
}
