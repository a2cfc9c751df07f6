//! Scenarios compiled: what the plan says, and what is said about scenarios that are wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use mqtt_scenario::compile::{Compiled, Overrides};
use mqtt_scenario::describe::difference::diff;
use mqtt_scenario::describe::{describe, describe_json, ratio};
use mqtt_scenario::diagnostic::{Diagnostic, FieldPath, Mark};
use mqtt_scenario::plan::load::Users;
use mqtt_scenario::plan::target::{Server, Target, Transport};
use mqtt_scenario::plan::timeline::LoadTimeline;
use mqtt_scenario::plan::{Row, Step, Text};

use crate::support::TestScenario;

mod describe;
mod timing;
mod watch;

const RICH: &str = include_str!("../fixtures/plan/rich.toml");
const WRONG: &str = include_str!("../fixtures/plan/wrong.toml");
const DOUBTFUL: &str = include_str!("../fixtures/plan/doubtful.toml");

/// The smallest scenario; the tests change it by adding text.
const SMALL: &str = r#"
version = 1
brokers.b.url = "embedded:"
load.run_time = "1m"
[[user_classes.device.tasks]]
name = "t"
steps = [{ publish = { topic = "a" } }]
"#;

/// What stands beside the scenarios.
const FILES: &[(&str, &[u8])] = &[
    ("devices.csv", b"id,key\na,hunter2\nb,hunter3\nc,hunter4\n"),
    ("values.csv", b"value\n1\n22\n"),
    ("lines.txt", b"one\nthree\n"),
];
const ENV: &[(&str, &str)] = &[("BROKER", "edge.example"), ("PASSWORD", "hunter2")];

fn scenario(text: &str) -> TestScenario<'_> {
    let scenario = TestScenario::toml(text);
    // An empty text is a mistake in its shape already.
    assert!(text.is_empty() || scenario.parsed.diagnostics.is_empty(), "{:?}", scenario.parsed.diagnostics);
    scenario.env(ENV).with_files(FILES).reported(BTreeSet::new())
}

fn compiled_with(text: &str, overrides: &Overrides) -> Result<Compiled, Vec<Diagnostic>> {
    scenario(text).overrides(overrides).compile()
}

fn compiled(text: &str) -> Result<Compiled, Vec<Diagnostic>> {
    scenario(text).compile()
}

/// One line per diagnostic, and one for its help.
fn listed(diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics.iter().map(|diagnostic| {
        let mark = match &diagnostic.mark {
            Mark::Value => String::new(),
            mark => format!(" {mark:?}"),
        };
        let label =
            if diagnostic.label.is_empty() { String::new() } else { format!(" [{}]", diagnostic.label) };
        let help = diagnostic.help.as_deref().unwrap_or("no help");
        format!("{} {}{mark}: {}{label}\n      {help}", diagnostic.code, diagnostic.at, diagnostic.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn errors(text: &str) -> Vec<Diagnostic> {
    compiled(text).unwrap_err()
}

#[test]
fn a_plan_says_what_will_happen() {
    let Compiled { plan, warnings } = compiled(RICH).unwrap();
    let text = describe(&plan);
    assert!(!text.contains("hunter2") && !format!("{plan:?}").contains("hunter2"));
    assert_eq!(listed(&warnings), "");
    insta::assert_snapshot!(text);
}

#[test]
fn a_plan_as_json_says_the_same_and_masks_the_password() {
    let json = describe_json(&compiled(RICH).unwrap().plan);
    let text = format!("{json:#}");
    assert!(!text.contains("hunter2"));
    assert_eq!(json["user_classes"][0]["password"], "***");
    insta::assert_snapshot!(text);
}

#[test]
fn traffic_counts_whole_packets_of_all_users() {
    let text = SMALL
        .replace("topic = \"a\"", "topic = \"ab\", payload = \"0123456789\", qos = 1")
        .replace("load.run_time", "load.users = 4\nload.run_time")
        + "[user_classes.device]\nwait_time = { constant = \"500ms\" }";
    let json = describe_json(&compiled(&text).unwrap().plan);
    // Two bytes of fixed header, two of topic length, topic, packet id, payload.
    let bytes = 2 + 2 + 2 + 2 + 10;
    assert_eq!(json["load"]["traffic"]["messages_per_s"], 8.0);
    assert_eq!(json["load"]["traffic"]["bytes_per_s"], f64::from(8 * bytes));
    assert_eq!(json["user_classes"][0]["traffic"], json["load"]["traffic"]);
    // Beyond 127 bytes the length takes two.
    let long = text.replace("0123456789", &"x".repeat(200));
    let json = describe_json(&compiled(&long).unwrap().plan);
    assert_eq!(json["load"]["traffic"]["bytes_per_s"], f64::from(8 * (bytes + 191)));
}

fn difference(before: &str, after: &str) -> String {
    let [before, after] = [before, after].map(|text| describe_json(&compiled(text).unwrap().plan));
    diff(&before, &after)
}

#[test]
fn plans_of_one_meaning_have_no_difference() {
    assert_eq!(difference(RICH, RICH), "");
    // Defaults written out, another order, another spelling, another name.
    let same =
        SMALL.replace("load.run_time = \"1m\"", "name = \"x\"\nload = { users = 1, run_time = \"60s\" }");
    assert_eq!(difference(SMALL, &same.replace("topic = \"a\"", "qos = 0, topic = \"a\"")), "");
}

#[test]
fn a_difference_is_told_by_names_with_values_before_and_after() {
    let changed = RICH
        .replace("users = 13", "users = 26")
        .replace("weight = 4", "weight = 9")
        .replace("random_int(0, 40)", "random_int(0, 50)")
        .replace("{ wait = \"500ms\" },", "{ wait = \"250ms\" }, { wait = \"1s\" },")
        .replace("on_start = [{ connect = {} }]", "on_start = [{ disconnect = {} }, { connect = {} }]")
        .replace("name = \"beat\"", "name = \"pulse\"")
        .replace("[user_classes.flood]", "[user_classes.deluge]")
        .replace("[[user_classes.flood.", "[[user_classes.deluge.")
        .replace("keep_alive = \"0s\"", "keep_alive = \"30s\"");
    let forth = difference(RICH, &changed);
    insta::assert_snapshot!(forth);
    let back = difference(&changed, RICH);
    assert_eq!(back.lines().count(), forth.lines().count());
    assert!(back.contains("users: 26 -> 13"), "{back}");
}

#[test]
fn steps_in_another_order_are_a_difference() {
    let two = SMALL.replace("steps = [", "steps = [{ publish = { topic = \"b\" } }, ");
    let turned = SMALL.replace("\"a\" } }]", "\"a\" } }, { publish = { topic = \"b\" } }]");
    assert_eq!(
        difference(&two, &turned),
        "user class device\n  task t\n    order: publish:0:b, publish:0:a -> publish:0:a, publish:0:b\n"
    );
}

/// The classes of `tests/fixtures/locust/task_ratio.py`.
const RATIOS: &str = r#"
version = 1
brokers.b.url = "embedded:"
load = { users = 13, run_time = "1m" }
[user_classes.A]
weight = 3
[[user_classes.A.tasks]]
name = "report"
weight = 4
steps = ["connect"]
[[user_classes.A.tasks]]
name = "alarm"
steps = ["connect"]
[user_classes.B]
fixed_count = 2
[[user_classes.B.tasks]]
name = "beat"
steps = ["connect"]
[[user_classes.C.tasks]]
name = "flood"
steps = ["connect"]
"#;

#[test]
fn task_ratios_are_printed_as_locust_prints_them() {
    let plan = compiled(RATIOS).unwrap().plan;
    assert_eq!(ratio::table(&plan), include_str!("../fixtures/locust/task_ratio.txt"));
    assert_eq!(
        format!("{:#}", ratio::json(&plan)),
        indented_by_two(include_str!("../fixtures/locust/task_ratio.json"))
    );
}

/// Locust indents by four.
fn indented_by_two(json: &str) -> String {
    let lines = json.trim_end().lines().map(|line| {
        let text = line.trim_start();
        format!("{:1$}{text}", "", (line.len() - text.len()) / 2)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_plan_holds_only_what_the_engine_needs() {
    let plan = compiled(RICH).unwrap().plan;
    let names: Vec<&str> = plan.classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, ["Sensor", "flood", "gateway"]);
    let sensor = &plan.classes[0];
    assert_eq!(sensor.tasks.len(), 2, "the task of weight 0 is left out");
    assert!(!plan.rows.iter().any(|row| row.name == "no row"));
    assert_eq!((sensor.counters, sensor.repeat_depth), (3, 2));
    assert_eq!((sensor.user_texts, sensor.user_rows), (1, 1));
    // The class never connects in a task, so its first connect step is that of on_start.
    assert_eq!(sensor.on_start.0, [Step::Connect(sensor.reconnect.clone())]);
    let report = &sensor.tasks[0].steps.0;
    assert!(matches!(&report[1], Step::Repeat { level: 0, times: 3 }), "{report:?}");
    assert!(matches!(&report[5], Step::EndRepeat { level: 1, first: 4 }), "{report:?}");
    assert!(matches!(&report[6], Step::EndRepeat { level: 0, first: 2 }), "{report:?}");
    let Step::Publish(raw) = &report[4] else { panic!("{report:?}") };
    assert_eq!(raw.topic, Text::Constant(b"raw/Sensor"[..].into()));
    assert!(!raw.request.record);
    // `gateway` names its first connect per user, without recording it: so is a reconnect.
    let gateway = &plan.classes[2];
    assert!(matches!(gateway.reconnect.row, Row::PerUser { slot: 0, .. }) && !gateway.reconnect.record);
}

#[test]
fn equal_rows_and_texts_are_kept_once() {
    let plan = compiled(
        &(SMALL.to_owned()
            + r#"
[[user_classes.device.tasks]]
name = "u"
steps = [
  { publish = { topic = "a" } },
  { publish = { topic = "${client_id}", payload = "${client_id}", name = "${client_id}" } },
  { publish = { topic = "${ client_id }", name = "${client_id}" } },
]
"#),
    )
    .unwrap()
    .plan;
    let class = &plan.classes[0];
    let rows: Vec<&str> = plan.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(rows, ["publish:0:a", "connect"]);
    assert_eq!((class.user_texts, class.user_rows, class.counters), (2, 1, 4));
}

#[test]
fn all_mistakes_are_found_at_once() {
    insta::assert_snapshot!(listed(&errors(WRONG)));
}

#[test]
fn a_cure_for_rumqttc_is_one_that_rumqttc_can_follow() {
    let text = "version = 1\nbrokers.a = { url = \"mqtt://a\", protocol = \"5\", session_expiry = \"9s\", client = \"rumqttc\" }
        load = { users = 1, run_time = \"1s\" }\n[[user_classes.a.tasks]]\nname = \"t\"\nsteps = [{ publish = { topic = \"t\" } }]";
    let help = |text: &str| {
        compiled(text).unwrap().warnings.into_iter().map(|warning| warning.help).collect::<Vec<_>>()
    };
    assert_eq!(help(text), [Some("leave `session_expiry` out".to_owned())]);
    let native = help(&text.replace("rumqttc", "native"));
    assert_eq!(native, [Some("set `clean_session` to false, or leave `session_expiry` out".to_owned())]);
}

#[test]
fn what_rumqttc_does_in_another_way_is_warned_about() {
    let scenario = |client: &str| {
        let text = format!(
            r#"
version = 1
brokers.a = {{ url = "mqtt://a", client = "{client}" }}
load = {{ users = 1, run_time = "1m" }}
[[user_classes.a.tasks]]
name = "t"
steps = [
  {{ publish = {{ topic = "t", qos = 1, await_ack = false }} }},
  {{ publish = {{ topic = "t", qos = 1, await_ack = true }} }},
  {{ publish = {{ topic = "t", qos = 0, await_ack = false }} }},
  {{ disconnect = {{ abrupt = false }} }},
  {{ disconnect = {{ abrupt = true }} }},
]"#
        );
        let warnings = compiled(&text).unwrap().warnings;
        warnings.iter().map(|warning| format!("{} {}", warning.code, warning.at)).collect::<Vec<_>>()
    };
    let steps = "user_classes.a.tasks[0].steps";
    assert_eq!(
        scenario("rumqttc"),
        [format!("W0256 {steps}[0].publish.await_ack"), format!("W0256 {steps}[4].disconnect.abrupt")]
    );
    assert_eq!(scenario("native"), [""; 0]);
}

#[test]
fn what_rumqttc_cannot_do_is_told_with_its_place_and_cure() {
    insta::assert_snapshot!(listed(&errors(include_str!("../fixtures/plan/rumqttc.toml"))));
}

#[test]
fn a_plan_names_the_client_that_drives_a_broker() {
    let text = SMALL.replace("load.run_time", "brokers.b.client = \"rumqttc\"\nload.run_time");
    assert!(describe(&compiled(&text).unwrap().plan).contains("\n    driven by rumqttc\n"));
}

#[test]
fn users_of_rumqttc_need_the_memory_that_rumqttc_takes() {
    let text = SMALL.replace("load.run_time", "load.users = 100\nload.run_time");
    let rumqttc = text.replace("load.users", "brokers.b.client = \"rumqttc\"\nload.users");
    let [native, rumqttc] = [text, rumqttc].map(|text| {
        let plan = describe_json(&compiled(&text).unwrap().plan);
        plan["needs"]["memory_bytes"].as_u64().unwrap()
    });
    assert_eq!(rumqttc - native, 100 * (28 * 1024 - 3_482));
}

#[test]
fn what_is_surely_not_meant_is_warned_about() {
    insta::assert_snapshot!(listed(&compiled(DOUBTFUL).unwrap().warnings));
}

#[test]
fn a_plan_lists_its_stages() {
    let Compiled { plan, warnings } = compiled(include_str!("../fixtures/plan/stages.toml")).unwrap();
    assert_eq!(listed(&warnings), "");
    let load = describe(&plan);
    let load = load.split("\n\n").find(|part| part.starts_with("load")).unwrap();
    insta::assert_snapshot!(load);
}

#[test]
fn flags_of_a_plain_load_do_not_fit_stages_and_a_run_time_cuts_them() {
    let overrides = Overrides { users: Some(5), spawn_rate: Some(1.0), ..Overrides::default() };
    let text = include_str!("../fixtures/plan/stages.toml");
    let refused = compiled_with(text, &overrides).unwrap_err();
    insta::assert_snapshot!(listed(&refused));
    let overrides = Overrides { run_time: Some(Duration::from_secs(70)), ..Overrides::default() };
    let plan = compiled_with(text, &overrides).unwrap().plan;
    assert_eq!(LoadTimeline::of(&plan).length(), Some(Duration::from_secs(70)));
}

#[test]
fn a_run_that_a_limit_ends_needs_no_run_time() {
    for limit in ["load.iterations = 5", "load.messages = 5", "user_classes.device.messages = 5"] {
        let compiled = compiled(&SMALL.replace("load.run_time = \"1m\"", limit)).unwrap();
        assert_eq!(listed(&compiled.warnings), "", "{limit}");
    }
}

#[test]
fn an_empty_scenario_lacks_three_things() {
    insta::assert_snapshot!(listed(&errors("")));
}

#[test]
fn what_was_reported_before_is_not_said_again() {
    let path = |text: &str| text.split('.').fold(FieldPath::root(), |path, key| path.key(key));
    // Each of these texts has what is left of a scenario after the place could not be read.
    let reported = |text: &str, places: &[&str]| {
        let places = places.iter().map(|place| path(place)).collect();
        scenario(text).reported(places).compile().map_or_else(|found| listed(&found), |_| String::new())
    };
    assert_eq!(reported("", &["version", "brokers", "user_classes"]), "");
    // Misspelled keys.
    assert_eq!(reported("", &["verson", "broker", "user_clases"]), "");
    // A broker that could not be read, and one whose URL could not.
    let other = SMALL.replace("version = 1", "version = 1\nuser_classes.device.broker = \"x\"");
    assert_eq!(reported(&other, &["brokers.x"]), "");
    assert_eq!(reported(&SMALL.replace("b.url = \"embedded:\"", "b = {}"), &["brokers.b.url"]), "");
    // But a mistake beside it is said.
    assert!(reported(&SMALL.replace("version = 1", ""), &["brokers.x"]).starts_with("E0201 version"));
}

#[test]
fn the_command_line_goes_before_the_file() {
    let overrides = Overrides {
        users: Some(5),
        spawn_rate: Some(50.0),
        run_time: Some(Duration::ZERO),
        stop_timeout: Some(Duration::from_secs(9)),
        host: Some(Target::Remote {
            transport: Transport::Tcp,
            servers: vec![Server { host: "h".to_owned(), port: 1, path: String::new() }],
        }),
        ..Overrides::default()
    };
    // With a host, nobody asks what the URL in the file is.
    let text = SMALL.replace("embedded:", "${env.NOT_SET}");
    let Compiled { plan, warnings } = compiled_with(&text, &overrides).unwrap();
    let stage = &plan.load.stages[0];
    assert_eq!((&stage.users, stage.spawn_rate, plan.load.run_time), (&Users::Total(5), 50.0, None));
    assert_eq!(plan.load.stop_timeout, Duration::from_secs(9));
    assert_eq!(Some(plan.brokers[0].target.clone()), overrides.host);
    assert_eq!((plan.name.as_str(), warnings), ("file", Vec::new()));
}

#[test]
fn tags_and_class_names_choose_what_runs() {
    let run = |tags: &[&str], exclude_tags: &[&str], user_classes: &[&str]| {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let overrides = Overrides {
            tags: owned(tags),
            exclude_tags: owned(exclude_tags),
            user_classes: owned(user_classes),
            ..Overrides::default()
        };
        match compiled_with(RICH, &overrides) {
            Err(found) => listed(&found),
            Ok(Compiled { plan, .. }) => {
                let tasks = |class: &mqtt_scenario::plan::UserClass| {
                    class.tasks.iter().map(|task| task.name.clone()).collect::<Vec<_>>().join("+")
                };
                let classes = plan.classes.iter().map(|class| format!("{}: {}", class.name, tasks(class)));
                classes.collect::<Vec<_>>().join(", ")
            }
        }
    };
    assert_eq!(run(&[], &[], &[]), "Sensor: report+alarm, flood: flood, gateway: beat");
    assert_eq!(run(&["traffic"], &[], &["Sensor"]), "Sensor: report");
    assert_eq!(run(&[], &["traffic"], &["Sensor"]), "Sensor: alarm");
    assert_eq!(run(&[], &[], &["gateway", "flood"]), "flood: flood, gateway: beat");
    insta::assert_snapshot!(
        [
            run(&["trafic"], &[], &[]),
            run(&["traffic"], &["traffic"], &["Sensor"]),
            run(&[], &[], &["sensor", "x"])
        ]
        .join("\n\n")
    );
}

#[test]
fn texts_that_mqtt_cannot_carry_are_refused() {
    let long = "x".repeat(65_536);
    let publish = |topic: &str, payload: &str| {
        let publish = format!("topic = '{topic}', payload = '{payload}'");
        compiled(&SMALL.replace("topic = \"a\"", &publish))
            .map_or_else(|found| listed(&found), |_| String::new())
    };
    assert_eq!(publish(&long[1..], ""), "");
    assert!(publish(&long, "").starts_with("E0212 user_classes.device.tasks[0].steps[0].publish.topic"));
    assert!(publish(&format!("{}${{seq}}", &long[1..]), "").contains("can become 65555 bytes"));
    assert!(publish("a", "${random_bytes(268435455)}").contains("this message can become 268435460 bytes"));
    assert_eq!(publish("a", "${random_bytes(268435450)}"), "");
    let client_id = SMALL.to_owned()
        + &format!(
            "[user_classes.other]\nclient_id = '{long}'\n[[user_classes.other.tasks]]\nname = 't'\nsteps = [{{ connect = {{}} }}]"
        );
    assert!(listed(&errors(&client_id)).starts_with("E0212 user_classes.other.client_id"));
}

#[test]
fn repeat_has_a_deepest_level() {
    let nested = |depth: usize| {
        let (open, close) = ("{ repeat = { times = 1, steps = [".repeat(depth), "] } }".repeat(depth));
        SMALL.replace("{ publish = { topic = \"a\" } }", &format!("{open}{{ wait = '1s' }}{close}"))
    };
    assert_eq!(compiled(&nested(16)).unwrap().plan.classes[0].repeat_depth, 16);
    let found = errors(&nested(17));
    assert_eq!(found.len(), 1, "{}", listed(&found));
    assert_eq!(found[0].code, "E0213");
}
