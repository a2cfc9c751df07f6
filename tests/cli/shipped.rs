//! What the program brings along: examples, completions, manual pages, the schema for editors.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{CWD, mkfifoat};
use tempfile::TempDir;

use crate::support::{listing, run_program};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mqtt-scenario");

fn names() -> BTreeSet<String> {
    let files = fs::read_dir("scenarios").unwrap().map(|entry| entry.unwrap().path());
    let toml = files.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    toml.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_scenario_of_the_repository_is_an_example_of_the_program() {
    let said = run_program(Path::new("/"), &["examples"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    let (list, _) = said.stdout.split_once("\n\n").unwrap();
    let listed: BTreeSet<_> = list.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(listed, names());
    insta::assert_snapshot!("examples", said.stdout);
    let said = run_program(Path::new("/"), &["examples", "storm"]);
    let text = fs::read_to_string("scenarios/storm.toml").unwrap();
    let (schema, without) = text.split_once('\n').unwrap();
    assert!(schema.starts_with("#:schema ../"), "{schema}");
    assert_eq!(said.stdout, without, "the schema is in the repository alone");
    assert_eq!(run_program(Path::new("/"), &["examples", "storm.toml"]).stdout, without);
    let said = run_program(Path::new("/"), &["examples", "strom"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(2), "error: there is no example strom\nhelp: did you mean storm?\n")
    );
}

#[test]
fn every_example_can_be_copied_to_anywhere_and_is_right_there() {
    for name in names() {
        let dir = TempDir::new().unwrap();
        let said = run_program(dir.path(), &["init", "--from", &name]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{name}");
        let file = format!("{name}.toml");
        let said = run_program(dir.path(), &["validate", &file]);
        assert_eq!(said.code, Some(0), "{name}: {}", said.stderr);
        let text = fs::read_to_string(dir.path().join(&file)).unwrap();
        assert!(!text.contains("scenarios/"), "{name} speaks of another place");
        // The first line leads an editor to the schema.
        let schema = text.lines().next().unwrap().strip_prefix("#:schema ").unwrap();
        let schema = fs::read_to_string(dir.path().join(schema)).unwrap();
        assert_eq!(schema, fs::read_to_string("schemas/scenario.schema.json").unwrap());
    }
}

#[test]
fn a_copy_overwrites_nothing_unless_told_to() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("parts")).unwrap();
    fs::write(dir.path().join("parts/common.toml"), "# mine").unwrap();
    fs::write(dir.path().join("scenario.schema.json"), "{}").unwrap();
    let before = listing(dir.path());
    let said = run_program(dir.path(), &["init", "--from", "fleet", "my.toml"]);
    assert_eq!((said.code, listing(dir.path())), (Some(2), before), "{}", said.stderr);
    assert!(said.stderr.contains("parts/common.toml exists"), "{}", said.stderr);
    let said = run_program(dir.path(), &["init", "--from", "fleet", "my.toml", "--force"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_ne!(fs::read_to_string(dir.path().join("parts/common.toml")).unwrap(), "# mine");
    // A file of somebody else is no schema of ours, and stays.
    assert_eq!(fs::read_to_string(dir.path().join("scenario.schema.json")).unwrap(), "{}");
    assert!(said.stdout.contains("scenario.schema.json: not written: it is another file"), "{}", said.stdout);
    let text = fs::read_to_string(dir.path().join("my.toml")).unwrap();
    assert!(text.contains("mqtt-scenario run my.toml") && !text.contains("fleet.toml"), "{text}");
}

#[test]
fn a_link_that_leads_nowhere_or_a_pipe_is_not_written_through() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    symlink("elsewhere.toml", at("link.toml")).unwrap();
    mkfifoat(CWD, at("pipe.toml"), 0o600.into()).unwrap();
    for (arguments, code, message) in [
        (&["init", "link.toml"][..], 2, "link.toml exists"),
        (&["init", "pipe.toml"], 2, "pipe.toml exists"),
        (&["init", "pipe.toml", "--force"], 4, "cannot write pipe.toml: it is no regular file"),
    ] {
        let said = run_program(dir.path(), arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains(message), "{arguments:?}: {}", said.stderr);
    }
    assert!(!at("elsewhere.toml").exists() && !at("scenario.schema.json").exists());
    mkfifoat(CWD, at("scenario.schema.json"), 0o600.into()).unwrap();
    let said = run_program(dir.path(), &["schema", "--write", "."]);
    assert_eq!(said.code, Some(4), "{}", said.stderr);
    assert!(said.stderr.contains("it is no regular file"), "{}", said.stderr);
    mkfifoat(CWD, at("mqtt-scenario-run.1"), 0o600.into()).unwrap();
    let said = run_program(dir.path(), &["man", "--out", "."]);
    assert_eq!(said.code, Some(4), "{}", said.stderr);
    assert!(said.stderr.contains("mqtt-scenario-run.1 is no regular file"), "{}", said.stderr);
}

#[test]
fn the_schema_goes_where_a_scenario_or_a_folder_is_named_and_nowhere_else() {
    let dir = TempDir::new().unwrap();
    for place in ["/dev/stdout", "nothing", "my-schema.json"] {
        let said = run_program(dir.path(), &["schema", "--write", place]);
        assert_eq!(said.code, Some(2), "{place}: {}", said.stderr);
        assert!(said.stderr.contains("is neither a scenario nor a folder"), "{}", said.stderr);
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_init_says_can_be_pasted_and_two_copies_share_what_belongs_to_them() {
    let dir = TempDir::new().unwrap();
    for (arguments, line) in [
        (&["init", "a b.toml"][..], "run it with: mqtt-scenario run 'a b.toml'"),
        (&["init", "--", "-x.toml"], "run it with: mqtt-scenario run ./-x.toml"),
        (&["init", "--from", "fleet", "one's.toml"], "run it with: mqtt-scenario run 'one'\\''s.toml'"),
        (&["init", "--from", "fleet", "two.toml"], "run it with: mqtt-scenario run two.toml"),
    ] {
        let said = run_program(dir.path(), arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.stderr);
        assert!(said.stdout.contains(line), "{arguments:?}: {}", said.stdout);
    }
    let said = run_program(dir.path(), &["validate", "one's.toml"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let said = run_program(dir.path(), &["init", "--from", "publish", "a\nb.toml"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("control character"), "{}", said.stderr);
}

#[test]
fn outside_of_the_repository_a_run_without_a_scenario_is_the_built_in_one() {
    let dir = TempDir::new().unwrap();
    let said = run_program(dir.path(), &["run", "-t", "1s", "--out", "out", "--only-summary"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stderr.starts_with("No scenario is named, so the built-in example runs."),
        "{}",
        said.stderr
    );
    assert!(said.stdout.contains("publish:1:"), "{}", said.stdout);
    let folder = fs::read_dir(dir.path().join("out")).unwrap().next().unwrap().unwrap().path();
    let kept = fs::read_to_string(folder.join("scenario.toml")).unwrap();
    assert!(kept.contains("\n[brokers.local]\nurl = \"embedded:\""), "{kept}");
    assert!(fs::read_to_string(folder.join("result.json")).unwrap().contains("scenario_text\": \"#:schema"));
    // The next command works where this one has.
    let said = run_program(
        dir.path(),
        &["run", "-t", "1s", "-u", "3", "--set", "load.stop_timeout=2s", "--only-summary"],
    );
    let next =
        said.stdout.lines().find_map(|line| line.strip_prefix("Next: mqtt-scenario ")).unwrap_or_default();
    assert_eq!(next, "run -u 3 -t 1s --set load.stop_timeout=2s --out runs", "{}", said.stdout);
    for command in ["plan", "validate"] {
        let said = run_program(dir.path(), &[command]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
    let said = run_program(dir.path(), &["run", "--set", "load.usres=1"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("did you mean `users`?"), "{}", said.stderr);
}

#[test]
fn the_schema_is_written_beside_a_scenario_and_renewed_there() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("load")).unwrap();
    let expected = fs::read_to_string("schemas/scenario.schema.json").unwrap();
    for (place, written) in [
        (None, "scenario.schema.json"),
        (Some("load/my.toml"), "load/scenario.schema.json"),
        (Some("load"), "load/scenario.schema.json"),
    ] {
        let mut arguments = vec!["schema", "--write"];
        arguments.extend(place);
        let said = run_program(dir.path(), &arguments);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert_eq!(fs::read_to_string(dir.path().join(written)).unwrap(), expected);
        // One of another version.
        fs::write(dir.path().join(written), expected.replace("Default", "Other")).unwrap();
    }
    let said = run_program(dir.path(), &["schema", "result", "--write"]);
    assert_eq!(said.code, Some(2), "the schema of results is printed only");
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = TempDir::new().unwrap();
    let said = run_program(dir.path(), &["man", "--out", "man1"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let help = run_program(dir.path(), &["--help"]).stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    for line in commands.lines() {
        let command = line.split_whitespace().next().unwrap();
        if command == "help" || !line.starts_with("  ") || line.starts_with("   ") {
            continue;
        }
        let page = fs::read_to_string(dir.path().join(format!("man1/mqtt-scenario-{command}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains(command), "{command}");
    }
    let page = run_program(dir.path(), &["man"]).stdout;
    assert!(page.contains(".SH SUBCOMMANDS") && page.contains("mqtt\\-scenario\\-run(1)"), "{page}");
}

/// What bash offers for the last of these words.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let path = format!("{}:/usr/bin:/bin", Path::new(PROGRAM).parent().unwrap().display());
    let script = format!(
        "source <(mqtt-scenario completions bash); COMP_WORDS=({}); COMP_CWORD={}; \
         _clap_complete_mqtt_scenario mqtt-scenario '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len() - 1,
        words.last().unwrap()
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .current_dir(folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn a_shell_completes_commands_scenarios_classes_and_tags() {
    let dir = TempDir::new().unwrap();
    assert_eq!(run_program(dir.path(), &["init", "--from", "fleet", "fleet.toml"]).code, Some(0));
    fs::write(dir.path().join("notes.txt"), "").unwrap();
    fs::write(
        dir.path().join("tagged.toml"),
        "[user_classes.a]\ntasks = [{ name = \"t\", tags = [\"slow\", \"small\"] }]\n[user_classes.b]\ntasks = [{ name = \"t\", tags = [\"fast\"] }]\n",
    )
    .unwrap();
    let offered = |words: &[&str]| offered(dir.path(), words);
    assert_eq!(offered(&["mqtt-scenario", "comp"]), ["compare", "completions"]);
    let files = offered(&["mqtt-scenario", "run", ""]);
    for file in ["fleet.toml", "tagged.toml", "parts/"] {
        assert!(files.iter().any(|offered| offered == file), "{files:?}");
    }
    assert_eq!(offered(&["mqtt-scenario", "master", "ta"]), ["tagged.toml"]);
    assert!(!files.iter().any(|file| file == "notes.txt" || file == "scenario.schema.json"), "{files:?}");
    assert_eq!(offered(&["mqtt-scenario", "run", "tagged.toml", "-T", "s"]), ["slow", "small"]);
    assert_eq!(offered(&["mqtt-scenario", "run", "tagged.toml", "-E", "slow,f"]), ["slow,fast"]);
    assert_eq!(offered(&["mqtt-scenario", "plan", "tagged.toml", "--user-classes", ""]), ["a", "b"]);
    assert_eq!(offered(&["mqtt-scenario", "init", "--from", "st"]), ["stages", "storm"]);
    assert_eq!(offered(&["mqtt-scenario", "examples", "se"]), ["sensors", "seed"]);
    let classes = offered(&["mqtt-scenario", "run", "fleet.toml", "-C", ""]);
    assert!(!classes.is_empty() && !classes.contains(&"base".to_owned()), "{classes:?}");
    assert!(offered(&["mqtt-scenario", "run", "--only"]).contains(&"--only-summary".to_owned()));
}

#[test]
fn each_shell_gets_a_script_of_its_own() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = run_program(Path::new("/"), &["completions", shell]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(
            said.stdout.contains("MQTT_SCENARIO_COMPLETE") && said.stdout.contains("mqtt-scenario"),
            "{shell}"
        );
    }
    assert_eq!(run_program(Path::new("/"), &["completions", "tcsh"]).code, Some(2));
}

/// Runs a script of the GitHub Action in a folder, and returns its exit code and what it said.
fn script(folder: &Path, name: &str, env: &[(&str, &str)]) -> (Option<i32>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name);
    let output = Command::new(script)
        .current_dir(folder)
        .env("PROGRAM", PROGRAM)
        .env("GITHUB_OUTPUT", folder.join("output"))
        .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
        .env("GITHUB_ACTIONS", "true")
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn the_action_runs_keeps_the_exit_code_and_compares() {
    let dir = TempDir::new().unwrap();
    fs::write(
        dir.path().join("my load.toml"),
        "version = 1\nbrokers.b.url = \"embedded:\"\nload = { users = 2, run_time = \"1s\" }\nthresholds = [\"p99 < 1us\"]\n\
         [user_classes.d]\nwait_time = { constant = \"20ms\" }\ntasks = [{ name = \"t\", steps = [{ publish = { topic = \"a\", qos = 1 } }] }]\n",
    )
    .unwrap();
    let output = || fs::read_to_string(dir.path().join("output")).unwrap();
    let arguments = "-r 10 --set 'load.stop_timeout=1s' -u \"3\"";
    let env = [("SCENARIO", "my load.toml"), ("ARGUMENTS", arguments), ("RUNS", "runs")];
    let (code, said) = script(dir.path(), "action-run", &env);
    assert_eq!(code, Some(0), "a later step ends with the code of the run: {said}");
    assert!(output().contains("exit-code=3\n"), "{}", output());
    let folder = output().lines().find_map(|line| line.strip_prefix("folder=").map(str::to_owned)).unwrap();
    assert!(dir.path().join(&folder).join("result.json").exists(), "{folder}");
    let summary = || fs::read_to_string(dir.path().join("summary.md")).unwrap();
    assert!(summary().contains("❌ missed | p99 &lt; 1us"), "{}", summary());

    let compare = |base: &str, fail_on: &str| {
        script(dir.path(), "action-compare", &[("FOLDER", &folder), ("BASE", base), ("FAIL_ON", fail_on)])
    };
    let before = summary();
    let (code, said) = compare("no/such", "");
    assert_eq!((code, said.contains("nothing to compare with"), summary()), (Some(0), true, before.clone()));
    let other = run_program(dir.path(), &["run", "my load.toml", "--out", "base", "-q"]);
    assert_eq!(other.code, Some(3), "{}", other.stderr);
    let base = fs::read_dir(dir.path().join("base")).unwrap().next().unwrap().unwrap().path();
    let (code, said) = compare(base.to_str().unwrap(), "requests > 0");
    assert_eq!(code, Some(3), "{said}");
    assert!(summary().len() > before.len() + 100, "{}", summary());

    // A scenario that is wrong leaves no folder, and its code is that of the step.
    let (code, said) = script(dir.path(), "action-run", &[("SCENARIO", "none.toml"), ("RUNS", "other")]);
    assert_eq!(code, Some(2), "{said}");
}
