//! When users act: pauses, wait times, schedules and how much a user does at most.
//!
//! A rate of a class is divided by its users only when all classes are known, since the dispatcher decides how many
//! there are.

use std::time::Duration;

use crate::compile::codes;
use crate::compile::problems::{LONGEST, Problems};
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::UserClass;
use crate::plan::schedule::{Phase, Schedule};
use crate::plan::wait::{Pause, WaitTime};
use crate::scenario::model;
use crate::units::{HumanDuration, Rate};

/// Whose rate a schedule's is in the file; in the plan it is always that of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RateOf {
    /// The rate of each user.
    User,
    Class,
}

/// Returns the schedule of a class, or `None` if it has no schedule or a wrong one. Its rate is not yet divided by the users.
pub(super) fn schedule(
    class: &model::user_class::UserClass,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<(Schedule, RateOf)> {
    let (written, rate_at) = (class.rate.as_ref()?, at.key("rate"));
    if class.wait_time.is_some() {
        let message = "`rate` and `wait_time` exclude each other";
        let help = format!(
            "`rate` starts task runs by the clock, `wait_time` pauses between them: remove `{rate_at}` or `{}`",
            at.key("wait_time")
        );
        problems.add(Diagnostic::error(codes::CONFLICT, rate_at.clone(), message).help(help));
    }
    let table = match written {
        model::user_class::Schedule::PerUser(rate) => {
            let per_user = per_second(*rate, &rate_at, problems);
            let schedule = Schedule { per_user, jitter: Duration::ZERO, phase: Phase::Random };
            return Some((schedule, RateOf::User));
        }
        model::user_class::Schedule::Table(table) => table,
    };
    let phase = table.phase.unwrap_or(Phase::Random);
    let jitter = problems.duration(table.jitter.unwrap_or_default(), &rate_at.key("jitter"));
    let (per_user_at, per_class_at) = (rate_at.key("per_user"), rate_at.key("per_class"));
    let (rate, rate_of, at) = match (table.per_user, table.per_class) {
        (Some(_), Some(_)) => {
            let message = "`per_user` and `per_class` exclude each other";
            let help = "`per_class` is what all users of the class do together: keep one";
            problems.add(Diagnostic::error(codes::CONFLICT, per_class_at, message).help(help));
            return None;
        }
        (None, None) => {
            let message = "this `rate` does not say how many task runs";
            let help = "add `per_user` or `per_class`, such as \"10/s\"";
            problems.add_absence(Diagnostic::error(codes::MISSING, rate_at, message).help(help));
            return None;
        }
        (Some(rate), None) => (rate, RateOf::User, per_user_at),
        (None, Some(rate)) => (rate, RateOf::Class, per_class_at),
    };
    let schedule = Schedule { per_user: per_second(rate, &at, problems), jitter, phase };
    if rate_of == RateOf::User {
        check_jitter(&schedule, &rate_at, problems);
    }
    Some((schedule, rate_of))
}

/// The order of the task runs would not be that of their moments.
fn check_jitter(schedule: &Schedule, rate_at: &FieldPath, problems: &mut Problems<'_>) {
    if !schedule.jitter.is_zero() && schedule.jitter.as_secs_f64() >= schedule.period_s() {
        let period = Duration::try_from_secs_f64(schedule.period_s()).unwrap_or_default();
        let period = humantime::format_duration(period);
        let message = format!("`jitter` must be shorter than the period of each user, which is {period}");
        let help = "make it shorter: otherwise a task run could be due before the one ahead of it";
        problems.range(&rate_at.key("jitter"), message, help);
    }
}

fn per_second(rate: Rate, at: &FieldPath, problems: &mut Problems<'_>) -> f64 {
    if rate.period() > LONGEST {
        let help = "leave `rate` out for no schedule";
        problems.range(at, "a rate cannot be below one task run in 10 years", help);
    }
    rate.as_per_second()
}

/// Divides the rates of classes by their users, `counts` by the index of the class, and checks what depends on it.
pub(super) fn share_rates(
    classes: &mut [UserClass],
    rates: impl Iterator<Item = Option<RateOf>>,
    counts: &[u32],
    problems: &mut Problems<'_>,
) {
    for ((class, rate), count) in classes.iter_mut().zip(rates).zip(counts) {
        let Some(schedule) = &mut class.schedule else { continue };
        if rate == Some(RateOf::Class) {
            schedule.per_user /= f64::from(*count).max(1.0);
            let at = FieldPath::root().key("user_classes").key(class.name.as_str()).key("rate");
            check_jitter(schedule, &at, problems);
        }
    }
}

pub(super) fn wait_time(
    wait: model::user_class::WaitTime,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> WaitTime {
    use model::user_class::WaitTime as Written;
    match wait {
        Written::Constant(pause) => Pause::Constant(problems.duration(pause, &at.key("constant"))).into(),
        Written::Between(shortest, longest) => between(shortest, longest, at, problems).into(),
        Written::Exponential(mean) => exponential(mean, at, problems).into(),
        Written::ConstantPacing(pace) => {
            WaitTime::ConstantPacing(problems.positive_duration(pace, "a pacing", &at.key("constant_pacing")))
        }
        Written::ConstantThroughput(rate) => {
            let at = at.key("constant_throughput");
            // A rate above 10^9 has a pace below the nanosecond that a Duration can tell.
            let pace =
                Duration::try_from_secs_f64(1.0 / rate).ok().filter(|pace| rate > 0.0 && !pace.is_zero());
            let Some(pace) = pace else {
                let help = "it is the number of task runs per second and user, such as 0.5";
                problems.range(&at, "`constant_throughput` must be above 0 and at most 10^9", help);
                return WaitTime::ZERO;
            };
            WaitTime::ConstantPacing(problems.duration(HumanDuration(pace), &at))
        }
    }
}

pub(super) fn pause(pause: model::step::Pause, at: &FieldPath, problems: &mut Problems<'_>) -> Pause {
    match pause {
        model::step::Pause::Constant(pause) => Pause::Constant(problems.duration(pause, at)),
        model::step::Pause::Between(shortest, longest) => between(shortest, longest, at, problems),
        model::step::Pause::Exponential(mean) => exponential(mean, at, problems),
    }
}

/// An evenly distributed pause, written under `between`.
fn between(
    shortest: HumanDuration,
    longest: HumanDuration,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Pause {
    let at = at.key("between");
    if shortest > longest {
        problems.range(&at, "`between` starts above its end", "put the shorter length of time first");
    }
    Pause::Between(problems.duration(shortest, &at.index(0)), problems.duration(longest, &at.index(1)))
}

/// An exponentially distributed pause, written under `exponential`.
fn exponential(mean: HumanDuration, at: &FieldPath, problems: &mut Problems<'_>) -> Pause {
    Pause::Exponential(problems.positive_duration(mean, "a mean pause", &at.key("exponential")))
}

/// How much a user does before it leaves.
pub(super) fn limit(
    limit: Option<u64>,
    key: &str,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<u64> {
    if limit == Some(0) {
        problems.range(&at.key(key), format!("`{key}` must be at least 1"), "leave it out for no limit");
    }
    limit
}
