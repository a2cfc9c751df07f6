//! Secrets stay where they are written: whatever is wrong beside them, nothing that the program says repeats them.

use std::fs;

use crate::support::run_program;

/// In every value that is secret, and nowhere else.
const SECRET: &str = "s3cret";

const TOML: &str = r#"version = 1
[brokers.b]
url = "ws://127.0.0.1:1900/mqtt"
connect_timeout = "1s"
websocket = { headers = { Authorization = "Bearer s3cret-h", X-Id = "s3cret-i" } }
[load]
users = 1
run_time = "1s"
[user_classes.d]
username = "u"
password = "s3cret-p"
[[user_classes.d.tasks]]
name = "t"
steps = [{ publish = { topic = "x", payload = "a" } }, { wait = "1s" }]
"#;

const YAML: &str = r"version: 1
brokers:
  b:
    url: ws://127.0.0.1:1900/mqtt
    connect_timeout: 1s
    websocket:
      headers:
        Authorization: Bearer s3cret-h
        X-Id: s3cret-i
load: { users: 1, run_time: 1s }
user_classes:
  d:
    username: u
    password: s3cret-p
    tasks:
      - name: t
        steps: [ { publish: { topic: x, payload: a } }, { wait: 1s } ]
";

/// What spoils a scenario in a line with a secret or beside it.
const SPOILT: &[(&str, &str, &str)] = &[
    (TOML, "username = \"u\"\n", ""),
    (TOML, "password =", "pasword ="),
    (TOML, "password =", "Password ="),
    (TOML, "password =", "password"),
    (TOML, "\"s3cret-p\"", "s3cret-p"),
    (TOML, "\"s3cret-p\"", "s3cret p"),
    (TOML, "\"s3cret-p\"", "\"s3cret-p"),
    (TOML, "\"s3cret-p\"", "s3cret-p\""),
    (TOML, "\"s3cret-p\"", "\"s3\"cret-s3cret\""),
    (TOML, "\"s3cret-p\"", "“s3cret-p”"),
    (TOML, "\"s3cret-p\"", "[\"s3cret-p\"]"),
    (TOML, "\"s3cret-p\"", "{ text = \"s3cret-p\" }"),
    (TOML, "\"s3cret-p\"", "{ s3cret-p = true }"),
    (TOML, "\"s3cret-p\"", "\"${s3cret-p}\""),
    (TOML, "\"s3cret-p\"", "\"s3cret-p ${env.SURELY_NOT_SET}\""),
    (TOML, "\"s3cret-p\"", "\"${env.NOT_SET:-s3cret-p} ${nope}\""),
    (TOML, "\"s3cret-p\"", "\"s3cret \\q\""),
    (TOML, "\"s3cret-p\"", "'''\ns3cret\n${nope} s3cret\n'''"),
    (TOML, "\"s3cret-p\"", "\"\"\"\ns3cret\n\"s3cret"),
    (TOML, "\"s3cret-p\"", "\"s3cret-p\"\npassword = \"s3cret-q\""),
    (TOML, "username = \"u\"\npassword = \"s3cret-p\"", "username = \"u\npassword = \"s3cret-p\""),
    (
        TOML,
        "username = \"u\"\npassword = \"s3cret-p\"",
        "login = { username = \"u\", password = \"s3cret-p\" }",
    ),
    (
        TOML,
        "password = \"s3cret-p\"",
        "password = \"${vars.abc}\"\nclientid = 1\n[vars]\nabc = [\"s3cret-p\"]",
    ),
    (TOML, "headers", "haeders"),
    (TOML, "headers =", "header"),
    (TOML, "{ headers = {", "{ headers = {{"),
    (TOML, "\"Bearer s3cret-h\"", "Bearer s3cret-h"),
    (TOML, "\"Bearer s3cret-h\"", "[\"Bearer s3cret-h\"]"),
    (TOML, "\"Bearer s3cret-h\"", "\"Bearer s3cret-h ${nope}\""),
    (TOML, "\"Bearer s3cret-h\"", "\"Bearer\ts3cret-h ü\""),
    (TOML, "Authorization = ", "\"A b\" = "),
    (TOML, " } }\n[load]", "\n[load]"),
    (TOML, "X-Id = \"s3cret-i\" } }", "X-Id = \"s3cret-i\" }, pth = 1 }"),
    (TOML, "ws://127.0.0.1:1900/mqtt", "mqtt://u:s3cret@127.0.0.1"),
    (TOML, "ws://127.0.0.1:1900/mqtt", "ws://u:s3cret/#@127.0.0.1"),
    (TOML, "ws://127.0.0.1:1900/mqtt", "u:s3cret@127.0.0.1"),
    (TOML, "ws://127.0.0.1:1900/mqtt", "mqtt://u:s3cret"),
    (TOML, "ws://127.0.0.1:1900/mqtt", "wsx://127.0.0.1/?token=s3cret"),
    (TOML, "\"ws://127.0.0.1:1900/mqtt\"", "mqtt://u:s3cret@127.0.0.1"),
    (TOML, "url = \"ws://127.0.0.1:1900/mqtt\"", "urls = [\"ws://a\", \"mqtt://u:s3cret@b\", 5]"),
    (YAML, "    username: u\n", ""),
    (YAML, "password:", "pasword:"),
    (YAML, "password: s3cret-p", "password: s3cret: p"),
    (YAML, "password: s3cret-p", "password: \"s3cret-p"),
    (YAML, "password: s3cret-p", "password: \"s3cret\" p"),
    (YAML, "password: s3cret-p", "password: !!str s3cret-p"),
    (YAML, "password: s3cret-p", "password: {s3cret,p}"),
    (YAML, "password: s3cret-p", "password: [s3cret, p]"),
    (YAML, "password: s3cret-p", "password: |\n      s3cret\n      ${nope}"),
    (YAML, "password: s3cret-p", "password: |\n      s3cret\n     s3cret"),
    (YAML, "password: s3cret-p", "password: >-\n      s3cret\n\n      \ts3cret\n    clientid: 1"),
    (YAML, "password: s3cret-p", "password: s3cret\n      s3cret ${nope}"),
    (YAML, "password: s3cret-p", "password: &a s3cret-p\n    clientid: *a"),
    (YAML, "password: s3cret-p", "password: *a\n    clientid: &a s3cret-p"),
    (YAML, "password: s3cret-p", "password: @s3cret-p"),
    (YAML, "password: s3cret-p", "<<: {password: s3cret-p, clientid: u}"),
    (YAML, "password: s3cret-p", "password: \"s3cret\\q\""),
    (YAML, "    password:", "     password:"),
    (YAML, "password: s3cret-p", "password:s3cret-p"),
    (YAML, "Authorization: Bearer s3cret-h", "Authorization: Bearer s3cret: h"),
    (YAML, "Authorization: Bearer s3cret-h", "Authorization: [Bearer s3cret-h]"),
    (YAML, "Authorization: Bearer s3cret-h", "\"A b\": Bearer s3cret-h"),
    (YAML, "      headers:", "      haeders:"),
    (YAML, "X-Id: s3cret-i", "X-Id: |\n          s3cret ${nope}"),
    (YAML, "url: ws://127.0.0.1:1900/mqtt", "url: mqtt://u:s3cret@127.0.0.1"),
    (YAML, "url: ws://127.0.0.1:1900/mqtt", "url: mqtt://u:s3 s3cret@127.0.0.1"),
    (YAML, "url: ws://127.0.0.1:1900/mqtt", "urls: [mqtt://a, 'mqtt://u:s3cret@b']"),
];

#[test]
fn no_mistake_repeats_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    for (number, (good, part, spoilt)) in SPOILT.iter().enumerate() {
        assert_eq!(good.matches(part).count(), 1, "{part}");
        let name = if *good == TOML { "bad.toml" } else { "bad.yaml" };
        fs::write(dir.path().join(name), good.replace(part, spoilt)).unwrap();
        fs::write(dir.path().join("outer.toml"), format!("include = [\"{name}\"]\n")).unwrap();
        for arguments in [
            &["validate", name][..],
            &["validate", name, "--format", "json"],
            &["validate", "outer.toml"],
            &["validate", "outer.toml", "--format", "json"],
            &["plan", name],
            &["run", name],
            &["fmt", "--check", name],
        ] {
            let said = run_program(dir.path(), arguments);
            let text = said.stdout + &said.stderr;
            assert!(!text.contains(SECRET), "{number}: {spoilt}\n{arguments:?}\n{text}");
            if arguments[0] != "fmt" {
                assert_eq!(said.code, Some(2), "{number}: {spoilt}\n{arguments:?}\n{text}");
                assert!(text.contains("bad."), "{number}: {spoilt}\n{arguments:?}\n{text}");
            }
        }
    }
}

#[test]
fn no_argument_is_repeated_with_a_secret_in_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.toml"), TOML).unwrap();
    for arguments in [
        &["--set", "user_classes.d.pasword=s3cret"][..],
        &["--set", "user_classes.d.password={ fle = \"s3cret\" }"],
        &["--set", "user_classes.d.password=\"s3cret"],
        &["--set", "user_classes.d.password=[\"s3cret\"]"],
        &["--set", "user_classes.d={ password = \"s3cret\", qso = 1 }"],
        &["--set", "user_classes.e.password=s3cret"],
        &["--set", "brokers.b.url=mqtt://u:s3cret@h"],
        &["--set", "brokers.b.websocket.headers.Authorization=[\"s3cret\"]"],
        &["--set", "brokers.b.websocket.header.Authorization=s3cret"],
        &["--set", "vars.token=[\"s3cret\"]"],
        &["--password=s3cret"],
        &["--password", "s3cret"],
        &["--users=mqtt://u:s3cret@h"],
        &["mqtt://u:s3cret@h"],
        &["-H", "mqtt://u:s3cret@h"],
        &["-H", "mqtt://u:s3cret/#?@h"],
        &["-H", "mqtt://u:s3cret"],
        &["-H", "u:s3cret@mqtt://h"],
        &["-H", "ws://u:s3/s3cret@h/mqtt"],
    ] {
        for command in ["validate", "plan", "run"] {
            let said = run_program(dir.path(), &[&[command, "a.toml"], arguments].concat());
            let text = said.stdout + &said.stderr;
            assert_eq!(said.code, Some(2), "{arguments:?}\n{text}");
            assert!(!text.contains(SECRET), "{command} {arguments:?}\n{text}");
        }
    }
}

#[test]
fn a_plan_and_what_differs_between_two_show_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("a.toml", TOML.to_owned()), ("b.toml", TOML.replace("s3cret", "s3cret-2"))] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    fs::write(dir.path().join("c.yaml"), YAML.replace("users: 1", "users: 2")).unwrap();
    for arguments in [
        &["plan", "a.toml"][..],
        &["plan", "c.yaml"],
        &["plan", "a.toml", "--format", "json"],
        &["plan", "a.toml", "b.toml"],
        &["plan", "a.toml", "c.yaml"],
    ] {
        let said = run_program(dir.path(), arguments);
        assert!(said.code != Some(2), "{arguments:?}: {}", said.stderr);
        let text = said.stdout + &said.stderr;
        assert!(!text.contains(SECRET), "{arguments:?}\n{text}");
    }
}
