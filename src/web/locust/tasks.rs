//! `/tasks`: the shares of the user classes that live, and of their tasks.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::web::now::Now;
use crate::web::offer::{Class, Offer};

#[derive(Debug, Serialize)]
pub(super) struct Tasks<'a> {
    per_class: Ratios<'a>,
    total: Ratios<'a>,
}

type Ratios<'a> = BTreeMap<&'a str, ClassRatio<'a>>;

#[derive(Debug, Serialize)]
struct ClassRatio<'a> {
    ratio: f64,
    tasks: BTreeMap<&'a str, TaskRatio>,
}

#[derive(Debug, Serialize)]
struct TaskRatio {
    ratio: f64,
}

impl<'a> Tasks<'a> {
    pub(super) fn of(offer: &'a Offer, now: &Now) -> Self {
        // Locust divides by 1 if there is no user.
        let all = f64::from(now.alive().max(1));
        let share = |class: &Class| {
            let users = now.users.iter().filter(|users| users.class == class.name);
            f64::from(users.map(|users| users.alive).sum::<u32>()) / all
        };
        let ratios = |of: fn(f64) -> f64| {
            let ratio = |class: &'a Class| {
                let share = share(class);
                (&*class.name, ClassRatio { ratio: share, tasks: tasks(class, of(share)) })
            };
            offer.classes.iter().map(ratio).collect()
        };
        Self { per_class: ratios(|_| 1.0), total: ratios(|share| share) }
    }
}

fn tasks(class: &Class, shared: f64) -> BTreeMap<&str, TaskRatio> {
    let all: f64 = class.tasks.iter().map(|task| task.weight).sum();
    let ratio = |weight: f64| if all > 0.0 { weight * shared / all } else { 0.0 };
    class.tasks.iter().map(|task| (&*task.name, TaskRatio { ratio: ratio(task.weight) })).collect()
}
