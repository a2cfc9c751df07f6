//! The schema against the program: what it says about defaults is what compiling makes of an absent key.

use std::collections::BTreeSet;
use std::path::Path;

use mqtt_scenario::plan::Plan;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::schema::schema;
use mqtt_scenario::scenario::source::Source;
use serde_json::{Map, Value, json};

use crate::support::{TestScenario, run_program};

/// A scenario with each of these objects in it, as bare as can be; with stages, if the load shall have them.
fn bare(staged: bool) -> Value {
    let load = if staged {
        json!({ "stages": [{ "users": 1, "duration": "1m" }] })
    } else {
        json!({ "run_time": "1m" })
    };
    json!({
        "version": 1,
        "brokers": {
            "b": { "url": "embedded:" },
            "five": { "url": "embedded:", "protocol": "5" },
            "secure": { "url": "wss://b.example", "tls": {}, "websocket": {}, "watch": { "prometheus": "http://b.example" } },
        },
        "feeds": { "f": { "csv": "f.csv" } },
        "load": load,
        "thresholds": [{ "check": "p99 < 1s" }],
        "user_classes": {
            "c": {
                "broker": "b",
                "feeds": ["f"],
                "reconnect": {},
                "tasks": [{ "name": "t", "steps": [
                    { "connect": {} },
                    { "publish": { "topic": "a", "payload": "${row.id}" } },
                    { "subscribe": { "filter": "a" } },
                    { "disconnect": {} },
                    { "repeat": { "times": 1, "steps": ["connect"] } },
                    { "unsubscribe": { "filter": "a" } },
                    { "receive": { "filter": "a", "expect": { "equals": "a" } } },
                    { "request": { "topic": "a", "reply_topic": "a" } },
                ] }],
            },
            "m": {
                "broker": "five",
                "will": { "topic": "a", "properties": {} },
                "rate": { "per_user": "1/s" },
                "tasks": [{ "name": "t", "steps": ["connect"] }],
            },
            "r": {
                "broker": "secure",
                "rate": { "per_user": "1/s" },
                "tasks": [{ "name": "t", "steps": ["connect"] }],
            },
        },
    })
}

/// The same with a search for the highest rate, which needs classes with a rate only.
fn searching() -> Value {
    let mut scenario = bare(false);
    scenario["load"] = json!({ "search": { "rate": "1/s..2/s", "until": "p99 < 1s" } });
    scenario["user_classes"]["c"]["rate"] = json!("1/s");
    scenario
}

/// The same with shards that meet.
fn meeting() -> Value {
    let mut scenario = bare(false);
    scenario["load"]["sync"] = json!({ "topic": "t", "broker": "b" });
    scenario
}

/// Objects of the language, and where the scenario has one.
const OBJECTS: [(&str, &str); 26] = [
    ("", ""),
    ("/definitions/ThresholdTable", "/thresholds/0"),
    ("/definitions/Broker", "/brokers/b"),
    ("/definitions/Tls", "/brokers/secure/tls"),
    ("/definitions/WebSocket", "/brokers/secure/websocket"),
    ("/definitions/Watch", "/brokers/secure/watch"),
    ("/definitions/Feed", "/feeds/f"),
    ("/definitions/Load", "/load"),
    ("/definitions/Stage", "/load/stages/0"),
    ("/definitions/Search", "/load/search"),
    ("/definitions/Sync", "/load/sync"),
    ("/definitions/UserClass", "/user_classes/c"),
    ("/definitions/Will", "/user_classes/m/will"),
    ("/definitions/Properties", "/user_classes/m/will/properties"),
    ("/definitions/ScheduleTable", "/user_classes/r/rate"),
    ("/definitions/ReconnectTable", "/user_classes/c/reconnect"),
    ("/definitions/Task", "/user_classes/c/tasks/0"),
    ("/definitions/Connect", "/user_classes/c/tasks/0/steps/0/connect"),
    ("/definitions/Publish", "/user_classes/c/tasks/0/steps/1/publish"),
    ("/definitions/Subscribe", "/user_classes/c/tasks/0/steps/2/subscribe"),
    ("/definitions/Disconnect", "/user_classes/c/tasks/0/steps/3/disconnect"),
    ("/definitions/Repeat", "/user_classes/c/tasks/0/steps/4/repeat"),
    ("/definitions/Unsubscribe", "/user_classes/c/tasks/0/steps/5/unsubscribe"),
    ("/definitions/Receive", "/user_classes/c/tasks/0/steps/6/receive"),
    ("/definitions/Condition", "/user_classes/c/tasks/0/steps/6/receive/expect"),
    ("/definitions/Request", "/user_classes/c/tasks/0/steps/7/request"),
];

/// JSON is YAML.
fn plan(scenario: &Value) -> Plan {
    let scenario = TestScenario::text(scenario.to_string(), Format::Yaml);
    scenario.run_id("0000").files(|_| Ok(b"id\n1\n".to_vec())).plan()
}

#[test]
fn a_key_at_its_default_is_as_good_as_none() {
    let schema = schema();
    let mut tried = 0;
    for (definition, place) in OBJECTS {
        let bare = match definition {
            "/definitions/Search" => searching(),
            "/definitions/Sync" => meeting(),
            _ => bare(definition == "/definitions/Stage"),
        };
        let expected = plan(&bare);
        let properties = schema.pointer(&format!("{definition}/properties")).unwrap().as_object().unwrap();
        for (key, property) in properties {
            let Some(default) = property.get("default") else { continue };
            let mut scenario = bare.clone();
            let object = scenario.pointer_mut(place).unwrap().as_object_mut().unwrap();
            object.entry(key).or_insert_with(|| default.clone());
            assert_eq!(plan(&scenario), expected, "{definition} {key}: {default}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
    let with_defaults = schema["definitions"].as_object().unwrap().iter().filter(|(_, definition)| {
        let mut properties = definition["properties"].as_object().into_iter().flatten();
        properties.any(|(_, property)| property.get("default").is_some())
    });
    let forgotten: Vec<_> = with_defaults
        .map(|(name, _)| format!("/definitions/{name}"))
        .filter(|name| !OBJECTS.iter().any(|(object, _)| object == name))
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

#[test]
fn every_key_has_a_meaning_and_says_what_holds_without_it() {
    let schema = schema();
    let definitions = schema["definitions"].as_object().unwrap();
    let objects = definitions.iter().map(|(name, definition)| (name.as_str(), definition));
    let mut silent = Vec::new();
    for (name, object) in objects.chain([("Scenario", &schema)]) {
        assert!(object["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        let Some(properties) = object.get("properties") else { continue };
        assert_eq!(object["additionalProperties"], json!(false), "{name}");
        for (key, property) in properties.as_object().unwrap() {
            let meaning = property["description"].as_str().unwrap_or_default();
            let words = ["Required", "Default:", "At least one", "Either this or"];
            if property.get("default").is_none() && !words.iter().any(|word| meaning.contains(word)) {
                silent.push(format!("{name}.{key}: {meaning}"));
            }
            assert!(!meaning.is_empty(), "{name}.{key}");
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn the_committed_reference_is_that_of_the_schema() {
    let said = run_program(Path::new("."), &["schema", "--format", "markdown"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    // As with snapshots.
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write("docs/scenario.md", &said.stdout).unwrap();
    }
    let committed = std::fs::read_to_string("docs/scenario.md").unwrap();
    assert!(said.stdout == committed, "docs/scenario.md is old: run the test with INSTA_UPDATE=always");
}

#[test]
fn the_reference_tells_the_response_time_of_every_step() {
    let reference = std::fs::read_to_string("docs/scenario.md").unwrap();
    let (_, times) = reference.split_once("## What a response time is").unwrap();
    for step in schema()["definitions"]["Step"]["oneOf"].as_array().unwrap() {
        let Some(properties) = step.get("properties") else { continue };
        let name = properties.as_object().unwrap().keys().next().unwrap();
        assert!(times.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_reference_tells_all_that_a_template_can_name() {
    let reference = std::fs::read_to_string("docs/scenario.md").unwrap();
    for name in ["vars.NAME", "row.COLUMN", "user.index", "seq", "walk(15, 25, 0.5)", "hostname()"] {
        assert!(reference.contains(&format!("| `${{{name}}}` |")), "{name}");
    }
}

#[test]
fn the_program_prints_the_committed_schema() {
    let said = run_program(Path::new("."), &["schema"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout == std::fs::read_to_string("schemas/scenario.schema.json").unwrap());
}

/// What of a schema a value uses: `Definition.key` and `Definition=choice`.
struct Coverage<'a> {
    definitions: &'a Map<String, Value>,
    used: BTreeSet<String>,
}

impl Coverage<'_> {
    fn visit(&mut self, name: &str, schema: &Value, value: &Value) {
        let reference =
            schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref")).and_then(Value::as_str);
        if let Some(reference) = reference {
            let name = reference.trim_start_matches("#/definitions/");
            let definition = self.definitions[name].clone();
            return self.visit(name, &definition, value);
        }
        for (i, choice) in schema["oneOf"].as_array().into_iter().flatten().enumerate() {
            let is_plain = choice.get("properties").is_none();
            let fits = match value {
                Value::Object(_) if is_plain => choice.get("allOf").is_some(),
                Value::Object(object) => object.keys().all(|key| choice["properties"].get(key).is_some()),
                Value::String(text) => {
                    let is_word = choice["enum"].as_array().is_none_or(|words| words.contains(value));
                    is_plain && is_word && choice.get("const").is_none_or(|word| word == text)
                }
                _ => false,
            };
            if fits {
                self.used.insert(format!("{name}={i}"));
                self.visit(name, choice, value);
            }
        }
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    if let Some(property) = schema["properties"].get(key) {
                        self.used.insert(format!("{name}.{key}"));
                        self.visit(name, property, value);
                    } else {
                        self.visit(name, &schema["additionalProperties"], value);
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.visit(name, &schema["items"], value)),
            _ => {}
        }
    }
}

#[test]
fn the_exhaustive_file_has_every_key_and_choice_and_is_read() {
    let text = std::fs::read_to_string("tests/fixtures/exhaustive.toml").unwrap();
    let (_, parsed) = Source::read(Path::new("tests/fixtures/exhaustive.toml")).unwrap();
    assert_eq!(parsed.diagnostics, []);

    let schema = schema();
    let definitions = schema["definitions"].as_object().unwrap();
    let mut coverage = Coverage { definitions, used: BTreeSet::new() };
    let file: Value = toml::from_str(&text).unwrap();
    coverage.visit("Scenario", &schema, &file);
    let mut unused = Vec::new();
    let objects = definitions.iter().map(|(name, definition)| (name.as_str(), definition));
    for (name, definition) in objects.chain([("Scenario", &schema)]) {
        let keys = definition["properties"].as_object().into_iter().flatten();
        // Beside keys, it says which of them belong together.
        let choices = definition["oneOf"].as_array().filter(|_| definition.get("properties").is_none());
        let choices = choices.map_or(0, Vec::len);
        unused.extend(keys.map(|(key, _)| format!("{name}.{key}")));
        unused.extend((0..choices).map(|choice| format!("{name}={choice}")));
    }
    unused.retain(|used| !coverage.used.contains(used));
    assert!(unused.is_empty(), "{unused:?}");
}
