//! Compiles a rate search: checks the keys that it needs, and those that exclude it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::compile::codes;
use crate::compile::problems::{LONGEST, Problems};
use crate::compile::threshold::{compile_threshold, the_right_way_round};
use crate::diagnostic::{Diagnostic, FieldPath, Mark};
use crate::plan::load::{ClassRate, RateSearchSettings};
use crate::scenario::model::Scenario;
use crate::scenario::model::user_class::Schedule;
use crate::stats::criterion::Rows;
use crate::stats::threshold::Threshold;
use crate::units::HumanDuration;

/// How long each rate is tried, if the scenario does not say it.
const STEP: Duration = Duration::from_secs(10);

/// The first part of a step is not judged, and of a shorter step nothing would be left.
const MIN_STEP: Duration = Duration::from_secs(2);

/// Compiles the search of a scenario, if it has one, for the classes of the run.
pub(super) fn compile_search(
    scenario: &Scenario,
    selected: &BTreeSet<&str>,
    problems: &mut Problems<'_>,
) -> Option<RateSearchSettings> {
    let search = scenario.load.search.as_ref()?;
    let load_at = FieldPath::root().key("load");
    let at = load_at.key("search");
    for (key, is_there) in
        [("stages", !scenario.load.stages.is_empty()), ("run_time", scenario.load.run_time.is_some())]
    {
        if is_there {
            let message = format!("`search` and `{key}` exclude each other");
            let help = "remove one: a search ends the run when it has found the highest rate";
            problems.add(
                Diagnostic::error(codes::CONFLICT, load_at.key(key), message).marking(Mark::Key).help(help),
            );
        }
    }
    let rates: Vec<_> = selected
        .iter()
        .map(|name| {
            scenario.user_classes.get(*name).and_then(|class| class.rate.as_ref()).and_then(class_rate)
        })
        .collect();
    let rated = |name: &&str| scenario.user_classes.get(*name).is_some_and(|class| class.rate.is_some());
    if !selected.is_empty() && !selected.iter().any(rated) {
        without_rate(&at, problems);
    }
    if search.rate.is_none() {
        let message = "the search does not say between which rates";
        let help = "add `rate`, such as \"1000/s..100000/s\"";
        problems.add_absence(Diagnostic::error(codes::MISSING, at.key("rate"), message).help(help));
    }
    let until = until(search.until.as_deref(), &at.key("until"), problems);
    let step_at = at.key("step");
    let step = problems.duration(search.step.unwrap_or(HumanDuration(STEP)), &step_at);
    if step < MIN_STEP || step.subsec_nanos() != 0 {
        let help = "the first fifth of a step is left out, and statistics are taken once a second";
        problems.range(&step_at, "a step takes whole seconds, and at least 2 of them", help);
    }
    let rate = search.rate?;
    if rate.low.period() > LONGEST {
        let help = "begin with a rate that makes a step worth its time, such as \"1/s\"";
        problems.range(&at.key("rate"), "a rate cannot be below one task run in 10 years", help);
    }
    let (low, high) = (rate.low.as_per_second(), rate.high.as_per_second());
    Some(RateSearchSettings { low, high, until: until?, step, rates })
}

/// Reports that no class has a rate that the search could change.
pub(super) fn without_rate(at: &FieldPath, problems: &mut Problems<'_>) {
    let message = "no user class with users has a `rate` that the search could change";
    let help = "add `rate`, such as \"1/s\", to a user class, instead of its `wait_time`";
    problems.add(Diagnostic::error(codes::SEARCH_WITHOUT_RATE, at.clone(), message).help(help));
}

fn class_rate(schedule: &Schedule) -> Option<ClassRate> {
    let (per_user, per_class) = match schedule {
        Schedule::PerUser(rate) => (Some(*rate), None),
        Schedule::Table(table) => (table.per_user, table.per_class),
    };
    let per_user = per_user.map(|rate| ClassRate::PerUser(rate.as_per_second()));
    per_user.or(per_class.map(|rate| ClassRate::PerClass(rate.as_per_second())))
}

fn until(text: Option<&str>, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Threshold> {
    let Some(text) = text else {
        let message = "the search does not say what must hold";
        let help = "add `until`, such as \"p99 < 20ms\"";
        problems.add_absence(Diagnostic::error(codes::MISSING, at.clone(), message).help(help));
        return None;
    };
    let until = compile_threshold(text, at, problems)?;
    let metric = until.criterion().metric;
    if !metric.is_in_files() {
        let message = if metric.is_of_unfinished() {
            "what is unfinished is known at the end of a run, not of a step".to_owned()
        } else {
            format!("`{metric}` is known of a run, not of a step")
        };
        let help = "judge steps by a response time or `failures`, and put this among the `thresholds`";
        problems.add(Diagnostic::error(codes::THRESHOLD, at.clone(), message).help(help));
        return None;
    }
    if let Some(right) = the_right_way_round(&until) {
        let message = format!("`until` says what must hold, and `{until}` holds when it goes badly");
        let help = format!("write what the highest rate must keep to: \"{right}\"");
        problems.add(Diagnostic::error(codes::THRESHOLD, at.clone(), message).help(help));
        return None;
    }
    if until.criterion().rows == Rows::Aggregated {
        return Some(until);
    }
    let mark = until.criterion().rows_at.clone().map_or(Mark::Value, Mark::Within);
    let message = "a search judges all requests of a step together";
    problems.add(
        Diagnostic::error(codes::THRESHOLD, at.clone(), message)
            .marking(mark)
            .help("leave out the row, and give requests that should not count `record = false`"),
    );
    None
}
