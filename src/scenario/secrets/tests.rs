use super::*;
use crate::diagnostic::{FieldPath, Mark};
use crate::scenario::codes;
use crate::scenario::files::Format;

const TOML: Format = Format::Toml;
const YAML: Format = Format::Yaml;

/// The text as it would be shown as a whole.
fn shown(text: &str, format: Format) -> String {
    let (source, _) = Source::parse("s", text, format);
    Secrets::of(&source).shown(FileId(0), text, 0, &(0..0)).0
}

#[test]
fn the_value_of_a_key_that_sounds_like_a_secret_is_masked() {
    for (text, format, expected) in [
        ("password = \"s3cret\"", TOML, "password = ***"),
        ("pasword='s3cret' # mine", TOML, "pasword=*** # mine"),
        ("password = \"s3\"#cret\"", TOML, "password = ***"),
        ("user_classes.d.passwort = s3 cret", TOML, "user_classes.d.passwort = ***"),
        ("password = \"s3\"cret\"", TOML, "password = ***"),
        ("password = \"s3cret\nqos = 1", TOML, "password = ***\nqos = 1"),
        ("password =\n\"s3cret\"\nqos = 1", TOML, "password =\n***\nqos = 1"),
        ("password = \"\"\"\ns3cret\nmore\"\"\"\nqos = 1", TOML, "password = ***\nqos = 1"),
        ("password = '''s3cret\nqos = 1", TOML, "password = ***"),
        ("password = 123456", TOML, "password = ***"),
        ("d = { password = \"s3cret\", qos = 1 }", TOML, "d = { password = ***, qos = 1 }"),
        ("d = { password = \"s3cret\"x, qos = 1 }", TOML, "d = { password = ***"),
        ("d = { password = s3cret, qos = 1 }", TOML, "d = { password = ***"),
        ("d = { \"pass-word\" = \"s3,}cret\", qos = 1 }", TOML, "d = { \"pass-word\" = ***, qos = 1 }"),
        ("# password = \"s3cret\"", TOML, "# password = ***"),
        ("payload = '{\"password\": \"s3cret\"}'", TOML, "payload = '{\"password\": ***}'"),
        ("payload = \"{\\\"password\\\": \\\"s3cret\\\"}\"", TOML, "payload = \"{\\\"password\\\": ***"),
        ("vars.api_token = \"s3cret\"", TOML, "vars.api_token = ***"),
        ("password = { text = \"s3cret\" }", TOML, "password = { text = *** }"),
        ("password: s3cret", YAML, "password: ***"),
        ("- password: s3cret\n  qos: 1", YAML, "- password: ***\n  qos: 1"),
        ("password: s3\n  cret\nqos: 1", YAML, "password: ***\nqos: 1"),
        ("d:\n  password: |\n    s3\n\n    cret\n  qos: 1", YAML, "d:\n  password: ***\n  qos: 1"),
        ("password: >-\n  s3cret", YAML, "password: ***"),
        ("password:\n  s3cret\nqos: 1", YAML, "password:\n  ***\nqos: 1"),
        ("password: \"s3\n  cret\"\nqos: 1", YAML, "password: ***\nqos: 1"),
        ("password: \"s3\n  cret\nqos: 1", YAML, "password: ***\nqos: 1"),
        ("d: {password: s3,cret}", YAML, "d: {password: ***"),
        ("d: {password: 's3''cret', qos: 1}", YAML, "d: {password: ***, qos: 1}"),
        ("? password\n: s3cret\nqos: 1", YAML, "? password\n: ***\nqos: 1"),
        ("password : s3cret\r\nqos: 1", YAML, "password : ***\r\nqos: 1"),
    ] {
        assert_eq!(shown(text, format), expected, "{text}");
    }
}

#[test]
fn headers_are_masked_in_every_way_to_write_them() {
    for (text, format, expected) in [
        ("headers = { A = \"s3cret\", B = \"t\" }", TOML, "headers = { A = ***, B = *** }"),
        ("w = { header = { A = \"s3cret\" }, pth = 1 }", TOML, "w = { header = { A = *** }, pth = 1 }"),
        ("headers = { A = \"s3cret\", B\nqos = 1", TOML, "headers = ***\nqos = 1"),
        (
            "[brokers.b.websocket.headers]\nA = \"s3cret\"\nB = \"\"\"x\ny\"\"\"\nC s3cret\n[load]\nusers = 1",
            TOML,
            "[brokers.b.websocket.headers]\nA = ***\nB = ***\n***\n[load]\nusers = 1",
        ),
        ("websocket.headers.X-Id = \"s3cret\"", TOML, "websocket.headers.X-Id = ***"),
        ("Authorization = \"Bearer s3cret\"", TOML, "Authorization = ***"),
        (
            "w:\n  headers:\n    X-Id: s3cret\n    Y: >-\n      a: b\n  pth: 1",
            YAML,
            "w:\n  headers:\n    X-Id: ***\n    Y: ***\n      ***\n  pth: 1",
        ),
        ("w: {headers: {X-Id: s3cret}, pth: 1}", YAML, "w: {headers: {X-Id: ***}, pth: 1}"),
        ("headers:\n  {X-Id: s3cret}\npth: 1", YAML, "headers:\n  ***\npth: 1"),
    ] {
        assert_eq!(shown(text, format), expected, "{text}");
    }
}

#[test]
fn urls_keep_their_host() {
    for (text, format, expected) in [
        ("url = \"mqtt://u:s3cret@h:1883\"", TOML, "url = \"mqtt://***@h:1883\""),
        ("urls = [\"mqtt://a\", \"mqtt://u:p@ss/w@h\"]", TOML, "urls = [\"mqtt://a\", \"mqtt://***@h\"]"),
        ("url = \"mqtt://fe80::1%eth0:1883\"", TOML, "url = \"mqtt://fe80::1%eth0:1883\""),
        ("url = \"mqtt://u:s3 cret@h\"", TOML, "url = \"mqtt://***@h\""),
        ("url = \"u:s3cret@h\"", TOML, "url = \"***@h\""),
        ("url: mqtt://u:s3cret@h # a@b", YAML, "url: mqtt://***@h # a@b"),
        ("url: mqtt://u:s3 cret@h", YAML, "url: mqtt://***@h"),
        ("url = \"wss://h/mqtt?token=s3cret\"", TOML, "url = \"wss://h/mqtt?token=***"),
        (
            "w = { prometheus = \"http://h/m?k=s3cret\", pick = [] }",
            TOML,
            "w = { prometheus = \"http://h/m?***\", pick = [] }",
        ),
        ("prometheus: http://h/m?k=s3cret # a", YAML, "prometheus: http://h/m?*** # a"),
        ("url = \"ws://h:80/a@b\"\nq = \"http://h/\"", TOML, "url = \"ws://***@b\"\nq = \"http://h/\""),
        ("payload = \"mail a@b, see http://h/\"", TOML, "payload = \"mail a@b, see http://h/\""),
    ] {
        assert_eq!(shown(text, format), expected, "{text}");
    }
    assert_eq!(hide_urls("cannot read `mqtt://u:p@h`: no"), "cannot read `mqtt://***@h`: no");
    assert_eq!(
        hide_urls("cannot read `-----BEGIN EC PRIVATE KEY-----\nAAEC\n-----END EC PRIVATE KEY-----`"),
        "cannot read `-----BEGIN EC PRIVATE KEY-----\n***\n-----END EC PRIVATE KEY-----`"
    );
}

#[test]
fn what_is_no_secret_stays() {
    for (text, format) in [
        ("password = \"${env.MQTT_PASSWORD}\"", TOML),
        ("headers.Authorization = \"Bearer ${env.TOKEN}\"", TOML),
        ("password = { file = \"password.txt\" }", TOML),
        ("password.file = \"password.txt\"", TOML),
        ("[user_classes.d.password]\nfile = \"password.txt\"", TOML),
        ("password:\n  file: password.txt\nqos: 1", YAML),
        ("password: { file: password.txt }", YAML),
        ("[user_classes.token_refresh]\nclient_id = \"c\"", TOML),
        ("user_classes:\n  token_refresh:\n    client_id: c", YAML),
        ("user_classes.token_refresh.client_id = \"c\"", TOML),
        ("topic = \"keys/token\"\nqos = 1\nkey = \"client.key\"", TOML),
    ] {
        assert_eq!(shown(text, format), text);
    }
    assert_eq!(shown("password = \"${env.A:-s3cret}\"", TOML), "password = ***");
}

#[test]
fn what_a_secret_refers_to_is_one() {
    for (text, format, expected) in [
        (
            "vars.abc = \"s3cret\"\npassword = \"${vars.abc}\"",
            TOML,
            "vars.abc = ***\npassword = \"${vars.abc}\"",
        ),
        ("a: &x s3cret\npassword: *x", YAML, "a: &x ***\npassword: ***"),
        ("a: &x\n  s3cret\nb: &xy c\npassword: *x", YAML, "a: &x\n  ***\nb: &xy c\npassword: ***"),
    ] {
        assert_eq!(shown(text, format), expected, "{text}");
    }
}

#[test]
fn a_mark_keeps_its_place_beside_what_is_masked() {
    let text = "d = { password = \"s3cret\", qso = 1 }";
    let (source, _) = Source::parse("s", text, TOML);
    let secrets = Secrets::of(&source);
    let place = |part: &str| text.find(part).map(|at| at..at + part.len()).unwrap();
    for (marked, expected) in [
        (place("d = "), "d = "),
        (place("password"), "password"),
        (place("\"s3cret\""), "***"),
        (place("cre"), "***"),
        (place("\", qso"), "***, qso"),
        (place("qso"), "qso"),
        (place("{ password = \"s3c"), "{ password = ***"),
        (text.len()..text.len(), ""),
    ] {
        let (shown, mark) = secrets.shown(FileId(0), text, 0, &marked);
        assert_eq!(shown, "d = { password = ***, qso = 1 }");
        assert_eq!(&shown[mark], expected, "{marked:?}");
    }
    let start = text.find("cret").unwrap();
    let (shown, mark) = secrets.shown(FileId(0), &text[start..], start, &place("qso"));
    assert_eq!((&shown[mark], shown.as_str()), ("qso", "***, qso = 1 }"));
}

#[test]
fn messages_do_not_repeat_a_secret() {
    let text = "password = 12\nname = \"s3cret-x\"\npin = \"s3cret-x\"\n";
    let (source, _) = Source::parse("s", text, TOML);
    let secrets = Secrets::of(&source);
    let said = |at: usize, message: &str| {
        let place = Place { file: FileId(0), span: at..at + 2 };
        let path = FieldPath::root().key("d").key("12");
        let diagnostic = Diagnostic::error(codes::SYNTAX, path, message).marking(Mark::Value).help(message);
        let said = secrets.masked(&diagnostic, &place);
        assert_eq!(said.help.as_deref(), Some(said.message.as_str()));
        (said.message, said.at.to_string())
    };
    assert_eq!(
        said(11, "write `1…` or \"12\", not `x`"),
        ("write `***` or \"***\", not `x`".into(), "d".into())
    );
    assert_eq!(said(14, "`12` is not s3cret-x"), ("`12` is not ***".into(), "d.12".into()));
}

#[test]
fn arguments_are_not_repeated_in_what_is_said_of_them() {
    let arguments =
        ["--password=s3cret", "--api-token", "t0ken", "mqtt://u:p4ss@h", "-u", "x"].map(str::to_owned);
    let said = "unexpected 's3cret', 't0ken', 'mqtt://u:p4ss@h' and 'x'";
    assert_eq!(hide_arguments(said, &arguments), "unexpected '***', '***', 'mqtt://***@h' and 'x'");
}
