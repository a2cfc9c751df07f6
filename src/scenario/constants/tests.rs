use crate::scenario::files::Format;
use crate::scenario::source::Source;

/// The constant `x` of a scenario.
fn constant(text: &str, format: Format, settings: &[&str]) -> String {
    let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
    let (_, parsed) = Source::parse_with("s", text, format, &settings);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.scenario.vars["x"].0.clone()
}

#[test]
fn a_constant_is_the_text_of_the_file() {
    for written in [
        "1.10",
        "+4930123456",
        "0x1F",
        "0o17",
        "1e3",
        "-0",
        "-0.0",
        "1.0",
        "0.10",
        "true",
        "inf",
        "-inf",
        "nan",
        "99999999999999999999999999999999999999999",
        "9007199254740993.5",
    ] {
        assert_eq!(constant(&format!("vars.x = {written} # why"), Format::Toml, &[]), written);
        assert_eq!(constant(&format!("vars:\n  x: {written} # why\n"), Format::Yaml, &[]), written);
        assert_eq!(constant(&format!("vars: {{ x: {written} }}"), Format::Yaml, &[]), written);
        assert_eq!(constant("vars.x = 1", Format::Toml, &[&format!("vars.x={written}")]), written);
    }
    for written in ["1_000", "0b101", "2026-11-23", "12:30:00", "2026-11-23 12:30:00Z", "+inf"] {
        assert_eq!(constant(&format!("[vars]\nx = {written}\r\n"), Format::Toml, &[]), written);
        assert_eq!(constant("vars.x = 1", Format::Toml, &[&format!("vars={{ x = {written} }}")]), written);
    }
    for written in
        ["010", "1_000", "yes", "No", "True", "FALSE", ".inf", ".NaN", "2026-11-23", "12:30:00", "5."]
    {
        assert_eq!(constant(&format!("vars:\n  x:   {written}\n"), Format::Yaml, &[]), written);
    }
    for written in ["010", "yes", "1.2.3", "+49 30"] {
        assert_eq!(constant("vars.x = 1", Format::Toml, &[&format!("vars.x={written}")]), written);
    }
}

#[test]
fn quotes_aliases_and_merge_keys_change_nothing() {
    assert_eq!(constant("vars.x = \"1.10\"", Format::Toml, &[]), "1.10");
    assert_eq!(constant("vars: { a: &a 1.10, x: *a }", Format::Yaml, &[]), "1.10");
    assert_eq!(constant("vars: { <<: { x: +1.10 }, y: 1 }", Format::Yaml, &[]), "+1.10");
    assert_eq!(constant("? vars\n: &v\n  ? x\n  : 1e3\n", Format::Yaml, &[]), "1e3");
}
