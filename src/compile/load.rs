//! The load: a number of users or stages, what ends the run, and what the command line says instead.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::compile::codes;
use crate::compile::context::Overrides;
use crate::compile::problems::{LONGEST, Problems, suggestion};
use crate::compile::rate_search::compile_search;
use crate::diagnostic::{Diagnostic, FieldPath, Mark};
use crate::plan::ClassId;
use crate::plan::load::{After, Load, MAX_USERS, MassDisconnect, Stage, Users};
use crate::scenario::model::{self, Scenario};
use crate::template::names::quoted;
use crate::units::HumanDuration;

/// Users started per second unless the scenario says otherwise.
const SPAWN_RATE: f64 = 1.0;

/// Compiles the load for the classes of the run, which are `selected`.
pub(super) fn compile_load(
    scenario: &Scenario,
    selected: &BTreeSet<&str>,
    overrides: &Overrides,
    problems: &mut Problems<'_>,
) -> Load {
    let load = &scenario.load;
    let at = FieldPath::root().key("load");
    let stages = if load.stages.is_empty() {
        vec![plain(load, &at, overrides, problems)]
    } else {
        refuse_beside_stages(load, &at, overrides, problems);
        Stages { scenario, selected, overrides, problems }.compile(&at.key("stages"))
    };
    let run_time_at = at.key("run_time");
    let run_time = match (overrides.run_time, load.run_time) {
        (Some(Duration::ZERO), _) | (None, None) => None,
        (Some(run_time), _) => Some(problems.duration(HumanDuration(run_time), &run_time_at)),
        (None, Some(run_time)) => Some(problems.positive_duration(run_time, "the run time", &run_time_at)),
    };
    let stop_timeout = overrides.stop_timeout.map(HumanDuration).or(load.stop_timeout);
    let stop_timeout = problems.duration(stop_timeout.unwrap_or_default(), &at.key("stop_timeout"));
    for (key, limit, what) in
        [("iterations", load.iterations, "task run"), ("messages", load.messages, "message")]
    {
        if limit == Some(0) {
            let message = format!("`{key}` must be at least 1");
            let help = format!("leave it out, or write the number of {what}s that ends the run");
            problems.range(&at.key(key), message, help);
        }
    }
    let search = compile_search(scenario, selected, problems);
    let (iterations, messages) = (load.iterations, load.messages);
    Load { stages, run_time, stop_timeout, iterations, messages, search }
}

/// A load without stages, as the only stage.
fn plain(
    load: &model::load::Load,
    at: &FieldPath,
    overrides: &Overrides,
    problems: &mut Problems<'_>,
) -> Stage {
    let users = overrides.users.or(load.users).unwrap_or(1);
    if users == 0 {
        problems.range(&at.key("users"), "there must be at least 1 user", "write 1 or more");
    }
    check_most(u64::from(users), &at.key("users"), problems);
    let spawn_rate = overrides.spawn_rate.or(load.spawn_rate).unwrap_or(SPAWN_RATE);
    check_spawn_rate(spawn_rate, &at.key("spawn_rate"), problems);
    let (users, after) = (Users::Total(users), After::AtOnce);
    Stage { name: None, users, spawn_rate, duration: None, after, mass_disconnect: None }
}

fn check_most(users: u64, at: &FieldPath, problems: &mut Problems<'_>) {
    if users > u64::from(MAX_USERS) {
        let message = format!("{users} users are more than the {MAX_USERS} that a run can have");
        problems.range(at, message, "spread them over several machines");
    }
}

fn check_spawn_rate(spawn_rate: f64, at: &FieldPath, problems: &mut Problems<'_>) {
    let help = "it is the number of users started per second, such as 10 or 0.5";
    if !(spawn_rate.is_finite() && spawn_rate > 0.0) {
        problems.range(at, "the spawn rate must be a number above 0", help);
    } else if 1.0 / spawn_rate > LONGEST.as_secs_f64() {
        problems.range(at, "the spawn rate cannot be below one user in 10 years", help);
    }
}

/// What a load without stages would say, and its flags.
fn refuse_beside_stages(
    load: &model::load::Load,
    at: &FieldPath,
    overrides: &Overrides,
    problems: &mut Problems<'_>,
) {
    let beside: Vec<_> = [
        ("users", load.users.is_some(), "users"),
        ("spawn_rate", load.spawn_rate.is_some(), "spawn_rate"),
        ("run_time", load.run_time.is_some(), "duration"),
    ]
    .into_iter()
    .filter_map(|(key, is_there, instead)| is_there.then_some((key, instead)))
    .collect();
    if let Some((first, _)) = beside.first() {
        let message =
            format!("{} and `stages` exclude each other", quoted(beside.iter().map(|(key, _)| *key)));
        let own = quoted(beside.iter().map(|(_, instead)| *instead));
        let them = if beside.len() == 1 { "it" } else { "them" };
        let help = format!("remove {them}: each stage has its own {own}");
        problems
            .add(Diagnostic::error(codes::CONFLICT, at.key(*first), message).marking(Mark::Key).help(help));
    }
    for (flag, key, is_there) in [
        ("--users", "users", overrides.users.is_some()),
        ("--spawn-rate", "spawn_rate", overrides.spawn_rate.is_some()),
    ] {
        if is_there {
            let message = format!("`{flag}` does not say which of the stages it means");
            let help = format!("change one with `--set load.stages[0].{key}=N`");
            problems.add(
                Diagnostic::error(codes::FLAG_BESIDE_STAGES, at.key("stages"), message)
                    .marking(Mark::Key)
                    .help(help),
            );
        }
    }
}

struct Stages<'a, 'p, 'r> {
    scenario: &'a Scenario,
    selected: &'a BTreeSet<&'a str>,
    overrides: &'a Overrides,
    problems: &'p mut Problems<'r>,
}

impl Stages<'_, '_, '_> {
    fn compile(&mut self, at: &FieldPath) -> Vec<Stage> {
        let mut spawn_rate = SPAWN_RATE;
        let mut stages = Vec::new();
        for (i, stage) in self.scenario.load.stages.iter().enumerate() {
            let at = at.index(i);
            if let Some(rate) = stage.spawn_rate {
                check_spawn_rate(rate, &at.key("spawn_rate"), self.problems);
                spawn_rate = rate;
            }
            let users = self.users(stage, &at);
            let duration = self.duration(stage, &at);
            let after = stage.after.unwrap_or_default();
            stages.push(Stage {
                name: stage.name.clone(),
                users,
                spawn_rate,
                duration: Some(duration),
                after,
                mass_disconnect: self.mass_disconnect(stage, i, &at),
            });
        }
        let none = stages.iter().all(|stage| match &stage.users {
            Users::Total(users) => *users == 0,
            Users::PerClass(counts) => counts.iter().all(|count| *count == 0),
        });
        // Otherwise something is said about the missing numbers already.
        let all_say =
            self.scenario.load.stages.iter().all(|s| s.users.is_some() || !s.user_classes.is_empty());
        if none && all_say {
            self.problems.range(at, "no stage has any user", "give one of them `users` above 0");
        }
        stages
    }

    fn mass_disconnect(
        &mut self,
        stage: &model::load::Stage,
        index: usize,
        at: &FieldPath,
    ) -> Option<MassDisconnect> {
        let (share_at, of_at) = (at.key("drop_connections"), at.key("drop_connections_of"));
        for (i, name) in stage.drop_connections_of.iter().enumerate() {
            self.check_class(name, of_at.index(i), Mark::Value);
        }
        let Some(share) = stage.drop_connections else {
            if !stage.drop_connections_of.is_empty() && !self.problems.absence_explained(&share_at) {
                let message = "`drop_connections_of` needs `drop_connections`";
                let help = "add the share of their users: 0.5 for half of them, 1 for all";
                self.problems
                    .add(Diagnostic::error(codes::CONFLICT, of_at, message).marking(Mark::Key).help(help));
            }
            return None;
        };
        if !(0.0..=1.0).contains(&share) {
            let help = "it is a share of the users: 0.5 for half of them, 1 for all";
            self.problems.range(&share_at, "`drop_connections` must be from 0 to 1", help);
        } else if index == 0 && share > 0.0 {
            let message = "the first stage drops connections, but nobody is connected before it";
            let help = "put a stage before it in which users connect";
            self.problems.add(Diagnostic::error(codes::NOTHING_TO_DROP, share_at, message).help(help));
        }
        let is_meant = |name: &&str| {
            stage.drop_connections_of.is_empty() || stage.drop_connections_of.iter().any(|of| of == name)
        };
        let of = self.selected.iter().enumerate().filter(|(_, name)| is_meant(name));
        let of: Vec<_> = of.map(|(index, _)| ClassId(index)).collect();
        (share > 0.0 && !of.is_empty()).then_some(MassDisconnect { share, of })
    }

    fn users(&mut self, stage: &model::load::Stage, at: &FieldPath) -> Users {
        match (stage.users, stage.user_classes.is_empty()) {
            (None, true) => {
                let message = "the stage does not say how many users it has";
                let help = "add `users`, or a number for each class under `user_classes`";
                let by_class = at.key("user_classes");
                if !self.problems.absence_explained(&by_class) {
                    self.problems
                        .add_absence(Diagnostic::error(codes::MISSING, at.key("users"), message).help(help));
                }
                Users::Total(0)
            }
            (Some(users), true) => {
                check_most(u64::from(users), &at.key("users"), self.problems);
                Users::Total(users)
            }
            (users, false) => {
                if users.is_some() {
                    let message = "`users` and `user_classes` of a stage exclude each other";
                    let help = "`users` divides them by weights and fixed counts, `user_classes` gives a number for each class: keep one";
                    self.problems
                        .add(Diagnostic::error(codes::CONFLICT, at.key("users"), message).help(help));
                }
                self.per_class(stage, &at.key("user_classes"))
            }
        }
    }

    fn per_class(&mut self, stage: &model::load::Stage, at: &FieldPath) -> Users {
        for name in stage.user_classes.keys() {
            self.check_class(name, at.key(name.as_str()), Mark::Key);
        }
        let counts = self.selected.iter().map(|name| stage.user_classes.get(*name).copied().unwrap_or(0));
        let counts: Vec<u32> = counts.collect();
        check_most(counts.iter().copied().map(u64::from).sum(), at, self.problems);
        Users::PerClass(counts)
    }

    /// Notes a class that does not exist or has no users.
    fn check_class(&mut self, name: &str, place: FieldPath, mark: Mark) {
        let known = &self.scenario.user_classes;
        let unread = FieldPath::root().key("user_classes").key(name);
        if !known.contains_key(name) {
            if known.is_empty() || self.problems.absence_explained(&unread) {
                return;
            }
            let help = suggestion(name, "user classes", known.keys().map(String::as_str));
            let message = format!("there is no user class `{name}`");
            self.problems
                .add(Diagnostic::error(codes::UNKNOWN_CLASS, place, message).marking(mark).help(help));
        } else if !self.selected.contains(name) && self.is_asked_for(name) {
            let message = format!("the stage asks for users of `{name}`, a class without users");
            let help = "give the class a `weight` above 0, or remove it here";
            self.problems.add(Diagnostic::error(codes::CONFLICT, place, message).marking(mark).help(help));
        }
    }

    /// Whether a class would be part of the run by the command line.
    fn is_asked_for(&self, name: &str) -> bool {
        self.overrides.user_classes.is_empty()
            || self.overrides.user_classes.iter().any(|asked| asked == name)
    }

    fn duration(&mut self, stage: &model::load::Stage, at: &FieldPath) -> Duration {
        let at = at.key("duration");
        if let Some(duration) = stage.duration {
            return self.problems.positive_duration(duration, "a stage", &at);
        }
        let message = "the stage does not say how long it lasts";
        let help =
            "add `duration`, such as \"1m\"; the ramp is part of it unless the stage is `after` `connected`";
        self.problems.add_absence(Diagnostic::error(codes::MISSING, at, message).help(help));
        Duration::ZERO
    }
}
