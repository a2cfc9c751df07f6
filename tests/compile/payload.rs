//! Payloads and feeds through all layers: what a scenario says about them is what users send, and what is wrong
//! with them is told before the start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use mqtt_scenario::cli::render::render;
use mqtt_scenario::compile::files::MAX_FILE_BYTES;
use mqtt_scenario::describe::describe;
use mqtt_scenario::plan::payload::Payload;
use mqtt_scenario::plan::{Plan, Step, Text};
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::source::Source;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{ScenarioDir, TestScenario, actions};

/// A file beside the scenario.
type File<'a> = (&'a str, &'a [u8]);

/// A scenario of some users who run one task each second, five times.
fn scenario(users: u32, rest: &str) -> String {
    format!(
        "version = 1\nbrokers.b.url = \"embedded:\"\n\
         load = {{ users = {users}, spawn_rate = 1000, run_time = \"4500ms\" }}\n{rest}"
    )
}

/// A class with one task of one publish with this payload.
fn carrying(payload: &str) -> String {
    scenario(
        1,
        &format!(
            "[user_classes.device]\nwait_time = {{ constant_pacing = \"1s\" }}\n\
             tasks = [{{ name = \"t\", steps = [{{ publish = {{ topic = \"t\", payload = {payload} }} }}] }}]\n"
        ),
    )
}

fn plan(text: &str, files: &[File<'_>]) -> Plan {
    TestScenario::toml(text).with_files(files).plan()
}

/// Everything that is said about a scenario, as a user reads it.
fn said(text: &str, files: &[File<'_>]) -> String {
    let scenario = TestScenario::toml(text).with_files(files);
    assert_eq!(scenario.parsed.diagnostics, []);
    let found = scenario.compile().map_or_else(|errors| errors, |compiled| compiled.warnings);
    render(&found, &scenario.source, false)
}

/// The payloads that each user sends to `t`.
fn sent(plan: Plan) -> BTreeMap<String, Vec<String>> {
    let payload = |action: String| action.strip_prefix("publish t ").map(str::to_owned);
    let of_user =
        |(user, actions): (String, Vec<String>)| (user, actions.into_iter().filter_map(payload).collect());
    actions(plan).into_iter().map(of_user).collect()
}

/// The payload of the first publish of the only task.
fn payload(plan: &Plan) -> &Payload {
    match &plan.classes[0].tasks[0].steps.0[0] {
        Step::Publish(publish) => &publish.payload,
        other => panic!("{other:?}"),
    }
}

fn constant(bytes: &[u8]) -> Payload {
    Payload::Text(Text::Constant(bytes.into()))
}

#[test]
fn what_is_the_same_for_all_is_made_before_the_start() {
    let files: [File<'_>; 1] = [("raw.bin", b"\x00\xff raw ${seq}\n")];
    for (written, bytes) in [
        ("'plain'", &b"plain"[..]),
        ("{ text = 'spelt out' }", b"spelt out"),
        (
            "{ json = { a = [1, -2.5, true, {}, []], 'b\"' = 'c' } }",
            br#"{"a":[1,-2.5,true,{},[]],"b\"":"c"}"#,
        ),
        ("{ json = '${user.class}' }", br#""device""#),
        ("{ json = 1e300 }", b"1e300"),
        (r#"{ hex = "00 fF\n 10" }"#, b"\x00\xff\x10"),
        ("{ hex = '' }", b""),
        (r#"{ base64 = "AP8g\n  cg==" }"#, b"\x00\xff r"),
        ("{ base64 = 'AP8gcg' }", b"\x00\xff r"),
        ("{ file = 'raw.bin' }", b"\x00\xff raw ${seq}\n"),
        ("{ size = '0B' }", b""),
    ] {
        assert_eq!(payload(&plan(&carrying(written), &files)), &constant(bytes), "{written}");
    }
    let filler = plan(&carrying("{ size = '5kB' }"), &[]);
    let Payload::Text(Text::Constant(bytes)) = payload(&filler) else { panic!("{filler:?}") };
    assert_eq!(bytes.len(), 5_000);
    assert!(bytes.iter().all(u8::is_ascii_alphanumeric));
}

#[test]
fn a_size_between_two_is_drawn_for_each_message() {
    let of_user = sent(plan(&carrying("{ size = { between = ['10B', '1KiB'] } }"), &[]));
    let lengths: Vec<usize> = of_user["device-1"].iter().map(String::len).collect();
    assert_eq!(lengths.len(), 5);
    assert!(lengths.iter().all(|length| (10..=1024).contains(length)), "{lengths:?}");
    assert!(lengths.iter().collect::<BTreeSet<_>>().len() > 1, "{lengths:?}");
}

#[test]
fn each_message_carries_a_line() {
    let text = carrying("{ lines = 'words' }").replace("users = 1", "users = 2");
    let of_user = sent(plan(&text, &[("words", b"one\r\n\nthree ${seq}\n")]));
    assert_eq!(of_user["device-1"], ["one", "", "three ${seq}", "one", ""]);
    assert_eq!(of_user["device-2"], ["", "three ${seq}", "one", "", "three ${seq}"]);
}

#[test]
fn json_stays_json_whatever_is_rendered_into_it() {
    let text = r#"
vars.quote = "\"\\\n"
feeds.f = { csv = "f.csv" }
[user_classes.device]
feeds = ["f"]
client_id = 'c "${user.number}" é\'
wait_time = { constant_pacing = "1s" }
[[user_classes.device.tasks]]
name = "t"
[[user_classes.device.tasks.steps]]
publish.topic = "t"
[user_classes.device.tasks.steps.publish.payload.json]
z = "${client_id}"
a = { seq = "${seq}", text = " ${seq}", int = "${random_int(-3, -1)}", float = "${random_float(-1, 1)}" }
list = ["${row.said}", "${choice('\"', '\"')}", "${vars.quote}", "$${seq}", "${now_ms()}", "${user.number}"]
"ключ \"1\"" = "${walk(-2, 2, 0.5)}"
nothing = ""
"#;
    let plan = plan(&scenario(1, text), &[("f.csv", b"said\n\"a \"\"b\"\"\x01\t\xc3\xa9\nsecond line\"\n")]);
    let messages = &sent(plan)["c \"1\" é\\"];
    assert_eq!(messages.len(), 5);
    for (message, seq) in messages.iter().zip(1_u64..) {
        assert!(message.starts_with("{\"z\":") && message.ends_with(",\"nothing\":\"\"}"), "{message}");
        let value: Value = serde_json::from_str(message).unwrap();
        assert_eq!(value["z"], "c \"1\" é\\");
        assert_eq!(value["a"]["seq"], seq);
        assert_eq!(value["a"]["text"], format!(" {seq}"));
        assert!((-3..=-1).contains(&value["a"]["int"].as_i64().unwrap()), "{message}");
        assert!(value["a"]["float"].as_f64().unwrap().abs() <= 1.0, "{message}");
        assert!(value["list"][4].as_u64().unwrap() > 0, "{message}");
        let fixed = json!(["a \"b\"\u{1}\té\nsecond line", "\"", "\"\\\n", "${seq}"]);
        assert_eq!(value["list"].as_array().unwrap()[..4], fixed.as_array().unwrap()[..], "{message}");
        assert_eq!(value["list"][5], 1);
        assert!(value["ключ \"1\""].as_f64().unwrap().abs() <= 2.0, "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_comes_out_of_json_as_it_went_in(id in "[^\\x00]{1,12}", cell in "\\PC{0,12}", key in "\\PC{0,8}") {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(["cell", "other"]).unwrap();
        csv.write_record([cell.as_str(), "x"]).unwrap();
        let csv = csv.into_inner().unwrap();
        let quoted = |text: &str| serde_json::to_string(text).unwrap().replace('\u{7f}', "\\u007f");
        // Without the begin of a template, whatever stands before it.
        let id = id.replace('{', "[");
        let text = format!(
            "feeds.f.csv = 'f'\n[user_classes.device]\nfeeds = ['f']\nclient_id = {}\n\
             wait_time = {{ constant = '1m' }}\ntasks = [{{ name = 't', steps = [{{ publish = {{ topic = 't', \
             payload = {{ json = {{ {} = ['${{client_id}}', '${{row.cell}}'] }} }} }} }}] }}]\n",
            quoted(&id), quoted(&key),
        );
        let plan = plan(&scenario(1, &text), &[("f", &csv)]);
        let messages = sent(plan).into_values().next().unwrap();
        let value: Value = serde_json::from_str(&messages[0]).unwrap();
        prop_assert_eq!(value, json!({ key: [id, cell] }));
    }
}

/// A scenario that uses everything.
const RICH: &str = r#"
[feeds.devices]
csv = "devices.csv"
[feeds.readings]
csv = "readings.csv"
order = "unique"
per = "message"
[payloads]
words = { lines = "words" }
state.json = { id = "${row.serial}", of = "${user.class}", v = "${row.reading}", n = "${seq}" }
[user_classes.sensor]
feeds = ["devices", "readings"]
client_id = "${row.serial}"
username = "${row.owner}"
password.file = "secret"
wait_time = { constant_pacing = "1s" }
on_start = [{ subscribe = { filter = "${row.serial}/+" } }]
on_stop = [{ publish = { topic = "bye/${client_id}" } }]
tasks = [{ name = "t", steps = [{ publish = { topic = "t", payload = { named = "state" } } }] }]
[user_classes.talker]
feeds = ["readings"]
wait_time = { constant_pacing = "1s" }
[[user_classes.talker.tasks]]
name = "t"
steps = [
  { publish = { topic = "t", payload = { named = "words" } } },
  { publish = { topic = "t", payload = "${row.reading}", name = "reading" } },
]
"#;

const RICH_FILES: [File<'_>; 4] = [
    ("devices.csv", b"serial,owner\ns-1,ada\ns-2,bo\n"),
    ("readings.csv", b"reading\n10\n11\n12\n13\n14\n15\n16\n17\n"),
    ("words", b"hello\nworld\n"),
    ("secret", b"hunter2 ${seq}\n\n"),
];

#[test]
fn a_user_sends_its_share_and_leaves_by_itself() {
    // Two classes of two users share eight readings: two for each, and nobody has one of another's.
    let all = actions(plan(&scenario(4, RICH), &RICH_FILES));
    let published = |user: &str| -> Vec<&str> {
        all[user].iter().filter_map(|action| action.strip_prefix("publish ")).collect()
    };
    let state = |id: &str, v: &str, n: u32| format!(r#"t {{"id":"{id}","of":"sensor","v":"{v}","n":{n}}}"#);
    assert_eq!(published("s-1"), [state("s-1", "10", 1), state("s-1", "14", 2), "bye/s-1 ".to_owned()]);
    assert_eq!(published("s-2"), [state("s-2", "11", 1), state("s-2", "15", 2), "bye/s-2 ".to_owned()]);
    assert_eq!(published("talker-2"), ["t hello", "t 12", "t world", "t 16"]);
    assert_eq!(published("talker-4"), ["t world", "t 13", "t hello", "t 17"]);
    assert!(all.values().all(|actions| actions.last().unwrap() == "disconnect"), "{all:?}");
}

#[test]
fn a_task_that_needs_one_row_more_ends_before_it() {
    let text = scenario(
        1,
        "feeds.f = { csv = 'f', order = 'unique', per = 'message' }\n[user_classes.device]\nfeeds = ['f']\n\
         on_stop = [{ publish = { topic = 'bye' } }, { publish = { topic = 'bye/${row.x}' } }]\n\
         tasks = [{ name = 't', steps = [{ repeat = { times = 4, steps = [\
         { publish = { topic = 't', payload = '${row.x}' } }] } }, { publish = { topic = 'never' } }] }]\n",
    );
    let all = actions(plan(&text, &[("f", b"x\n1\n2\n3\n")]));
    let published: Vec<_> = all["device-1"].iter().filter(|action| action.starts_with("publish")).collect();
    assert_eq!(published, ["publish t 1", "publish t 2", "publish t 3", "publish bye "]);
}

#[test]
fn one_message_takes_one_row_for_topic_and_payload() {
    let text = scenario(
        2,
        "feeds.f = { csv = 'f', per = 'message' }\n[user_classes.device]\nfeeds = ['f']\n\
         wait_time = { constant_pacing = '1s' }\n\
         tasks = [{ name = 't', steps = [{ publish = { topic = '${row.x}', payload = '${row.x}${row.y}' } }, \
         { publish = { topic = 'no row' } }] }]\n",
    );
    let all = actions(plan(&text, &[("f", b"x,y\na,1\nb,2\nc,3\n")]));
    let of = |user: &str| -> Vec<&str> {
        all[user]
            .iter()
            .filter_map(|action| action.strip_prefix("publish "))
            .filter(|m| *m != "no row ")
            .collect()
    };
    assert_eq!(of("device-1")[..4], ["a a1", "b b2", "c c3", "a a1"]);
    assert_eq!(of("device-2")[..2], ["b b2", "c c3"]);
}

#[test]
fn a_plan_shows_feeds_and_payloads_but_no_secret() {
    let plan = plan(&scenario(4, RICH), &RICH_FILES);
    let shown = format!("{}{plan:?}", describe(&plan));
    assert!(!shown.contains("hunter2"), "{shown}");
    let password = plan.classes[0].password.as_ref().unwrap();
    assert_eq!(password.0.literal(), Some(&b"hunter2 ${seq}"[..]), "cut at its end, and not expanded");
    insta::assert_snapshot!(describe(&plan));
}

#[test]
fn mistakes_of_payloads_are_told_all_at_once() {
    let text = scenario(
        1,
        r#"
[payloads]
right = "a"
twice.json = { x = "${sq}", y = ["${row.a}"] }
unused.hex = "0"
again.named = "right"
[[user_classes.a.tasks]]
name = "t"
[[user_classes.a.tasks.steps]]
repeat.times = 1
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { named = "rihgt" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { named = "again" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { named = "twice" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { hex = "00 fg" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { base64 = "QUJ-Qg==" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { base64 = "QUJD QQ=x" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { base64 = "QUJDQ" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { base64 = "QUJDQR==" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { file = "missing.bin" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { file = "" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { lines = "empty" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { size = "1GiB" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { size = { between = ["2KiB", "1KiB"] } } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { text = "${}" } }
[[user_classes.a.tasks.steps.repeat.steps]]
publish = { topic = "t", payload = { json = { raw = "${random_bytes(2)}" } } }
[user_classes.b]
password.file = "binary"
tasks = [{ name = "t", steps = [{ publish = { topic = "t", payload = { named = "twice" } } }] }]
"#,
    );
    insta::assert_snapshot!(said(&text, &[("empty", b""), ("binary", b"\xff")]));
}

#[test]
fn mistakes_of_feeds_are_told_all_at_once() {
    let text = scenario(
        1,
        r#"
[feeds]
none = {}
missing.csv = "missing.csv"
ragged.csv = "ragged.csv"
people.csv = "people.csv"
things = { csv = "things.csv", per = "message" }
[user_classes.a]
feeds = ["people", "things", "people", "poeple"]
client_id = "${row.name} ${row.size}"
tasks = [{ name = "t", steps = [{ publish = { topic = "${row.wild}" } }] }]
[user_classes.b]
tasks = [{ name = "t", steps = [{ publish = { topic = "${row.name}/${row.nothing}" } }] }]
[user_classes.c]
feeds = ["ragged"]
tasks = [{ name = "t", steps = [{ publish = { topic = "${row.whatever}" } }] }]
[user_classes.d]
feeds = ["people"]
tasks = [{ name = "t", steps = [{ publish = { topic = "${row.nam}" } }, { subscribe = { filter = "${row.wild}" } }] }]
"#,
    );
    let files: [File<'_>; 3] = [
        ("ragged.csv", b"a,b\n1,2\n3\n"),
        ("people.csv", b"name,wild\nada,x/+\nbo,x+\n"),
        ("things.csv", b"name,size\nbox,3\n"),
    ];
    insta::assert_snapshot!(said(&text, &files));
}

#[test]
fn a_feed_with_fewer_rows_than_users_is_refused_before_the_start() {
    let few: [File<'_>; 4] =
        [RICH_FILES[0], ("readings.csv", b"reading\n1\n2\n3\n"), RICH_FILES[2], RICH_FILES[3]];
    insta::assert_snapshot!(said(&scenario(4, RICH), &few));
    assert!(!said(&scenario(3, RICH), &few).contains("E0234"));
}

#[test]
fn a_client_id_that_a_feed_gives_twice_is_warned_about() {
    let ids = |csv: &[u8], order: &str| {
        let text = format!(
            "feeds.f = {{ csv = 'f', order = '{order}' }}\n[user_classes.device]\nfeeds = ['f']\n\
             client_id = 'c-${{row.id}}'\ntasks = [{{ name = 't', steps = ['connect'] }}]\n"
        );
        said(&scenario(3, &text), &[("f", csv)])
    };
    assert_eq!(ids(b"id\na\nb\nc\n", "sequential"), "");
    assert_eq!(ids(b"id\na\nb\nc\n", "unique"), "");
    insta::assert_snapshot!(ids(b"id\na\nb\n", "sequential"));
    assert!(ids(b"id\na\nb\na\n", "unique").contains("have the client id `c-a`"));
    assert!(ids(b"id\na\n", "random").contains("have the client id `c-a`"));
}

#[test]
fn two_classes_with_one_unique_feed_share_no_client_id() {
    let class = "{ feeds = ['f'], client_id = '${row.id}', wait_time = { constant = '1s' }, \
                 tasks = [{ name = 't', steps = ['connect'] }] }";
    let text = &format!(
        "feeds.f = {{ csv = 'f', order = 'unique' }}\nuser_classes = {{ x = {class}, y = {class} }}\n"
    );
    let files: [File<'_>; 1] = [("f", b"id\na\nb\nc\n")];
    assert_eq!(said(&scenario(3, text), &files), "");
    let users: Vec<String> = actions(plan(&scenario(3, text), &files)).into_keys().collect();
    assert_eq!(users, ["a", "b", "c"]);
}

#[test]
fn a_row_name_out_of_a_feed_is_a_row_per_user() {
    let text = "feeds.f = { csv = 'f' }\n[user_classes.device]\nfeeds = ['f']\n\
                tasks = [{ name = 't', steps = [{ publish = { topic = 't', name = 'of ${row.id}' } }] }]\n";
    let plan = plan(&scenario(1, text), &[("f", b"id\na\n")]);
    assert_eq!((plan.classes[0].user_rows, plan.rows.len()), (1, 1), "the other is `connect`");
}

#[test]
fn a_file_that_no_message_can_carry_is_refused() {
    // Zeros that nobody looks at take no memory.
    let large = vec![0; (MAX_FILE_BYTES + 1).try_into().unwrap()];
    let told = said(&carrying("{ file = 'large' }"), &[("large", &large)]);
    assert!(told.contains("E0230") && told.contains("is larger than 256 MiB"), "{told}");
}

#[test]
fn what_is_never_used_is_warned_about() {
    let text = scenario(
        1,
        "feeds = { idle = { csv = 'f' }, alone = { csv = 'f' } }\npayloads = { lost = 'x', used = 'y' }\n\
         [user_classes.device]\nfeeds = ['idle']\n\
         tasks = [{ name = 't', steps = [{ publish = { topic = 't', payload = { named = 'used' } } }] }]\n",
    );
    insta::assert_snapshot!(said(&text, &[("f", b"x\n1\n")]));
}

#[test]
fn files_are_found_from_the_folder_of_the_scenario() {
    let place = ScenarioDir::new("");
    fs::create_dir(place.path("plans")).unwrap();
    fs::write(place.path("plans/words"), "from the file\n").unwrap();
    fs::write(place.path("plans/s.toml"), carrying("{ lines = 'words' }")).unwrap();
    let plan = place.run(&["plan", "plans/s.toml"]);
    let shown = String::from_utf8_lossy(&plan.stdout);
    assert!(plan.status.success() && shown.contains("\"from the file\" (13 bytes)"), "{plan:?}");
    fs::remove_file(place.path("plans/words")).unwrap();
    let refused = place.run(&["validate", "plans/s.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("E0230") && told.contains("cannot read `words`: there is no such file"), "{told}");
}

#[test]
fn toml_and_yaml_carry_the_same() {
    let toml = "{ json = { a = '${seq}', b = [1, 2.5, { c = 'x' }] } }";
    let yaml = "{ json: { a: '${seq}', b: [1, 2.5, { c: 'x' }] } }";
    let as_toml = format!("payloads.p = {toml}\n");
    let as_yaml = format!("payloads: {{ p: {yaml} }}\n");
    let model = |text: &str, format| Source::parse("test", text, format).1.scenario;
    assert_eq!(model(&as_toml, Format::Toml), model(&as_yaml, Format::Yaml));
}
