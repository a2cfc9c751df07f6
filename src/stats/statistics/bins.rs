//! Adds the bins of a tick to the statistics.

use std::sync::Arc;

use crate::stats::batch::Bin;
use crate::stats::bucket;
use crate::stats::failure::occurrences;
use crate::stats::hdr;
use crate::stats::statistics::Statistics;

impl Statistics {
    pub(super) fn merge_times(&mut self, bin: &Bin) {
        let now = bin.last.as_secs_f64();
        let mut indices = Vec::with_capacity(bin.cells.len());
        // Aggregated's times are added up first: a search per bucket and row would cost more than all else.
        let mut all_times = [0; bucket::DENSE];
        let mut failed = Vec::new();
        for cell in &bin.cells {
            let index = match self.indices.get(&cell.row) {
                Some(&index) => index,
                None => self.insert(Arc::clone(&cell.row), now),
            };
            indices.push(index);
            let entry = &mut self.entries[index];
            self.aggregated.absorb(now, cell);
            entry.absorb(now, cell);
            if !cell.measured {
                self.tick.all.absorb_cell(cell);
            }
            let sums = self.tick.row(index);
            sums.absorb_cell(cell);
            for (index, times) in bin.tabled_times(cell) {
                all_times[index] += times;
                entry.absorb_times(bucket::at_dense_index(index), times);
            }
            for (slot, times) in bin.fine_times(cell) {
                sums.times.add(slot, times);
                if cell.failures > 0 {
                    sums.failed.add(slot, times);
                    failed.push((slot, times));
                }
                if cell.measured {
                    self.measured.entry(Arc::clone(&cell.row)).or_default().add(slot, times);
                } else {
                    self.tick_latency.add_slot(slot, times);
                }
            }
        }
        for &(cell, ns) in &bin.raw {
            let bucket = bucket::of_float(ns as f64 / 1e6);
            let index = indices[cell as usize];
            let cell = &bin.cells[cell as usize];
            self.entries[index].absorb_times(bucket, 1);
            let sums = self.tick.row(index);
            sums.times.record(ns);
            if cell.failures > 0 {
                sums.failed.record(ns);
                failed.push((hdr::index(ns), 1));
            }
            if cell.measured {
                self.measured.entry(Arc::clone(&cell.row)).or_default().add(hdr::index(ns), 1);
            } else {
                self.tick_latency.record(ns);
            }
            match all_times.get_mut(bucket::dense_index(ns)) {
                Some(times) => *times += 1,
                None => self.aggregated.absorb_times(bucket, 1),
            }
        }
        for (slot, times) in failed {
            self.tick.all.failed.add(slot, times);
        }
        for (index, times) in all_times.into_iter().enumerate().filter(|&(_, times)| times > 0) {
            self.aggregated.absorb_times(bucket::at_dense_index(index), times);
        }
    }

    pub(super) fn merge_failures(&mut self, bins: &[Bin]) {
        for occurrence in occurrences(bins) {
            self.failures.add(occurrence);
        }
    }
}
