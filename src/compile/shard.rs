//! A shard of a plan: its part of the limits of the load, and what no shard can do.
//!
//! A limit is divided by the users that can use it up: by senders for messages, by users with tasks for task runs. A shard
//! with none of them has no such limit, since nothing in it would ever reach it, so something else must end it.

use std::collections::BTreeMap;

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::diagnostic::{Diagnostic, FieldPath, Mark};
use crate::plan::roster::Roster;
use crate::plan::timeline::LoadTimeline;
use crate::plan::{Plan, Step, UserClass};

/// Gives the plan the limits of its shard, or says why the run cannot be divided.
pub(super) fn divide(plan: &mut Plan, problems: &mut Problems<'_>) {
    let shard = plan.shard;
    if shard.is_whole() {
        return;
    }
    let at = FieldPath::root().key("load");
    let mut wrong = |at: FieldPath, message: String, help: &str| {
        problems.add(Diagnostic::error(codes::SHARD, at, message).marking(Mark::Key).help(help));
    };
    if plan.load.search.is_some() {
        let message =
            "a search for the highest rate cannot be divided: each shard would find another one".to_owned();
        wrong(at.key("search"), message, "run it in one process, without `--shard`");
        return;
    }
    // How many users of each class every shard has.
    let mut users = vec![vec![0_u64; shard.of() as usize]; plan.classes.len()];
    LoadTimeline::watched(Roster::of_all(plan), &plan.load, &mut |new| {
        users[new.class.0][shard.of_number(new.number) as usize] += 1;
    });
    let own = |class: usize| users[class][shard.index() as usize];
    if (0..users.len()).all(|class| own(class) == 0) {
        let all: u64 = users.iter().flatten().sum();
        let message = format!("shard {shard} has no user, since the run has {all}");
        wrong(at, message, "divide it into fewer shards, or start more users");
        return;
    }
    let part = |limit: Option<u64>, is_user: &dyn Fn(&UserClass) -> bool| {
        let who: BTreeMap<usize, &Vec<u64>> =
            users.iter().enumerate().filter(|(class, _)| is_user(&plan.classes[*class])).collect();
        let of_shard = |shard: usize| who.values().map(|users| users[shard]).sum();
        let by_shard: Vec<u64> = (0..shard.of() as usize).map(of_shard).collect();
        limit
            .and_then(|limit| shard.part_of(limit, &by_shard))
            .filter(|_| who.keys().any(|class| own(*class) > 0))
    };
    let iterations = part(plan.load.iterations, &|class| !class.tasks.is_empty());
    let messages = part(plan.load.messages, &sends);
    let leaves = |class: &UserClass| class.iterations.is_some() || class.messages.is_some();
    let all_leave = plan.classes.iter().enumerate().all(|(class, of)| own(class) == 0 || leaves(of));
    let ends = LoadTimeline::of(plan).length().is_some() || all_leave;
    for (key, limit, part, what) in [
        ("iterations", plan.load.iterations, iterations, "has tasks"),
        ("messages", plan.load.messages, messages, "sends"),
    ] {
        if limit.is_some() && part.is_none() && iterations.or(messages).is_none() && !ends {
            let message = format!("no user of shard {shard} {what}, so `{key}` never ends it");
            wrong(at.key(key), message, "add `run_time`, or divide the run into fewer shards");
        }
    }
    (plan.load.iterations, plan.load.messages) = (iterations, messages);
}

/// Whether users of the class send messages that count.
fn sends(class: &UserClass) -> bool {
    let tasks = class.tasks.iter().map(|task| &task.steps);
    let mut steps = std::iter::once(&class.on_start).chain(tasks).flat_map(|steps| &steps.0);
    steps.any(|step| matches!(step, Step::Publish(_) | Step::Request(_)))
}

#[cfg(test)]
mod tests;
