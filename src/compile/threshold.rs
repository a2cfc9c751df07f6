//! Compiles thresholds: reads their conditions, with the exact place of a mistake, and what their tables say.

mod limits;
pub(super) mod warnings;
mod words;

use crate::compile::codes;
use crate::compile::files::LineOf;
use crate::compile::problems::{Problems, suggestion};
use crate::compile::threshold::limits::Limits;
use crate::compile::threshold::words::help;
use crate::diagnostic::{Diagnostic, FieldPath, Mark};
use crate::plan::load::Load;
use crate::scenario::model::threshold::{Threshold as Written, ThresholdTable};
use crate::stats::criterion::{Criterion, Op};
use crate::stats::threshold::{Abort, SourcePlace, StageOf, Threshold};

/// Compiles the thresholds of a scenario; those with mistakes are noted and left out.
pub(super) fn compile_thresholds(
    thresholds: &[Written],
    at: &FieldPath,
    load: &Load,
    line: LineOf<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Threshold> {
    let mut compiled = Vec::new();
    for (i, written) in thresholds.iter().enumerate() {
        let at = at.index(i);
        let table = written.table();
        let Some(text) = &table.check else {
            let message = "the threshold does not say what must hold";
            let help = "add `check`, such as \"p99 < 50ms\"";
            problems.add_absence(Diagnostic::error(codes::MISSING, at.key("check"), message).help(help));
            continue;
        };
        let check_at = check_at(written, &at);
        let Some(mut threshold) = compile_threshold(text, &check_at, problems) else {
            // What else its table says does not depend on the condition.
            compile_stage(&table, &at, load, problems);
            continue;
        };
        threshold.place = line(&check_at).map(|(file, line)| SourcePlace { file, line });
        threshold.stage = compile_stage(&table, &at, load, problems);
        threshold.abort = compile_abort(&table, &at, problems);
        let has_stage = table.stage.is_some();
        Limits { threshold: &threshold, check_at: &check_at, at: &at, has_stage }.check(problems);
        compiled.push(threshold);
    }
    compiled
}

/// Where the condition of a threshold stands.
fn check_at(written: &Written, at: &FieldPath) -> FieldPath {
    match written {
        Written::Plain(_) => at.clone(),
        Written::Table(_) => at.key("check"),
    }
}

pub(super) fn compile_threshold(
    text: &str,
    at: &FieldPath,
    problems: &mut Problems<'_>,
) -> Option<Threshold> {
    match Threshold::parse(text) {
        Ok(threshold) => Some(threshold),
        Err(error) => {
            problems.add(
                Diagnostic::error(codes::THRESHOLD, at.clone(), error.fault.to_string())
                    .marking(Mark::Within(error.at))
                    .help(help(&error.fault, text)),
            );
            None
        }
    }
}

/// The stage that a threshold names: by its name, or by its number from 1.
fn compile_stage(
    table: &ThresholdTable,
    at: &FieldPath,
    load: &Load,
    problems: &mut Problems<'_>,
) -> Option<StageOf> {
    let wanted = table.stage.as_deref()?;
    let at = at.key("stage");
    let error = |message: String| Diagnostic::error(codes::THRESHOLD_STAGE, at.clone(), message);
    if !load.is_staged() {
        let message = format!("there is no stage `{wanted}`: the load has no stages");
        let help = "remove `stage`, or give the load `stages`";
        // Stages that could not be read are no reason to say more.
        if !problems.absence_explained(&FieldPath::root().key("load").key("stages")) {
            problems.add(error(message).help(help));
        }
        return None;
    }
    let names: Vec<_> = (0..load.stages.len()).map(|index| load.stage_name(index)).collect();
    let called = |wanted: &str| names.iter().position(|name| name == wanted);
    let by_number = || wanted.parse::<usize>().ok()?.checked_sub(1).filter(|index| *index < names.len());
    let Some(index) = called(wanted).or_else(by_number) else {
        let once = names.iter().enumerate().filter(|(index, name)| !names[..*index].contains(name));
        let help = suggestion(wanted, "stages", once.map(|(_, name)| name.as_str()));
        problems.add(error(format!("there is no stage `{wanted}`")).help(help));
        return None;
    };
    let name = names[index].clone();
    if names.iter().filter(|other| **other == name).count() > 1 {
        let message = format!("several stages are called `{name}`");
        problems.add(error(message).help("give them different names: results tell stages apart by name"));
        return None;
    }
    Some(StageOf { index, name })
}

fn compile_abort(table: &ThresholdTable, at: &FieldPath, problems: &mut Problems<'_>) -> Option<Abort> {
    let after_at = at.key("after");
    let after = table.after.map(|after| problems.duration(after, &after_at));
    if table.abort == Some(true) {
        return Some(Abort { after });
    }
    if after.is_some() && !problems.absence_explained(&at.key("abort")) {
        let message = "`after` needs `abort = true`: without it, a threshold is judged when the run is over";
        let help = "add `abort` with the value true, or remove `after`";
        problems.add(Diagnostic::error(codes::CONFLICT, after_at, message).marking(Mark::Key).help(help));
    }
    None
}

/// A threshold that asks for response times or failures above a limit, turned round.
pub(super) fn the_right_way_round(threshold: &Threshold) -> Option<String> {
    let Criterion { metric, op, .. } = threshold.criterion();
    let is_wrong = !metric.may_be_high() && matches!(op, Op::More | Op::AtLeast);
    is_wrong.then(|| threshold.to_string().replacen('>', "<", 1))
}
