use super::*;
use clap::CommandFactory;
use std::collections::BTreeSet;

use crate::cli::command::Cli;
use crate::cli::locust::places::{of_text, of_variables};

/// The command line with settings of these variables and of a `locust.conf`, and what is said of them.
fn taken(line: &str, variables: &[(&str, &str)], conf: &str) -> Result<(String, String), Mistake> {
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let program = Cli::command();
    let matches = program.clone().try_get_matches_from(&words).unwrap();
    let mut found = of_variables(variables);
    found.extend(of_text("locust.conf", conf).unwrap());
    let (words, told) = take(&program, &words, &matches, &found)?;
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    Ok((words.join(" "), told.text(&BTreeSet::from(["LOCUST_PASSWORD".to_owned()]))))
}

fn line(line: &str, variables: &[(&str, &str)], conf: &str) -> String {
    taken(line, variables, conf).unwrap().0
}

#[test]
fn the_command_line_goes_before_variables_and_those_before_files() {
    let conf = "users = 5\nspawn-rate = 2\nonly-summary\nreset-stats = true\n";
    let variables = [("LOCUST_USERS", "7"), ("LOCUST_RUN_TIME", "2s"), ("LOCUST_RESET_STATS", "false")];
    assert_eq!(
        line("x run a.toml -t 1s", &variables, conf),
        "x run --users=7 --spawn-rate=2 --only-summary a.toml -t 1s"
    );
    assert_eq!(
        line("x plan a.toml -u 1", &variables, conf),
        "x plan --spawn-rate=2 --run-time=2s a.toml -u 1"
    );
    assert_eq!(line("x explain E0101", &variables, conf), "x explain E0101");
}

#[test]
fn each_kind_of_value_becomes_words() {
    let conf = "tags = [a, b]\nexclude-tags = c\nhost = mqtt://b:1883\ncsv = out/a b\ncsv-full-history\n";
    assert_eq!(
        line("x run", &[("LOCUST_USER_CLASSES", "A B"), ("LOCUST_LOCUSTFILE", "a.toml")], conf),
        "x run --locustfile=a.toml --host=mqtt://b:1883 --tags=a --tags=b --exclude-tags=c --csv=out/a b \
             --csv-full-history --user-classes=A --user-classes=B"
    );
}

#[test]
fn a_locustfile_counts_only_where_no_scenario_is_named() {
    let file = [("LOCUST_LOCUSTFILE", "a.toml")];
    for named in
        ["x run b.toml", "x run -f b.toml", "x run -f b.toml Car", "x plan b.toml c.toml", "x plan b"]
    {
        assert_eq!(line(named, &file, ""), named);
    }
    assert_eq!(line("x run Car", &file, ""), "x run --locustfile=a.toml Car");
    assert_eq!(line("x run b.toml", &[("LOCUST_LOCUSTFILE", "a.py")], ""), "x run b.toml");
    let Mistake { message, help } = taken("x run", &[], "locustfile = a.py").unwrap_err();
    assert_eq!(
        message,
        "no scenario is named, and locust.conf:1: locustfile = a.py is no file in TOML or YAML"
    );
    assert!(help.contains("mqtt-scenario run my.toml"), "{help}");
}

#[test]
fn settings_of_the_page_count_only_with_a_page() {
    let conf = "web-host = 0.0.0.0\nweb-port = 80\nautostart = true\nautoquit = 5\nheadless = true\n";
    assert_eq!(
        line("x run a.toml -P 90", &[], conf),
        "x run --web-host=0.0.0.0 --autostart --autoquit=5 a.toml -P 90"
    );
    assert_eq!(line("x run a.toml", &[], conf), "x run --headless a.toml");
}

#[test]
fn what_is_taken_without_effect_or_ignored_is_said_with_the_reason() {
    let conf = "users = 5\nheadless = true\nprocesses = 4\nmaster\nmaster-bind-port = 1\nexpect-slaves = \
                    false\nprint-stats\ncsv-full-history\nrun_time = 5m\nmine = 1\nweb-port = 80\nconfig = b\n\u{1b}[2J = \
                    1\nhost = mqtt://b:1883\n";
    let variables = [
        ("LOCUST_SPAWN_RATE", "3"),
        ("LOCUST_MODE_WORKER", "true"),
        ("LOCUST_OF_THEIR_OWN", "secret"),
        ("LOCUST_PASSWORD", "the scenario asks for it"),
        ("LOCUST_CONFIG_USERS", r#"{"user_class_name": "a", "password": "secret"}"#),
    ];
    let (_, said) = taken("x run a.toml", &variables, conf).unwrap();
    assert!(!said.contains("secret") && !said.contains('\u{1b}'), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn what_the_command_line_excludes_is_ignored() {
    let (words, said) =
        taken("x run a.toml --repeat 2", &[], "csv = out/a\nhtml = a.html\nusers = 3\n").unwrap();
    assert_eq!(words, "x run --users=3 a.toml --repeat 2");
    insta::assert_snapshot!(said);
}

#[test]
fn a_wrong_value_is_a_mistake_with_its_place() {
    let of_files = [
        "users = 0",
        "run-time = soon",
        "headless = perhaps",
        "loglevel = loud",
        "csv = [a, b]",
        "host = mqtt://b:x",
        "web-port = many",
    ];
    let of_files = of_files.map(|conf| taken("x run a.toml --web", &[], &format!("# first\n{conf}\n")));
    let of_variables = [
        ("LOCUST_USERS", "many"),
        ("LOCUST_EXIT_CODE_ON_ERROR", "-1"),
        ("LOCUST_CONFIG_USERS", "{\"weight\": 3}"),
    ]
    .map(|variable| taken("x run a.toml", &[variable], ""));
    let said: Vec<_> = of_files.into_iter().chain(of_variables).map(|it| it.unwrap_err()).collect();
    let said: Vec<_> = said.iter().map(|it| format!("{}\n  help: {}", it.message, it.help)).collect();
    insta::assert_snapshot!(said.join("\n"));
}
