//! Stages that drop connections as they begin. Each thread answers how many it dropped; this sums the answers up.

/// The mass disconnects that not all threads have answered.
#[derive(Debug, Default)]
pub(crate) struct MassDisconnects(Vec<Pending>);

#[derive(Debug)]
struct Pending {
    stage: usize,
    /// How many users there were.
    users: usize,
    /// How many threads have not answered.
    unanswered: usize,
    dropped: u64,
}

impl MassDisconnects {
    /// The stage with this index drops connections of these many users, on these many threads.
    pub(crate) fn begin(&mut self, stage: usize, users: usize, threads: usize) {
        self.0.push(Pending { stage, users, unanswered: threads, dropped: 0 });
    }

    /// A thread has dropped this many. With the answer of the last thread, returns how many were dropped in all, and
    /// how many users there were.
    pub(crate) fn answer(&mut self, stage: usize, dropped: u64) -> Option<(u64, usize)> {
        let index = self.0.iter().position(|pending| pending.stage == stage)?;
        let pending = &mut self.0[index];
        pending.unanswered -= 1;
        pending.dropped += dropped;
        if pending.unanswered > 0 {
            return None;
        }
        let pending = self.0.swap_remove(index);
        Some((pending.dropped, pending.users))
    }
}

#[cfg(test)]
mod tests;
