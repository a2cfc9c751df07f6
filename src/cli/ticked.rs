//! What the live page and the metrics of a worker tell alike of a tick.

use std::fs;

use rustix::param::page_size;

use crate::engine::Tick;
use crate::web::now::{ClassUsers, Resources};

/// The users of each class; the names are in the order of the plan.
pub(super) fn class_users(classes: &[String], tick: &Tick<'_>) -> Vec<ClassUsers> {
    let counted = classes.iter().zip(tick.users);
    counted
        .map(|(class, users)| ClassUsers { class: class.clone(), wanted: users.wanted, alive: users.alive })
        .collect()
}

/// What the process uses. Its memory takes a system call, which is made only if somebody looks.
pub(super) fn resources(tick: &Tick<'_>, is_looked_at: bool) -> Resources {
    Resources {
        cpu_cores: tick.second.generator_cpu_cores,
        memory_bytes: if is_looked_at { memory() } else { None },
    }
}

/// The resident memory of the process in bytes; `None` if the system does not tell.
pub(super) fn memory() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    resident.checked_mul(page_size() as u64)
}
