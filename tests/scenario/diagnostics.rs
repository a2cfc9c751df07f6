//! What a person sees who made mistakes in a scenario: whole messages, as snapshots.
//!
//! `fixtures/broken/shape` holds files with mistakes in the text and its shape; those of `meaning` are well
//! formed and say something that cannot be; those of `layers` include other files, of `layers/parts`, or have
//! classes that extend each other; those of `warnings` can run. The snapshots hold what the built program says
//! about them.

use std::fs;
use std::path::PathBuf;

use mqtt_scenario::cli::render::render;
use mqtt_scenario::diagnostic::FieldPath;
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::model::step::Step;
use mqtt_scenario::scenario::reported::Reported;
use mqtt_scenario::scenario::source::Source;
use proptest::prelude::*;

use crate::support::{listing, run_program};

/// Whether the value at a place, or one around it, has a diagnostic already.
pub(super) fn covers(reported: &Reported, path: &FieldPath) -> bool {
    (0..=path.0.len()).any(|length| reported.paths().contains(&FieldPath(path.0[..length].to_vec())))
}

/// The broken scenarios of a folder, by name.
fn broken(folder: &str) -> Vec<(String, PathBuf)> {
    let mut files: Vec<_> = fs::read_dir(PathBuf::from("tests/fixtures/broken").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    files.sort();
    files
}

/// What is said about a text.
fn messages(name: &str, text: &str, format: Format) -> String {
    let (source, parsed) = Source::parse(name, text, format);
    render(&parsed.diagnostics, &source, false)
}

#[test]
fn mistakes_are_all_shown() {
    for (folder, least) in [("shape", 34), ("meaning", 20), ("layers", 7)] {
        let files = broken(folder);
        assert!(files.len() >= least, "the fixtures were not found");
        for (name, path) in files {
            let place = path.parent().unwrap();
            let before = listing(place);
            let said = run_program(place, &["validate", &name]);
            assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{name}");
            assert_eq!(listing(place), before, "{name}");
            for word in
                ["u8", "u16", "u32", "u64", "i64", "f64", "struct", "enum", "invalid type", "expecting"]
            {
                let mut words = said.stderr.split(|c: char| !c.is_alphanumeric());
                assert!(words.all(|said| said != word), "{name} says {word}");
            }
            insta::assert_snapshot!(format!("{folder}_{name}"), said.stderr);
        }
    }
}

#[test]
fn warnings_are_shown_and_stop_nothing() {
    let files = broken("warnings");
    assert!(files.len() >= 2, "the fixtures were not found");
    for (name, path) in files {
        let said = run_program(path.parent().unwrap(), &["validate", &name]);
        assert_eq!(said.code, Some(0), "{name}");
        insta::assert_snapshot!(format!("warnings_{name}"), said.stderr + &said.stdout);
    }
}

#[test]
fn mistakes_of_the_command_line_show_the_argument() {
    let said: Vec<_> = [
        &["load.users"][..],
        &["load..users=5", "load.users[x]=5", "[0]=5", "vars.\"x=5", "load users=5", "=5", ""],
        &["load.users=many", "load.run_time=5", "vars.list=[1, 2", "name=5", "vars.\"größe\"=[]"],
        &["lod.users=5", "load.user=5", "sead=1"],
        &["user_classes.devise.weight=2", "user_classes.other.weight=2", "brokers.far.keep_alive=5s"],
        &["user_classes.device.tasks[1].weight=2", "user_classes.device.tasks.weight=2"],
        &["user_classes.device.on_stop[0]=connect", "load.users.x=5", "load[0]=5", "include=[]"],
        &["user_classes.device.client_id=${user.nam}", "user_classes.device.tasks[0].weight=-1"],
    ]
    .into_iter()
    .map(|settings| {
        let arguments = settings.iter().flat_map(|setting| ["--set", setting]);
        let said = run_program(
            &PathBuf::from("scenarios"),
            &[&["validate", "publish.toml"][..], &arguments.collect::<Vec<_>>()].concat(),
        );
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{settings:?}");
        format!("$ --set {}\n{}", settings.join(" --set "), said.stderr)
    })
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn mistakes_as_json() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bytes.toml"), b"version = 1\nname = \"\xff\"\n").unwrap();
    let fixtures = PathBuf::from("tests/fixtures/broken");
    let said: Vec<_> = [
        (fixtures.join("layers"), &["meaning.yaml"][..], 2),
        (fixtures.join("shape"), &["wide-characters.toml"], 2),
        (fixtures.join("shape"), &["syntax.toml"], 2),
        (fixtures.join("shape"), &["empty.toml"], 2),
        (PathBuf::from("scenarios"), &["publish.toml"], 0),
        (PathBuf::from("scenarios"), &["publish.toml", "--set", "vars.größe=1"], 0),
        (PathBuf::from("scenarios"), &["publish.toml", "--set", "load.run_time=5"], 2),
        (dir.path().to_owned(), &["bytes.toml"], 2),
        (dir.path().to_owned(), &["nosuch.toml"], 2),
        (dir.path().to_owned(), &["nosuch.json"], 2),
    ]
    .into_iter()
    .map(|(folder, arguments, code)| {
        let said = run_program(&folder, &[&["validate", "--format", "json"][..], arguments].concat());
        assert_eq!((said.code, said.stderr.as_str()), (Some(code), ""), "{arguments:?}");
        let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let count = |severity| {
            let list = report["diagnostics"].as_array().unwrap();
            list.iter().filter(|diagnostic| diagnostic["severity"] == severity).count()
        };
        assert_eq!((report["fine"] == true, count("error") == 0), (code == 0, code == 0), "{arguments:?}");
        format!("$ validate --format json {}\n{}", arguments.join(" "), said.stdout)
    })
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn json_and_text_tell_the_same_mistakes() {
    for (name, path) in ["shape", "meaning", "layers", "warnings"].into_iter().flat_map(broken) {
        let folder = path.parent().unwrap();
        let text = run_program(folder, &["validate", &name]);
        let json = run_program(folder, &["validate", &name, "--format", "json"]);
        assert_eq!(text.code, json.code, "{name}");
        let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        for diagnostic in report["diagnostics"].as_array().unwrap() {
            let (file, line, column) = (&diagnostic["file"], &diagnostic["line"], &diagnostic["column"]);
            let place = format!("--> {}:{line}:{column}", file.as_str().unwrap());
            let whole = format!("--> {}\n", file.as_str().unwrap());
            assert!(text.stderr.contains(&place) || text.stderr.contains(&whole), "{name}: {diagnostic}");
            assert!(text.stderr.contains(diagnostic["message"].as_str().unwrap()), "{name}: {diagnostic}");
        }
        let titles =
            text.stderr.lines().filter(|line| line.starts_with("error[") || line.starts_with("warning["));
        assert_eq!(titles.count(), report["diagnostics"].as_array().unwrap().len(), "{name}");
    }
}

#[test]
fn line_ends_and_a_byte_order_mark_change_no_message() {
    let windows = tempfile::tempdir().unwrap();
    for (name, path) in ["shape", "meaning", "warnings"].into_iter().flat_map(broken) {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(windows.path().join(&name), format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
        let arguments = ["validate", name.as_str()];
        assert_eq!(
            run_program(windows.path(), &arguments).stderr,
            run_program(path.parent().unwrap(), &arguments).stderr,
            "{name}"
        );
    }
}

#[test]
fn a_text_longer_than_mqtt_carries_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(65_536);
    let text = format!(
        "version = 1\nbrokers.local.url = \"embedded:\"\n[user_classes.device]\nclient_id = \"{long}\"\n\
         tasks = [{{ name = \"t\", steps = [{{ publish = {{ topic = \"{long}\" }} }}] }}]\n"
    );
    fs::write(dir.path().join("long.toml"), text).unwrap();
    let said = run_program(dir.path(), &["validate", "long.toml"]);
    assert_eq!(said.code, Some(2));
    insta::assert_snapshot!(said.stderr);
}

#[test]
fn mistakes_in_meaning_are_none_in_shape() {
    for (name, path) in broken("meaning") {
        let (source, parsed) = Source::read(&path).unwrap();
        let is_mixed = ["no-cascade.toml", "both-kinds.toml", "mixed.yaml", "merged.yaml"].contains(&&*name);
        assert_eq!(
            parsed.diagnostics.is_empty(),
            !is_mixed,
            "{}",
            render(&parsed.diagnostics, &source, false)
        );
    }
}

#[test]
fn the_examples_have_no_mistake() {
    let parse = |name: &str| {
        let (source, parsed) = Source::read(&PathBuf::from("scenarios").join(name)).unwrap();
        assert_eq!(render(&parsed.diagnostics, &source, false), "");
        parsed.scenario
    };
    assert_eq!(parse("publish.toml"), parse("publish.yaml"));
    let seed = parse("seed.toml");
    assert_eq!(seed.user_classes["MQTTLocust"].tasks[0].steps.len(), 4);
}

#[test]
fn a_very_long_line_is_cut_around_the_mark() {
    let text =
        format!("version = 1\nname = \"{}\" ; oops = \"{}\"\n", "é".repeat(32_768), "x".repeat(32_768));
    insta::assert_snapshot!(messages("long.toml", &text, Format::Toml));
    let text = format!("version = 1\nname = [\"{}\"]\n", "日".repeat(32_768));
    insta::assert_snapshot!(messages("long.toml", &text, Format::Toml));
}

#[test]
fn colour_changes_only_the_colours() {
    let text = "versoin = 1\nname = 5\n";
    let (source, parsed) = Source::parse("x.toml", text, Format::Toml);
    let coloured = render(&parsed.diagnostics, &source, true);
    assert!(coloured.contains("\u{1b}["));
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, render(&parsed.diagnostics, &source, false));
}

#[test]
fn a_hundred_mistakes_are_enough() {
    let lines: Vec<_> = (0..150).map(|number| format!("v{number} = []\n")).collect();
    let text = format!("version = 1\n[vars]\n{}", lines.concat());
    let (_, parsed) = Source::parse("x.toml", &*text, Format::Toml);
    assert_eq!(parsed.diagnostics.len(), 101);
    assert!(parsed.diagnostics[100].message.starts_with("more than 100 mistakes"));
    let shown = messages("x.toml", &text, Format::Toml);
    assert_eq!(shown.matches("expected text, a number").count(), 2 * 100);
    assert!(shown.contains("for `v0`") && shown.contains("for `v99`") && !shown.contains("for `v100`"));
    let end = "error: more than 100 mistakes in x.toml, the first 100 shown; nothing was started\n\
               help: for more on a code: mqtt-scenario explain E0103\n";
    assert!(shown.ends_with(end), "{shown}");
}

#[test]
fn what_is_passed_over_while_looking_for_mistakes_is_in_the_model() {
    let vars: Vec<_> = (0..60).map(|number| format!("v{number} = {number}\nw{number} = [2026]\n")).collect();
    let text = format!("version = 1\nname = \"n\"\n[vars]\n{}", vars.concat());
    let (_, parsed) = Source::parse("x.toml", text, Format::Toml);
    assert_eq!((parsed.diagnostics.len(), parsed.scenario.vars.len()), (60, 120));
    assert_eq!((parsed.scenario.version, parsed.scenario.name.as_deref()), (Some(1), Some("n")));
    assert!((0..60).all(|number| parsed.scenario.vars[&format!("v{number}")].0 == number.to_string()));
}

#[test]
fn a_place_is_found_far_down_a_large_file() {
    let text = format!("{}name = 5\n", "# é\n".repeat(100_000));
    let shown = messages("large.toml", &text, Format::Toml);
    assert!(shown.contains("--> large.toml:100001:8\n"), "{shown}");
    let shown = messages("large.yaml", &text.replace(" = ", ": "), Format::Yaml);
    assert!(shown.contains("--> large.yaml:100001:7\n"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let read = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = Source::read(&path).unwrap_err().to_string();
        error.replace(dir.path().to_str().unwrap(), "DIR")
    };
    assert_eq!(
        read("x.json", b"{}"),
        "cannot tell the format of DIR/x.json: the name of a scenario ends in .toml, .yaml or .yml"
    );
    assert_eq!(
        read("x.toml", b"version = 1\nname = \"\xff\"\n"),
        "DIR/x.toml is not UTF-8 text: invalid bytes in line 2"
    );
    assert_eq!(
        read("x.yaml", &vec![b' '; (16 << 20) + 1]),
        "DIR/x.yaml is larger than 16 MiB, the most that is read as a scenario"
    );
    let missing = Source::read(&dir.path().join("missing.toml")).unwrap_err().to_string();
    assert!(missing.ends_with("missing.toml: there is no such file"), "{missing}");
}

#[test]
fn a_misspelt_name_hides_nothing_and_a_wrong_value_only_itself() {
    let path = PathBuf::from("tests/fixtures/broken/meaning/no-cascade.toml");
    let (_, parsed) = Source::read(&path).unwrap();
    let scenario = parsed.scenario;
    assert_eq!(scenario.brokers["local"].url.as_deref(), Some("embedded:"));
    let device = &scenario.user_classes["device"];
    assert_eq!(device.broker.as_deref(), Some("local"));
    assert_eq!(device.tasks[0].name.as_deref(), Some("t"));
    let [Step::Publish(first), Step::Publish(second), Step::Wait(_), Step::Publish(last)] =
        &device.tasks[0].steps[..]
    else {
        panic!("a step lost its place: {:?}", device.tasks[0].steps);
    };
    assert_eq!(
        (first.topic.as_deref(), &second.topic, last.topic.as_deref()),
        (Some("a"), &None, Some("a/+"))
    );

    let class = FieldPath::root().key("user_classes").key("device");
    let steps = class.key("tasks").index(0).key("steps");
    for covered in [
        FieldPath::root().key("version"),
        class.key("client_id"),
        steps.index(1).key("publish").key("topic"),
        steps.index(2).key("anything below"),
    ] {
        assert!(covers(&parsed.reported, &covered), "{covered}");
    }
    for free in [FieldPath::root(), class, steps.index(0).key("publish").key("topic"), steps.index(3)] {
        assert!(!covers(&parsed.reported, &free), "{free}");
    }
}

/// Files with small damage: a character lost, doubled or replaced, a line lost or moved.
fn damaged(text: &str, hits: &[(u8, prop::sample::Index, char)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (kind, place, c) in hits {
        let at = place.index(text.len().max(1)).min(text.len());
        match kind % 5 {
            0 if at < text.len() => drop(text.remove(at)),
            1 => text.insert(at, *c),
            2 if at < text.len() => text[at] = *c,
            3 => text.truncate(at),
            _ => {
                let end = text[at..].iter().position(|c| *c == '\n').map_or(text.len(), |line| at + line + 1);
                drop(text.drain(at..end));
            }
        }
    }
    text.into_iter().collect()
}

/// Reads and draws a text, and checks what must hold for any text.
fn check(text: &str, format: Format) -> Result<(), TestCaseError> {
    let (source, parsed) = Source::parse("any", text, format);
    for diagnostic in &parsed.diagnostics {
        let place = source.place(&diagnostic.at, &diagnostic.mark);
        let text = source.file(place.file).text();
        prop_assert!(
            text.get(place.span.clone()).is_some_and(|marked| !marked.contains('\n')),
            "{diagnostic:?} {place:?}"
        );
        prop_assert!(
            covers(&parsed.reported, &FieldPath::root()) || diagnostic.code >= "E0100",
            "{diagnostic:?}"
        );
    }
    let shown = render(&parsed.diagnostics, &source, false);
    prop_assert_eq!(shown.is_empty(), parsed.diagnostics.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_can_be_read_and_its_mistakes_drawn(
        text in "[\\[\\]{}:=,.\"'#|>&*!<~\\- \n\r\ta-z0-9é日\u{feff}\u{0}]{0,200}",
        toml in any::<bool>(),
    ) {
        check(&text, if toml { Format::Toml } else { Format::Yaml })?;
    }

    #[test]
    fn any_damage_to_a_file_can_be_read_and_drawn(
        file in prop::sample::select(vec!["publish.toml", "publish.yaml", "seed.toml"]),
        hits in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<char>()), 1..4),
    ) {
        let path = PathBuf::from("scenarios").join(file);
        let text = fs::read_to_string(&path).unwrap();
        check(&damaged(&text, &hits), Format::of(&path).unwrap())?;
    }
}
