use super::*;

fn names(found: &[Found]) -> Vec<String> {
    found.iter().map(|found| found.at.to_string()).collect()
}

#[test]
fn variables_of_locust_itself_and_empty_ones_are_no_settings() {
    let found = of_variables(&[
        ("LOCUST_USERS", "7"),
        ("LOCUST_TAGS", ""),
        ("LOCUST_PLAYWRIGHT", "1"),
        ("LOCUST_OF_THEIR_OWN", "x"),
        ("PATH", "/bin"),
    ]);
    assert_eq!(names(&found), ["LOCUST_OF_THEIR_OWN", "LOCUST_USERS"]);
    assert!(found[0].setting.is_none() && found[1].setting.is_some());
}

#[test]
fn lists_of_variables_are_those_that_locust_reads() {
    let list = |names: &[&str]| Value::List(names.iter().map(|&name| name.to_owned()).collect());
    for (name, text, value) in [
        ("LOCUST_USER_CLASSES", "A  B", list(&["A", "B"])),
        ("LOCUST_TAGS", "[a, b]", list(&["a", "b"])),
        ("LOCUST_TAGS", "a b", Value::Text("a b".to_owned())),
        ("LOCUST_CSV", "[a]", Value::Text("[a]".to_owned())),
    ] {
        assert_eq!(of_variables(&[(name, text)])[0].value, value, "{name}={text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_mistake_with_its_line() {
    let mistake = of_text("locust.conf", "users = 1\n= 5\n").unwrap_err();
    assert_eq!(
        mistake.message,
        "locust.conf:2: this is no setting: write NAME = VALUE, or a NAME alone for a switch"
    );
    assert!(
        of_text("a.toml", "[tool.locust\n").unwrap_err().message.starts_with("a.toml:1: this is no TOML")
    );
}
