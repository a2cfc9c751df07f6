//! Shards of random scenarios add up to what one process does.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use crate::compile::{Compiled, Context, Overrides, compile};
use crate::diagnostic::Diagnostic;
use crate::plan::persona::{Buffers, Moment, Persona};
use crate::plan::roster::{NewUser, Roster};
use crate::plan::shard::Shard;
use crate::plan::{Plan, Step};
use crate::scenario::files::Format;
use crate::scenario::source::Source;
use crate::template::NOTHING;

/// Rows of the feed, more than any load here has users.
const ROWS: usize = 400;

fn compiled(text: &str, shard: Shard) -> Result<Compiled, Vec<Diagnostic>> {
    let (_, parsed) = Source::parse("test.toml", text, Format::Toml);
    assert!(parsed.diagnostics.is_empty(), "{:?}\n{text}", parsed.diagnostics);
    let csv = || {
        let rows = (0..ROWS).map(|row| format!("site-{row},{}\n", row * 7));
        Ok(std::iter::once("site,reading\n".to_owned()).chain(rows).collect::<String>().into_bytes())
    };
    let context = Context {
        file_stem: "test",
        env: &|_| None,
        hostname: "localhost",
        run_id: Some("r1"),
        embedded_options: &|_| Ok(()),
        files: &|_, _| csv(),
        folder: &|_| String::new(),
        line: &|_| None,
        overrides: &Overrides { shard, ..Overrides::default() },
        reported: &BTreeSet::new(),
    };
    compile(&parsed.scenario, &context)
}

/// What is wrong with a shard of a scenario.
fn mistakes(text: &str, shard: &str) -> Vec<String> {
    let wrong = compiled(text, shard.parse().unwrap()).err().unwrap_or_default();
    wrong.iter().map(|of| format!("{} {}: {}", of.code, of.at, of.message)).collect()
}

/// One user class.
#[derive(Debug, Clone)]
struct Class {
    /// Below 0 a weight, above it a fixed count.
    share: i32,
    rate: u8,
    order: &'static str,
    per: &'static str,
    sends: bool,
    /// Whether each user sends a message before its tasks.
    greets: bool,
    /// The limit of each user, and what it counts.
    own: Option<(&'static str, u64)>,
}

fn class() -> impl Strategy<Value = Class> {
    let order = prop::sample::select(vec!["sequential", "random", "unique"]);
    let per = prop::sample::select(vec!["user", "message"]);
    let share = prop_oneof![-3..0_i32, 1..6_i32];
    let own = (prop::sample::select(vec!["iterations", "messages"]), 1..20_u64);
    let own = prop::option::weighted(0.2, own);
    (share, 0..3_u8, order, per, prop::bool::weighted(0.8), prop::bool::weighted(0.3), own).prop_map(
        |(share, rate, order, per, sends, greets, own)| Class { share, rate, order, per, sends, greets, own },
    )
}

/// A scenario of these classes, with stages that lead to these numbers of users.
fn text(classes: &[Class], stages: &[(u32, u8)], limits: (Option<u32>, Option<u32>), seed: u64) -> String {
    let limit = |key: &str, limit: Option<u32>| limit.map(|limit| format!("{key} = {limit}"));
    let load: Vec<String> = match stages {
        [(users, rate)] => vec![format!("users = {users}\nspawn_rate = {rate}.5\nrun_time = \"1h\"")],
        _ => Vec::new(),
    };
    let limits = [limit("iterations", limits.0), limit("messages", limits.1)].into_iter().flatten();
    let stages = stages.iter().filter(|_| stages.len() > 1).map(|(users, rate)| {
        format!("[[load.stages]]\nusers = {users}\nspawn_rate = {rate}.5\nduration = \"5s\"")
    });
    let head = format!("version = 1\nseed = {seed}\nbrokers.b.url = \"mqtt://localhost\"\n[load]");
    let classes = classes.iter().enumerate().map(|(index, class)| class.text(index));
    let parts: Vec<String> =
        std::iter::once(head).chain(load).chain(limits).chain(stages).chain(classes).collect();
    parts.join("\n")
}

impl Class {
    fn text(&self, index: usize) -> String {
        let Self { share, rate, order, per, sends, greets, own } = self;
        let share =
            if *share < 0 { format!("weight = {}", -share) } else { format!("fixed_count = {share}") };
        let rate = match rate {
            0 => "",
            1 => "rate = \"2/s\"",
            _ => "rate = { per_class = \"60/s\", phase = \"aligned\" }",
        };
        let publish = "{ publish = { topic = \"${user.index}/${client_id}/${row.site}\", payload = \
                       \"${seq} ${row.reading} ${random_int(1,1000)} ${user.number}\", qos = 1 } }, ";
        let publish = if *sends { publish } else { "" };
        let greet = if *greets { "on_start = [{ publish = { topic = \"hello\" } }]" } else { "" };
        let own = own.map_or_else(String::new, |(key, limit)| format!("{key} = {limit}"));
        format!(
            "[feeds.f{index}]\ncsv = \"f.csv\"\norder = \"{order}\"\nper = \"{per}\"\n\
             [user_classes.c{index}]\nfeeds = [\"f{index}\"]\n{share}\n{rate}\n{greet}\n{own}\n\
             [[user_classes.c{index}.tasks]]\nname = \"t\"\nsteps = [{publish}{{ wait = \"1s\" }}]"
        )
    }

    /// How much of a limit of the load each of its users can use up, or nothing if it cannot be divided because of them.
    fn can_do(&self, key: &str) -> Option<u64> {
        let of_own = self.own.map_or(u64::MAX, |(_, own)| own);
        let is_of_key = self.own.is_none_or(|(counted, _)| counted == key);
        let counts = key == "iterations" || self.sends || self.greets;
        let by_row = self.order == "unique" && self.per == "message" && (self.sends || self.greets);
        let is_possible = !by_row && (is_of_key || !counts);
        let most = if key == "iterations" || self.sends { u64::MAX } else { self.greets.into() };
        is_possible.then_some(if is_of_key { of_own.min(most) } else { most })
    }
}

/// The users that a plan starts, each with the moment since the last stage began.
fn starts(plan: &Plan) -> Vec<(Duration, NewUser)> {
    let mut roster = Roster::of(plan);
    let mut starts = Vec::new();
    for stage in &plan.load.stages {
        roster.ramp_to(&stage.users, stage.spawn_rate);
        let mut time = Duration::ZERO;
        while let Some(change) = roster.next_change() {
            starts.extend(change.start.into_iter().map(|new| (time, new)));
            time += change.wait;
            if change.wait.is_zero() || stage.duration.is_some_and(|duration| time >= duration) {
                break;
            }
        }
    }
    starts
}

/// The client id of a user and its first messages.
fn sends(plan: &Plan, new: NewUser) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let class = &plan.classes[new.class.0];
    let mut persona = Persona::new(class, plan.seed, new.number, new.index);
    let id = String::from_utf8(persona.client_id().to_vec()).unwrap();
    let mut messages = vec![(id.clone(), Vec::new(), Vec::new())];
    let mut buffers = Buffers::default();
    let publishes: Vec<_> = class
        .steps()
        .filter_map(|step| if let Step::Publish(step) = step { Some(step) } else { None })
        .collect();
    for publish in publishes.iter().cycle().take(3 * publishes.len()) {
        let seq = persona.begin_message(class, publish, &mut buffers);
        let moment = Moment { seq, now_ns: 0, received: &NOTHING };
        persona.render_topic(publish, moment, &mut buffers);
        persona.render_body(publish, moment, None, false, &mut buffers);
        let sent = persona.finish_message(publish, seq, None, &mut buffers);
        messages.push((id.clone(), sent.topic.to_vec(), sent.payload.to_vec()));
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn shards_have_the_users_and_messages_of_one_process_each_once(
        classes in prop::collection::vec(class(), 1..4),
        stages in prop::collection::vec((1_u32..60, 1_u8..20), 1..4),
        limits in (prop::option::of(1_u32..10_000), prop::option::of(1_u32..10_000)),
        seed in 0_u64..5,
        of in 2_u32..6,
    ) {
        let text = text(&classes, &stages, limits, seed);
        let whole = compiled(&text, Shard::WHOLE).unwrap().plan;
        let all = starts(&whole);
        let mut users = Vec::new();
        let limits = [("iterations", limits.0), ("messages", limits.1)];
        let limits = limits.map(|(key, limit)| (key, limit.map(u64::from)));
        let can_do = |key: &str, shard: Shard| {
            let own = all.iter().filter(|(_, new)| shard.holds(new.number));
            own.map(|(_, new)| classes[new.class.0].can_do(key)).try_fold(0, |sum, more| Some(u64::saturating_add(sum, more?)))
        };
        let is_possible = limits.iter().all(|(key, limit)| limit.is_none() || can_do(key, Shard::WHOLE).is_some());
        let mut done = [0, 0];
        let mut sent = Vec::new();
        for index in 0..of {
            let shard = Shard::new(index, of).unwrap();
            let own = all.iter().filter(|(_, new)| shard.holds(new.number)).count();
            let compiled = compiled(&text, shard);
            if own == 0 {
                prop_assert!(compiled.is_err());
                continue;
            }
            if !is_possible {
                prop_assert!(compiled.is_err());
                continue;
            }
            let plan = match compiled {
                Ok(compiled) => compiled.plan,
                Err(wrong) => return Err(TestCaseError::fail(format!("{wrong:?}\n{text}"))),
            };
            let parts = [plan.load.iterations, plan.load.messages];
            for ((key, _), (part, done)) in limits.iter().zip(parts.into_iter().zip(&mut done)) {
                // Without a part, its users stop by themselves.
                let most = can_do(key, shard).unwrap_or(0);
                prop_assert!(part.is_none_or(|part| part <= most));
                *done = u64::saturating_add(*done, part.unwrap_or(most));
            }
            for (time, new) in starts(&plan) {
                users.push((time, new));
                sent.extend(sends(&plan, new));
            }
            // All else is the same: rates, feeds, rows, thresholds.
            prop_assert_eq!(&Plan { shard: Shard::WHOLE, load: whole.load.clone(), ..plan }, &whole);
        }
        if !is_possible {
            return Ok(());
        }
        users.sort_by_key(|(_, new)| new.number);
        prop_assert_eq!(&users, &all);
        let mut expected: Vec<_> = all.iter().flat_map(|(_, new)| sends(&whole, *new)).collect();
        expected.sort_unstable();
        sent.sort_unstable();
        prop_assert_eq!(sent, expected);
        for ((key, limit), done) in limits.into_iter().zip(done) {
            if let Some(limit) = limit {
                prop_assert_eq!(done, limit.min(can_do(key, Shard::WHOLE).unwrap()), "{}", key);
            }
        }
    }
}

/// The parts of shards of a limit, and what is said of them.
fn parts(load: &str, classes: &str, of: u32) -> String {
    let text = format!("version = 1\nbrokers.b.url = \"mqtt://localhost\"\nload = {{ {load} }}\n{classes}");
    let mut said = Vec::new();
    let parts: Vec<String> = (0..of)
        .map(|index| {
            let compiled = compiled(&text, Shard::new(index, of).unwrap());
            let (part, found) = match compiled {
                Ok(Compiled { plan, warnings }) => {
                    let part = plan.load.iterations.or(plan.load.messages);
                    (part.map_or("-".to_owned(), |part| part.to_string()), warnings)
                }
                Err(found) => ("x".to_owned(), found),
            };
            let found = found.iter().filter(|of| of.code.ends_with("0267"));
            said.extend(found.map(|of| format!("\n{} {}: {}", of.code, of.at, of.message)));
            part
        })
        .collect();
    said.dedup();
    parts.join(" ") + &said.concat()
}

/// A class with these settings, and a task of these steps.
fn class_of(name: &str, settings: &str, steps: &str) -> String {
    format!("[user_classes.{name}]\n{settings}\ntasks = [{{ name = \"t\", steps = [{steps}] }}]\n")
}

const SEND: &str = "{ publish = { topic = \"t\" } }, { wait = \"5ms\" }";
const ANSWERED: &str = "{ publish = { topic = \"t\", qos = 1 } }";
const RECEIVE: &str = "{ receive = { filter = \"t\", timeout = \"1s\" } }";
const SUBSCRIBES: &str = "on_start = [{ subscribe = { filter = \"t\" } }]";

#[test]
fn a_part_of_a_limit_is_what_the_users_of_the_shard_can_do_of_it() {
    let sender = || class_of("a", "", SEND);
    let hello = "on_start = [{ publish = { topic = \"hello\" } }]";
    let idle = |settings: &str| class_of("b", settings, "{ wait = \"100ms\" }");
    let at_once = "users = 4, spawn_rate = 1000";
    let thousand = format!("{at_once}, iterations = 1000");
    let pair = |a: &str, b: &str| class_of("a", "", a) + &class_of("b", "", b);
    let two_brokers = "[brokers.c]\nurl = \"mqtt://other\"\n".to_owned()
        + &class_of("a", "broker = \"b\"", ANSWERED)
        + &class_of("b", "broker = \"c\"", ANSWERED);
    let said =
        [
            ("alike", parts(&format!("{at_once}, iterations = 10"), &sender(), 3)),
            ("only in on_start", parts(&format!("{at_once}, messages = 60"), &(sender() + &idle(hello)), 2)),
            ("no sender", parts(&format!("{at_once}, messages = 60"), &(sender() + &idle("")), 2)),
            ("a limit of their own", parts(&format!("{at_once}, iterations = 20"), &(sender() + &idle("iterations = 1")), 2)),
            ("never reached", parts(&format!("{at_once}, messages = 60"), &idle(hello), 2)),
            ("slow", parts(&format!("{at_once}, iterations = 200"), &(class_of("a", "rate = \"100/s\"", SEND) + &class_of("b", "rate = \"1/s\"", SEND)), 2)),
            ("a pause or an answer", parts(&format!("{at_once}, iterations = 200"), &(class_of("a", "", ANSWERED) + &idle("")), 2)),
            ("no answer or one", parts(&thousand, &pair("{ publish = { topic = \"t\" } }", ANSWERED), 2)),
            ("an answer or a window", parts(&thousand, &pair(ANSWERED, &ANSWERED.replace("qos = 1", "qos = 1, await_ack = false")), 2)),
            ("one answer or nine", parts(&thousand, &pair(ANSWERED, &format!("{{ repeat = {{ times = 9, steps = [{ANSWERED}] }} }}")), 2)),
            ("a message of others", parts(&thousand, &pair(ANSWERED, &format!("{ANSWERED}, {RECEIVE}")).replace("[user_classes.b]", &format!("[user_classes.b]\n{SUBSCRIBES}")), 2)),
            ("two brokers", parts(&thousand, &two_brokers, 2)),
            (
                "a later stage",
                parts(
                    "iterations = 40, stages = [{ users = 2, spawn_rate = 1000, duration = \"10s\" }, { users = 40, spawn_rate = 1000, duration = \"3s\" }]",
                    &sender(),
                    3
                )
            ),
            ("both limits", parts(&format!("{at_once}, iterations = 20, messages = 10"), &(sender() + &idle("")), 2)),
        ]
        .map(|(what, said)| format!("{what}: {said}"))
        .join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn what_cannot_be_divided_is_a_mistake_and_what_differs_a_warning() {
    let sender = class_of("a", "", SEND);
    let limit = |key: &str| format!("users = 4, spawn_rate = 1000, {key} = 60, run_time = \"1m\"");
    let with = |class: String| sender.clone() + &class;
    let rows = "feeds = [\"f\"]\nclient_id = \"${user.number}\"";
    let feed = "[feeds.f]\ncsv = \"f.csv\"\norder = \"unique\"\nper = \"message\"\n";
    let by_row = feed.to_owned() + &class_of("a", rows, "{ publish = { topic = \"${row.site}\" } }");
    let said = [
        parts(&limit("messages"), &with(class_of("replier", SUBSCRIBES, &format!("{RECEIVE}, {SEND}"))), 2),
        parts(&limit("iterations"), &with(class_of("receiver", SUBSCRIBES, RECEIVE)), 2),
        parts(&limit("iterations"), &with(class_of("echo", SUBSCRIBES, &format!("{SEND}, {RECEIVE}"))), 2),
        parts(&limit("messages"), &with(class_of("b", "iterations = 3", SEND)), 2),
        parts(&limit("iterations"), &with(class_of("b", "messages = 3", SEND)), 2),
        parts(&limit("messages"), &by_row, 2),
        parts(&limit("messages"), &with(class_of("listener", SUBSCRIBES, "{ wait = \"1s\" }")), 3),
        parts("users = 2", &sender, 3),
    ]
    .join("\n\n");
    insta::assert_snapshot!(said);
}

#[test]
fn each_shard_has_an_embedded_broker_of_its_own() {
    let text = format!(
        "version = 1\nbrokers.b.url = \"embedded:\"\nload = {{ users = 4, run_time = \"1m\" }}\n{}",
        class_of("a", "", SEND)
    );
    let warnings = |shard: Shard| compiled(&text, shard).unwrap().warnings;
    assert_eq!(warnings(Shard::WHOLE), []);
    let found: Vec<_> =
        warnings(Shard::new(0, 2).unwrap()).iter().map(|of| format!("{} {}", of.code, of.at)).collect();
    assert_eq!(found, ["W0267 brokers.b"]);
}

#[test]
fn a_search_cannot_be_divided() {
    let search = r#"
version = 1
brokers.b.url = "mqtt://localhost"
load = { users = 4, search = { until = "p99 < 50ms", rate = "1/s..9/s", step = "2s" } }
[user_classes.a]
rate = "1/s"
[[user_classes.a.tasks]]
name = "send"
steps = [{ publish = { topic = "t" } }]
"#;
    assert_eq!(
        mistakes(search, "0/2"),
        [
            "E0267 load.search: a search for the highest rate cannot be divided: each shard would find another one"
        ]
    );
}

#[test]
fn shards_meet_at_a_plain_topic_of_a_broker_that_all_can_reach() {
    let said = |brokers: &str, sync: &str| {
        let text = format!(
            "version = 1\n{brokers}\nload = {{ users = 4, run_time = \"1m\", sync = {{ {sync} }} }}\n[user_classes.a]\nbroker = \"b\"\n\
             [[user_classes.a.tasks]]\nname = \"send\"\nsteps = [{{ publish = {{ topic = \"t\" }} }}, {{ wait = \"1s\" }}]"
        );
        mistakes(&text, "0/2").join("; ")
    };
    let remote = "brokers.b.url = \"mqtt://localhost\"";
    let two = "brokers.b.url = \"mqtt://localhost\"\nbrokers.c.url = \"mqtt://localhost\"";
    for (brokers, sync, expected) in [
        (remote, "topic = \"load/sync\"", ""),
        (two, "topic = \"load/sync\", broker = \"c\", timeout = \"1h\"", ""),
        (
            remote,
            "timeout = \"1m\"",
            "E0202 load.sync.topic: `sync` does not say at which topic the shards meet",
        ),
        (
            remote,
            "topic = \"${run.id}/sync\"",
            "E0207 load.sync.topic: a topic at which shards meet has no templates: it is the same for all of them",
        ),
        (two, "topic = \"t\"", "E0204 load.sync.broker: `sync` must say at which broker the shards meet"),
        (two, "topic = \"t\", broker = \"d\"", "E0203 load.sync.broker: there is no broker `d`"),
        (
            "brokers.b.url = \"embedded:\"",
            "topic = \"t\"",
            "E0267 load.sync: an embedded broker is inside of each process, so shards cannot meet at it",
        ),
        (
            remote,
            "topic = \"t\", timeout = \"0s\"",
            "E0206 load.sync.timeout: a timeout must be longer than 0",
        ),
    ] {
        assert_eq!(said(brokers, sync), expected, "{sync}");
    }
    for topic in ["load/#", "load/+/sync", "", "$share/group/sync", "$SYS/sync"] {
        let said = said(remote, &format!("topic = \"{topic}\""));
        assert!(
            said.starts_with("E0206 load.sync.topic: shards cannot meet at this topic: "),
            "{topic}: {said}"
        );
    }
}
