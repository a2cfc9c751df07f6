//! Warnings about thresholds that can be read and will not do what is meant. The finished plan is checked.

use std::time::Duration;

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::compile::threshold::{check_at, the_right_way_round};
use crate::diagnostic::{Diagnostic, FieldPath, Mark, nearest};
use crate::plan::timeline::LoadTimeline;
use crate::plan::wait::WaitTime;
use crate::plan::{Plan, Step};
use crate::scenario::model::threshold::Threshold as Written;
use crate::stats::RowKey;
use crate::stats::criterion::Rows;
use crate::stats::metric::{Metric, Of, RunMetric, RunTimes};
use crate::stats::threshold::{Check, Threshold};

/// Warns of the thresholds of a plan, which are those that are `written`.
pub(in crate::compile) fn warn(
    plan: &Plan,
    written: &[Written],
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    let timeline = LoadTimeline::of_all(plan);
    for (i, (threshold, written)) in plan.thresholds.iter().zip(written).enumerate() {
        if problems.is_full() {
            break;
        }
        let at = at.index(i);
        let check_at = check_at(written, &at);
        warn_of_lower_bound(threshold, &check_at, problems);
        let is_measured = warn_of_measure(plan, threshold, &check_at, problems);
        if is_measured {
            warn_of_row(plan, threshold, &check_at, problems);
        }
        warn_of_time(plan, &timeline, threshold, &at, problems);
    }
}

/// A threshold that is missed as long as all goes well.
fn warn_of_lower_bound(threshold: &Threshold, at: &FieldPath, problems: &mut Problems<'_>) {
    let Some(right) = the_right_way_round(threshold) else { return };
    let message = format!("a threshold says what must hold, and `{threshold}` holds when the run goes badly");
    problems.add(
        Diagnostic::warning(codes::LOWER_BOUND, at.clone(), message)
            .help(format!("write what the run must keep to: \"{right}\"")),
    );
}

/// A threshold on something that this run does not have. Returns whether it has it.
fn warn_of_measure(plan: &Plan, threshold: &Threshold, at: &FieldPath, problems: &mut Problems<'_>) -> bool {
    let metric = threshold.criterion().metric;
    let paced = || plan.classes.iter().any(|class| matches!(class.wait_time, WaitTime::ConstantPacing(_)));
    let scheduled = || plan.classes.iter().any(|class| class.schedule.is_some());
    let (is_measured, what, help) = match metric {
        Metric::OfMessages(_) => (
            plan.measures(),
            "no `subscribe` of this run measures its messages",
            "add measure = \"end_to_end\" to a `subscribe`, and a `stamp` to the `publish`",
        ),
        Metric::OfRun(RunMetric::Arrived) => (
            plan.subscribes(),
            "no step of this run subscribes",
            "add a `subscribe`, or remove the threshold",
        ),
        Metric::OfRun(RunMetric::HighestRate) => {
            (plan.load.search.is_some(), "this run does not search for it", "add `search` to `load`")
        }
        Metric::OfRun(RunMetric::Times(RunTimes::Intended, _)) => (
            paced(),
            "no user class has `constant_pacing`",
            "use `constant_pacing`, or ask for p99, which counts from when a request was due if a class has a `rate`",
        ),
        Metric::OfRun(
            RunMetric::Starts
            | RunMetric::LateStarts
            | RunMetric::LateStartRatio
            | RunMetric::Times(RunTimes::ServiceTime, _),
        ) => {
            (scheduled(), "no user class has a `rate`", "give a user class a `rate`, or remove the threshold")
        }
        _ => return true,
    };
    if !is_measured {
        let is_zero = matches!(metric, Metric::OfRun(RunMetric::Arrived | RunMetric::Starts));
        let consequence = if is_zero { "is always 0" } else { "cannot be judged" };
        let message = format!("`{metric}` {consequence}: {what}");
        problems.add(Diagnostic::warning(codes::NOT_MEASURED, at.clone(), message).help(help));
    }
    is_measured
}

fn warn_of_row(plan: &Plan, threshold: &Threshold, at: &FieldPath, problems: &mut Problems<'_>) {
    let criterion = threshold.criterion();
    let Rows::Called(word) = &criterion.rows else { return };
    // Names that differ from user to user are known to the run only.
    if plan.classes.iter().any(|class| class.user_rows > 0) {
        return;
    }
    // The loss of an idle connection has its row in every run.
    let loss = RowKey { request_type: "MQTT".to_owned(), name: "disconnect".to_owned() };
    let measured = measured_rows(plan);
    let rows: Vec<&RowKey> = match criterion.metric.known().of {
        Of::Measured => measured,
        Of::Rows | Of::Nothing => plan.rows.iter().chain([&loss]).collect(),
    };
    if rows.iter().any(|row| criterion.rows.hold(row)) {
        return;
    }
    let titles: Vec<_> = rows.iter().map(|row| format!("{} {}", row.request_type, row.name)).collect();
    let names = rows.iter().map(|row| row.name.as_str()).chain(titles.iter().map(String::as_str));
    let metric = criterion.metric;
    let help = match (nearest(word, names), metric.known().of) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Of::Measured) => {
            let titles: Vec<_> = titles.iter().take(8).map(|title| format!("`{title}`")).collect();
            format!("the measured subscriptions are {}", titles.join(", "))
        }
        (None, _) => "`mqtt-scenario plan` lists the rows of the statistics".to_owned(),
    };
    let what = match metric.known().of {
        Of::Measured => "no measured subscription is called",
        Of::Rows | Of::Nothing => "no row of the statistics is called",
    };
    let end = if metric.is_of_failures() || matches!(metric, Metric::Failed(_)) {
        "nothing of it can fail"
    } else if metric.is_of_unfinished() {
        "nothing of it can wait"
    } else {
        "the threshold cannot be judged"
    };
    let mark = criterion.rows_at.clone().map_or(Mark::Value, Mark::Within);
    let message = format!("{what} `{word}`, so {end}");
    problems.add(Diagnostic::warning(codes::THRESHOLD_ROW, at.clone(), message).marking(mark).help(help));
}

fn measured_rows(plan: &Plan) -> Vec<&RowKey> {
    let measures = plan.steps().filter_map(|step| match step {
        Step::Subscribe(subscribe) => subscribe.measure.as_ref(),
        _ => None,
    });
    measures.flat_map(|measure| &measure.rows).filter_map(|row| plan.rows.get(row.0 as usize)).collect()
}

/// A threshold on a stage that does not come, and one that is to end the run when all is over.
fn warn_of_time(
    plan: &Plan,
    timeline: &LoadTimeline,
    threshold: &Threshold,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) {
    let time = |length: Duration| humantime::format_duration(length).to_string();
    let warning = |key: &str, message: String| {
        Diagnostic::warning(codes::NEVER_CHECKED, at.key(key), message).marking(Mark::Key)
    };
    let length = timeline.length();
    let lasts = match &threshold.stage {
        None => length.map(|length| (length, "the run")),
        Some(stage) => {
            let begins = timeline.stages.get(stage.index).map(|stage| stage.begins);
            if let (Some(begins), Some(length)) = (begins, length)
                && begins >= length
            {
                let message = format!("the run of {} is over before this stage begins", time(length));
                problems.add(
                    warning("stage", message).help("make the run longer: the threshold cannot be judged"),
                );
                return;
            }
            // A stage that waits for connections lasts longer.
            let duration = plan.load.stages.get(stage.index).and_then(|stage| stage.duration);
            duration.map(|duration| (duration, "its stage"))
        }
    };
    if let (Some(Check::EachSecondAfter(after)), Some((lasts, what))) = (threshold.check(), lasts)
        && after >= lasts
    {
        let message = format!(
            "the threshold never ends the run: {what} lasts {}, and it is not checked before {} of that are over",
            time(lasts),
            time(after)
        );
        let help = "make `after` shorter, or leave out `abort`";
        let key = if threshold.abort.is_some_and(|abort| abort.after.is_some()) { "after" } else { "abort" };
        problems.add(warning(key, message).help(help));
    }
}
