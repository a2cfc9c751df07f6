//! Answers of one connection on their way out, which a planted delay can hold back.

use bytes::BytesMut;
use std::collections::VecDeque;
use tokio::time::Instant;

/// Encoded answers, those that may go and those that a planted delay holds back.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) ready: BytesMut,
    delayed: BytesMut,
    /// When the next part of `delayed` is due, and how long it is in bytes; moments never decrease.
    due: VecDeque<(Instant, usize)>,
}

impl Answers {
    pub(super) fn push<E>(
        &mut self,
        due: Instant,
        write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.delayed.len();
        write(&mut self.delayed)?;
        let due = self.due.back().map_or(due, |(last, _)| due.max(*last));
        self.due.push_back((due, self.delayed.len() - before));
        Ok(())
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.front().map(|(due, _)| *due)
    }

    /// Bytes held.
    pub(super) fn len(&self) -> usize {
        self.ready.len() + self.delayed.len()
    }

    /// Moves what may go behind what `out` holds.
    pub(super) fn take_due(&mut self, out: &mut BytesMut) {
        if !self.due.is_empty() {
            let now = Instant::now();
            while let Some((_, bytes)) = self.due.pop_front_if(|(due, _)| *due <= now) {
                self.ready.extend_from_slice(&self.delayed.split_to(bytes));
            }
        }
        if out.is_empty() {
            std::mem::swap(out, &mut self.ready);
        } else {
            out.extend_from_slice(&self.ready);
            self.ready.clear();
        }
    }
}
