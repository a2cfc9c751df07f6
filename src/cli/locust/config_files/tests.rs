use super::*;
use proptest::prelude::*;

fn one(text: &str) -> Option<(String, Value)> {
    conf(text).unwrap().pop().map(|line| (line.name, line.value))
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// What Locust 2.47 with `ConfigArgParse` 1.9 makes of the same lines.
#[test]
fn lines_mean_what_they_mean_to_locust() {
    for (line, name, value) in [
        ("users = 5", "users", "5"),
        ("users=5", "users", "5"),
        ("users: 5", "users", "5"),
        ("users   5", "users", "5"),
        ("--users 5", "users", "5"),
        ("  users = 7  ", "users", "7"),
        ("headless", "headless", "true"),
        ("--headless", "headless", "true"),
        ("headless # c", "headless", "# c"),
        ("users = 5 # five", "users", "5"),
        ("users = 5#five", "users", "5#five"),
        ("host mqtt://h # c", "host", "mqtt://h"),
        ("host = \"mqtt://a:1883\" ; x", "host", "mqtt://a:1883"),
        ("host: 'a b'", "host", "a b"),
        ("host: 'a b", "host", "'a b"),
        ("x = \"a\" b", "x", "\"a\" b"),
        ("x = ; c", "x", "; c"),
        ("x == 5", "x", "= 5"),
        ("tags a b", "tags", "a b"),
        ("csv =", "csv", ""),
        ("csv = \"\"", "csv", ""),
        ("csv :", "csv", ""),
    ] {
        assert_eq!(one(line), Some((name.to_owned(), text(value))), "{line}");
    }
    let list = |elements: &[&str]| Value::List(elements.iter().map(|&element| element.to_owned()).collect());
    for (line, elements) in [
        ("tags = [a, b]", &["a", "b"][..]),
        ("tags = [\"a\", 1]", &["a", "1"]),
        ("tags = [a, b] # c", &["a", "b"]),
    ] {
        assert_eq!(one(line), Some(("tags".to_owned(), list(elements))), "{line}");
    }
    for line in ["---", "[x]", "; c", "# c", ""] {
        assert_eq!(one(line), None, "{line}");
    }
    for line in ["a;b", "=5"] {
        assert_eq!(conf(&format!("users = 1\n{line}\n")).unwrap_err().number, 2, "{line}");
    }
}

#[test]
fn the_last_value_of_a_name_counts() {
    let lines = conf("users = 1\nspawn-rate = 2\n--users = 3\n").unwrap();
    let said: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.number)).collect();
    assert_eq!(said, [("spawn-rate", 2), ("users", 3)]);
}

#[test]
fn the_table_of_a_toml_file_has_values_of_each_kind_with_their_lines() {
    let lines = toml(
        "[tool.other]\nusers = 1\n[tool.locust]\nrun-time = \"5m\"\nheadless = true\n\nusers = 3\nspawn-rate = \
             0.5\ntags = [\"a\", \"b\"]\n",
    );
    let said: Vec<_> = lines
        .unwrap()
        .into_iter()
        .map(|line| format!("{}: {} {:?}", line.number, line.name, line.value))
        .collect();
    assert_eq!(
        said,
        [
            "4: run-time Text(\"5m\")",
            "5: headless Text(\"true\")",
            "7: users Text(\"3\")",
            "8: spawn-rate Text(\"0.5\")",
            "9: tags List([\"a\", \"b\"])"
        ]
    );
    assert_eq!(toml("[project]\nname = \"x\"\n"), Ok(Vec::new()));
    assert_eq!(toml("[tool]\nlocust = 5\n"), Ok(Vec::new()));
    assert_eq!(toml("a = 1\n[tool.locust\n").unwrap_err().number, 2);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,40}\n?\\PC{0,40}") {
        let _ = conf(&text);
        let _ = toml(&text);
    }
}
