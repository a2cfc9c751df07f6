//! Reads `row.COLUMN`: whether the class has the column, and whether its values can stand there.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::nearest;
use crate::template::codes;
use crate::template::names::{FeedColumn, Kind, Place, quoted};
use crate::template::parse::spot::{Fault, Spot};
use crate::template::row::Row;
use crate::template::segment::Segment;

impl Spot<'_> {
    pub(in crate::template) fn column(&self, name: &str, range: Range<usize>) -> Result<Segment, Fault> {
        let columns = self.names.columns;
        if name.is_empty() {
            let help = if columns.by_name.is_empty() {
                "write `${row.COLUMN}` with the name of a feed's column".to_owned()
            } else {
                format!("write `${{row.COLUMN}}`; the columns are: {}", quoted(columns.names()))
            };
            return Err(Fault::new(codes::SYNTAX, range, "there is no column in `row.`").help(help));
        }
        if let Some(FeedColumn { feed, column, varies, owned }) = columns.get(name) {
            let row = Row { feed: *feed, column: Arc::clone(column), varies: *varies, owned: *owned };
            self.check_row(&row, range.clone())?;
            self.check_values(&row, range)?;
            return Ok(Segment::Row(row));
        }
        if columns.is_incomplete {
            // Of a feed that is wrong; something that may stand nearly everywhere takes its place until it is mended.
            return Ok(Segment::UserNumber);
        }
        Err(self.unknown_column(name, range))
    }

    fn unknown_column(&self, name: &str, range: Range<usize>) -> Fault {
        let columns = self.names.columns;
        let Some(class) = self.names.class else {
            let message = format!("`row.{name}` cannot stand in {}", self.place.described());
            return Fault::new(codes::NOT_ALLOWED_HERE, range, message).help(self.place.allowed());
        };
        let elsewhere = columns.elsewhere.get(name);
        if columns.by_name.is_empty() {
            let message = format!("user class `{class}` has no feeds, so there is no `row.{name}`");
            return Fault::new(codes::NO_FEED, range, message).help(match elsewhere {
                Some(feed) => format!("add `feeds = [\"{feed}\"]` to the user class"),
                None => "add a feed under `feeds`, and its name to `feeds` of the user class".to_owned(),
            });
        }
        let message = format!("no feed of user class `{class}` has a column `{name}`");
        let fault = Fault::new(codes::UNKNOWN_COLUMN, range, message);
        if let Some(feed) = elsewhere {
            fault.help(format!("the feed `{feed}` has it: add that to `feeds` of the user class"))
        } else if let Some(near) = nearest(name, columns.names()) {
            // What was meant is used.
            columns.get(near);
            fault.help(format!("did you mean `row.{near}`?"))
        } else {
            fault.help(format!("the columns are: {}", quoted(columns.names())))
        }
    }

    fn check_row(&self, row: &Row, range: Range<usize>) -> Result<(), Fault> {
        let name = row.column.name();
        if !row.is_per_message() {
            return self.check_place(&format!("row.{name}"), Kind::User, range);
        }
        if self.place.allows(Kind::Message) {
            return Ok(());
        }
        let message =
            format!("`row.{name}` changes with each message and cannot stand in {}", self.place.described());
        Err(Fault::new(codes::NOT_ALLOWED_HERE, range, message)
            .help("with `per = \"user\"` in its feed it can stand here, since each user then keeps its row"))
    }

    fn check_values(&self, row: &Row, range: Range<usize>) -> Result<(), Fault> {
        let wrong = |value: &[u8]| value.iter().copied().find(|byte| self.cannot_carry(*byte));
        // Once over all of it; which row it is matters only if there is one.
        if wrong(row.column.bytes()).is_none() {
            return Ok(());
        }
        let mut values = row.column.values().enumerate();
        let Some((index, byte)) = values.find_map(|(index, value)| Some((index, wrong(value)?))) else {
            return Ok(());
        };
        let (name, row) = (row.column.name(), index + 1);
        let what = if byte == 0 {
            "the null character".to_owned()
        } else {
            format!("the wildcard `{}`", char::from(byte))
        };
        let code = if self.place == Place::Topic { codes::TOPIC } else { codes::TEXT };
        let message =
            format!("row {row} of the column `{name}` brings {what} into {}", self.place.described());
        Err(Fault::new(code, range, message).help("leave it out of the feed's file"))
    }
}
