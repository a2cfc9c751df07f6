//! When users act and when they leave, as compiled.

use mqtt_scenario::plan::schedule::{Phase, Schedule};
use mqtt_scenario::plan::wait::{Pause, WaitTime};
use mqtt_scenario::plan::{OnError, TaskOrder, UserClass};

use super::*;

/// A scenario with these keys in its only class, which has a task of its own unless they have a `sequence`.
fn with_keys(keys: &str) -> String {
    let text = "version = 1\nbrokers.b.url = \"embedded:\"\nload = { run_time = \"1m\", users = 4 }\n";
    let tasks = "[[user_classes.device.tasks]]\nname = \"t\"\nsteps = [{ publish = { topic = \"a\" } }]\n";
    let tasks = if keys.contains("sequence") { "" } else { tasks };
    format!("{text}[user_classes.device]\n{keys}\n{tasks}")
}

fn class(keys: &str) -> UserClass {
    let Compiled { mut plan, warnings } = compiled(&with_keys(keys)).unwrap();
    assert_eq!(listed(&warnings), "", "{keys}");
    plan.classes.remove(0)
}

#[test]
fn a_schedule_is_that_of_each_user() {
    let ms = Duration::from_millis;
    for (rate, per_user, jitter, phase) in [
        ("\"10/s\"", 10.0, 0, Phase::Random),
        ("\"6/min\"", 0.1, 0, Phase::Random),
        ("{ per_user = \"10/s\", jitter = \"99ms\", phase = \"aligned\" }", 10.0, 99, Phase::Aligned),
        // Of four users.
        ("{ per_class = \"10/s\", jitter = \"399ms\", phase = \"random\" }", 2.5, 399, Phase::Random),
    ] {
        let class = class(&format!("rate = {rate}"));
        assert_eq!(class.schedule, Some(Schedule { per_user, jitter: ms(jitter), phase }), "{rate}");
        assert_eq!(class.wait_time, WaitTime::ZERO);
    }
    assert_eq!(class("").schedule, None);
}

#[test]
fn a_rate_of_a_class_is_divided_by_the_users_that_it_gets() {
    let two = with_keys("rate = { per_class = \"9/s\" }")
        + r#"
[user_classes.other]
fixed_count = 1
[[user_classes.other.tasks]]
name = "t"
steps = [{ publish = { topic = "a" } }]
"#;
    let plan = compiled(&two).unwrap().plan;
    let schedule = Schedule { per_user: 3.0, jitter: Duration::ZERO, phase: Phase::Random };
    assert_eq!(plan.classes[0].schedule, Some(schedule), "one of four users is the other's");
}

#[test]
fn what_a_class_says_is_in_the_plan() {
    let class_of = class;
    let class = class_of(
        "iterations = 3\nmessages = 5\non_error = \"stop_user\"\nwait_time = { exponential = \"2s\" }",
    );
    assert_eq!((class.iterations, class.messages, class.on_error), (Some(3), Some(5), OnError::StopUser));
    assert_eq!(class.wait_time, WaitTime::Pause(Pause::Exponential(Duration::from_secs(2))));
    assert_eq!(class_of("on_error = \"continue\"").on_error, OnError::Continue);
    let class = class_of("");
    assert_eq!((class.iterations, class.messages, class.on_error), (None, None, OnError::AbortTask));
    assert_eq!(class.order, TaskOrder::Weighted);
}

const SEQUENCE: &str = r#"
[[user_classes.device.sequence]]
name = "b"
tags = ["x"]
steps = [{ wait = { between = ["1s", "2s"] } }, { wait = { exponential = "3s" } }, { wait = "4s" }]
[[user_classes.device.sequence]]
name = "a"
steps = [{ publish = { topic = "a" } }]
[[user_classes.device.sequence]]
name = "c"
tags = ["x", "y"]
steps = [{ publish = { topic = "c" } }]
"#;

#[test]
fn a_sequence_keeps_its_order_and_tags_choose_from_it() {
    let s = Duration::from_secs;
    let device = class(SEQUENCE);
    let names = |class: &UserClass| class.tasks.iter().map(|task| task.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (device.order, names(&device)),
        (TaskOrder::Sequence, vec!["b".into(), "a".into(), "c".into()])
    );
    let pauses = [Pause::Between(s(1), s(2)), Pause::Exponential(s(3)), Pause::Constant(s(4))];
    assert_eq!(device.tasks[0].steps.0, pauses.map(Step::Wait));
    let tagged = Overrides { tags: vec!["x".into()], exclude_tags: vec!["y".into()], ..Overrides::default() };
    let plan = compiled_with(&with_keys(SEQUENCE), &tagged).unwrap().plan;
    assert_eq!(names(&plan.classes[0]), ["b"]);
    let none = Overrides { tags: vec!["z".into()], ..Overrides::default() };
    let found = compiled_with(&with_keys(SEQUENCE), &none).unwrap_err();
    assert_eq!(
        listed(&found),
        "E0210 user_classes.device.sequence: no task is left in user class `device`: the tags choose no task\n      \
         the tags of its tasks are: `x`, `y`"
    );
}

#[test]
fn equal_weights_leave_out_who_has_none() {
    let tasks = "weight = 5\n[[user_classes.device.tasks]]\nname = \"a\"\nweight = 3\nsteps = [{ wait = \"1s\" \
                 }]\n[[user_classes.device.tasks]]\nname = \"never\"\nweight = 0\nsteps = [{ wait = \"1s\" }]\n";
    let equal = Overrides { equal_weights: true, ..Overrides::default() };
    let plan = compiled_with(&with_keys(tasks), &equal).unwrap().plan;
    let device = &plan.classes[0];
    let weights: Vec<_> = device.tasks.iter().map(|task| (task.name.as_str(), task.weight)).collect();
    assert_eq!((device.weight, &*weights), (1.0, &[("a", 1), ("t", 1)][..]));
}

/// An abstract class, alone.
const BASE: &str = r#"
[user_classes.base]
abstract = true
password = "for a user name of others"
wait_time = { constant = "1s" }
"#;

#[test]
fn an_abstract_class_has_no_users_and_may_lack_what_others_add() {
    let brokers = with_keys("broker = \"b\"").replacen("[user", "[brokers.c]\nurl = \"embedded:\"\n[user", 1);
    let Compiled { plan, warnings } = compiled(&(brokers + BASE)).unwrap();
    let names: Vec<&str> = plan.classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, ["device"]);
    assert_eq!(
        listed(&warnings),
        "W0208 brokers.c: no user class uses the broker `c`\n      \
                                   name it as `broker` of a user class, or remove it"
    );
    let asked = Overrides { user_classes: vec!["base".into()], ..Overrides::default() };
    let asked = compiled_with(&(with_keys("") + BASE), &asked).unwrap_err();
    let alone = errors(&format!("version = 1\nbrokers.b.url = \"embedded:\"\n{BASE}"));
    let wrong = errors(&(with_keys("") + BASE + "weight = -1.0\nclient_id = \"${x}\""));
    let found = [asked, alone, wrong].map(|found| listed(&found)).join("\n\n");
    insta::assert_snapshot!(found);
}

#[test]
fn mistakes_about_when_users_act_name_their_cure() {
    let found = [
        "rate = \"10/s\"\nwait_time = { constant = \"1s\" }",
        "rate = {}",
        "rate = { per_user = \"1/s\", per_class = \"1/s\" }",
        "rate = { per_user = \"10/s\", jitter = \"100ms\" }",
        "rate = { per_class = \"10/s\", jitter = \"401ms\" }",
        "rate = \"1/100000days\"",
        "iterations = 0\nmessages = 0",
        "wait_time = { exponential = \"0s\" }",
        "sequence = [\n{ name = \"a\", weight = 2, steps = [{ wait = { between = [\"2s\", \"1s\"] } }] },\n\
         { name = \"a\", steps = [{ wait = { exponential = \"0s\" } }] }]\n\
         tasks = [{ name = \"a\", steps = [{ wait = \"1s\" }] }]",
    ]
    .map(|keys| format!("{keys}\n{}", listed(&errors(&with_keys(keys)))));
    insta::assert_snapshot!(found.join("\n\n"));
}

#[test]
fn what_cannot_be_kept_is_warned_about() {
    let late = "rate = \"1/s\"\nsequence = [{ name = \"a\", steps = [{ wait = \"2s\" }, { publish = { topic = \"a\" } }] }]";
    let never = "messages = 5\nsequence = [{ name = \"a\", steps = [{ wait = \"2s\" }] }]";
    let found = [late, never].map(|keys| listed(&compiled(&with_keys(keys)).unwrap().warnings));
    insta::assert_snapshot!(found.join("\n\n"));
    // Half of the task runs are longer than the period, but on average they are not.
    let mixed = "rate = \"1/s\"\nsequence = [{ name = \"a\", steps = [{ wait = \"1.5s\" }] }, \
                 { name = \"b\", steps = [{ wait = \"0.5s\" }] }]";
    class(mixed);
}

#[test]
fn a_plan_says_when_users_act_and_leave() {
    let plan = |keys: &str| describe(&compiled(&with_keys(keys)).unwrap().plan);
    let of_class =
        |text: String| text[text.find("  wait time").or(text.find("  2.5 task")).unwrap()..].to_owned();
    let texts = [
        of_class(plan(&format!(
            "on_error = \"continue\"\nwait_time = {{ exponential = \"2s\" }}\n{SEQUENCE}"
        ))),
        of_class(plan(
            "rate = { per_class = \"10/s\", jitter = \"50ms\" }\niterations = 1\nmessages = 5\non_error = \"stop_user\"",
        )),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn the_most_that_users_send_is_bounded_by_their_rhythm() {
    let publish = "{ publish = { topic = \"a\" } }";
    for (keys, steps, rate) in [
        ("rate = \"10/s\"", format!("[{publish}, {publish}]"), "80.00"),
        // The pauses are longer than the period.
        ("rate = \"10/s\"", format!("[{publish}, {{ wait = {{ exponential = \"1s\" }} }}]"), "4.00"),
        ("wait_time = { exponential = \"2s\" }", format!("[{publish}]"), "2.00"),
        (
            "wait_time = { exponential = \"1s\" }",
            format!("[{publish}, {{ wait = {{ between = [\"0s\", \"2s\"] }} }}]"),
            "2.00",
        ),
    ] {
        let text = with_keys(&format!("{keys}\nsequence = [{{ name = \"a\", steps = {steps} }}]"));
        let told = describe(&compiled(&text).unwrap().plan);
        assert!(told.contains(&format!("  at most {rate} messages/s, ")), "{keys} {told}");
    }
}
