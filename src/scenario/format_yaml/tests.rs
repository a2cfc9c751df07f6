use super::*;

fn shown(text: &str) -> String {
    fn show(node: &Node) -> String {
        match &node.value {
            Value::Null => "~".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => format!("{number:?}"),
            Value::Text(text) => format!("{text:?}"),
            Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            Value::Table(table) => {
                let entries =
                    table.entries().iter().map(|entry| format!("{}: {}", entry.key, show(&entry.node)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Value::Date => "?".to_owned(),
        }
    }
    match read(text, FileId::default()) {
        Ok(node) => show(&node),
        Err(errors) => errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("; "),
    }
}

#[test]
fn plain_values_follow_the_core_schema() {
    for (text, expected) in [
        ("", "~"),
        ("# only a comment\n", "~"),
        ("~", "~"),
        ("NULL", "~"),
        ("True", "true"),
        ("yes", r#""yes""#),
        ("'true'", r#""true""#),
        ("12", "12"),
        ("-12", "-12"),
        ("+12", "12"),
        ("0", "0"),
        ("007", r#""007""#),
        ("00.5", r#""00.5""#),
        ("0.5", "0.5"),
        ("-.5", "-0.5"),
        ("5.", "5.0"),
        ("1e3", "1000.0"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("0x", r#""0x""#),
        (".inf", "inf"),
        ("-.INF", "-inf"),
        ("inf", r#""inf""#),
        ("infinity", r#""infinity""#),
        ("e3", r#""e3""#),
        (".nan", "NaN"),
        ("nan", r#""nan""#),
        ("1_000", r#""1_000""#),
        ("2026-11-23", r#""2026-11-23""#),
        ("12:30:00", r#""12:30:00""#),
        ("99999999999999999999999999999999999999999", "170141183460469231731687303715884105727"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    for (text, expected) in [
        ("a: &x {k: 1}\nb: *x", "{a: {k: 1}, b: {k: 1}}"),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}", "{a: {k: 1, l: 2}, b: {k: 3, l: 2}}"),
        (
            "a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y]}",
            "{a: {k: 1}, b: {k: 2, m: 3}, c: {k: 1, m: 3}}",
        ),
        ("a: &x key\n*x : 1", "{a: \"key\", key: 1}"),
        ("'<<': 1", "{<<: 1}"),
        ("<<: 1", "`<<` takes a mapping or a list of mappings"),
        ("a: *nobody", "no anchor `&nobody` stands before this alias"),
        ("a: &x [*x]", "an alias stands inside the value that it repeats"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn what_a_scenario_cannot_hold_is_refused() {
    for (text, expected) in [
        (
            "a: 1\na: 2\nb: {c: 1, c: 2}",
            "the key `a` stands here a second time; the key `c` stands here a second time",
        ),
        ("a: !!str 5", "the tag `!!str` is not supported"),
        ("{a: 1}\n---\n{b: 2}", "a second document begins here"),
        ("? [a]\n: 1", "a key must be a text"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
    assert_eq!(shown(&("[".repeat(100) + &"]".repeat(100))), "nested deeper than 64 levels");
}

#[test]
fn a_billion_laughs_end_in_an_error() {
    let nested = |first: &str, item: &dyn Fn(usize) -> String, levels| {
        let lines = (1..levels).map(|level| format!("a{level}: &a{level} [{}]", item(level - 1)));
        [format!("a0: &a0 [{first}]")].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    };
    let wide = nested("ha", &|level| vec![format!("*a{level}"); 10].join(", "), 10);
    assert_eq!(shown(&wide), "aliases make this file larger than 16 MiB");
    let deep = nested("ha", &|level| format!("*a{level}"), 100);
    assert_eq!(shown(&deep), "nested deeper than 64 levels");
}
