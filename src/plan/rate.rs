//! How many messages a user can send at most, as far as its pauses tell.
//!
//! An upper bound and no forecast: requests are taken to need no time, since how long they need is what the
//! run shall find out.

use crate::plan::wait::{Pause, WaitTime};
use crate::plan::{Step, Steps, UserClass};

/// Messages per second and user in the long run if every request took no time; nothing if no pause bounds
/// them. By weight over all tasks: mean messages of a task run divided by the mean length of one.
pub(super) fn messages_per_second(class: &UserClass) -> Option<f64> {
    let (mut messages, mut seconds, mut weights) = (0.0, 0.0, 0.0);
    // Not divided by the sum of the weights: it would go out again.
    for task in &class.tasks {
        let (of_task, pauses_s) = messages_and_pauses(&task.steps);
        let cycle_s = match class.wait_time {
            WaitTime::Zero => pauses_s,
            WaitTime::Constant(pause) | WaitTime::Exponential(pause) => pauses_s + pause.as_secs_f64(),
            WaitTime::Between(shortest, longest) => pauses_s + Pause::Between(shortest, longest).mean_s(),
            WaitTime::ConstantPacing(pace) => pauses_s.max(pace.as_secs_f64()),
        };
        messages += f64::from(task.weight) * of_task;
        seconds += f64::from(task.weight) * cycle_s;
        weights += f64::from(task.weight);
    }
    if let Some(schedule) = &class.schedule {
        // A schedule catches up, so that only the mean counts.
        seconds = f64::max(seconds, weights * schedule.period_s());
    }
    if messages == 0.0 { Some(0.0) } else { (seconds > 0.0).then(|| messages / seconds) }
}

/// The mean pauses of a task run in seconds.
pub(super) fn mean_pauses_s(class: &UserClass) -> f64 {
    let weights: f64 = class.tasks.iter().map(|task| f64::from(task.weight)).sum();
    let pauses = class.tasks.iter().map(|task| f64::from(task.weight) * messages_and_pauses(&task.steps).1);
    pauses.sum::<f64>() / weights.max(1.0)
}

/// How many messages one run of the steps sends, and how many seconds it pauses on average.
fn messages_and_pauses(steps: &Steps) -> (f64, f64) {
    let (mut messages, mut pauses_s) = (0.0, 0.0);
    let mut times = vec![1.0];
    for step in &steps.0 {
        let now = times.last().copied().unwrap_or(1.0);
        match step {
            Step::Publish(_) => messages += now,
            Step::Wait(pause) => pauses_s += now * pause.mean_s(),
            Step::Repeat { times: more, .. } => times.push(now * f64::from(*more)),
            Step::EndRepeat { .. } => drop(times.pop()),
            Step::Connect(_) | Step::Disconnect { .. } | Step::Subscribe(_) => {}
        }
    }
    (messages, pauses_s)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::{Request, Row};
    use crate::stats::RowId;

    #[test]
    fn repeats_multiply_what_is_in_them() {
        let request = || Request { row: Row::Static(RowId(0)), record: true };
        let ms = Duration::from_millis;
        let wait = Step::Wait(Pause::Constant(ms(500)));
        let steps = Steps(vec![
            Step::Connect(request()),
            Step::Repeat { level: 0, times: 3 },
            wait.clone(),
            Step::Repeat { level: 1, times: 4 },
            Step::Wait(Pause::Between(ms(250), ms(750))),
            Step::EndRepeat { level: 1, first: 4 },
            Step::EndRepeat { level: 0, first: 2 },
            Step::Wait(Pause::Exponential(ms(500))),
        ]);
        assert_eq!(messages_and_pauses(&steps), (0.0, 8.0));
    }
}
