//! A table of rows with names and columns of numbers that fits into the columns of a terminal.
//!
//! Columns are as wide as their contents. If there is too little room, first the names get narrower, down to a least
//! width, then the least useful columns go, and at last the names are cut as far as it takes.

use crate::report::columns::{cut, printable, width};
use crate::report::paint::{Paint, Tint};

/// Worth of a column that is never left out.
pub const ALWAYS: u8 = u8::MAX;

/// A table.
#[derive(Debug, Clone)]
pub struct Grid {
    /// What stands above the names.
    pub title: String,
    /// The columns of numbers.
    pub columns: Vec<Column>,
    /// The rows, each with a cell per column.
    pub rows: Vec<Row>,
    /// Columns are left out before names get narrower than this.
    pub least_name: usize,
    /// Spaces between two columns.
    pub gap: usize,
}

/// A column of numbers.
#[derive(Debug, Clone)]
pub struct Column {
    /// What stands above it.
    pub heading: String,
    /// The lowest goes first if there is too little room; [`ALWAYS`] never goes.
    pub worth: u8,
    /// It is at least so wide, so that it keeps its place while its numbers change.
    pub least_width: usize,
}

/// A row.
#[derive(Debug, Clone)]
pub struct Row {
    /// How far the name is indented.
    pub indent: usize,
    /// The name, as it came.
    pub name: String,
    /// What the name says.
    pub tint: Tint,
    /// A cell per column.
    pub cells: Vec<Cell>,
}

/// A number in its unit, with what it says.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// The number.
    pub text: String,
    /// What it says.
    pub tint: Tint,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, tint: Tint::Plain }
    }
}

/// The usual number of spaces between two columns.
pub const GAP: usize = 2;

impl Grid {
    /// How wide the table is with all columns and whole names.
    pub fn width(&self) -> usize {
        let numbers: usize = (0..self.columns.len()).map(|index| self.gap + self.column_width(index)).sum();
        self.names() + numbers
    }

    /// How wide the widest name is.
    pub fn names(&self) -> usize {
        let names = self.rows.iter().map(|row| row.indent + width(&printable(&row.name)));
        names.max().unwrap_or(0).max(width(&self.title))
    }

    fn column_width(&self, index: usize) -> usize {
        let column = &self.columns[index];
        let cells = self.rows.iter().filter_map(|row| row.cells.get(index)).map(|cell| width(&cell.text));
        cells.max().unwrap_or(0).max(width(&column.heading)).max(column.least_width)
    }

    /// The columns that stay, each with its width, and the width of the names.
    fn layout(&self, columns: usize) -> (Vec<(usize, usize)>, usize) {
        let mut shown: Vec<_> =
            (0..self.columns.len()).map(|index| (index, self.column_width(index))).collect();
        let wanted = self.names();
        let room = |shown: &[(usize, usize)]| {
            columns.saturating_sub(shown.iter().map(|(_, width)| self.gap + width).sum::<usize>())
        };
        while room(&shown) < wanted.min(self.least_name) {
            let may_go =
                shown.iter().enumerate().filter(|(_, (index, _))| self.columns[*index].worth < ALWAYS);
            let Some((least, _)) = may_go.min_by_key(|(_, (index, _))| self.columns[*index].worth) else {
                break;
            };
            shown.remove(least);
        }
        let names = wanted.min(room(&shown)).max(1);
        (shown, names)
    }

    /// Returns the headings of the columns that stay on a terminal with this many columns.
    pub fn shown(&self, columns: usize) -> Vec<&str> {
        self.layout(columns).0.into_iter().map(|(index, _)| self.columns[index].heading.as_str()).collect()
    }

    /// The lines of the table, the headings first, without line ends.
    pub fn lines(&self, columns: usize, paint: Paint) -> Vec<String> {
        let (shown, names) = self.layout(columns);
        let line = |name: String, tint: Tint, cell: &dyn Fn(usize) -> Cell| {
            let mut line = paint.text(tint, &name);
            // Spaces at the end of a line are left out.
            let mut spaces = names.saturating_sub(width(&name));
            for &(index, column) in &shown {
                let Cell { text, tint } = cell(index);
                spaces += self.gap + column - width(&text).min(column);
                if !text.is_empty() {
                    line.push_str(&" ".repeat(spaces));
                    line.push_str(&paint.text(tint, &text));
                    spaces = 0;
                }
            }
            line
        };
        let heading = |index: usize| Cell { text: self.columns[index].heading.clone(), tint: Tint::Heading };
        let mut lines = vec![line(cut(&self.title, names), Tint::Heading, &heading)];
        for row in &self.rows {
            let name = " ".repeat(row.indent) + &printable(&row.name);
            let cell = |index: usize| row.cells.get(index).cloned().unwrap_or_default();
            lines.push(line(cut(&name, names), row.tint, &cell));
        }
        lines
    }
}

#[cfg(test)]
mod tests;
