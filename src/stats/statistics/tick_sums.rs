//! What the last tick added, by row.

use crate::stats::sums::Sums;

/// What the last tick added.
#[derive(Debug, Clone, Default)]
pub(super) struct TickSums {
    pub(super) all: Sums,
    /// The rows that had requests, with their indices, in the order of their first cell.
    pub(super) rows: Vec<(usize, Sums)>,
    /// Index in `rows` plus one, by index of the row; 0 for a row without requests.
    pub(super) of_row: Vec<u32>,
}

impl TickSums {
    pub(super) fn clear(&mut self) {
        for (row, _) in self.rows.drain(..) {
            self.of_row[row] = 0;
        }
        self.all = Sums::default();
    }

    /// The sums of a row.
    #[expect(clippy::cast_possible_truncation, reason = "memory ends before u32 does")]
    pub(super) fn row(&mut self, row: usize) -> &mut Sums {
        if self.of_row.len() <= row {
            self.of_row.resize(row + 1, 0);
        }
        let at = &mut self.of_row[row];
        if *at == 0 {
            self.rows.push((row, Sums::default()));
            *at = self.rows.len() as u32;
        }
        &mut self.rows[*at as usize - 1].1
    }
}
