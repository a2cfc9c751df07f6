//! The page as it is first sent: the form, filled with what the scenario says, and the plan beside it.

use std::time::Duration;

use askama::Template;

use crate::report::html::frame::Frame;
use crate::report::html::text;
use crate::web::now::Now;
use crate::web::offer::{Class, Offer, OfferedStage, Task};

#[derive(Template)]
#[template(path = "live/page.html", whitespace = "minimize")]
pub(super) struct Page {
    title: String,
    file: String,
    host: String,
    phase: &'static str,
    /// Tells this program from one that is started later at the same address.
    program: String,
    /// Empty for a load with stages.
    users: String,
    spawn_rate: String,
    run_time: String,
    stages: Vec<String>,
    classes: Vec<OfferedClass>,
    tags: Vec<String>,
    settings: Vec<(String, String)>,
    plan: String,
    edition: u64,
    mistakes: String,
}

struct OfferedClass {
    name: String,
    share: String,
    tasks: String,
    /// The tags of each task, in JSON for the script.
    tags: String,
}

impl Page {
    const STYLE: &str = include_str!("../../../templates/live/style.css");
    const SCRIPT: &str = include_str!("../../../templates/live/script.js");

    pub(super) fn of(offer: &Offer, now: &Now, program: &str) -> Self {
        let staged = !offer.stages.is_empty();
        let of_load = |value: String| if staged { String::new() } else { value };
        let run_time = offer.run_time.map(|time| humantime::format_duration(time).to_string());
        Self {
            title: text::line(&offer.scenario),
            file: text::line(&offer.file),
            host: text::line(&offer.host),
            phase: now.phase.word(),
            program: program.to_owned(),
            users: of_load(offer.users.to_string()),
            spawn_rate: of_load(offer.spawn_rate.to_string()),
            run_time: of_load(run_time.unwrap_or_default()),
            stages: offer.stages.iter().map(stage).collect(),
            classes: offer.classes.iter().map(class).collect(),
            tags: offer.tags.clone(),
            settings: offer.settings.iter().map(|of| (of.key.clone(), of.value.clone())).collect(),
            plan: text::file(&offer.plan),
            edition: offer.edition,
            mistakes: text::file(&offer.mistakes),
        }
    }
}

fn stage(stage: &OfferedStage) -> String {
    let length = stage.length.map(|length: Duration| format!(" for {}", text::length(length.as_secs_f64())));
    format!("{} ({} users{})", text::line(&stage.name), stage.users, length.unwrap_or_default())
}

fn class(class: &Class) -> OfferedClass {
    let tasks: Vec<_> = class.tasks.iter().map(task).collect();
    OfferedClass {
        name: class.name.clone(),
        share: match class.fixed_count {
            Some(1) => "always 1 user".to_owned(),
            Some(users) => format!("always {users} users"),
            None => format!("weight {}", class.weight),
        },
        tags: json(&class.tasks.iter().map(|task| &task.tags).collect::<Vec<_>>()),
        tasks: if tasks.is_empty() { "no tasks by weight".to_owned() } else { tasks.join(", ") },
    }
}

fn task(task: &Task) -> String {
    let tags = if task.tags.is_empty() {
        String::new()
    } else {
        format!(" [{}]", text::line(&task.tags.join(", ")))
    };
    format!("{} × {}{tags}", text::line(&task.name), task.weight)
}

fn json(lists: &[&Vec<String>]) -> String {
    serde_json::to_string(lists).unwrap_or_default()
}
