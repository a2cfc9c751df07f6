//! Tasks of a class: which of them take part in this run, and in which order.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::compile::codes;
use crate::compile::context::Overrides;
use crate::compile::problems::Problems;
use crate::compile::steps::StepCompiler;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::{Task, TaskOrder};
use crate::scenario::model;
use crate::template::names::quoted;

/// The tasks that users of this class do in this run, and in which order.
pub(super) fn tasks(
    class: &model::user_class::UserClass,
    at: &FieldPath,
    overrides: &Overrides,
    compiler: &mut StepCompiler<'_>,
    problems: &mut Problems<'_>,
) -> (TaskOrder, Vec<Task>) {
    let (tasks_at, sequence_at) = (at.key("tasks"), at.key("sequence"));
    if !class.tasks.is_empty() && !class.sequence.is_empty() {
        let message = "`tasks` and `sequence` exclude each other";
        let help = "users pick from `tasks` by weight, and run a `sequence` in its order: keep one";
        problems.add(Diagnostic::error(codes::CONFLICT, sequence_at.clone(), message).help(help));
    }
    // Each list is checked by itself, also if there should be only one.
    let mut first_of_name = BTreeMap::new();
    let picked = task_list(&class.tasks, &tasks_at, overrides, &mut first_of_name, compiler, problems);
    for (i, task) in class.sequence.iter().enumerate().filter(|(_, task)| task.weight.is_some()) {
        let name = task.name.as_deref().unwrap_or_default();
        let message = format!("task `{name}` of a `sequence` cannot have a `weight`");
        let help = "each task runs once, in the order of the list: remove it";
        let at = sequence_at.index(i).key("weight");
        problems.add(Diagnostic::error(codes::CONFLICT, at, message).help(help));
    }
    let in_order =
        task_list(&class.sequence, &sequence_at, overrides, &mut first_of_name, compiler, problems);
    let (order, written, left, at) = if class.sequence.is_empty() {
        (TaskOrder::Weighted, &class.tasks, picked, tasks_at)
    } else {
        (TaskOrder::Sequence, &class.sequence, in_order, sequence_at.clone())
    };
    if written.is_empty() {
        let may_lack = class.is_abstract == Some(true);
        if !may_lack && !problems.absence_explained(&sequence_at) {
            problems.add_absence(
                Diagnostic::error(codes::EMPTY, at, "this user class has no tasks")
                    .help("add `tasks`: a list, each item with a `name` and `steps`"),
            );
        }
    } else if left.is_empty() {
        let (why, help) = why_none(written);
        let message = format!("no task is left in user class `{}`: {why}", compiler.class_name());
        problems.add(Diagnostic::error(codes::NOTHING_TO_DO, at, message).help(help));
    }
    (order, left)
}

/// Why no task of a list is left, and what to do about it.
fn why_none(tasks: &[model::user_class::Task]) -> (&'static str, String) {
    if tasks.iter().all(|task| task.weight == Some(0)) {
        return ("all have weight 0", "give one of them a weight above 0".to_owned());
    }
    let tags: BTreeSet<&str> = tasks.iter().flat_map(|task| &task.tags).map(String::as_str).collect();
    let help = if tags.is_empty() {
        "none of its tasks has tags: give them some, or run without choosing by tags".to_owned()
    } else {
        format!("the tags of its tasks are: {}", quoted(tags.into_iter()))
    };
    ("the tags choose no task", help)
}

/// A list of tasks, without those that this run leaves out. `first_of_name` knows the tasks of the class so far.
fn task_list<'a>(
    tasks: &'a [model::user_class::Task],
    at: &FieldPath,
    overrides: &Overrides,
    first_of_name: &mut BTreeMap<&'a str, String>,
    compiler: &mut StepCompiler<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Task> {
    let mut left = Vec::new();
    for (i, task) in tasks.iter().enumerate() {
        if problems.is_full() {
            break;
        }
        let at = at.index(i);
        match task.name.as_deref() {
            None => problems.add_absence(
                Diagnostic::error(codes::MISSING, at.key("name"), "this task has no `name`")
                    .help("add one; plans and messages show it"),
            ),
            Some("") => problems.add(
                Diagnostic::error(codes::EMPTY, at.key("name"), "the `name` of a task cannot be empty")
                    .help("plans and messages show it"),
            ),
            Some(name) => match first_of_name.entry(name) {
                Entry::Vacant(vacant) => {
                    // The last two parts of the path: `tasks[0]`.
                    let place = FieldPath(at.0[at.0.len() - 2..].to_vec());
                    vacant.insert(place.to_string());
                }
                Entry::Occupied(first) => {
                    let message = format!("two tasks of this class have the name `{name}`");
                    problems.add(
                        Diagnostic::error(codes::DUPLICATE, at.key("name"), message)
                            .label(format!("the first is `{}`", first.get()))
                            .help("rename one of them"),
                    );
                }
            },
        }
        if task.steps.is_empty() {
            problems.add_absence(
                Diagnostic::error(codes::EMPTY, at.key("steps"), "this task has no steps")
                    .help("add `steps`: a list, such as a `publish` with a `topic`, then a `wait`"),
            );
        }
        let weight = task.weight.unwrap_or(1);
        let steps_at = at.key("steps");
        if weight > 0 && chosen(&task.tags, overrides) {
            let steps = compiler.steps(&task.steps, &steps_at, problems);
            let name = task.name.clone().unwrap_or_default();
            let weight = if overrides.equal_weights { 1 } else { weight };
            left.push(Task { name, weight, on_error: task.on_error, steps });
        } else {
            compiler.check_only(&task.steps, &steps_at, problems);
        }
    }
    left
}

/// Locust's rule of tags: one of the wanted, none of the excluded.
fn chosen(tags: &[String], overrides: &Overrides) -> bool {
    (overrides.tags.is_empty() || tags.iter().any(|tag| overrides.tags.contains(tag)))
        && !tags.iter().any(|tag| overrides.exclude_tags.contains(tag))
}
