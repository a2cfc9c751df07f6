use super::*;
use crate::diagnostic::FileId;
use crate::scenario::format_yaml;

fn shown(node: &Node) -> String {
    match &node.value {
        Value::Null => "~".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.to_string(),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let entries =
                table.entries().iter().map(|entry| format!("{}: {}", entry.key, shown(&entry.node)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        _ => "?".to_owned(),
    }
}

fn merged(over: &str, under: &str) -> String {
    let read = |text| format_yaml::read(text, FileId(0)).unwrap();
    shown(&merge(read(over), &read(under), Section::Root))
}

#[test]
fn tables_are_merged_and_all_else_is_replaced() {
    for (over, under, expected) in [
        ("a: 1", "b: 2", "{a: 1, b: 2}"),
        ("a: 1", "a: 2", "{a: 1}"),
        ("vars: {a: 1}", "vars: {a: 2, b: 3}", "{vars: {a: 1, b: 3}}"),
        ("thresholds: [a]", "thresholds: [b, c]", "{thresholds: [a]}"),
        ("vars: {}", "vars: {a: 1}", "{vars: {a: 1}}"),
        ("vars:", "vars: {a: 1}", "{vars: {a: 1}}"),
        ("vars: 5", "vars: {a: 1}", "{vars: 5}"),
        ("", "a: 1", "{a: 1}"),
        ("a: 1", "", "{a: 1}"),
    ] {
        assert_eq!(merged(over, under), expected, "{over} over {under}");
    }
}

#[test]
fn a_choice_is_one_value_and_what_excludes_each_other_is_replaced() {
    let class = |content: &str| format!("user_classes: {{ c: {{ {content} }} }}");
    for (over, under, expected) in [
        ("wait_time: {constant: 1s}", "wait_time: {exponential: 2s}", "wait_time: {constant: 1s}"),
        ("weight: 2", "fixed_count: 3", "weight: 2"),
        ("weight:", "fixed_count: 3", "weight: ~, fixed_count: 3"),
        ("sequence: [a]", "tasks: [b], weight: 1", "sequence: [a], weight: 1"),
        ("rate: 1/s", "wait_time: {constant: 1s}", "rate: 1/s"),
        ("wait_time: {constant: 1s}", "rate: 1/s", "wait_time: {constant: 1s}"),
        (
            "rate: {per_class: 1/s}",
            "rate: {per_user: 2/s, jitter: 1ms}",
            "rate: {per_class: 1/s, jitter: 1ms}",
        ),
        ("password: {file: a}", "password: b", "password: {file: a}"),
    ] {
        let expected = format!("{{user_classes: {{c: {{{expected}}}}}}}");
        assert_eq!(merged(&class(over), &class(under)), expected, "{over} over {under}");
    }
    assert_eq!(
        merged("payloads: {p: {text: a}}", "payloads: {p: {hex: b}, q: c}"),
        "{payloads: {p: {text: a}, q: c}}"
    );
    assert_eq!(
        merged("load: {stages: [a]}", "load: {users: 1, run_time: 1s, iterations: 3}"),
        "{load: {stages: [a], iterations: 3}}"
    );
    assert_eq!(merged("load: {users: 1}", "load: {stages: [a], search: b}"), "{load: {users: 1, search: b}}");
}
