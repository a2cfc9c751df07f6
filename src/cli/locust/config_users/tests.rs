use super::*;
use crate::scenario::files::Format;
use crate::scenario::source::Source;

#[test]
fn each_key_is_a_setting_of_its_class() {
    let json = r#"[{"user_class_name": "car", "weight": 3, "client_id": "a\"b"},
                       {"user_class_name": "a bus", "wait_time": {"min": "1s", "max": "2s"}, "feeds": ["x", "y"]}]"#;
    let said = settings(json).unwrap();
    insta::assert_snapshot!(said.join("\n"));
    let (_, parsed) =
        Source::parse_with("x.toml", "user_classes = { car = {}, 'a bus' = {} }", Format::Toml, &said);
    let classes = parsed.scenario.user_classes;
    assert_eq!(classes["car"].client_id.as_deref(), Some("a\"b"));
    assert_eq!(classes["a bus"].feeds, ["x", "y"]);
}

#[test]
fn what_is_no_configuration_of_a_class_is_refused_with_the_cure() {
    let said: Vec<_> = [
        "{",
        "5",
        "[[]]",
        r#"{"weight": 3}"#,
        r#"{"user_class_name": "car", "host": "mqtt://a"}"#,
        r#"{"user_class_name": "car", "tasks": ["a"]}"#,
        "nowhere.json",
    ]
    .iter()
    .map(|text| settings(text).unwrap_err())
    .map(|Mistake { message, help }| format!("{message}\n  help: {help}"))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_file_may_have_a_mark_of_utf_8_and_is_not_endless() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("users.json");
    std::fs::write(&file, "\u{feff}{\"user_class_name\": \"car\", \"weight\": 3}").unwrap();
    assert_eq!(settings(file.to_str().unwrap()).unwrap(), ["user_classes.car.weight=3"]);
    std::os::unix::fs::symlink("/dev/zero", dir.path().join("zero.json")).unwrap();
    let mistake = settings(dir.path().join("zero.json").to_str().unwrap()).unwrap_err();
    assert!(mistake.message.contains("larger than 1 MiB"), "{}", mistake.message);
}
