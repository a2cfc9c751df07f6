//! Warnings for scenarios that can run but are surely a mistake. The finished plan is checked.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::compile::class::Compiled;
use crate::compile::codes;
use crate::compile::context::Overrides;
use crate::compile::problems::Problems;
use crate::compile::timing::RateOf;
use crate::diagnostic::{Diagnostic, FieldPath};
use crate::plan::load::Users;
use crate::plan::persona::Persona;
use crate::plan::rate::mean_pauses_s;
use crate::plan::reconnect::Reconnect;
use crate::plan::timeline::LoadTimeline;
use crate::plan::{Plan, Step, Steps, UserClass};
use crate::scenario::model::Scenario;
use crate::template;
use crate::template::Varies;

/// From so many users on, a row per user is worth a warning.
const MANY_ROWS: u64 = 1_000;

/// Among so many users of a class equal client ids are looked for: few enough to take no time.
const LOOKED_AT: u32 = 100_000;

/// What compiling a class found out for its warnings, by the index of the class in the plan.
pub(super) struct Notes {
    user_row_places: Vec<FieldPath>,
    measure_places: Vec<FieldPath>,
    timeouts: Vec<(FieldPath, Duration)>,
    pub(super) rate: Option<RateOf>,
    idle_feeds: Vec<FieldPath>,
}

/// Takes classes and notes apart.
pub(super) fn split(classes: Vec<Compiled>) -> (Vec<UserClass>, Vec<Notes>) {
    classes
        .into_iter()
        .map(|Compiled { class, user_row_places, measure_places, timeouts, rate, idle_feeds }| {
            (class, Notes { user_row_places, measure_places, timeouts, rate, idle_feeds })
        })
        .unzip()
}

pub(super) fn warn(
    scenario: &Scenario,
    plan: &Plan,
    notes: &[Notes],
    used_vars: &BTreeSet<String>,
    overrides: &Overrides,
    problems: &mut Problems<'_>,
) {
    let root = FieldPath::root();
    for name in scenario.vars.keys().filter(|name| !used_vars.contains(*name)) {
        let message = format!("`vars.{name}` is not used");
        let help = format!("use it as `${{vars.{name}}}`, or remove it");
        problems.add(
            Diagnostic::warning(codes::UNUSED_VAR, root.key("vars").key(name.as_str()), message).help(help),
        );
    }
    // Counted over all classes of the file: a run of some of them may well leave a broker out.
    for name in scenario.brokers.keys().filter(|_| scenario.brokers.len() > 1) {
        if scenario.user_classes.values().all(|class| class.broker.as_ref() != Some(name)) {
            let message = format!("no user class uses the broker `{name}`");
            let help = "name it as `broker` of a user class, or remove it";
            let at = root.key("brokers").key(name.as_str());
            problems.add(Diagnostic::warning(codes::UNUSED_BROKER, at, message).help(help));
        }
    }
    let timeline = LoadTimeline::of_all(plan);
    warn_of_the_end(scenario, plan, &timeline, overrides, problems);
    let counts = &timeline.most;
    warn_of_counts(plan, &timeline, problems);
    warn_of_client_ids(plan, counts, problems);
    for class in &plan.classes {
        warn_of_rhythm(class, problems);
    }
    for (notes, count) in notes.iter().zip(&timeline.started) {
        for at in notes.user_row_places.iter().filter(|_| *count > MANY_ROWS) {
            let message = format!("this name makes a row of the statistics for each of {count} users");
            problems.add(
                Diagnostic::warning(codes::MANY_ROWS, at.clone(), message)
                    .help("leave out what differs from user to user"),
            );
        }
        for at in notes.measure_places.iter().filter(|_| !plan.stamps()) {
            let message = "no publish of this run stamps its messages";
            problems.add(
                Diagnostic::warning(codes::UNSTAMPED, at.clone(), message)
                    .help("add stamp = \"prefix\" to a publish, or have another run send stamped messages"),
            );
        }
        for at in &notes.idle_feeds {
            let message = "this user class uses no column of the feed";
            problems.add(
                Diagnostic::warning(codes::IDLE_FEED, at.clone(), message)
                    .help("use one as `${row.COLUMN}`, or leave the feed out"),
            );
        }
        let Some(run_time) = timeline.length() else { continue };
        for (at, _) in notes.timeouts.iter().filter(|(_, timeout)| *timeout > run_time) {
            let run_time = humantime::format_duration(run_time);
            let message = format!("this timeout is longer than the run of {run_time}");
            problems.add(
                Diagnostic::warning(codes::TIMEOUT_LONGER_THAN_RUN, at.clone(), message)
                    .help("a missing acknowledgement would not be noticed; make it shorter"),
            );
        }
    }
}

/// A run without end, and one or a stage that ends too early.
fn warn_of_the_end(
    scenario: &Scenario,
    plan: &Plan,
    timeline: &LoadTimeline,
    overrides: &Overrides,
    problems: &mut Problems<'_>,
) {
    let at = FieldPath::root().key("load");
    let load = &plan.load;
    let limited = load.iterations.is_some() || load.messages.is_some() || load.search.is_some();
    let users_leave = plan.classes.iter().all(|class| {
        scenario.user_classes.get(&class.name).is_some_and(|c| c.iterations.is_some() || c.messages.is_some())
    });
    if timeline.length().is_none() && overrides.run_time.is_none() && !limited && !users_leave {
        let message = "no `run_time`: the run goes on until it is stopped";
        problems.add(
            Diagnostic::warning(codes::NO_RUN_TIME, at.key("run_time"), message)
                .help("add one, such as \"5m\", or stop the run with Ctrl-C"),
        );
    }
    let time = humantime::format_duration;
    if !plan.load.is_staged() {
        let ramp = timeline.stages.first().map_or(Duration::ZERO, |stage| stage.ramp);
        if plan.load.run_time.is_some_and(|run_time| run_time < ramp) {
            let message = format!("the run ends before all users have started, which takes {}", time(ramp));
            problems.add(
                Diagnostic::warning(codes::RAMP_LONGER_THAN_RUN, at.key("run_time"), message)
                    .help("the ramp is part of `run_time`: make it longer, or `spawn_rate` higher"),
            );
        }
        return;
    }
    for (index, stage) in timeline.stages.iter().enumerate().filter(|(_, stage)| stage.is_cut) {
        let message = format!("the stage ends before its ramp, which takes {}", time(stage.full_ramp));
        problems.add(
            Diagnostic::warning(
                codes::STAGE_TOO_SHORT,
                at.key("stages").index(index).key("duration"),
                message,
            )
            .help("the ramp is part of `duration`: make it longer, or `spawn_rate` higher"),
        );
    }
}

fn warn_of_counts(plan: &Plan, timeline: &LoadTimeline, problems: &mut Problems<'_>) {
    let at = FieldPath::root().key("user_classes");
    let load_at = FieldPath::root().key("load");
    let staged = plan.load.is_staged();
    let mut wanted = 0;
    for (index, (stage, stage_timeline)) in plan.load.stages.iter().zip(&timeline.stages).enumerate() {
        let Users::Total(users) = stage.users else { continue };
        wanted = wanted.max(users);
        let there: u64 = stage_timeline.users.iter().copied().map(u64::from).sum();
        if there < u64::from(users) && !stage_timeline.is_cut {
            let message =
                format!("only {there} of {users} users start: every user class has a `fixed_count`");
            let at = if staged { load_at.key("stages").index(index) } else { load_at.clone() };
            problems.add(
                Diagnostic::warning(codes::TOO_FEW_USERS, at.key("users"), message)
                    .help("give a user class a `weight`, or make `users` smaller"),
            );
        }
    }
    // Stages that name their classes may leave out what they like.
    let by_class = plan.load.stages.iter().any(|stage| matches!(stage.users, Users::PerClass(_)));
    for (class, count) in plan.classes.iter().zip(&timeline.most) {
        let name = class.name.as_str();
        if *count == 0 && by_class {
            let message = format!("user class `{name}` gets no users");
            problems.add(
                Diagnostic::warning(codes::TOO_FEW_USERS, at.key(name), message)
                    .help("name it under `user_classes` of a stage, or remove it"),
            );
        } else if *count < class.fixed_count && !by_class {
            let message = format!("user class `{name}` gets {count} of its {} users", class.fixed_count);
            let at = at.key(name).key("fixed_count");
            problems.add(
                Diagnostic::warning(codes::TOO_FEW_USERS, at, message)
                    .help(format!("raise `users`, which is {wanted}, or lower a `fixed_count`")),
            );
        } else if *count == 0 {
            let message = format!("user class `{name}` gets no users");
            problems.add(
                Diagnostic::warning(codes::TOO_FEW_USERS, at.key(name), message)
                    .help(format!("raise `users`, which is {wanted}, or the `weight` of the class")),
            );
        }
    }
}

/// What a class does cannot keep to when it should.
fn warn_of_rhythm(class: &UserClass, problems: &mut Problems<'_>) {
    let at = FieldPath::root().key("user_classes").key(class.name.as_str());
    let (pauses_s, period_s) = (mean_pauses_s(class), class.schedule.map(|schedule| schedule.period_s()));
    if let Some(period_s) = period_s.filter(|period_s| pauses_s > *period_s) {
        let time = |seconds| {
            humantime::format_duration(Duration::try_from_secs_f64(seconds).unwrap_or_default()).to_string()
        };
        let (pauses, period) = (time(pauses_s), time(period_s));
        let message =
            format!("its task runs pause for {pauses} on average, longer than the period of {period}");
        problems.add(
            Diagnostic::warning(codes::PAUSES_LONGER_THAN_PERIOD, at.key("rate"), message).help(
                "they get later and later: use more users at a lower `rate`, or shorten the `wait` steps",
            ),
        );
    }
    let sends =
        |steps: &Steps| steps.0.iter().any(|step| matches!(step, Step::Publish(_) | Step::Request(_)));
    if class.messages.is_some()
        && !class.tasks.iter().any(|task| sends(&task.steps))
        && !sends(&class.on_start)
    {
        problems.add(
            Diagnostic::warning(
                codes::NEVER_REACHED,
                at.key("messages"),
                "no task of this class sends messages",
            )
            .help("users would never leave: add a `publish`, or use `iterations`"),
        );
    }
}

/// Maximum number of classes that are compared with one class to find equal client ids.
const MAX_OTHERS: usize = 1000;

/// A broker closes the older of two connections with one client id, so that such users only fight.
fn warn_of_client_ids(plan: &Plan, counts: &[u32], problems: &mut Problems<'_>) {
    // An empty client id has the broker make one.
    let empty = |class: &UserClass| class.client_id.literal() == Some(b"");
    // A user with `reconnect = "never"` causes no fight: after a takeover it stays away.
    let fights = |class: &UserClass| !empty(class) && class.reconnection != Reconnect::Never;
    let classes = || plan.classes.iter().zip(counts).filter(|(class, _)| fights(class)).enumerate();
    for (i, (class, count)) in classes() {
        let at = FieldPath::root().key("user_classes").key(class.name.as_str()).key("client_id");
        let may_have_twin = *count > 0 && !class.client_id.is_unique_in_run();
        // Not all classes are compared if a script wrote the scenario: that would take the square of their number.
        let mut others = classes().take(if may_have_twin { i.min(MAX_OTHERS) } else { 0 });
        let twin = others.find(|(_, (other, other_count))| {
            let same = other.broker == class.broker && other.client_id.renders_like(&class.client_id);
            same && **other_count > 0
        });
        // Who wrote a template of another tool there is told so, and of nothing that follows from it.
        if problems.found.iter().any(|told| told.code == template::codes::OTHER_TEMPLATE && told.at == at) {
            continue;
        }
        let message = if *count > 1 && class.client_id.varies() == Varies::Never {
            format!("all {count} users of this class have the same client id")
        } else if let Some(shared) = shared(plan.seed, class, *count) {
            shared
        } else if let Some((_, (other, _))) = twin {
            format!("users of this class have the same client ids as users of `{}`", other.name)
        } else {
            continue;
        };
        problems.add(
            Diagnostic::warning(codes::SHARED_CLIENT_ID, at, message).help(
                "the broker closes the older of two connections with the same id; add `${user.number}`",
            ),
        );
    }
}

/// What there is to say of a client id that several of the first users of a class have out of a feed, or have drawn.
///
/// Looked for by making them: whether the rows are enough, some are equal or one is drawn twice, all shows there.
fn shared(seed: u64, class: &UserClass, count: u32) -> Option<String> {
    let of_feed = class.client_id.columns().next().is_some();
    if !of_feed && !class.client_id.is_drawn() || class.client_id.is_unique_in_run() {
        return None;
    }
    let looked_at = u64::from(count.min(LOOKED_AT));
    let mut users: HashMap<String, u64> = HashMap::new();
    let mut first = None;
    for index in 0..looked_at {
        let client_id = Persona::with_rows_only(class, seed, index + 1, index).render_next(&class.client_id);
        if client_id.is_empty() {
            continue;
        }
        let same = users.entry(client_id).or_default();
        *same += 1;
        if *same == 2 && first.is_none() {
            first = Some(index);
        }
    }
    let first = Persona::with_rows_only(class, seed, first? + 1, first?).render_next(&class.client_id);
    if of_feed {
        return Some(format!(
            "several users of this class have the client id `{first}`, from one row or from equal rows"
        ));
    }
    let sharing: u64 = users.values().filter(|same| **same > 1).sum();
    let who =
        if sharing == looked_at { format!("all {sharing}") } else { format!("{sharing} of {looked_at}") };
    Some(format!("{who} users of this class draw a client id that another one has, such as `{first}`"))
}
