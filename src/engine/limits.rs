//! How many connections this process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many files are open besides connections: outputs, event queues, the terminal.
const OTHER_FILES: u64 = 64;

/// Not enough file descriptors for a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the plan needs {needed} open files, but this process may only have {limit}: raise the hard limit \
     (`ulimit -Hn`), or spread the users over several processes"
)]
pub struct TooFewFiles {
    /// How many files the plan needs.
    pub needed: u64,
    /// How many files the process may have.
    pub limit: u64,
}

/// Raises the soft limit on open files to the hard one and checks that `connections` fit under it.
pub fn raise_open_files(connections: u64) -> Result<(), TooFewFiles> {
    let limits = getrlimit(Resource::Nofile);
    if limits.current != limits.maximum {
        // If it cannot be raised, the check below sees the old limit.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, maximum: limits.maximum });
    }
    let needed = connections + OTHER_FILES;
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < needed => Err(TooFewFiles { needed, limit }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
