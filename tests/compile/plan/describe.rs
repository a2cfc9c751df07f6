//! What a plan tells of stages, feeds, payloads, limits and thresholds, as text, as JSON and as differences.

use super::*;

const LANGUAGE: &str = include_str!("../../fixtures/plan/language.toml");

fn json(text: &str) -> serde_json::Value {
    describe_json(&compiled(text).unwrap().plan)
}

#[test]
fn everything_of_the_language_is_told() {
    let Compiled { plan, warnings } = compiled(LANGUAGE).unwrap();
    assert_eq!(listed(&warnings), "");
    insta::assert_snapshot!("language_as_text", describe(&plan));
    insta::assert_snapshot!("language_as_json", format!("{:#}", describe_json(&plan)));
}

#[test]
fn each_stage_tells_its_users_and_what_they_send() {
    let plan = json(LANGUAGE);
    let figures: Vec<_> = plan["load"]["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| {
            let of_class = |i: usize| stage["user_classes"][i]["traffic"]["messages_per_s"].as_f64().unwrap();
            let sent = stage["traffic"]["messages_per_s"].as_f64().unwrap();
            // Meters send 2 messages per second each, sensors 1.
            (
                stage["name"].as_str().unwrap(),
                stage["users"].as_u64().unwrap(),
                of_class(0),
                of_class(1),
                sent,
            )
        })
        .collect();
    assert_eq!(
        figures,
        [("warm up", 2, 2.0, 1.0, 3.0), ("2", 3, 4.0, 1.0, 5.0), ("night", 1, 2.0, 0.0, 2.0)],
    );
    // The busiest stage counts for the run, the most users of each class for its own line.
    assert_eq!(plan["load"]["traffic"]["messages_per_s"], 5.0);
    assert_eq!(plan["load"]["users"], 3);
    let most = [&plan["user_classes"][0]["users"], &plan["user_classes"][1]["users"]];
    assert_eq!(most, [2, 1]);
}

#[test]
fn a_stage_that_is_cut_off_tells_the_users_that_it_gets() {
    let text = SMALL.replace(
        "load.run_time = \"1m\"",
        "load.stages = [{ users = 100, spawn_rate = 1, duration = \"10s\" }]",
    );
    let plan = compiled(&text).unwrap().plan;
    assert_eq!(describe_json(&plan)["load"]["stages"][0]["users"], 10);
    let text = describe(&plan);
    assert!(text.contains("\n    cut off at 10 device: messages as fast as"), "{text}");
    assert!(text.contains("\n  stage 1: 100 users at 1 per second"), "{text}");
}

#[test]
fn sizes_of_lines_and_fillings_are_their_means() {
    // Two bytes of fixed header, two of topic length and the topic.
    let beside = 5.0;
    for (payload, bytes) in [
        ("{ lines = \"lines.txt\" }", 4.0),
        ("{ size = { between = [\"10B\", \"30B\"] } }", 20.0),
        ("{ size = \"12B\" }", 12.0),
        ("{ hex = \"00 ff\" }", 2.0),
    ] {
        let text = SMALL.replace("topic = \"a\"", &format!("topic = \"a\", payload = {payload}"));
        let plan = json(&(text + "[user_classes.device]\nrate = \"1/s\""));
        assert_eq!(plan["load"]["traffic"]["bytes_per_s"], beside + bytes, "{payload}");
    }
}

#[test]
fn what_the_language_has_is_compared() {
    let changed = LANGUAGE
        .replace("order = \"unique\"", "order = \"random\"")
        .replace("name = \"night\"", "name = \"evening\"")
        .replace("reconnect = \"never\"", "reconnect = { attempts = 5 }")
        .replace("initial = \"1s\", attempts = 5", "initial = \"2s\"")
        .replace(
            "user_classes = { meter = 2, sensor = 1 }\n",
            "user_classes = { meter = 2, sensor = 1 }\ndrop_connections = 1\n",
        )
        .replace("messages = 1000", "messages = 2000")
        .replace("{ meter = 2, sensor = 1 }", "{ meter = 2, sensor = 2 }")
        .replace("on_error = \"continue\"", "on_error = \"stop_user\"")
        .replace("rate = { per_user = \"2/s\"", "rate = { per_user = \"4/s\"")
        .replace("{ size = { between = [\"10B\", \"1kB\"] } }", "{ lines = \"lines.txt\" }")
        .replace("p99 < 200ms", "p99 < 100ms")
        .replace("exponential = \"1s\"", "constant = \"1s\"");
    insta::assert_snapshot!(difference(LANGUAGE, &changed));
    assert_eq!(difference(LANGUAGE, LANGUAGE), "");
}

#[test]
fn a_password_is_shown_nowhere_wherever_else_it_stands() {
    let user = |password: &str, text: &str| {
        let publish =
            format!("topic = \"a/{text}\", payload = '{{\"k\":\"{text}\"}}', name = \"row {text}\"");
        SMALL.replace("topic = \"a\"", &publish).replace("version = 1", "version = 1\nload.users = 3")
            + &format!(
                "[user_classes.device]\nusername = \"{text}\"\npassword = \"{password}\"\nclient_id = \"{text}-${{user.index}}\"\n\
                 will = {{ topic = \"lost/{text}\", payload = \"{text}\" }}\n"
            )
    };
    // The same variable at both places, or the same row of a feed.
    let feed = "feeds = [\"devices\"]\n[feeds.devices]\ncsv = \"devices.csv\"\n";
    for (text, is_shown) in [
        (user("${env.PASSWORD}", "${env.PASSWORD}"), true),
        (user("${row.key}", "${row.key}") + feed, true),
        (user("${env.PASSWORD}", "x"), false),
    ] {
        let plan = compiled(&text).unwrap().plan;
        let (told, json) = (describe(&plan), describe_json(&plan));
        let compared = difference(SMALL, &text) + &difference(&text, SMALL);
        for said in [&told, &json.to_string(), &compared] {
            assert!(!said.contains("hunter"), "{said}");
        }
        assert_eq!(told.contains("\"a/***\""), is_shown, "{told}");
        assert_eq!(told.contains("\"lost/***\"  \"***\""), is_shown, "{told}");
        assert_eq!(json["user_classes"][0]["password"], "***");
    }
}
