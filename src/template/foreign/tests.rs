use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;
use crate::template::names::Columns;

fn found(text: &str) -> Vec<(String, Option<String>)> {
    let vars = BTreeMap::from([("site".to_owned(), "north".to_owned())]);
    let names = Names {
        class: None,
        vars: &vars,
        used_vars: &RefCell::default(),
        columns: &Columns::default(),
        env: &|_| None,
        hostname: "",
        run_id: None,
    };
    let found = placeholders(text, &names).into_iter();
    found.map(|found| (text[found.range].to_owned(), found.ours)).collect()
}

#[test]
fn templates_of_other_tools_are_known_by_their_form() {
    for (text, written, ours) in [
        ("{seq}", "{seq}", Some("${seq}")),
        ("{\"v\": {seq}}", "{seq}", Some("${seq}")),
        ("{\"v\": {{seq}}}", "{{seq}}", Some("${seq}")),
        ("a {{ seq }} b", "{{ seq }}", Some("${seq}")),
        ("{{.Seq}}", "{{.Seq}}", Some("${seq}")),
        ("{{ $randomInt }}", "{{ $randomInt }}", Some("${random_int(1, 6)}")),
        ("{random_int(1,5)}", "{random_int(1,5)}", Some("${random_int(1,5)}")),
        ("{seq:05d}", "{seq:05d}", Some("${seq}")),
        ("{% seq %}", "{% seq %}", Some("${seq}")),
        ("dev-{user.number}", "{user.number}", Some("${user.number}")),
        ("at {site}", "{site}", Some("${vars.site}")),
        ("a/{room}/b", "{room}", None),
        ("#{seq}", "#{seq}", Some("${seq}")),
        ("@{seq}", "@{seq}", Some("${seq}")),
        ("<seq>", "<seq>", Some("${seq}")),
        ("<client_id>", "<client_id>", Some("${client_id}")),
        ("%i", "%i", Some("${user.number}")),
        ("sensors/%c/x", "%c", Some("${client_id}")),
        ("n %05d", "%05d", Some("${seq}")),
        ("%u", "%u", None),
        ("%client_id%", "%client_id%", Some("${client_id}")),
        ("$seq", "$seq", Some("${seq}")),
        ("a/$client_id/b", "$client_id", Some("${client_id}")),
        ("$(date)", "$(date)", Some("${now_iso()}")),
        ("{\"id\": \"$uuid\"}", "$uuid", Some("${uuid()}")),
    ] {
        assert_eq!(found(text), [(written.to_owned(), ours.map(str::to_owned))], "{text}");
    }
    assert_eq!(found("%c %i").len(), 2);
}

#[test]
fn what_only_looks_like_a_template_is_let_alone() {
    for text in [
        "",
        "{}",
        "{{}}",
        "{\"v\": 1}",
        "{\"v\": {\"w\": 1}}",
        "{'v': 1}",
        "{ \"a\": true }",
        "{a:1}",
        "{1}",
        "${seq}",
        "$${seq}",
        "{\"v\": ${seq}}",
        "{\"v\":${random_int(1, 6)}}",
        "50%",
        "50 % of it",
        "100%c",
        "a%20b",
        "%7Bseq%7D",
        "100%d",
        "$SYS/broker",
        "$share/g/a",
        "$aws/things/x",
        "$5.00",
        "{\"$date\": 1}",
        "{\"$timestamp\": 1}",
        "{\"$id\": \"x\"}",
        "<temp>21</temp>",
        "<id>5</id>",
        "<html/>",
        "a < b > c",
        "temp,host=a value=1 17",
        "{true}",
        "\u{e9}{\u{e9}}%\u{e9}$\u{e9}<\u{e9}>",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}
