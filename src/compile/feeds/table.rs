//! A CSV file as columns, or its mistake.
//!
//! The format is RFC 4180. If a quote is not closed, the reader of CSV takes all further lines for one long value. So
//! quotes, lines and columns are counted before anything is read.

use std::collections::HashMap;
use std::sync::Arc;

use crate::compile::codes;
use crate::compile::files::{MAX_LINES, line_of};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::template::column::{Column, ColumnBuilder};
use crate::units::text_bytes;

const MAX_COLUMNS: usize = 1_000_000;

/// What else separates columns, by its name.
const OTHERS: [(u8, &str); 3] = [(b';', "semicolons"), (b'\t', "tabs"), (b'|', "bars (`|`)")];

const HEADER: &str = "its first line names the columns, separated by commas";

pub(super) struct Bad {
    pub(super) message: String,
    pub(super) help: &'static str,
}

impl Bad {
    fn new(message: impl Into<String>, help: &'static str) -> Self {
        Self { message: message.into(), help }
    }

    pub(super) fn diagnostic(self, at: &FieldPath) -> Diagnostic {
        Diagnostic::error(codes::FEED, at.clone(), self.message).help(self.help)
    }
}

pub(super) fn columns(path: &str, bytes: &[u8]) -> Result<(Vec<Arc<Column>>, u32), Bad> {
    let bytes =
        text_bytes(bytes).map_err(|_| Bad::new(format!("`{path}` is UTF-16 text"), "save it as UTF-8"))?;
    if let Err(error) = std::str::from_utf8(bytes) {
        let line = line_of(bytes, error.valid_up_to());
        return Err(Bad::new(
            format!("`{path}` is not UTF-8 text: invalid bytes in line {line}"),
            "save it as UTF-8",
        ));
    }
    let shape = shape(bytes).map_err(|fault| fault.told(path))?;
    if shape.columns > MAX_COLUMNS || shape.lines > MAX_LINES {
        let (found, what, most) = if shape.columns > MAX_COLUMNS {
            (shape.columns, "columns", MAX_COLUMNS)
        } else {
            (shape.lines, "lines", MAX_LINES)
        };
        let message = format!("`{path}` has {found} {what}; at most {most} are read");
        return Err(Bad::new(message, "split the file, or leave out what no template uses"));
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let unreadable = |error: csv::Error| Bad::new(format!("cannot read `{path}`: {error}"), HEADER);
    let header = reader.byte_headers().map_err(unreadable)?.clone();
    if header.is_empty() {
        return Err(Bad::new(format!("`{path}` is empty"), HEADER));
    }
    let names = names(path, &header)?;
    let mut columns: Vec<_> = names.iter().map(|_| ColumnBuilder::default()).collect();
    let mut rows = 0_u32;
    let mut ragged = Ragged::default();
    let mut no_header = NoHeader::of(&names);
    let mut row = csv::ByteRecord::new();
    while reader.read_byte_record(&mut row).map_err(unreadable)? {
        if row.len() == names.len() {
            columns.iter_mut().zip(&row).for_each(|(column, value)| column.push(value));
            no_header.look(&row);
            // No more than `MAX_LINES`.
            rows = rows.saturating_add(1);
        } else {
            ragged.add(&row);
        }
    }
    ragged.verdict(path, names.len())?;
    if rows == 0 {
        return Err(Bad::new(format!("`{path}` has a header but no rows"), "add a line for each row"));
    }
    no_header.verdict(path, &names)?;
    let columns = names.iter().zip(columns).map(|(name, column)| Arc::new(column.finish(name)));
    Ok((columns.collect(), rows))
}

/// The names of the columns: none twice, none empty.
fn names(path: &str, header: &csv::ByteRecord) -> Result<Vec<String>, Bad> {
    // It is UTF-8: see above.
    let names: Vec<String> =
        header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    if let [only] = names.as_slice() {
        if only.strip_prefix("sep=").is_some_and(|rest| rest.len() <= 1) {
            let message =
                format!("the first line of `{path}` is `{only}`, which only spreadsheets understand");
            return Err(Bad::new(message, "remove it; columns are separated by commas"));
        }
        if let Some((_, other)) = OTHERS.iter().find(|(byte, _)| only.as_bytes().contains(byte)) {
            let message = format!("the columns of `{path}` are separated by {other}");
            return Err(Bad::new(
                message,
                "separate them by commas; put a value that holds a comma in quotes",
            ));
        }
    }
    let mut known: HashMap<&str, usize> = HashMap::with_capacity(names.len());
    for (i, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(Bad::new(format!("column {} of `{path}` has no name", i + 1), HEADER));
        }
        if let Some(first) = known.insert(name, i) {
            let message = format!("columns {} and {} of `{path}` are both named `{name}`", first + 1, i + 1);
            return Err(Bad::new(message, "rename one of them in the first line"));
        }
    }
    Ok(names)
}

#[derive(Default)]
struct Ragged {
    /// Line and values of the first, and what else separates values there.
    first: Option<(u64, usize, Option<&'static str>)>,
    others: u32,
}

impl Ragged {
    fn add(&mut self, row: &csv::ByteRecord) {
        if self.first.is_some() {
            self.others = self.others.saturating_add(1);
            return;
        }
        let other = OTHERS.iter().find(|(byte, _)| row.len() == 1 && row[0].contains(byte));
        let line = row.position().map_or(0, csv::Position::line);
        self.first = Some((line, row.len(), other.map(|(_, name)| *name)));
    }

    fn verdict(&self, path: &str, names: usize) -> Result<(), Bad> {
        let Some((line, found, other)) = self.first else { return Ok(()) };
        let more = match self.others {
            0 => String::new(),
            1 => " (and another line like it)".to_owned(),
            n => format!(" (and {n} other lines like it)"),
        };
        if let Some(other) = other {
            let message = format!(
                "line {line} of `{path}` has values separated by {other}, but its header by commas{more}"
            );
            return Err(Bad::new(message, "separate them by commas in all lines"));
        }
        let values = if found == 1 { "value" } else { "values" };
        let message =
            format!("line {line} of `{path}` has {found} {values}, but its header has {names}{more}");
        Err(Bad::new(message, "give each line a value for each column; quote values that hold a comma"))
    }
}

/// Whether the first line looks like all others: then it is no header. Told by its digits: `d1` over `d2` and `d3`, or
/// a number in the first column over nothing but numbers.
struct NoHeader {
    /// Columns whose name has looked like each value so far, with what it looks like.
    alike: Vec<(usize, Vec<u8>)>,
}

impl NoHeader {
    fn of(names: &[String]) -> Self {
        let alike = names.iter().enumerate().filter_map(|(i, name)| {
            let likeness = likeness(name.as_bytes());
            let is_number = likeness.iter().all(|byte| b"0.-+".contains(byte));
            (likeness.contains(&b'0') && (!is_number || i == 0)).then_some((i, likeness))
        });
        Self { alike: alike.collect() }
    }

    fn look(&mut self, row: &csv::ByteRecord) {
        if !self.alike.is_empty() {
            self.alike.retain(|(i, likeness)| self::likeness(&row[*i]) == *likeness);
        }
    }

    fn verdict(&self, path: &str, names: &[String]) -> Result<(), Bad> {
        let Some((i, _)) = self.alike.first() else { return Ok(()) };
        let message = format!(
            "`{path}` has no header: `{}` in its first line looks like the values below it",
            names[*i]
        );
        Err(Bad::new(message, "write the names of the columns into a line before it, separated by commas"))
    }
}

/// A text with each row of digits as one `0`.
fn likeness(text: &[u8]) -> Vec<u8> {
    let mut likeness = Vec::with_capacity(text.len());
    for byte in text.trim_ascii() {
        match byte {
            b'0'..=b'9' if likeness.last() == Some(&b'0') => {}
            b'0'..=b'9' => likeness.push(b'0'),
            other => likeness.push(*other),
        }
    }
    likeness
}

/// How large a file is in columns of its first line and lines.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    columns: usize,
    lines: usize,
}

/// What is wrong with the quotes of a file, with lines from 1.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// A quote that begins a value in this line is never closed.
    Open(usize),
    /// A quoted value begins in the first line and ends in the second, where text follows.
    Behind(usize, usize),
}

impl Fault {
    fn told(&self, path: &str) -> Bad {
        match self {
            Self::Open(line) => Bad::new(
                format!("the quote (`\"`) that begins a value in line {line} of `{path}` is never closed"),
                "close it before the next comma; write a quote inside a quoted value twice: `\"\"`",
            ),
            Self::Behind(line, end) => {
                let began = if line == end {
                    String::new()
                } else {
                    format!(" of the value that begins in line {line}")
                };
                Bad::new(
                    format!("there is text after the closing quote (`\"`){began} in line {end} of `{path}`"),
                    "a quoted value ends at a comma or at the end of a line; write a quote inside it twice: `\"\"`; perhaps a quote is missing before this place",
                )
            }
        }
    }
}

/// Counts a file and looks at its quotes.
fn shape(bytes: &[u8]) -> Result<Shape, Fault> {
    let (mut columns, mut line, mut records) = (1, 1, 0_usize);
    let mut at = 0;
    let mut has_content = false;
    while at < bytes.len() {
        // At the beginning of a value.
        if bytes[at] == b'"' {
            has_content = true;
            let opened = line;
            at += 1;
            loop {
                let rest = &bytes[at..];
                let Some(found) = memchr::memchr(b'"', rest) else { return Err(Fault::Open(opened)) };
                line += memchr::memchr_iter(b'\n', &rest[..found]).count();
                at += found + 1;
                if bytes.get(at) == Some(&b'"') {
                    at += 1;
                    continue;
                }
                break;
            }
            if !matches!(bytes.get(at), None | Some(b',' | b'\r' | b'\n')) {
                return Err(Fault::Behind(opened, line));
            }
        }
        let end = memchr::memchr3(b',', b'\r', b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found);
        has_content |= end > at;
        match bytes.get(end) {
            Some(b',') => {
                has_content = true;
                columns += usize::from(records == 0);
            }
            Some(end_of_line) => {
                records += usize::from(has_content);
                has_content = false;
                line += usize::from(*end_of_line == b'\n');
            }
            None => records += usize::from(has_content),
        }
        at = end + 1;
    }
    Ok(Shape { columns, lines: records })
}

#[cfg(test)]
mod tests;
