//! What is to be doubted of measured messages: the screen and the report say it below their table.
//!
//! Shards count what they see, and each by its own clock. That cannot be put right afterwards, so it is said.

use crate::stats::result::RunResult;
use crate::stats::result::what_ran::CLOCKS_AS_GOOD_AS_ONE_MS;
use crate::units::fitting::time_ms;

/// What to say of the losses and times of measured messages, in sentences.
pub(crate) fn of_messages(result: &RunResult) -> Vec<String> {
    let why = match &result.run.shards {
        Some(_) => "The run was divided into shards, which do not know what the others have sent",
        None => "There were too many publishers and filters to hold all against each other",
    };
    let is_complete = result.end_to_end.as_ref().is_none_or(|deliveries| deliveries.complete);
    let losses = (!is_complete)
        .then(|| format!("{why}: losses at the beginning and the end of streams are not complete."));
    losses.into_iter().chain(times(result.run.clocks_apart_ms())).collect()
}

/// What is wrong with times between shards whose clocks were so far apart; `None` if their clocks are as good as one.
pub(crate) fn times(apart_ms: f64) -> Option<String> {
    (apart_ms > CLOCKS_AS_GOOD_AS_ONE_MS).then(|| {
        format!(
            "End-to-end times from a user of one shard to a user of another one are wrong by up to {}, and such messages may \
             count as older ones that the broker had kept: the clocks of the shards were so far apart.",
            time_ms(apart_ms)
        )
    })
}
