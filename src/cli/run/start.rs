//! When a run begins: at a moment that all of its shards know, or when all of them are there.
//!
//! The clock is looked at again each second, since a clock that is set while somebody waits is no reason to start at
//! another moment than the other machines.

use std::time::{Duration, SystemTime};

use humantime::{format_duration, format_rfc3339_millis};
use tokio::time::sleep;
use tracing::info;

use crate::client::transport::Endpoint;
use crate::engine::Interrupts;
use crate::plan::Plan;
use crate::plan::sync::Sync;
use crate::sync::{self, Began, ClockOffset, SyncError};
use crate::units::Moment;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The moment that was asked for; an error is a sentence with its cure if it is over.
pub(super) fn moment(asked: Moment) -> Result<SystemTime, String> {
    let now = SystemTime::now();
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = asked.near(since_epoch);
    let moment = SystemTime::UNIX_EPOCH + at;
    if at > since_epoch {
        return Ok(moment);
    }
    Err(format!(
        "--start-at: {} is over, by the clock of this machine, which says {}\nhelp: give a later moment, the same to all \
         machines; times of day are UTC",
        format_rfc3339_millis(moment),
        format_rfc3339_millis(now)
    ))
}

/// Waits until the moment has come, or somebody interrupts the run.
pub(super) async fn wait_until(at: SystemTime, interrupts: &Interrupts) {
    let left = || at.duration_since(SystemTime::now()).ok().filter(|left| !left.is_zero());
    if let Some(left) = left() {
        let whole = Duration::from_secs(left.as_secs());
        info!("Waiting for {}, {} from now, to start", format_rfc3339_millis(at), format_duration(whole));
    }
    while let Some(left) = left() {
        tokio::select! {
            () = interrupts.stop.cancelled() => return,
            () = interrupts.abort.cancelled() => return,
            () = sleep(left.min(LOOK)) => {}
        }
    }
}

/// Meets the other shards and waits for the moment at which all begin. Returns how far the clock of shard 0 is ahead of this
/// machine's; `None` in shard 0 itself, unless its clock was set meanwhile, and if somebody interrupts the run.
pub(super) async fn meet(
    plan: &Plan,
    meeting: &Sync,
    endpoint: Endpoint,
    run_id: &str,
    interrupts: &Interrupts,
) -> Result<Option<ClockOffset>, SyncError> {
    let (shard, broker) = (plan.shard, &plan.brokers[meeting.broker.0].name);
    info!("Shard {shard} meets the others at {}/{run_id} of the broker {broker}", meeting.topic);
    let began = sync::meet(plan, meeting, endpoint, run_id, &interrupts.stop).await?;
    Ok(began.map(|Began { clock, .. }| clock).filter(|clock| shard.index() != 0 || clock.ahead_us != 0))
}
