//! How many messages a user can send at most, as far as its pauses tell.
//!
//! It is an upper bound and no forecast: it assumes that requests need no time, since only the run can measure their
//! time. Whoever needs a forecast says how long steps take.

use std::ops::Add;

use crate::plan::publish::Publish;
use crate::plan::step::{Step, Steps};
use crate::plan::user_class::UserClass;
use crate::plan::wait::WaitTime;

/// What is sent in a second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Traffic {
    /// Messages that are published.
    pub(crate) messages: f64,
    /// Bytes of their packets, from the fixed header on.
    pub(crate) bytes: f64,
}

impl Traffic {
    /// That of so many users.
    #[must_use]
    pub(crate) fn times(self, users: u32) -> Self {
        Self { messages: self.messages * f64::from(users), bytes: self.bytes * f64::from(users) }
    }
}

impl Add for Traffic {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { messages: self.messages + other.messages, bytes: self.bytes + other.bytes }
    }
}

/// The traffic of one user in the long run if every request took no time, packets being as large as `size` says;
/// nothing if no pause bounds it. By weight over all tasks: that of a mean task run divided by its mean length.
pub(crate) fn traffic(class: &UserClass, size: impl FnMut(&Publish) -> f64) -> Option<Traffic> {
    // Not divided by the sum of the weights: it would go out again.
    let (sum, seconds, _) = of_all_tasks(class, size, &no_time);
    let per_second =
        |traffic: Traffic| Traffic { messages: traffic.messages / seconds, bytes: traffic.bytes / seconds };
    if sum.messages == 0.0 { Some(sum) } else { (seconds > 0.0).then(|| per_second(sum)) }
}

/// That requests need no time.
pub(crate) fn no_time(_: &Step) -> f64 {
    0.0
}

/// How many messages a mean task run sends, and how many seconds it lasts with the pause after it, if each step takes so many
/// seconds beside its pauses.
pub(crate) fn mean_run(class: &UserClass, takes_s: &dyn Fn(&Step) -> f64) -> (f64, f64) {
    let (sum, seconds, weights) = of_all_tasks(class, |_| 0.0, takes_s);
    (sum.messages / f64::max(weights, 1.0), seconds / f64::max(weights, 1.0))
}

/// What all tasks send, how many seconds they last, and how many runs that is: each task by its weight.
fn of_all_tasks(
    class: &UserClass,
    mut size: impl FnMut(&Publish) -> f64,
    takes_s: &dyn Fn(&Step) -> f64,
) -> (Traffic, f64, f64) {
    let (mut sum, mut seconds, mut weights) = (Traffic::default(), 0.0, 0.0);
    for task in &class.tasks {
        let (of_task, steps_s) = of_one_run(&task.steps, &mut size, takes_s);
        let cycle_s = match class.wait_time {
            WaitTime::Pause(pause) => steps_s + pause.mean_s(),
            WaitTime::ConstantPacing(pace) => steps_s.max(pace.as_secs_f64()),
        };
        sum = sum + of_task.times(task.weight);
        seconds += f64::from(task.weight) * cycle_s;
        weights += f64::from(task.weight);
    }
    if let Some(schedule) = &class.schedule {
        // A schedule catches up, so that only the mean counts.
        seconds = f64::max(seconds, weights * schedule.period_s());
    }
    (sum, seconds, weights)
}

/// How many messages the steps before the first task send, and how many seconds they pause on average.
pub(crate) fn on_start(class: &UserClass) -> (f64, f64) {
    let (sum, pauses_s) = of_one_run(&class.on_start, &mut |_| 0.0, &no_time);
    (sum.messages, pauses_s)
}

/// The mean pauses of a task run in seconds.
pub(crate) fn mean_pauses_s(class: &UserClass) -> f64 {
    let weights: f64 = class.tasks.iter().map(|task| f64::from(task.weight)).sum();
    let pauses = class
        .tasks
        .iter()
        .map(|task| f64::from(task.weight) * of_one_run(&task.steps, &mut |_| 0.0, &no_time).1);
    pauses.sum::<f64>() / weights.max(1.0)
}

/// What one run of the steps sends, and how many seconds it lasts on average, if each step takes so many beside its pauses.
fn of_one_run(
    steps: &Steps,
    size: &mut impl FnMut(&Publish) -> f64,
    takes_s: &dyn Fn(&Step) -> f64,
) -> (Traffic, f64) {
    let (mut sum, mut seconds) = (Traffic::default(), 0.0);
    let mut times = vec![1.0];
    for step in &steps.0 {
        let now = times.last().copied().unwrap_or(1.0);
        seconds += now * takes_s(step);
        match step {
            Step::Publish(publish) => {
                sum.messages += now;
                sum.bytes += now * size(publish);
            }
            Step::Request(exchange) => {
                sum.messages += now;
                sum.bytes += now * size(&exchange.publish);
            }
            Step::Wait(pause) => seconds += now * pause.mean_s(),
            Step::Repeat { times: more, .. } => times.push(now * f64::from(*more)),
            Step::EndRepeat { .. } => drop(times.pop()),
            Step::Connect(_)
            | Step::Disconnect { .. }
            | Step::Subscribe(_)
            | Step::Unsubscribe(_)
            | Step::Receive(_) => {}
        }
    }
    (sum, seconds)
}

#[cfg(test)]
mod tests;
