//! A shard of a plan: its part of the limits of the load, and what no shard can do.
//!
//! Shards do not hear of each other. So a limit of all users is refused if some of them work until others have finished, and
//! a limit of each user, which needs no dividing, is proposed instead.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::compile::codes;
use crate::compile::problems::Problems;
use crate::compile::shard::parts::{Pace, Worker, most, parts};
use crate::diagnostic::{Diagnostic, FieldPath, Mark};
use crate::plan::feed::{FeedOrder, FeedPer};
use crate::plan::rate;
use crate::plan::roster::Roster;
use crate::plan::target::Target;
use crate::plan::timeline::LoadTimeline;
use crate::plan::{BrokerId, Plan, Publish, Step, UserClass};

mod parts;

/// How long users wait for an answer, in seconds: limits are divided by that, since nobody knows it before the run.
const ASSUMED_S: f64 = 0.002;

/// The least and the most that they may wait. If the parts depend on it, that is said.
const FAST_S: f64 = 0.0001;
const SLOW_S: f64 = 0.05;

/// What the program itself takes for a step, in seconds: how fast users are that wait for nothing.
const OWN_S: f64 = 0.000_01;

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
    let workers = workers(plan);
    if workers.iter().all(|worker| worker.shard != shard.index()) {
        let message = format!("shard {shard} has no user, since the run has {}", workers.len());
        wrong(at, message, "divide it into fewer shards, or start more users");
        return;
    }
    for broker in plan.brokers.iter().filter(|of| matches!(of.target, Target::Embedded { .. })) {
        let message =
            "each shard has an embedded broker of its own, so its users meet nobody of another shard";
        let at = FieldPath::root().key("brokers").key(&*broker.name);
        problems.add(
            Diagnostic::warning(codes::PART_OF_ONE, at, message).help(
                "start one with `mqtt-scenario broker`, and give its address to all shards with `--host`",
            ),
        );
    }
    [plan.load.iterations, plan.load.messages] = own_limits(plan, &workers, problems);
}

/// All users of the run, in the order of their numbers.
fn workers(plan: &Plan) -> Vec<Worker> {
    let mut workers: Vec<Worker> = Vec::new();
    LoadTimeline::watched(Roster::of_all(plan), &plan.load, &mut |now, change| {
        for number in &change.stop {
            let worker = usize::try_from(number - 1).ok().and_then(|index| workers.get_mut(index));
            if let Some(worker) = worker {
                worker.stops = now;
            }
        }
        workers.extend(change.start.iter().map(|new| Worker {
            shard: plan.shard.of_number(new.number),
            class: new.class.0,
            starts: now,
            stops: Duration::MAX,
        }));
    });
    workers
}

/// The limits of the shard on iterations and on messages.
fn own_limits(plan: &Plan, workers: &[Worker], problems: &mut Problems<'_>) -> [Option<u64>; 2] {
    let (shard, at) = (plan.shard, FieldPath::root().key("load"));
    let (index, is_only_limit) =
        (shard.index() as usize, plan.load.iterations.is_none() || plan.load.messages.is_none());
    let mut with_users = vec![false; plan.classes.len()];
    for worker in workers {
        with_users[worker.class] = true;
    }
    let classes: Vec<_> = plan
        .classes
        .iter()
        .zip(with_users)
        .filter_map(|(class, is_there)| is_there.then_some(class))
        .collect();
    let (mut own, mut reached) = ([None; 2], [None; 2]);
    for ((counted, limit), (own, reached)) in
        [(Counted::Iterations, plan.load.iterations), (Counted::Messages, plan.load.messages)]
            .into_iter()
            .zip(own.iter_mut().zip(&mut reached))
    {
        let (Some(limit), key) = (limit, counted.key()) else { continue };
        let mut say =
            |diagnostic: Diagnostic, help: String| problems.add(diagnostic.marking(Mark::Key).help(help));
        if let Some((message, help)) = classes.iter().find_map(|class| counted.indivisible(class)) {
            say(Diagnostic::error(codes::SHARD, at.key(key), message), help);
            continue;
        }
        let usual = counted.paces(plan, &|_| ASSUMED_S);
        let most = most(workers, &usual, shard.of());
        let in_all = most.iter().try_fold(0_u64, |sum, most| most.map(|most| sum.saturating_add(most)));
        if in_all.is_some_and(|in_all| in_all < limit) {
            // Nobody reaches it, in one process or in many.
            continue;
        }
        let divided = |paces: &[Pace]| parts(limit, workers, paces, &most);
        let parts = divided(&usual);
        *reached = Some(parts[index]);
        // What users cannot exceed needs no limit, if another one ends the run.
        *own = reached.filter(|part| is_only_limit || most[index].is_none_or(|most| most > *part));
        let mut warn = |message: String, help: String| {
            say(Diagnostic::warning(codes::PART_OF_ONE, at.key(key), message), help);
        };
        let if_fast = |fast: &BTreeSet<Awaited>| {
            divided(
                &counted
                    .paces(plan, &|class| if fast.contains(&awaited_by(class)) { FAST_S } else { SLOW_S }),
            )
        };
        if are_apart(&may_be_fast(&classes).iter().map(if_fast).collect::<Vec<_>>()) {
            let message = format!(
                "shards may need different times for their parts of `{key}`, since it is not known how fast their users are"
            );
            warn(message, format!("give the classes `{key}`, which is a limit of each user, or a `rate`"));
        }
        if *own == Some(0) {
            let message = format!("shard {shard} ends at once: its users have no part of `{key}`");
            warn(message, "divide the run into fewer shards, or end it by `run_time`".to_owned());
        }
    }
    let listens =
        |class: &&&UserClass| !sends(class) && class.steps().any(|step| matches!(step, Step::Subscribe(_)));
    if let Some(class) = classes.iter().find(listens)
        && reached.iter().any(Option::is_some)
        && classes.iter().any(|class| sends(class))
    {
        let message = format!(
            "users of `{}` leave when their own shard has finished, and miss what others send later",
            class.name
        );
        problems.add(Diagnostic::warning(codes::PART_OF_ONE, at, message).help(
            "end the run by `run_time`, and let the senders have `iterations` or `messages` of each user",
        ));
    }
    if own.iter().any(Option::is_some) { own } else { reached }
}

/// Which of the things that users of these classes wait for may answer fast while the others answer slowly: all, none, or one.
fn may_be_fast(classes: &[&UserClass]) -> BTreeSet<BTreeSet<Awaited>> {
    let all: BTreeSet<Awaited> = classes.iter().map(|class| awaited_by(class)).collect();
    let one = all.iter().map(|one| BTreeSet::from([*one]));
    one.chain([BTreeSet::new(), all.clone()]).collect()
}

/// Whether a shard has quite another part if users are faster or slower.
fn are_apart(possible: &[Vec<u64>]) -> bool {
    let shards = possible.first().map_or(0, Vec::len);
    (0..shards).any(|shard| {
        let parts = || possible.iter().map(|parts| parts[shard]);
        let (least, most) = (parts().min().unwrap_or(0), parts().max().unwrap_or(0));
        most - least > 1 + most / 5
    })
}

/// What users wait for: a broker, and whether for messages of others too.
type Awaited = (BrokerId, bool);

/// What users of a class wait for.
fn awaited_by(class: &UserClass) -> Awaited {
    (class.broker, class.steps().any(|step| matches!(step, Step::Receive(_) | Step::Request(_))))
}

/// How many answers a step waits for, one after the other. A broker may owe so many acknowledgements of messages for which no
/// step waits.
fn answers(step: &Step, inflight: u16) -> f64 {
    let of_message = |publish: &Publish| {
        let acknowledgements = f64::from(publish.qos.level());
        if publish.await_ack { acknowledgements } else { acknowledgements / f64::from(inflight) }
    };
    match step {
        Step::Publish(publish) => of_message(publish),
        Step::Request(exchange) => of_message(&exchange.publish) + 1.0,
        Step::Connect(_) | Step::Subscribe(_) | Step::Unsubscribe(_) | Step::Receive(_) => 1.0,
        Step::Disconnect { .. } | Step::Wait(_) | Step::Repeat { .. } | Step::EndRepeat { .. } => 0.0,
    }
}

/// What a limit of the load counts.
#[derive(Debug, Clone, Copy)]
enum Counted {
    Iterations,
    Messages,
}

impl Counted {
    /// The key of the scenario.
    fn key(self) -> &'static str {
        match self {
            Self::Iterations => "iterations",
            Self::Messages => "messages",
        }
    }

    /// Why a limit of this kind cannot be divided among shards with users of a class, and the cure.
    fn indivisible(self, class: &UserClass) -> Option<(String, String)> {
        let (key, name) = (self.key(), &class.name);
        let replies = class.tasks.iter().any(|task| {
            let talks = |step: &&Step| matches!(step, Step::Receive(_) | Step::Publish(_) | Step::Request(_));
            matches!(task.steps.0.iter().find(talks), Some(Step::Receive(_)))
        });
        let (other, leaves) = match self {
            Self::Iterations => ("messages", class.messages.is_some()),
            Self::Messages => ("iterations", class.iterations.is_some() && sends(class)),
        };
        let by_row = class.feeds.iter().any(|of| of.order == FeedOrder::Unique && of.per == FeedPer::Message);
        if replies {
            let message = format!(
                "`{key}` of all users cannot be divided: users of `{name}` wait for messages of others, and a shard does not know when those have finished"
            );
            let help =
                format!("end the run by `run_time`, or give the other classes `{key}`, a limit of each user");
            return Some((message, help));
        }
        let until = if leaves {
            format!("after their own `{other}`")
        } else {
            "when their rows are used up".to_owned()
        };
        (leaves || by_row && sends(class)).then(|| {
            let message = format!("`{key}` of all users cannot be divided: users of `{name}` leave {until}");
            (
                message,
                format!("remove `{key}` here, or give it to the classes: there it is a limit of each user"),
            )
        })
    }

    /// How fast users of each class use the limit up, if those of a class wait so long for an answer.
    fn paces(self, plan: &Plan, answer_s: &dyn Fn(&UserClass) -> f64) -> Vec<Pace> {
        let of_class =
            |class: &UserClass| self.pace(class, plan.brokers[class.broker.0].inflight, answer_s(class));
        plan.classes.iter().map(of_class).collect()
    }

    fn pace(self, class: &UserClass, inflight: u16, answer_s: f64) -> Pace {
        let takes_s = |step: &Step| match step {
            // A schedule catches up.
            _ if class.schedule.is_some() => 0.0,
            Step::Wait(_) | Step::Repeat { .. } | Step::EndRepeat { .. } => 0.0,
            step => OWN_S + answer_s * answers(step, inflight),
        };
        let ((messages, run_s), (at_start, begins_s)) =
            (rate::mean_run(class, &takes_s), rate::on_start(class));
        let runs_per_s = 1.0 / run_s.max(OWN_S);
        let runs = |runs_per_s| if class.tasks.is_empty() { 0.0 } else { runs_per_s };
        let (at_once, per_s, own) = match self {
            Self::Iterations => (0.0, runs(runs_per_s), class.iterations),
            Self::Messages => (at_start, runs(runs_per_s) * messages, class.messages),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 up"
        )]
        let at_start = (per_s == 0.0).then_some(at_once as u64);
        Pace { at_once, begins_s, per_s, most: own.into_iter().chain(at_start).min() }
    }
}

/// Whether users of the class send messages that count.
fn sends(class: &UserClass) -> bool {
    rate::mean_run(class, &rate::no_time).0 + rate::on_start(class).0 > 0.0
}

#[cfg(test)]
mod tests;
