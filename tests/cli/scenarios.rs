//! The command line as a person meets it: the examples of `scenarios/`, help, plans, and what is said when there
//! is no scenario to be had. All through the built program.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use mqtt_scenario::plan::Plan;
use mqtt_scenario::scenario::files::Format;
use tempfile::TempDir;

use crate::support::{TestScenario, listing, run_program, side_by_side};

/// Runs the program in the folder of the examples; it must go well and say nothing on standard error.
fn fine(arguments: &[&str]) -> String {
    let said = run_program(Path::new("scenarios"), arguments);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    said.stdout
}

/// Runs the program with a scenario that is not one; it must refuse it.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let said = run_program(folder, arguments);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", said.stderr);
    said.stderr
}

fn plan(file: &str) -> Plan {
    let folder = Path::new("scenarios");
    let read = |name: &str| fs::read(folder.join(name)).map_err(|error| error.to_string());
    let mut plan = TestScenario::read(&folder.join(file)).files(read).compile().unwrap().plan;
    // Twins have other lines.
    for threshold in &mut plan.thresholds {
        threshold.place = None;
    }
    plan
}

/// The scenario files of the examples, without the parts that they include.
fn examples() -> Vec<String> {
    let files = fs::read_dir("scenarios").unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| {
            Format::of(path).is_some() && !path.file_name().unwrap().to_str().unwrap().starts_with('.')
        })
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 8, "the examples were not found: {names:?}");
    names
}

#[test]
fn every_example_is_fine() {
    for name in examples() {
        let said = fine(&["validate", &name]);
        assert!(said.starts_with(&format!("{name}: fine (")) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn every_example_runs() {
    side_by_side(examples(), |name| {
        // Stages and searches have an end of their own, later than this.
        let mut arguments = vec!["run", &*name, "--only-summary", "-t", "1s"];
        let plan = plan(&name);
        // One host cannot stand for several brokers; those are embedded as it is.
        if plan.brokers.len() == 1 {
            arguments.extend(["-H", "embedded:"]);
        }
        if plan.load.is_staged() {
            arguments.extend(["--set", "load.stages[0].after=\"at_once\""]);
        }
        let said = run_program(Path::new("scenarios"), &arguments);
        assert_eq!(said.code, Some(0), "{name}: {}{}", said.stdout, said.stderr);
        let sums = said.stdout.lines().find(|line| line.trim_start().starts_with("Aggregated")).unwrap();
        let numbers: Vec<_> = sums.split_whitespace().skip(1).collect();
        assert!(numbers[0] != "0" && numbers[1] == "0", "{name}: {}", said.stdout);
    });
}

#[test]
fn toml_and_yaml_say_the_same() {
    assert_eq!(plan("publish.toml"), plan("publish.yaml"));
    assert_eq!(fine(&["plan", "publish.toml"]), fine(&["plan", "publish.yaml"]));
    // The others have no twin in the folder. Here each gets two, by libraries that are not the reader's; both,
    // since those put keys into an order of their own, which is that of a JSON payload too.
    for name in examples().iter().filter(|name| Format::of(Path::new(name)) == Some(Format::Toml)) {
        let text = fs::read_to_string(Path::new("scenarios").join(name)).unwrap();
        let tree: toml::Table = text.parse().unwrap();
        let twin = |ending, text: String| {
            let twin = tempfile::Builder::new().suffix(ending).tempfile_in("scenarios").unwrap();
            fs::write(twin.path(), text).unwrap();
            plan(twin.path().file_name().unwrap().to_str().unwrap())
        };
        let toml = twin(".toml", toml::to_string(&tree).unwrap());
        let yaml = twin(".yaml", serde_saphyr::to_string(&tree).unwrap());
        assert!(toml == yaml, "{name}");
    }
}

#[test]
fn plans_of_the_examples() {
    insta::assert_snapshot!("plan_of_publish", fine(&["plan", "publish.toml"]));
    insta::assert_snapshot!("plan_of_mqtt5", fine(&["plan", "mqtt5.toml"]));
    insta::assert_snapshot!("plan_of_end_to_end", fine(&["plan", "end_to_end.toml"]));
    insta::assert_snapshot!("plan_of_seed", fine(&["plan", "seed.toml"]));
}

#[test]
fn a_plan_follows_the_command_line() {
    insta::assert_snapshot!(fine(&[
        "plan",
        "publish.toml",
        "-u",
        "10000",
        "-r",
        "500",
        "-H",
        "mqtt://example.org:1883",
        "-t",
        "10m"
    ]));
}

#[test]
fn two_scenarios_are_compared_by_meaning() {
    assert_eq!(fine(&["plan", "publish.toml", "publish.yaml"]), "");
    let said = run_program(Path::new("scenarios"), &["plan", "publish.toml", "subscribe.toml", "-u", "20"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""));
    assert!(said.stdout.contains("- user class device, users: 20\n"), "{}", said.stdout);
    refused(Path::new("scenarios"), &["plan", "publish.toml", "nosuch.toml"]);
    refused(Path::new("scenarios"), &["plan", "publish.toml", "publish.yaml", "--show-task-ratio"]);
}

#[test]
fn task_ratios_are_shown_instead_of_a_run() {
    let shown = fine(&["plan", "subscribe.toml", "--show-task-ratio"]);
    assert!(shown.starts_with("\n Task ratio per User class\n----"), "{shown}");
    assert_eq!(fine(&["run", "subscribe.toml", "--show-task-ratio"]), shown);
    let json: serde_json::Value =
        serde_json::from_str(&fine(&["run", "subscribe.toml", "--show-task-ratio-json"])).unwrap();
    assert_eq!(json["per_class"]["sensor"]["tasks"]["measure"]["ratio"], 0.9);
}

/// Bounds that a debug build on a busy machine keeps; a release build needs a tenth of it.
#[test]
fn large_scenarios_are_planned_in_little_time_and_memory() {
    let dir = TempDir::new().unwrap();
    let mut text =
        "version = 1\nbrokers.b.url = \"embedded:\"\nload = { users = 20000, run_time = \"1h\" }\n"
            .to_owned();
    for class in 0..200 {
        writeln!(text, "[user_classes.class{class}]\nclient_id = \"c{class}-${{user.number}}\"").unwrap();
        for task in 0..50 {
            let steps =
                format!("[{{ publish = {{ topic = \"t{task}/${{client_id}}\", payload = \"${{seq}}\" }} }}]");
            writeln!(text, "[[user_classes.class{class}.tasks]]\nname = \"task {task}\"\nsteps = {steps}")
                .unwrap();
        }
    }
    fs::write(dir.path().join("large.toml"), text).unwrap();
    fs::copy("scenarios/subscribe.toml", dir.path().join("subscribe.toml")).unwrap();
    let commands: [&[&str]; 3] = [
        &["validate", "large.toml", "-r", "1000"],
        &["plan", "subscribe.toml", "-u", "1000000", "-r", "10000"],
        &["plan", "subscribe.toml", "-u", "1000000", "-r", "10000", "--format", "json"],
    ];
    for command in commands {
        let limited = format!(
            "ulimit -v 600000; ulimit -t 20; exec {} {}",
            env!("CARGO_BIN_EXE_mqtt-scenario"),
            command.join(" ")
        );
        let output = Command::new("sh").args(["-c", &limited]).current_dir(dir.path()).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn help_of_every_subcommand() {
    insta::assert_snapshot!("help", fine(&["--help"]));
    for subcommand in [
        "init",
        "run",
        "validate",
        "plan",
        "compare",
        "report",
        "merge",
        "trend",
        "replay",
        "fmt",
        "worker",
        "explain",
        "locustfile",
        "master",
        "schema",
        "broker",
        "examples",
        "completions",
        "man",
        "serve",
    ] {
        insta::assert_snapshot!(format!("help_of_{subcommand}"), fine(&[subcommand, "--help"]));
    }
}

#[test]
fn a_wrong_command_line_says_what_is_right() {
    let folder = Path::new("scenarios");
    let said: Vec<_> = [
        &["validate", "publish.toml", "--user", "5"][..],
        &["plan", "publish.toml", "-u", "0"],
        &["plan", "publish.toml", "-r", "fast"],
        &["plan", "publish.toml", "-t", "soon"],
        &["plan", "publish.toml", "-H", "http://localhost"],
        &["plan", "publish.toml", "-H", "mqtt://me:secret@localhost"],
        &["plan", "publish.toml", "--tags", "none"],
        &["start", "publish.toml"],
        &["run", "publish.toml", "--max-rows", "0"],
    ]
    .into_iter()
    .map(|arguments| format!("$ mqtt-scenario {}\n{}", arguments.join(" "), refused(folder, arguments)))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_is_no_scenario_is_refused() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("folder.toml")).unwrap();
    for (name, bytes) in [
        ("empty.toml", &b""[..]),
        ("empty.yaml", b""),
        ("binary.toml", b"\x7fELF\x02\x01\x01\x00\xff\xfe"),
        ("binary.yaml", b"version: 1\n\x00\x01\x02"),
        ("scenario.json", b"{}"),
        ("no-ending", b"version = 1"),
    ] {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let before = listing(dir.path());
    let said: Vec<_> = before
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .chain(["nosuch.toml", "no/such.toml"])
        .map(|name| format!("$ mqtt-scenario run {name}\n{}", refused(dir.path(), &["run", name])))
        .collect();
    assert_eq!(listing(dir.path()), before);
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_wrong_scenario_starts_nothing_and_touches_no_file() {
    for folder in ["shape", "meaning"] {
        let dir = TempDir::new().unwrap();
        let from = Path::new("tests/fixtures/broken").join(folder);
        for path in listing(&from) {
            let broken = dir.path().join(path.file_name().unwrap());
            fs::copy(&path, &broken).unwrap();
            let before = (listing(dir.path()), fs::read(&broken).unwrap());
            let outputs = ["--csv", "out/x", "--request-log", "out/y", "--logfile", "out/z", "-t", "1"];
            let name = broken.to_str().unwrap();
            refused(dir.path(), &[&["run", name][..], &outputs].concat());
            // Nor beside it, where the folder of the files exists.
            refused(
                dir.path(),
                &["run", name, "--csv", "x", "--request-log", "y", "--logfile", "z", "-t", "1"],
            );
            assert_eq!((listing(dir.path()), fs::read(&broken).unwrap()), before, "{name}");
        }
    }
}
