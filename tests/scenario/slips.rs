//! One slip, one message, the right cure: what people write who come from other tools, or from other formats.

use std::fs;
use std::path::{Path, PathBuf};

use mqtt_scenario::diagnostic::Diagnostic;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::source::Source;

use crate::support::{TestScenario, listing, run_program};

const TOML: &str = r#"version = 1
brokers.b.url = "mqtt://localhost"
load.users = 10
load.spawn_rate = 10
load.run_time = "5s"
[user_classes.c]
wait_time = { constant = "1s" }
[[user_classes.c.tasks]]
name = "t"
steps = [
  { publish = { topic = "a", qos = 1, payload = "x" } },
]
"#;

const YAML: &str = "version: 1
brokers:
  b:
    url: mqtt://localhost
load:
  users: 10
  spawn_rate: 10
  run_time: 5s
user_classes:
  c:
    wait_time: { constant: 1s }
    tasks:
      - name: t
        steps:
          - publish: { topic: a, qos: 1, payload: x }
";

/// All that is said of a text.
fn told(text: &str, format: Format) -> Vec<Diagnostic> {
    let scenario = TestScenario::text(text, format).run_id("0000");
    let mut told = scenario.parsed.diagnostics.clone();
    match scenario.compile() {
        // Nobody is warned of what cannot run.
        Ok(compiled) if told.is_empty() => told = compiled.warnings,
        Ok(_) => {}
        Err(more) => told.extend(more),
    }
    for diagnostic in &told {
        let place = scenario.source.place(&diagnostic.at, &diagnostic.mark);
        assert!(scenario.source.file(place.file).text().get(place.span).is_some(), "{text}");
    }
    told
}

/// Each slip: a part of the scenario, what stands there instead, and what the only help says.
fn check(scenario: &str, format: Format, slips: &[(&str, &str, &str)]) {
    assert_eq!(told(scenario, format), []);
    let mut missed = Vec::new();
    for (right, wrong, cure) in slips {
        assert!(scenario.contains(right), "{right}");
        let told = told(&scenario.replacen(right, wrong, 1), format);
        let helps: Vec<_> =
            told.into_iter().map(|told| (told.message, told.help.unwrap_or_default())).collect();
        if !matches!(&*helps, [(_, help)] if help.contains(cure)) {
            missed.push((wrong, helps));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_slip_in_toml_is_one_message_with_its_cure() {
    const PAYLOAD: &str = "payload = \"x\"";
    const WAIT: &str = "wait_time = { constant = \"1s\" }";
    const BROKER: &str = "brokers.b.url = \"mqtt://localhost\"";
    const STEP: &str = "{ publish = { topic = \"a\", qos = 1, payload = \"x\" } }";
    const QOS: &str = "qos = 1";
    const USERS: &str = "load.users = 10";
    const CLASS: &str = "[user_classes.c]\n";
    const STEPS: &str = "steps = [\n  { publish = { topic = \"a\", qos = 1, payload = \"x\" } },\n]";
    check(
        TOML,
        Format::Toml,
        &[
            (PAYLOAD, "payload = { v = 1 }", "{ json = { v = 1 } }"),
            (PAYLOAD, "payload = { v = 1, w = 2 }", "{ json = { v = 1, w = 2 } }"),
            (PAYLOAD, "payload = { size = 1, temp = 2 }", "{ json = { size = 1, temp = 2 } }"),
            (PAYLOAD, "payload = [1, 2]", "{ json = [1, 2] }"),
            (BROKER, "brokers.b.url = \"mqtt:127.0.0.1:1883\"", "mqtt://HOST[:PORT]"),
            (BROKER, "brokers.b.url = \"MQTTS:/broker\"", "mqtts://HOST[:PORT]"),
            (BROKER, "brokers.b.url = \"mqtt://fe80::1%eth0:1884\"", "`[fe80::1%eth0]:1884`"),
            (BROKER, "brokers.b.url = \"fe80::1%eth0\"", "`[fe80::1%eth0]:1883`"),
            (PAYLOAD, "payload = 5", "\"5\""),
            (PAYLOAD, "payload = \"{\"v\": 1}\"", "single quotes: '{\"v\": 1}'"),
            (PAYLOAD, "payload = \"{\"v\": \"x\"}\"", "single quotes: '{\"v\": \"x\"}'"),
            (PAYLOAD, "payload = { json = \"{\"v\": 1}\" }", "single quotes: '{\"v\": 1}'"),
            (PAYLOAD, "payload = 'it's'", "double quotes: \"it's\""),
            (PAYLOAD, "payload = { v = ${seq} }", "\"${seq}\""),
            (PAYLOAD, "payload = { size = 100 }", "\"100B\""),
            (PAYLOAD, "payload = { size = { between = [1, 2] } }", "[\"1B\", \"2B\"]"),
            (PAYLOAD, "message = \"x\"", "`payload`"),
            (PAYLOAD, "json = { v = 1 }", "payload = { json = { … } }"),
            (PAYLOAD, "payload = '{seq}'", "${seq}"),
            (PAYLOAD, "payload = '{\"n\": {{seq}}}'", "${seq}"),
            (PAYLOAD, "payload = '%c %i'", "${client_id}"),
            (PAYLOAD, "payload = '$seq'", "${seq}"),
            (PAYLOAD, "payload = '<seq>'", "${seq}"),
            (PAYLOAD, "payload = '${__threadNum}'", "${user.number}"),
            (PAYLOAD, "payload = '${__Random(1,10)}'", "${random_int(1, 6)}"),
            (PAYLOAD, "payload = '${random_int(0, 1e3)}'", "write 1000"),
            (PAYLOAD, "payload = '${random_int(0, 1e20)}'", "9223372036854775807"),
            (PAYLOAD, "payload = '${seq + 1}'", "do not calculate"),
            ("topic = \"a\"", "topic = \"a/{client_id}\"", "${client_id}"),
            ("topic = \"a\"", "topic = [\"a\", \"b\"]", "one topic"),
            ("topic = \"a\"", "topic = \"a", "close it where it ends: \"a\""),
            ("topic = \"a\"", "topic = 'a\"", "single quote"),
            ("topic = \"a\"", "topic: \"a\"", "topic = …"),
            ("topic = \"a\"", "topic \"a\"", "key = value"),
            (QOS, "QoS = 1", "`qos`"),
            (QOS, "qos = \"1\"", "1, without quotes"),
            (QOS, "qos = true", "0, 1 or 2"),
            (QOS, "retain = \"yes\"", "write true"),
            (QOS, "timeout = 10", "\"10s\""),
            (QOS, "timeout = \"10\"", "\"10s\""),
            (QOS, "timeout_ms = 10", "`timeout`? Write \"10s\""),
            (QOS, "awaitAck = false", "`await_ack`"),
            (QOS, "times = 10", "repeat"),
            (QOS, "message_expiry = \"1s\"", "properties"),
            (QOS, "user_properties = { a = \"b\" }", "properties"),
            (STEP, "{ publish = \"a\" }", "{ topic = \"a\" }"),
            (STEP, "\"publish a x\"", "{ publish = { topic = \"…\" } }"),
            (STEP, "{ topic = \"a\", qos = 1 }", "{ publish = { topic = \"…\" } }"),
            (STEP, "{ type = \"publish\", topic = \"a\" }", "{ publish = { topic = \"…\" } }"),
            (STEP, "publish = { topic = \"a\" }", "{ publish = … }"),
            (STEP, "{ subscribe = \"a/#\" }", "{ filter = \"a/#\" }"),
            (STEP, "{ subscribe = { topic = \"a/#\" } }", "`filter`"),
            (STEP, "{ subscribe = { filter = [\"a\", \"b\"] } }", "filters = [\"a\", \"b\"]"),
            (STEP, "{ sleep = 1 }", "`wait`? Write \"1s\""),
            (STEP, "{ wait = 1 }", "\"1s\""),
            (STEP, "{ wait = [1, 2] }", "{ between = [\"1s\", \"2s\"] }"),
            (STEP, "{ wait = \"between(1, 2)\" }", "{ between = [\"1s\", \"2s\"] }"),
            (STEP, "{ wait = \"1s\" }},", "remove it"),
            (STEP, "{ repeat = 10 }", "{ times = 10, steps = […] }"),
            (STEP, "{ repeat = { count = 10, steps = [{ wait = \"1s\" }] } }", "`times`"),
            (STEPS, "publish = { topic = \"a\" }", "steps = [{ publish"),
            (STEPS, "actions = [{ wait = \"1s\" }]", "`steps`"),
            (STEPS, "steps = { wait = \"1s\" }", "[ ]"),
            (WAIT, "wait_time = between(1, 2)", "{ between = [\"1s\", \"2s\"] }"),
            (WAIT, "wait_time = \"between(1, 2)\"", "{ between = [\"1s\", \"2s\"] }"),
            (WAIT, "wait_time = \"constant(1)\"", "{ constant = \"1s\" }"),
            (WAIT, "wait_time = \"constant_pacing(1.5)\"", "{ constant_pacing = \"1.5s\" }"),
            (WAIT, "wait_time = \"constant_throughput(0.5)\"", "{ constant_throughput = 0.5 }"),
            (WAIT, "wait_time = 1", "{ constant = \"1s\" }"),
            (WAIT, "wait_time = [1, 2]", "{ between = [\"1s\", \"2s\"] }"),
            (WAIT, "wait_time = { between = [1, 2] }", "[\"1s\", \"2s\"]"),
            (WAIT, "wait_time = { min = 1, max = 2 }", "{ between = [\"1s\", \"3s\"] }"),
            (WAIT, "think_time = \"1s\"", "`wait_time`? Write { constant = \"1s\" }"),
            (WAIT, "min_wait = 1000\nmax_wait = 2000", "wait_time = { between"),
            (WAIT, "rate = 10", "\"10/s\""),
            (WAIT, "rate = \"10\"", "\"10/s\""),
            (BROKER, "brokers.b.host = \"localhost\"\nbrokers.b.port = 1883", "url = \"mqtt://HOST:PORT\""),
            (BROKER, "brokers.b = \"mqtt://localhost\"", "{ url = \"mqtt://localhost\" }"),
            (BROKER, "brokers.url = \"mqtt://localhost\"", "brokers.NAME.url"),
            (BROKER, "broker.url = \"mqtt://localhost\"", "brokers.NAME.url"),
            (BROKER, "host = \"mqtt://localhost\"", "brokers.NAME.url"),
            (BROKER, "brokers.b = { url = [\"mqtt://localhost\"] }", "urls = [\"mqtt://localhost\"]"),
            (
                BROKER,
                "brokers.b = { url = \"mqtt://localhost\", keepalive = 60 }",
                "`keep_alive`? Write \"60s\"",
            ),
            (
                BROKER,
                "brokers.b = { url = \"mqtt://localhost\", username = \"a\", password = \"b\" }",
                "user class",
            ),
            (BROKER, "brokers.b = { url = \"mqtt://localhost\", cafile = \"a\" }", "`tls`"),
            (BROKER, "brokers.b = { url = \"mqtt://localhost\", protocol = 5 }", "\"5\""),
            (BROKER, "brokers.b = { url = \"mqtt://localhost\", protocol = 4 }", "\"3.1.1\""),
            (BROKER, "brokers.b = { url = \"mqtt://localhost\", protocol = \"4\" }", "`3.1.1`"),
            (BROKER, "brokers.b = { url = \"mqtt://localhost\", protocol = 3.1 }", "\"3.1.1\""),
            (BROKER, "brokers.b = { url = \"mqtt://localhost\", protocol = 3.1.1 }", "\"3.1.1\""),
            (BROKER, "brokers.b = { url = \"mqtt://localhost\", protocol = \"mqttv5\" }", "`5`"),
            (
                BROKER,
                "brokers.b = { url = \"mqtt://localhost\", version = 5 }",
                "`protocol`? Write it in quotes: \"5\"",
            ),
            (USERS, "load.users = -5", "without the minus: 5"),
            (USERS, "load.users = \"10\"", "10, without quotes"),
            (USERS, "load.users = \"1k\"", "1000, without quotes"),
            (USERS, "load.users = 1,000", "write 1000"),
            (USERS, "load.users = 1.5", "1 or 2"),
            (USERS, "load.users = 99999999999", "4294967295"),
            (USERS, "load.vus = 10", "`users`"),
            (USERS, "load.ramp_up = \"5s\"", "spawn_rate"),
            ("load.spawn_rate = 10", "load.hatch_rate = 10", "`spawn_rate`"),
            ("load.spawn_rate = 10", "load.spawnRate = 10", "`spawn_rate`"),
            ("load.spawn_rate = 10", "load.spawn_rate = \"5/s\"", "write 5"),
            ("load.run_time = \"5s\"", "load.run_time = 5", "\"5s\""),
            ("load.run_time = \"5s\"", "load.duration = 5", "`run_time`? Write \"5s\""),
            (
                "load.run_time = \"5s\"",
                "load.stages = [{ users = 1, duration = \"5s\" }]",
                "each stage has its own",
            ),
            ("version = 1", "version: 1", "key = value"),
            ("version = 1", "version == 1", "key = value"),
            ("version = 1", "// load\nversion = 1", "`#`"),
            ("version = 1", "thresholds = [\"p99 > 20ms\"]\nversion = 1", "p99 < 20ms"),
            ("version = 1", "thresholds = [\"p(99) < 20\"]\nversion = 1", "`p99`"),
            ("version = 1", "thresholds = \"p99 < 20ms\"\nversion = 1", "[\"p99 < 20ms\"]"),
            (CLASS, "[[user_classes.c]]\n", "single brackets"),
            (CLASS, "[user_classes.c]\nclient_id = '{user.number}'\n", "${user.number}"),
            (CLASS, "[user_classes.c]\nclient_id = '${choice(\"a\", \"b\")}'\n", "${user.number}"),
            (CLASS, "[user_classes.c]\nqos = 1\n", "tasks"),
            (CLASS, "[user_classes.c]\nkeepalive = 60\n", "broker"),
            (CLASS, "[user_classes.c]\nclientId = \"${user.number}\"\n", "`client_id`"),
        ],
    );
    // YAML by another name is one mistake, however long.
    assert_eq!(told(YAML, Format::Toml).len(), 1);
}

#[test]
fn a_slip_in_yaml_is_one_message_with_its_cure() {
    const PAYLOAD: &str = "payload: x";
    const WAIT: &str = "wait_time: { constant: 1s }";
    const URL: &str = "url: mqtt://localhost";
    const STEP: &str = "- publish: { topic: a, qos: 1, payload: x }";
    check(
        YAML,
        Format::Yaml,
        &[
            (PAYLOAD, "payload: { v: 1, w: 2 }", "{ json: { v: 1, w: 2 } }"),
            (PAYLOAD, "payload: {\"v\": ${seq}}", "\"${seq}\""),
            (PAYLOAD, "payload: [{\"v\": ${random_int(1, 6)}}]", "\"${random_int(1, 6)}\""),
            (PAYLOAD, "payload: {seq}", "\"${NAME}\""),
            (PAYLOAD, "payload: {{seq}}", "\"${NAME}\""),
            (PAYLOAD, "payload: \"{\"v\": 1}\"", "single quotes: '{\"v\": 1}'"),
            (PAYLOAD, "payload: a: b", "in quotes"),
            (URL, "url: embedded:", "write \"embedded:\""),
            (URL, "url: embedded:  # in the process", "write \"embedded:\""),
            (URL, "url: mqtt:localhost", "mqtt://HOST[:PORT]"),
            (PAYLOAD, "payload: '{{seq}}'", "${seq}"),
            ("topic: a,", "topic: a/${client_id},", "in quotes"),
            ("topic: a,", "topic:a,", "`topic: a`"),
            ("qos: 1", "qos:1", "`qos: 1`"),
            (
                STEP,
                "- publish:\n            topic: a\n            qos: 1\n            payload: x",
                "indent `topic`, `qos`, `payload`",
            ),
            (STEP, "-\n          publish: { topic: a }", "indented further"),
            (STEP, "- publish:\n          topic: a", "indented further"),
            (STEP, "-publish: { topic: a }", "`- publish: …`"),
            (STEP, "- wait: 1s\n          -wait: 1s", "`- wait: 1s`"),
            (STEP, "publish: { topic: a }", "- `"),
            (STEP, "- publish a", "{ publish: { topic: \"…\" } }"),
            (STEP, "- wait:1s", "{ wait: \"1s\" }"),
            (STEP, "- publish: { topic: a }\n            wait: 1s", "its own `- `"),
            (
                STEP,
                "- publish:\n              topic: a\n              payload:\n                v: 1\n                w: 2",
                "`json:`",
            ),
            (WAIT, "wait_time: between(1, 2)", "{ between: [\"1s\", \"2s\"] }"),
            (WAIT, "wait_time: constant(1)", "{ constant: \"1s\" }"),
            (WAIT, "wait_time: 1..2", "{ between: [\"1s\", \"2s\"] }"),
            (WAIT, "wait_time: { between: 1, 2 }", "{ between: [\"1s\", \"3s\"] }"),
            (WAIT, "wait_time: { type: constant, value: 1 }", "{ constant: \"1s\" }"),
            (URL, "url:mqtt://localhost", "space after the colon"),
            (URL, "host: localhost\n    port: 1883", "url: \"mqtt://HOST:PORT\""),
            (URL, "url: mqtt://localhost\n    protocol: 5", "\"5\""),
            (URL, "url: mqtt://localhost\n    protocol: 5.0", "\"5\""),
            ("users: 10", "users: -5", "without the minus: 5"),
            ("users: 10", "users:10", "`users: 10`"),
            ("users: 10", "users = 10", "`users: 10`"),
            ("users: 10", "users 10", "`users: 10`"),
            ("users: 10", "\tusers: 10", "spaces"),
            ("users: 10", "Users: 10", "`users`"),
            ("run_time: 5s", "run_time: 5", "\"5s\""),
            ("run_time: 5s", "run_time:5s", "`run_time: 5s`"),
            ("  spawn_rate: 10", "    spawn_rate: 10", "same column"),
            ("name: t", "name: \"t", "quote"),
            ("version: 1", "version = 1", "`version: 1`"),
            (
                "load:\n  users: 10\n  spawn_rate: 10\n  run_time: 5s",
                "load:\n  - users: 10",
                "without a `- `",
            ),
            ("tasks:\n      - name: t\n        steps", "tasks:\n      t:\n        steps", "- name: …"),
        ],
    );
    assert_eq!(told(TOML, Format::Yaml).len(), 1);
}

#[test]
fn what_is_no_slip_is_let_alone() {
    let right = |right: &str, other: &str| {
        assert!(TOML.contains(right), "{right}");
        assert_eq!(told(&TOML.replacen(right, other, 1), Format::Toml), [], "{other}");
    };
    for payload in [
        "'{\"v\": 1, \"w\": {\"x\": [1, 2]}}'",
        "{ json = { v = 1, w = \"${seq}\" } }",
        "'<temp unit=\"C\">21</temp>'",
        "'50 % of $5'",
        "'$${seq}'",
        "'{}'",
    ] {
        right("payload = \"x\"", &format!("payload = {payload}"));
    }
    right("topic = \"a\"", "topic = \"$SYS/a\"");
    right("topic = \"a\"", "topic = \"a\", name = \"a/{id}\"");
    for threshold in ["p99 < 20ms", "rps > 100", "requests >= 10", "failures < 1%", "failures/s <= 1"] {
        right("version = 1", &format!("thresholds = [\"{threshold}\"]\nversion = 1"));
    }
    for client_id in ["${uuid()}", "${user.index}", "a-${user.number}", "${random_string(16)}", ""] {
        right("[user_classes.c]\n", &format!("[user_classes.c]\nclient_id = '{client_id}'\n"));
    }
}

#[test]
fn until_of_a_search_is_what_must_hold() {
    let search = |until: &str| {
        let text = TOML
            .replace(
                "load.run_time = \"5s\"",
                &format!("load.search = {{ rate = \"1/s..9/s\", until = \"{until}\" }}"),
            )
            .replace("wait_time = { constant = \"1s\" }", "rate = \"1/s\"");
        told(&text, Format::Toml)
    };
    for until in ["p99 < 20ms", "failures < 1%", "average <= 5ms", "requests/s > 100", "rps >= 9"] {
        assert_eq!(search(until), [], "{until}");
    }
    for (until, right) in
        [("p99 > 20ms", "p99 < 20ms"), ("failures > 1%", "failures < 1%"), ("median >= 2s", "median <= 2s")]
    {
        let told = search(until);
        assert_eq!(told.len(), 1, "{until}");
        assert!(told[0].help.as_deref().is_some_and(|help| help.contains(right)), "{told:?}");
        assert_eq!(told[0].at.to_string(), "load.search.until");
    }
}

#[test]
fn drawn_client_ids_are_warned_of_when_two_are_equal() {
    let of = |client_id: &str, users: u32| {
        let text = TOML
            .replace("load.users = 10", &format!("load.users = {users}"))
            .replace("load.spawn_rate = 10", &format!("load.spawn_rate = {users}"))
            .replace("[user_classes.c]\n", &format!("[user_classes.c]\nclient_id = '{client_id}'\n"));
        told(&text, Format::Toml).iter().map(|told| (told.code, told.message.clone())).collect::<Vec<_>>()
    };
    for (client_id, users) in [
        ("${random_int(1, 10)}", 100),
        ("${choice(\"a\", \"b\")}", 3),
        ("${random_string(1)}", 100),
        ("x-${random_int(1, 10)}-${choice(\"a\", \"b\")}", 100),
        // Far from all that there are, but a thousand users are enough for two equal ones.
        ("${random_int(1, 100000)}", 1_000),
    ] {
        let told = of(client_id, users);
        assert!(matches!(&*told, [("W0206", message)] if message.contains("draw")), "{client_id}: {told:?}");
    }
    for (client_id, users) in [
        ("${random_int(1, 1000000000000)}", 1_000),
        ("${random_string(12)}", 1_000),
        ("${random_float(0, 1)}", 100),
    ] {
        assert_eq!(of(client_id, users), [], "{client_id}");
    }
}

#[test]
fn a_class_that_is_not_there_is_one_mistake_of_set() {
    let told = |settings: &[&str]| {
        let settings: Vec<_> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let (_, parsed) = Source::parse_with("slip", TOML, Format::Toml, &settings);
        parsed.diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect::<Vec<_>>()
    };
    assert_eq!(told(&["user_classes.car.tasks[0].weight=2"]), ["there is no user class `car`"]);
    assert_eq!(
        told(&["user_classes.car.tasks[0].weight=2", "user_classes.car.tasks[0].name=x"]),
        ["there is no user class `car`"]
    );
    assert_eq!(told(&["brokers.far.urls[0]=mqtt://x"]), ["there is no broker `far`"]);
    assert_eq!(
        told(&["user_classes.c.tasks[3].weight=2", "user_classes.bus.weight=2"]),
        ["there is no item 3 in `user_classes.c.tasks`", "there is no user class `bus`"]
    );
}

#[test]
fn a_mistake_that_a_class_takes_over_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let text = TOML.replace("payload = \"x\"", "payload = \"{seq}\"")
        + "[user_classes.d]\nextends = \"c\"\n[user_classes.e]\nextends = \"c\"\n";
    fs::write(dir.path().join("slip.toml"), text).unwrap();
    let said = run_program(dir.path(), &["validate", "slip.toml"]);
    assert_eq!(said.stderr.matches("W0310").count(), 2, "once, and in the line for more: {}", said.stderr);
}

#[test]
fn default_client_ids_differ_by_process_and_stay_where_a_session_is_kept() {
    let ids = |broker: &str, run_id: Option<&str>| {
        let text = TOML.replace("\nload.users", &format!("\n{broker}\nload.users"));
        let scenario = TestScenario::toml(text);
        let scenario = if let Some(run_id) = run_id { scenario.run_id(run_id) } else { scenario };
        scenario.compile().unwrap().plan.classes[0].client_id.source().to_owned()
    };
    assert_eq!(ids("", Some("k3f9")), "${user.class}-${user.number}-${run.id}");
    assert_eq!(ids("", None), "${user.class}-${user.number}");
    for kept in
        ["brokers.b.clean_session = false", "brokers.b.protocol = \"5\"\nbrokers.b.session_expiry = \"1h\""]
    {
        assert_eq!(ids(kept, Some("k3f9")), "${user.class}-${user.number}", "{kept}");
    }
}

/// What TOML 1.0 has not: inline tables that go on in the next line or end with a comma, unless within brackets
/// or texts of their own.
fn beyond_toml_1_0(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut last = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let line = 1 + text[..text.len() - rest.len()].matches('\n').count();
        let skipped = match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                let triple = c.to_string().repeat(3);
                let (quote, start) =
                    if rest.starts_with(&*triple) { (triple, 3) } else { (c.to_string(), 1) };
                let mut at = start;
                while !rest[at..].starts_with(&*quote) {
                    let escape = c == '"' && rest[at..].starts_with('\\');
                    if escape && rest[at + 1..].starts_with(['e', 'x']) {
                        return Some(line);
                    }
                    at += if escape { 2 } else { rest[at..].chars().next().unwrap().len_utf8() };
                }
                at + quote.len()
            }
            _ => c.len_utf8(),
        };
        match c {
            '{' | '[' => open.push(c),
            '}' if last == ',' => return Some(line),
            '}' | ']' => drop(open.pop()),
            '\n' if open.last() == Some(&'{') => return Some(line),
            _ => {}
        }
        if !c.is_whitespace() && c != '#' {
            last = c;
        }
        rest = &rest[skipped..];
    }
    None
}

#[test]
fn what_is_beyond_toml_1_0_is_known() {
    for (text, line) in [
        ("a = { b = 1,\n c = 2 }", Some(1)),
        ("a = 1\nb = { c = 1, }", Some(2)),
        ("a = \"\\e\"", Some(1)),
        ("a = { b = [1,\n 2,\n] } # {\nc = '{'", None),
        ("a = \"\\\"{\" # }\nb = { c = \"\"\"\n\"\"\" }", None),
    ] {
        assert_eq!(beyond_toml_1_0(text), line, "{text}");
    }
}

#[test]
fn toml_of_the_documents_and_scenarios_is_toml_1_0() {
    let mut texts = Vec::new();
    let files =
        |folder: &str| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut pages = listing(Path::new("docs"));
    pages.push(PathBuf::from("README.md"));
    for page in pages.iter().filter(|page| page.extension().is_some_and(|ending| ending == "md")) {
        let text = fs::read_to_string(page).unwrap();
        for block in text.split("\n```toml").skip(1) {
            let (kind, block) = block.split_once('\n').unwrap();
            if !kind.contains("wrong") {
                texts.push((page.clone(), block.split("\n```").next().unwrap().to_owned()));
            }
        }
    }
    assert!(texts.len() > 60, "the blocks were not found");
    let mut scenarios = [
        files("scenarios"),
        files("scenarios/parts"),
        files("benches/scenarios"),
        files("docs/moving/scenarios"),
    ]
    .concat();
    scenarios.push(PathBuf::from("src/cli/starter.toml"));
    for path in scenarios.iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
        texts.push((path.clone(), fs::read_to_string(path).unwrap()));
    }
    assert!(texts.iter().any(|(path, _)| path == Path::new("scenarios/publish.toml")));
    for (path, text) in texts {
        let lines = || text.lines().take(3).collect::<Vec<_>>().join("\n");
        assert_eq!(beyond_toml_1_0(&text), None, "{}: {}", path.display(), lines());
        assert!(text.parse::<toml::Table>().is_ok(), "{}: {}", path.display(), lines());
    }
}
