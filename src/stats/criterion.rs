//! A condition on a number of the statistics, such as `p95[MQTT connect] < 1s`.
//!
//! Thresholds (conditions at the end of a run) and `compare --fail-on` (conditions that make a comparison fail) have
//! one grammar. Only `--fail-on` has changes: a change always has a sign and a run's own value never has one, so
//! `p95 > +10ms` and `p95 > 10ms` cannot be confused.

use std::fmt;
use std::ops::Range;

use crate::stats::RowKey;
use crate::stats::metric::{Metric, Unit};

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    text: String,
    /// The number that it is about.
    pub metric: Metric,
    /// The rows that it is about.
    pub rows: Rows,
    /// The bytes of the parsed text between `[` and `]`, if they are there.
    pub rows_at: Option<Range<usize>>,
    /// How the number is compared with the limit.
    pub op: Op,
    /// The limit.
    pub limit: Limit,
}

/// What an expression may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It may speak only of one run's own numbers.
    Own,
    /// It may also speak of changes between two runs.
    Comparison,
}

/// Which rows an expression is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// The row for all requests.
    Aggregated,
    /// All rows except Aggregated.
    Every,
    /// The rows with this name, or with this type and name.
    Called(String),
}

/// How a number is compared with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
}

/// The limit, in the metric's own unit unless it is in percent of A.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A run's own value.
    Own(f64),
    /// The change from A to B.
    Change(f64),
    /// The change in percent of A.
    PercentOfBase(f64),
}

/// Why a text is not a valid expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct CriterionError {
    /// What is wrong.
    pub fault: Fault,
    /// The bytes of the text that are wrong; an empty range where something is missing.
    pub at: Range<usize>,
}

/// Why a text is not a valid expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The metric's word is not known.
    #[error("no metric `{0}`")]
    UnknownMetric(String),
    /// A metric that is not compared between two runs.
    #[error("`{0}` is not compared: it is for thresholds of a run")]
    NotInFiles(String),
    /// A `[` without its `]`, nothing between them, or text behind them.
    #[error("the row stands between `[` and `]`, right behind the metric")]
    Row,
    /// The operator is missing or unknown.
    #[error("after the metric comes one of > >= < <=")]
    Operator,
    /// What stands there is not a number.
    #[error("`{number}` does not begin with a number, such as {such_as}")]
    Number {
        /// What stands there.
        number: String,
        /// What could stand there.
        such_as: &'static str,
    },
    /// A unit that the metric does not have.
    #[error("`{number}` does not fit {metric}, {kind}")]
    Unit {
        /// The metric.
        metric: String,
        /// The number and the unit found.
        number: String,
        /// What the metric is and what its units are.
        kind: &'static str,
    },
    /// Percent without a sign.
    #[error("a change has a sign: `+{0}` for more, `-{0}` for less")]
    PercentWithoutSign(String),
    /// A sign where there is nothing to compare with.
    #[error("`{0}` has a sign, but there is no other run to compare with")]
    Sign(String),
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Op {
    /// Returns whether a value is on the right side of a limit.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::More => value > limit,
            Self::AtLeast => value >= limit,
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
        }
    }
}

impl Rows {
    /// Returns whether a row, which is not Aggregated, is one of them.
    pub fn hold(&self, row: &RowKey) -> bool {
        match self {
            Self::Aggregated => false,
            Self::Every => true,
            Self::Called(word) => {
                let of_type = word.strip_prefix(row.request_type.as_str());
                *word == row.name || of_type.and_then(|rest| rest.strip_prefix(' ')) == Some(&row.name)
            }
        }
    }
}

impl Criterion {
    /// Reads an expression; white space around it and its parts has no meaning.
    pub fn parse(text: &str, form: Form) -> Result<Self, CriterionError> {
        let mut reader = Reader { text, rest: text };
        reader.skip_space();
        let metric = reader.metric(form)?;
        reader.skip_space();
        let (rows, rows_at) = reader.rows()?;
        reader.skip_space();
        let op = reader.op()?;
        reader.skip_space();
        let (metric, limit) = reader.limit(metric, form)?;
        Ok(Self { text: text.trim().to_owned(), metric, rows, rows_at, op, limit })
    }
}

/// The part of the text that is still to be read.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Where the rest begins in the text.
    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Creates a fault of this many bytes of the rest.
    fn fault(&self, fault: Fault, length: usize) -> CriterionError {
        CriterionError { fault, at: self.at()..self.at() + length }
    }

    fn metric(&mut self, form: Form) -> Result<Metric, CriterionError> {
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/');
        let end = self.rest.find(|c| !in_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let unknown = || self.fault(Fault::UnknownMetric(word.to_owned()), end);
        let metric = Metric::from_name(word).ok_or_else(unknown)?;
        if form == Form::Comparison && !metric.is_in_files() {
            return Err(self.fault(Fault::NotInFiles(word.to_owned()), end));
        }
        self.rest = rest;
        Ok(metric)
    }

    /// `[ROW]`, if it is there; it ends at the last `]`, since a name may hold brackets and a number does not.
    fn rows(&mut self) -> Result<(Rows, Option<Range<usize>>), CriterionError> {
        let Some(inside) = self.rest.strip_prefix('[') else { return Ok((Rows::Aggregated, None)) };
        let whole = self.rest.trim_end().len();
        let (row, rest) = inside.rsplit_once(']').ok_or_else(|| self.fault(Fault::Row, whole))?;
        let name = row.trim();
        let start = self.at() + 1 + (row.len() - row.trim_start().len());
        let rows = match name {
            "" => return Err(self.fault(Fault::Row, row.len() + 2)),
            "*" => Rows::Every,
            "Aggregated" => Rows::Aggregated,
            name => Rows::Called(name.to_owned()),
        };
        self.rest = rest;
        Ok((rows, Some(start..start + name.len())))
    }

    fn op(&mut self) -> Result<Op, CriterionError> {
        for (sign, op) in [(">=", Op::AtLeast), ("<=", Op::AtMost), (">", Op::More), ("<", Op::Less)] {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest;
                return Ok(op);
            }
        }
        let wrong = self.rest.find(|c: char| c.is_alphanumeric() || c.is_whitespace());
        Err(self.fault(Fault::Operator, wrong.unwrap_or(self.rest.len())))
    }

    /// The limit, and the metric as it was meant: `failures < 1%` is about their ratio, and so with other counts.
    fn limit(&self, metric: Metric, form: Form) -> Result<(Metric, Limit), CriterionError> {
        let text = self.rest.trim_end();
        let fault = |fault: Fault| self.fault(fault, text.len());
        let (sign, unsigned) = match text.strip_prefix(['+', '-']) {
            Some(_) if form == Form::Own => return Err(fault(Fault::Sign(text.to_owned()))),
            Some(rest) if text.starts_with('-') => (Some(-1.0), rest.trim_start()),
            Some(rest) => (Some(1.0), rest.trim_start()),
            None => (None, text),
        };
        let end = unsigned.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(unsigned.len());
        let (digits, unit) = unsigned.split_at(end);
        let such_as = if form == Form::Own { "200ms or 1%" } else { "200ms or +10%" };
        let number: f64 =
            digits.parse().map_err(|_| fault(Fault::Number { number: text.to_owned(), such_as }))?;
        let unit = unit.trim();
        let metric = match metric.ratio() {
            Some(ratio) if unit == "%" && sign.is_none() => ratio,
            _ => metric,
        };
        let scaled = match (metric.unit(), unit) {
            (Unit::Milliseconds, "" | "ms")
            | (Unit::PerSecond, "" | "/s")
            | (Unit::Count, "")
            | (Unit::Bytes, "" | "B")
            | (Unit::Cores, "" | "cores" | "core") => number,
            (Unit::Milliseconds, "s") => number * 1_000.0,
            // Both signs for micro, of Latin-1 and of Greek.
            (Unit::Milliseconds, "us" | "\u{b5}s" | "\u{3bc}s") => number / 1_000.0,
            (Unit::Percent, "%") if sign.is_none() => number,
            (Unit::Percent, "pp") if sign.is_some() => number,
            (_, "%") if form == Form::Comparison => {
                return match sign {
                    Some(sign) => Ok((metric, Limit::PercentOfBase(sign * number))),
                    None => Err(fault(Fault::PercentWithoutSign(unsigned.to_owned()))),
                };
            }
            (kind, _) => {
                let kind = units(kind, form);
                let (metric, number) = (metric.to_string(), text.to_owned());
                return Err(fault(Fault::Unit { metric, number, kind }));
            }
        };
        Ok((metric, sign.map_or(Limit::Own(scaled), |sign| Limit::Change(sign * scaled))))
    }
}

fn units(unit: Unit, form: Form) -> &'static str {
    match (form, unit) {
        (Form::Own, Unit::Milliseconds) => "a time: in us, ms or s",
        (Form::Own, Unit::PerSecond) => "a rate: in /s",
        (Form::Own, Unit::Count) => "a count: without unit",
        (Form::Own, Unit::Percent) => "a ratio: in %",
        (_, Unit::Bytes) => "a length: in B",
        (_, Unit::Cores) => "CPU: in cores",
        (Form::Comparison, Unit::Milliseconds) => "a time: in us, ms, s, or with a sign in %",
        (Form::Comparison, Unit::PerSecond) => "a rate: in /s, or with a sign in %",
        (Form::Comparison, Unit::Count) => "a count: without unit, or with a sign in %",
        (Form::Comparison, Unit::Percent) => "a ratio: in %, or with a sign in % of A's or in pp",
    }
}

#[cfg(test)]
mod tests;
