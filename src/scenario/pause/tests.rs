use super::*;

#[test]
fn pauses_of_other_tools_are_spelt_out() {
    for (text, toml) in [
        ("between(1, 2)", Some("{ between = [\"1s\", \"2s\"] }")),
        ("locust.between(0.5,1.5)", Some("{ between = [\"0.5s\", \"1.5s\"] }")),
        ("constant(1)", Some("{ constant = \"1s\" }")),
        ("constant_pacing(2)", Some("{ constant_pacing = \"2s\" }")),
        ("constant_throughput(0.5)", Some("{ constant_throughput = 0.5 }")),
        ("exponential(500ms)", Some("{ exponential = \"500ms\" }")),
        ("1s..2s", Some("{ between = [\"1s\", \"2s\"] }")),
        ("1-2", Some("{ between = [\"1s\", \"2s\"] }")),
        ("between(a, b)", None),
        ("constant(-1)", None),
        ("other(1)", None),
        ("soon", None),
    ] {
        assert_eq!(wait_time(text, Format::Toml).as_deref(), toml, "{text}");
        let yaml = toml.map(|text| text.replace(" = ", ": "));
        assert_eq!(wait_time(text, Format::Yaml), yaml, "{text}");
    }
    assert_eq!(pause("constant(1)", Format::Toml).as_deref(), Some("\"1s\""));
    assert_eq!(pause("constant_pacing(1)", Format::Toml), None);
}
