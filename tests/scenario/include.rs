//! Scenarios of several parts: included files, classes that extend others, and values of the command line.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use mqtt_scenario::cli::render::render;
use mqtt_scenario::diagnostic::{FieldPath, Mark};
use mqtt_scenario::scenario::files::Format;
use mqtt_scenario::scenario::model::Scenario;
use mqtt_scenario::scenario::parse::Parsed;
use mqtt_scenario::scenario::source::Source;
use tempfile::TempDir;

use super::diagnostics::covers;
use crate::support::CoreTime;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// The model of a file without mistakes.
fn fine(path: &Path, settings: &[&str]) -> (Source, Scenario) {
    let settings: Vec<_> = settings.iter().map(|setting| (*setting).to_owned()).collect();
    let (source, parsed) = Source::read_with(path, &settings).unwrap();
    assert_eq!(render(&parsed.diagnostics, &source, false), "");
    assert!(parsed.reported.paths().is_empty());
    (source, parsed.scenario)
}

/// The model of a text without mistakes.
fn model(text: &str, settings: &[&str]) -> Scenario {
    let settings: Vec<_> = settings.iter().map(|setting| (*setting).to_owned()).collect();
    let (source, parsed) = Source::parse_with("text.toml", text, Format::Toml, &settings);
    assert_eq!(render(&parsed.diagnostics, &source, false), "");
    parsed.scenario
}

/// The codes of all mistakes.
fn codes(parsed: &Parsed) -> Vec<&'static str> {
    parsed.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn files_are_merged_the_main_one_over_all_and_a_later_one_over_an_earlier() {
    let dir = folder(&[
        (
            "main.toml",
            "version = 1\ninclude = ['parts/first.yaml', 'parts/second.toml']\n\
             [load]\nusers = 1\n[user_classes.device]\nfixed_count = 1\n",
        ),
        (
            "parts/first.yaml",
            "include: [deep/third.toml]\nload: { users: 2, spawn_rate: 2.0, iterations: 2 }\n\
             thresholds: [p99 < 1s, failures < 1%]\nbrokers: { a: { url: 'embedded:' } }\n",
        ),
        (
            "parts/second.toml",
            "load = { users = 3, spawn_rate = 3.0, messages = 3 }\nthresholds = ['p50 < 1s']\n\
             [user_classes.device]\nweight = 3\ntasks = [{ name = 't', steps = ['connect'] }]\n",
        ),
        (
            "parts/deep/third.toml",
            "version = 1\nname = 'third'\nload.stop_timeout = '4s'\nload.iterations = 4\n[vars]\nx = 4\n",
        ),
    ]);
    let (_, mut merged) = fine(&dir.path().join("main.toml"), &[]);
    merged.include.clear();
    let expected = model(
        "version = 1\nname = 'third'\nthresholds = ['p50 < 1s']\nvars.x = 4\nbrokers.a.url = 'embedded:'\n\
         [load]\nusers = 1\nspawn_rate = 3.0\nmessages = 3\niterations = 2\nstop_timeout = '4s'\n\
         [user_classes.device]\nfixed_count = 1\ntasks = [{ name = 't', steps = ['connect'] }]\n",
        &[],
    );
    assert_eq!(merged, expected);
}

#[test]
fn a_path_in_a_value_counts_from_the_folder_of_its_file() {
    let dir = folder(&[
        ("main.toml", "version = 1\ninclude = ['parts/feeds.yaml']\nfeeds.own.csv = 'own.csv'\n"),
        ("parts/feeds.yaml", "feeds: { their: { csv: their.csv }, own: { order: random } }\n"),
    ]);
    let (source, _) = fine(&dir.path().join("main.toml"), &["feeds.their.per=message"]);
    let feeds = FieldPath::root().key("feeds");
    let parts = dir.path().join("parts");
    for (path, folder) in [
        (feeds.key("own").key("csv"), dir.path()),
        (feeds.key("own").key("order"), &*parts),
        (feeds.key("their").key("csv"), &*parts),
        (feeds.key("their").key("per"), dir.path()),
    ] {
        assert_eq!(source.folder(&path), folder, "{path}");
    }
}

#[test]
fn a_file_that_is_included_by_many_is_read_once() {
    // Without that, 2^12 readings of the last.
    let mut files = Vec::new();
    for level in 0..12 {
        let include = format!("include = ['l{0}.toml', 'r{0}.toml']\n", level + 1);
        let include = if level == 11 { String::new() } else { include };
        for side in ["l", "r"] {
            files.push((format!("{side}{level}.toml"), format!("{include}vars.{side}{level} = 1\n")));
        }
    }
    let files: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    let dir = folder(&files);
    let started = CoreTime::start();
    let (_, scenario) = fine(&dir.path().join("l0.toml"), &[]);
    assert_eq!(scenario.vars.len(), 23);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn what_is_included_is_bounded() {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    let many: Vec<_> = (0..100).map(|number| format!("'part{number}.toml'")).collect();
    write("many.toml", &format!("version = 1\ninclude = [{}]\n", many.join(", ")));
    for number in 0..100 {
        write(&format!("part{number}.toml"), "name = 'x'\n");
        write(&format!("deep{number}.yaml"), &format!("include: [deep{}.yaml]\n", number + 1));
    }
    let large = format!("# {}\n", "x".repeat(9 << 20));
    write("large.toml", &large);
    write("larger.toml", &format!("version = 1\ninclude = ['large.toml', 'part1.toml']\n{large}"));
    for (name, message) in [
        ("many.toml", "more than 100 files in one scenario"),
        ("deep0.yaml", "files include each other deeper than 16 levels"),
        ("larger.toml", "with large.toml the scenario is larger than 16 MiB, the most that is read"),
    ] {
        let (_, parsed) = Source::read(&dir.path().join(name)).unwrap();
        let said: Vec<_> = parsed.diagnostics.iter().map(|diagnostic| &*diagnostic.message).collect();
        assert_eq!(said, [message], "{name}");
        assert_eq!(codes(&parsed), ["E0010"]);
    }
}

#[test]
fn a_text_without_a_folder_includes_nothing() {
    let (_, parsed) = Source::parse("x.toml", "version = 1\ninclude = ['other.toml']\n", Format::Toml);
    assert_eq!(codes(&parsed), ["E0008"]);
}

#[test]
fn a_class_has_what_its_bases_have_and_it_does_not_say_itself() {
    let text = "version = 1\nbrokers.local.url = 'embedded:'\n\
        [user_classes.child]\nextends = 'parent'\nfixed_count = 2\nrate = { per_class = '5/s' }\n\
        [user_classes.parent]\nextends = 'base'\nclient_id = 'parent'\nrate = { per_user = '1/s', jitter = '1ms' }\n\
        [user_classes.base]\nabstract = true\nclient_id = 'base'\nweight = 3\nwait_time = { constant = '1s' }\n\
        on_start = ['connect']\ntasks = [{ name = 't', steps = ['connect'] }]\n\
        [user_classes.orderly]\nextends = 'base'\nsequence = [{ name = 's', steps = ['connect'] }]\n\
        wait_time = { exponential = '2s' }\n";
    let expected = "version = 1\nbrokers.local.url = 'embedded:'\n\
        [user_classes.child]\nextends = 'parent'\nfixed_count = 2\nclient_id = 'parent'\n\
        rate = { per_class = '5/s', jitter = '1ms' }\n\
        on_start = ['connect']\ntasks = [{ name = 't', steps = ['connect'] }]\n\
        [user_classes.parent]\nextends = 'base'\nclient_id = 'parent'\nweight = 3\n\
        rate = { per_user = '1/s', jitter = '1ms' }\n\
        on_start = ['connect']\ntasks = [{ name = 't', steps = ['connect'] }]\n\
        [user_classes.base]\nabstract = true\nclient_id = 'base'\nweight = 3\nwait_time = { constant = '1s' }\n\
        on_start = ['connect']\ntasks = [{ name = 't', steps = ['connect'] }]\n\
        [user_classes.orderly]\nextends = 'base'\nclient_id = 'base'\nweight = 3\n\
        sequence = [{ name = 's', steps = ['connect'] }]\nwait_time = { exponential = '2s' }\n\
        on_start = ['connect']\n";
    // Without `extends` the second text says what each class has; with it nothing is left to take over.
    let complete =
        model(&expected.lines().filter(|line| !line.contains("extends")).collect::<Vec<_>>().join("\n"), &[]);
    let mut resolved = model(text, &[]);
    for class in resolved.user_classes.values_mut() {
        class.extends = None;
    }
    assert_eq!(resolved, complete);
}

#[test]
fn many_classes_that_extend_one_are_cheap() {
    let mut text =
        String::from("version = 1\nbrokers.local.url = 'embedded:'\n[user_classes.base]\ntasks = [\n");
    for task in 0..50 {
        let publish = "{ publish = { topic = 'a/${client_id}', payload = 'x', qos = 1 } }";
        writeln!(text, "{{ name = 't{task}', steps = ['connect', {publish}, {publish}, 'disconnect'] }},")
            .unwrap();
    }
    text.push_str("]\n");
    for class in 0..200 {
        writeln!(text, "[user_classes.c{class}]\nextends = 'base'\nweight = {class}").unwrap();
    }
    let started = CoreTime::start();
    let scenario = model(&text, &[]);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(scenario.user_classes.values().all(|class| class.tasks.len() == 50));
}

#[test]
fn a_mistake_in_a_base_is_told_once_however_many_extend_it() {
    let mut text =
        String::from("version = 1\nbrokers.local.url = 'embedded:'\n[user_classes.base]\nweight = 'x'\n");
    for class in 0..300 {
        writeln!(text, "[user_classes.c{class}]\nextends = 'base'").unwrap();
    }
    let (_, parsed) = Source::parse("x.toml", text, Format::Toml);
    assert_eq!(codes(&parsed), ["E0103"]);
    // What the classes lack for that is no second mistake.
    assert!(covers(&parsed.reported, &FieldPath::root().key("user_classes").key("c299").key("weight")));
}

#[test]
fn a_long_chain_of_classes_is_followed_to_its_end() {
    let mut text = String::from("version = 1\n[user_classes.c0]\nweight = 7\n");
    for class in 1..20_000 {
        writeln!(text, "[user_classes.c{class}]\nextends = 'c{}'", class - 1).unwrap();
    }
    assert_eq!(model(&text, &[]).user_classes["c19999"].weight, Some(7.0));
    let cycle = text.replacen("weight = 7", "extends = 'c19999'", 1);
    let (_, parsed) = Source::parse("x.toml", cycle, Format::Toml);
    assert_eq!(codes(&parsed), ["E0109"]);
}

#[test]
fn what_classes_take_over_is_bounded() {
    let steps = "'connect', ".repeat(100_000);
    let mut text = format!("version = 1\n[user_classes.base]\non_start = [{steps}]\n");
    for class in 0..1_000 {
        writeln!(text, "[user_classes.c{class}]\nextends = 'base'").unwrap();
    }
    let (_, parsed) = Source::parse("x.toml", text, Format::Toml);
    assert_eq!(codes(&parsed), ["E0110"]);
}

const BASE: &str = "version = 1\nbrokers.local.url = 'embedded:'\nvars.'a.b' = 1\n[load]\nusers = 1\n\
    [user_classes.device]\nextends = 'base'\nwait_time = { constant = '1s' }\n\
    [user_classes.base]\nweight = 1\ntasks = [{ name = 't', weight = 1, steps = ['connect', { wait = '1s' }] }]\n";

#[test]
fn settings_win_over_the_file() {
    for (setting, before, after) in [
        ("load.users=5", "users = 1", "users = 5"),
        (" load . users = 5 ", "users = 1", "users = 5"),
        ("load={ users = 5 }", "users = 1", "users = 5"),
        ("load.run_time=30s", "users = 1", "users = 1\nrun_time = '30s'"),
        ("load.run_time=\"30s\"", "users = 1", "users = 1\nrun_time = '30s'"),
        ("name=a=b", "[load]", "name = 'a=b'\n[load]"),
        ("name=", "[load]", "name = ''\n[load]"),
        ("name=it's", "[load]", "name = \"it's\"\n[load]"),
        ("vars.\"a.b\"=2", "'a.b' = 1", "'a.b' = 2"),
        ("vars.'a.b'=2", "'a.b' = 1", "'a.b' = 2"),
        ("vars.größe=x", "[load]", "vars.'größe' = 'x'\n[load]"),
        ("thresholds=['p99 < 1s']", "[load]", "thresholds = ['p99 < 1s']\n[load]"),
        (
            "user_classes.base.fixed_count=5",
            "[user_classes.base]\nweight = 1",
            "[user_classes.base]\nfixed_count = 5",
        ),
        ("user_classes.device.wait_time.exponential=2s", "{ constant = '1s' }", "{ exponential = '2s' }"),
        ("user_classes.base.tasks[0].steps[1].wait=5s", "{ wait = '1s' }", "{ wait = '5s' }"),
        // Into what a class takes over from another: its own from then on.
        (
            "user_classes.device.tasks[0].weight=2",
            "extends = 'base'",
            "extends = 'base'\ntasks = [{ name = 't', weight = 2, steps = ['connect', { wait = '1s' }] }]",
        ),
        (
            "user_classes.new.extends=base",
            "[user_classes.base]",
            "[user_classes.new]\nextends = 'base'\n[user_classes.base]",
        ),
    ] {
        assert!(BASE.contains(before), "{before}");
        assert_eq!(model(BASE, &[setting]), model(&BASE.replacen(before, after, 1), &[]), "{setting}");
    }
    assert_eq!(model(BASE, &["load.users=5", "load.users=6"]).load.users, Some(6));
}

#[test]
fn a_path_is_read_as_it_is_shown() {
    let root = FieldPath::root();
    for path in [
        root.key("vars").key("plain"),
        root.key("vars").key("a.b"),
        root.key("vars").key("größe 2"),
        root.key("vars").key("\"quoted\\\" = [0]"),
        root.key("user_classes").key("base").key("tasks").index(0).key("weight"),
    ] {
        let (source, _) = Source::parse_with("x.toml", BASE, Format::Toml, &[format!("{path}=7")]);
        let place = source.place(&path, &Mark::Value);
        let file = source.file(place.file);
        assert_eq!((file.name(), &file.text()[place.span]), ("--set", "7"), "{path}");
    }
}
