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
}

fn class() -> impl Strategy<Value = Class> {
    let order = prop::sample::select(vec!["sequential", "random", "unique"]);
    let per = prop::sample::select(vec!["user", "message"]);
    let share = prop_oneof![-3..0_i32, 1..6_i32];
    (share, 0..3_u8, order, per, prop::bool::weighted(0.8))
        .prop_map(|(share, rate, order, per, sends)| Class { share, rate, order, per, sends })
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
        let Self { share, rate, order, per, sends } = self;
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
        format!(
            "[feeds.f{index}]\ncsv = \"f.csv\"\norder = \"{order}\"\nper = \"{per}\"\n\
             [user_classes.c{index}]\nfeeds = [\"f{index}\"]\n{share}\n{rate}\n\
             [[user_classes.c{index}.tasks]]\nname = \"t\"\nsteps = [{publish}{{ wait = \"1s\" }}]"
        )
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
        let (mut iterations, mut messages) = (0, 0);
        let mut sent = Vec::new();
        for index in 0..of {
            let shard = Shard::new(index, of).unwrap();
            let own = all.iter().filter(|(_, new)| shard.holds(new.number)).count();
            let compiled = compiled(&text, shard);
            if own == 0 {
                prop_assert!(compiled.is_err());
                continue;
            }
            let plan = match compiled {
                Ok(compiled) => compiled.plan,
                Err(wrong) => return Err(TestCaseError::fail(format!("{wrong:?}\n{text}"))),
            };
            iterations += plan.load.iterations.unwrap_or(0);
            messages += plan.load.messages.unwrap_or(0);
            for (time, new) in starts(&plan) {
                users.push((time, new));
                sent.extend(sends(&plan, new));
            }
            // All else is the same: rates, feeds, rows, thresholds.
            prop_assert_eq!(&Plan { shard: Shard::WHOLE, load: whole.load.clone(), ..plan }, &whole);
        }
        users.sort_by_key(|(_, new)| new.number);
        prop_assert_eq!(&users, &all);
        let mut expected: Vec<_> = all.iter().flat_map(|(_, new)| sends(&whole, *new)).collect();
        expected.sort_unstable();
        sent.sort_unstable();
        prop_assert_eq!(sent, expected);
        prop_assert_eq!(iterations, whole.load.iterations.unwrap_or(0));
        let anybody_sends = all.iter().any(|(_, new)| classes[new.class.0].sends);
        prop_assert_eq!(messages, whole.load.messages.filter(|_| anybody_sends).unwrap_or(0));
    }
}

/// One sender and three receivers, of which the shard 1 of 2 has two.
const ONE_SENDER: &str = r#"
version = 1
brokers.b.url = "mqtt://localhost"
load = { users = 4, messages = 100 }
[user_classes.a_sender]
fixed_count = 1
[[user_classes.a_sender.tasks]]
name = "send"
steps = [{ publish = { topic = "t" } }, { wait = "1s" }]
[user_classes.receiver]
on_start = [{ subscribe = { filter = "t" } }]
[[user_classes.receiver.tasks]]
name = "receive"
steps = [{ receive = { filter = "t", timeout = "1s" } }]
"#;

#[test]
fn a_limit_belongs_to_the_shards_whose_users_can_reach_it() {
    let timed = ONE_SENDER.replace("messages = 100", "messages = 100, run_time = \"1m\"");
    let messages = |shard: &str| compiled(&timed, shard.parse().unwrap()).unwrap().plan.load.messages;
    assert_eq!(["0/2", "1/2"].map(messages), [Some(100), None]);
}

#[test]
fn what_cannot_be_divided_is_a_mistake() {
    assert_eq!(mistakes(ONE_SENDER, "0/2"), [""; 0]);
    assert_eq!(
        mistakes(ONE_SENDER, "1/2"),
        ["E0267 load.messages: no user of shard 1/2 sends, so `messages` never ends it"]
    );
    assert_eq!(mistakes(ONE_SENDER, "4/5"), ["E0267 load: shard 4/5 has no user, since the run has 4"]);
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
