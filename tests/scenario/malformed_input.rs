//! Input that nobody writes by hand: large, deep, repeated without end. It ends in an answer, soon and with
//! bounded memory.

use std::fmt::Write as _;
use std::fs::File;
use std::time::Duration;

use mqtt_scenario::cli::render::render;
use mqtt_scenario::diagnostic::Diagnostic;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::source::Source;
use proptest::prelude::*;

use crate::support::{CoreTime, TestScenario, run_program, run_program_within};

/// What is said of a text, and in what time of a core.
fn said(text: &str, format: Format) -> (Vec<Diagnostic>, String, Duration) {
    let started = CoreTime::start();
    let (source, parsed) = Source::parse("x", text, format);
    let shown = render(&parsed.diagnostics, &source, false);
    (parsed.diagnostics, shown, started.elapsed())
}

#[test]
fn a_file_of_100_mb_is_not_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["x.toml", "x.yaml"] {
        let path = dir.path().join(name);
        File::create(&path).unwrap().set_len(100 << 20).unwrap();
        let started = CoreTime::start();
        let error = Source::read(&path).unwrap_err().to_string();
        assert!(error.ends_with("is larger than 16 MiB, the most that is read as a scenario"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[test]
fn deep_nesting_ends_in_an_error() {
    const DEEP: usize = 100_000;
    for (format, open, close) in [
        (Format::Toml, "[", "]"),
        (Format::Toml, "{a=", "}"),
        (Format::Toml, "a.", "a = 1"),
        (Format::Toml, "'a'.", "'a' = 1"),
        (Format::Yaml, "[", "]"),
        (Format::Yaml, "{a: ", "}"),
        (Format::Yaml, "- ", "- a"),
        (Format::Yaml, "? ", ""),
        (Format::Yaml, "&a [", "]"),
    ] {
        let text = if close.len() == 1 {
            let begin = if format == Format::Toml { "a = " } else { "" };
            format!("{begin}{}{}", open.repeat(DEEP), close.repeat(DEEP))
        } else {
            format!("{}{close}", open.repeat(DEEP))
        };
        let (diagnostics, shown, time) = said(&text, format);
        assert!(!diagnostics.is_empty(), "{format:?} {open:?}");
        assert!(shown.len() < 10_000, "{format:?} {open:?}: {} bytes", shown.len());
        assert!(time < Duration::from_secs(5), "{format:?} {open:?}: {time:?}");
    }
}

#[test]
fn aliases_and_merge_keys_that_multiply_end_in_an_error() {
    let levels = |item: &dyn Fn(usize) -> String| {
        let lines = (1..12).map(|level| item(level) + "\n");
        lines.collect::<String>()
    };
    let lists = levels(&|n| format!("a{n}: &a{n} [{}]", vec![format!("*a{}", n - 1); 10].join(", ")));
    let tables = levels(&|n| {
        let keys: Vec<_> = (0..10).map(|key| format!("k{key}: *a{}", n - 1)).collect();
        format!("a{n}: &a{n} {{ {} }}", keys.join(", "))
    });
    let merges = levels(&|n| {
        let keys: Vec<_> = (0..10).map(|key| format!("k{key}: {{<<: *a{}}}", n - 1)).collect();
        format!("a{n}: &a{n} {{ {} }}", keys.join(", "))
    });
    for (name, text) in [
        ("lists", format!("a0: &a0 [ha]\n{lists}")),
        ("tables", format!("a0: &a0 {{ha: ha}}\n{tables}")),
        ("merge keys", format!("a0: &a0 {{ha: ha}}\n{merges}")),
    ] {
        let (diagnostics, _, time) = said(&text, Format::Yaml);
        let said: Vec<_> = diagnostics.iter().map(|diagnostic| &*diagnostic.message).collect();
        assert_eq!(said, ["aliases make this file larger than 16 MiB"], "{name}");
        assert!(time < Duration::from_secs(5), "{name}: {time:?}");
    }
}

#[test]
fn mistakes_in_a_file_cost_no_more_than_the_file() {
    check_cost_of_mistakes(20_000);
}

#[test]
#[ignore = "takes long: run by .ci/run"]
fn mistakes_in_a_large_file_cost_no_more_than_the_file() {
    check_cost_of_mistakes(100_000);
}

fn check_cost_of_mistakes(keys: usize) {
    let mut fine = String::from("version: 1\nvars:\n");
    for key in 0..keys {
        writeln!(fine, "  k{key}: {key}").unwrap();
    }
    // What a reading takes in this build, with some room.
    let (none, _, time) = said(&fine, Format::Yaml);
    assert!(none.is_empty());
    let most = time * 3 + Duration::from_millis(500);
    for (name, text, mistakes) in [
        ("values", fine.replace("99: ", "99: [] # "), 101),
        ("unknown keys", fine.replace("vars:\n", "").replace("  k", "versiom"), 101),
        ("items", format!("version: 1\nthresholds:\n{}{}", "- a\n".repeat(keys), "- []\n".repeat(99)), 99),
    ] {
        let (diagnostics, _, time) = said(&text, Format::Yaml);
        assert_eq!(diagnostics.len(), mistakes, "{name}");
        assert!(time < most, "{name}: {time:?} instead of {most:?}");
    }
}

#[test]
fn a_file_of_nothing_but_mistakes_is_told_in_bounds() {
    check_nothing_but_mistakes(10);
}

#[test]
#[ignore = "takes long: run by .ci/run"]
fn a_large_file_of_nothing_but_mistakes_is_told_in_bounds() {
    check_nothing_but_mistakes(1);
}

/// With files of full size, or a part of it.
fn check_nothing_but_mistakes(part: usize) {
    let scenario = |payload: &str| {
        format!(
            "version = 1\nbrokers.b.url = \"embedded:\"\n[[user_classes.d.tasks]]\nname = \"t\"\n\
             steps = [{{ publish = {{ topic = \"x\", payload = \"{payload}\" }} }}]\n"
        )
    };
    for (text, format, most) in [
        ("=\n".repeat(400_000 / part), Format::Toml, 101),
        ("=\n".repeat(3 << 20), Format::Toml, 1),
        ("a = 1\n".repeat(100_000 / part), Format::Toml, 101),
        ("a: 1\n".repeat(300_000 / part), Format::Yaml, 101),
        (format!("x = {{ {} }}", "password = 'x',".repeat(50_000 / part)), Format::Toml, 1),
        (format!("x: [{}]", "1,".repeat(1_200_000 / part)), Format::Yaml, 1),
    ] {
        let (diagnostics, shown, time) = said(&text, format);
        assert!((1..=most).contains(&diagnostics.len()), "{}: {}", &text[..20], diagnostics.len());
        assert!(shown.len() < 40_000, "{}: {} bytes", &text[..20], shown.len());
        assert!(time < Duration::from_secs(40), "{}: {time:?}", &text[..20]);
    }
    let text = scenario(&"${nope} \\n".repeat(20_000));
    let scenario = TestScenario::toml(text);
    let started = CoreTime::start();
    let mistakes = scenario.compile().unwrap_err();
    let shown = render(&mistakes, &scenario.source, false);
    assert!(mistakes.len() > 100 && mistakes.len() < 200, "{}", mistakes.len());
    assert!(shown.contains("more than 100 mistakes in test.toml, the first 100 shown"), "{shown}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn a_thousand_mistakes_are_enough() {
    let steps = "{ publish = { topic = \"${nope}\" } }, ".repeat(5000);
    let text = format!(
        "version = 1\nbrokers.b.url = \"embedded:\"\n[[user_classes.d.tasks]]\nname = \"t\"\nsteps = [{steps}]\n"
    );
    let mistakes = TestScenario::toml(text).refused();
    assert_eq!(mistakes.len(), 1001);
    assert_eq!(mistakes[1000].message, "more than 1000 mistakes; the rest is not shown");
}

#[test]
fn many_columns_cost_no_more_than_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let numbers = || (0..50_000).map(|number| number.to_string());
    let names: Vec<_> = numbers().map(|number| format!("c{number}")).collect();
    let values: Vec<_> = numbers().collect();
    std::fs::write(dir.path().join("f.csv"), format!("{}\n{}\n", names.join(","), values.join(","))).unwrap();
    let text = "version = 1\nbrokers.b.url = \"embedded:\"\nfeeds.f.csv = \"f.csv\"\nload.run_time = \"1s\"\n\
                [user_classes.d]\nfeeds = [\"f\"]\n[[user_classes.d.tasks]]\nname = \"t\"\n\
                steps = [{ publish = { topic = \"x/${row.c49999}\" } }, { wait = \"1s\" }]\n";
    std::fs::write(dir.path().join("x.toml"), text).unwrap();
    let said = run_program_within(20, dir.path(), &["plan", "x.toml"]);
    assert!(said.stdout.contains("x/49999"), "{}{}", said.stdout, said.stderr);
    std::fs::write(dir.path().join("x.toml"), text.replace("c49999", "nope")).unwrap();
    let said = run_program_within(20, dir.path(), &["validate", "x.toml"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.len() < 4000, "{}", said.stderr);
}

#[test]
fn a_byte_order_mark_is_no_content_of_any_file() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), format!("\u{feff}{text}")).unwrap();
    };
    write("f.csv", "id\r\n7\r\n");
    write("lines.txt", "first\r\nsecond\r\n");
    write("payload.json", "{}");
    write("password.txt", "secret\r\n");
    write("part.yaml", "vars: { x: 1.10 }\n");
    write(
        "x.toml",
        "version = 1\ninclude = [\"part.yaml\"]\nbrokers.b.url = \"embedded:\"\nfeeds.f.csv = \"f.csv\"\n\
         load = { messages = 3, run_time = \"9s\" }\n\
         [user_classes.d]\nfeeds = [\"f\"]\nusername = \"u\"\npassword = { file = \"password.txt\" }\n\
         [[user_classes.d.tasks]]\nname = \"t\"\nsteps = [{ subscribe = { filter = \"#\" } }, \
         { publish = { topic = \"a\", payload = { lines = \"lines.txt\" } } }, \
         { receive = { filter = \"a\", expect = { equals = \"first\" } } }, \
         { publish = { topic = \"b\", payload = { file = \"payload.json\" } } }, \
         { receive = { filter = \"b\", expect = { equals = \"{}\" } } }, \
         { publish = { topic = \"c\", payload = \"${row.id} ${vars.x}\" } }, \
         { receive = { filter = \"c\", expect = { equals = \"7 1.10\" } } }]\n",
    );
    let said = run_program(
        dir.path(),
        &["run", "x.toml", "--only-summary", "--request-log", "log.jsonl", "--csv", "a"],
    );
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    for name in ["log.jsonl", "a_stats.csv"] {
        let text = std::fs::read_to_string(dir.path().join(name)).unwrap();
        write(name, &text);
    }
    let said = run_program(dir.path(), &["replay", "log.jsonl", "--csv", "b"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let said = run_program(dir.path(), &["report", "a"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for name in ["f.csv", "lines.txt", "password.txt", "part.yaml", "x.toml", "log.jsonl", "a_stats.csv"] {
        let text = std::fs::read_to_string(dir.path().join(name)).unwrap();
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        std::fs::write(dir.path().join(name), wide).unwrap();
        let command: &[&str] = match name {
            "log.jsonl" => &["replay", "log.jsonl", "--csv", "b"],
            "a_stats.csv" => &["report", "a"],
            _ => &["validate", "x.toml"],
        };
        let said = run_program(dir.path(), command);
        assert!(said.code != Some(0), "{name}");
        assert!(said.stderr.contains("UTF-16") && said.stderr.contains("UTF-8"), "{name}: {}", said.stderr);
        std::fs::write(dir.path().join(name), text).unwrap();
    }
}

#[test]
fn a_mistake_that_is_aliased_ten_thousand_times_is_one() {
    let aliases = vec!["*x"; 10_000].join(", ");
    let text = format!("version: 1\nthresholds: [&x [], {aliases}]\nvars: {{ a: [], b: [] }}\n");
    let (diagnostics, _, time) = said(&text, Format::Yaml);
    assert_eq!(diagnostics.len(), 3);
    assert!(time < Duration::from_secs(5), "{time:?}");
}

#[test]
fn a_hundred_mistakes_in_one_long_line_are_drawn_soon() {
    let entries: Vec<_> =
        (0..99).map(|key| format!("v{key} = [], e{key} = '{}'", "日".repeat(7_000))).collect();
    let text = format!("version = 1\nvars = {{ {} }}\n", entries.join(", "));
    let (diagnostics, shown, time) = said(&text, Format::Toml);
    assert_eq!(diagnostics.len(), 99);
    assert!(shown.len() < 100_000, "{}", shown.len());
    assert!(time < Duration::from_secs(5), "{time:?}");
}

#[test]
fn places_are_right_behind_wide_characters_anchors_and_merge_keys() {
    let text = "# größe 日本 😀\nversion: 1\nvars: &v { größe: &g 😀, 日本: *g }\n\
                load: { <<: &l { users: é }, run_time: 1s }\nuser_classes:\n  grün: &d\n    \
                client_id: '日本 ${user.nam}'\n    weight: 😀\n  rot: { <<: *d, 'wait_tim€': {} }\n";
    insta::assert_snapshot!(said(text, Format::Yaml).1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The parts of paths, values and sections in any order.
    #[test]
    fn any_setting_can_be_read_and_its_mistakes_drawn(
        settings in prop::collection::vec(
            "(load|vars|user_classes|device|base|tasks|rate|wait_time|\\.|\\.|\\[0\\]|\\[|\\]|=|=|\"|'|\\{|\\}|é| |1|s){0,12}",
            0..4,
        ),
    ) {
        let text = "version = 1\n[user_classes.device]\nextends = 'base'\n[user_classes.base]\nrate = '1/s'\n\
                    tasks = [{ name = 't', steps = ['connect'] }]\n";
        let (source, parsed) = Source::parse_with("x.toml", text, Format::Toml, &settings);
        let shown = render(&parsed.diagnostics, &source, false);
        prop_assert_eq!(shown.is_empty(), parsed.diagnostics.is_empty());
    }
}
