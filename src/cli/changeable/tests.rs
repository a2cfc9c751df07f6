use super::*;
use crate::scenario::files::Format;

#[test]
fn variables_rates_and_tags_may_be_changed_and_secrets_are_not_shown() {
    let text = r#"
version = 1
vars = { shout = 'say "hello"', empty = "", count = 3, door = "sesame", token = "abcdef" }
brokers.b.url = "embedded:"
[user_classes.a]
rate = "5/s"
password = "${vars.door}"
[[user_classes.a.tasks]]
name = "t"
tags = ["b", "a"]
steps = ["connect"]
[[user_classes.c.sequence]]
name = "t"
tags = ["a"]
steps = ["connect"]
"#;
    let (source, parsed) = Source::parse("x.toml", text, Format::Toml);
    assert!(parsed.diagnostics.is_empty());
    let Changeable { settings, tags } = Changeable::of(&parsed.scenario, &source);
    let told: Vec<_> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(
        told,
        [
            ("vars.count", "3"),
            ("vars.empty", ""),
            ("vars.shout", "say \"hello\""),
            ("user_classes.a.rate", "5/s")
        ]
    );
    let told: Vec<_> = tags.iter().map(|((class, task), tags)| format!("{class} {task} {tags:?}")).collect();
    assert_eq!(told, ["a t [\"b\", \"a\"]", "c t [\"a\"]"]);
}
