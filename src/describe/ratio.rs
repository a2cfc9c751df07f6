//! The shares of tasks, as Locust's `--show-task-ratio` and `--show-task-ratio-json` print them.
//!
//! Of the users that really start, which Locust rounds from the weights here and not when it starts them.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::plan::Plan;
use crate::plan::timeline::LoadTimeline;

/// A class or a task with its share, from 0 to 1.
struct Share<'a> {
    name: &'a str,
    ratio: f64,
    tasks: Vec<Share<'a>>,
}

/// Two tables: tasks within each class, and tasks over all users.
pub fn table(plan: &Plan) -> String {
    let mut out = String::new();
    for (title, of_all) in [("Task ratio per User class", false), ("Total task ratio", true)] {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\n {title}\n{}", "-".repeat(80));
        rows(&shares(plan, of_all), "", &mut out);
    }
    out
}

/// The same as JSON: `per_class` and `total`.
pub fn json(plan: &Plan) -> Value {
    json!({ "per_class": object(&shares(plan, false)), "total": object(&shares(plan, true)) })
}

fn shares(plan: &Plan, of_all: bool) -> Vec<Share<'_>> {
    let counts = LoadTimeline::of(plan).most;
    let users: u32 = counts.iter().sum();
    let classes = plan.classes.iter().zip(&counts);
    classes
        .map(|(class, count)| {
            let ratio = f64::from(*count) / f64::from(users.max(1));
            let parent = if of_all { ratio } else { 1.0 };
            let weights: u64 = class.tasks.iter().map(|task| u64::from(task.weight)).sum();
            let tasks = class.tasks.iter().map(|task| {
                let ratio = f64::from(task.weight) * parent / weights as f64;
                Share { name: &task.name, ratio, tasks: Vec::new() }
            });
            Share { name: &class.name, ratio, tasks: tasks.collect() }
        })
        .collect()
}

fn rows(shares: &[Share<'_>], padding: &str, out: &mut String) {
    for Share { name, ratio, tasks } in shares {
        let percent = format!("{padding}{:<6.1}", ratio * 100.0);
        let _ = writeln!(out, " {percent:<10} {:<50}", format!("{padding}{name}"));
        rows(tasks, &format!("{padding}  "), out);
    }
}

fn object(shares: &[Share<'_>]) -> Value {
    let entries = shares.iter().map(|Share { name, ratio, tasks }| {
        let mut value = Map::from_iter([("ratio".to_owned(), json!(ratio))]);
        if !tasks.is_empty() {
            value.insert("tasks".to_owned(), object(tasks));
        }
        ((*name).to_owned(), Value::from(value))
    });
    entries.collect::<Map<_, _>>().into()
}
