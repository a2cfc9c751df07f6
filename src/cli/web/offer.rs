//! What the live page offers to run, from the plan and the files that it was made of.

use std::collections::BTreeSet;

use crate::cli::changeable::Changeable;
use crate::cli::load::Loaded;
use crate::describe::describe;
use crate::plan::target::Target;
use crate::plan::timeline::LoadTimeline;
use crate::plan::{Plan, UserClass};
use crate::web::offer::{Class, Offer, OfferedStage, Setting, Task};

/// What can be run. `file` is the path of the scenario as it was given.
pub(super) fn offer(loaded: &Loaded, file: String) -> Offer {
    let plan = &loaded.plan;
    let timeline = LoadTimeline::of(plan);
    let staged = plan.load.is_staged();
    let stages = timeline.stages.iter().enumerate().filter(|_| staged).map(|(index, stage)| OfferedStage {
        name: plan.load.stage_name(index),
        users: stage.users.iter().sum(),
        length: plan.load.stages.get(index).and_then(|stage| stage.duration),
    });
    Offer {
        edition: 0,
        mistakes: String::new(),
        scenario: plan.name.clone(),
        file,
        users: timeline.most_in_all,
        spawn_rate: plan.load.stages.first().map_or(1.0, |stage| stage.spawn_rate),
        run_time: timeline.length(),
        host: host(plan),
        stages: stages.collect(),
        classes: plan.classes.iter().map(|of| class(of, &loaded.changeable)).collect(),
        tags: loaded
            .changeable
            .tags
            .values()
            .flatten()
            .cloned()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        settings: loaded
            .changeable
            .settings
            .iter()
            .map(|(key, value)| Setting { key: key.clone(), value: value.clone() })
            .collect(),
        plan: describe(plan),
    }
}

/// The address of the only broker; empty for an embedded one, and for several.
pub(super) fn host(plan: &Plan) -> String {
    match plan.brokers.as_slice() {
        [broker] if matches!(broker.target, Target::Remote { .. }) => broker.target.to_string(),
        _ => String::new(),
    }
}

fn class(of: &UserClass, changeable: &Changeable) -> Class {
    let tags = |task: &str| changeable.tags.get(&(of.name.clone(), task.to_owned())).cloned();
    let task = |task: &crate::plan::Task| Task {
        name: task.name.clone(),
        weight: f64::from(task.weight),
        tags: tags(&task.name).unwrap_or_default(),
    };
    Class {
        name: of.name.clone(),
        fixed_count: (of.fixed_count > 0).then_some(of.fixed_count),
        weight: of.weight,
        tasks: of.tasks.iter().map(task).collect(),
    }
}
