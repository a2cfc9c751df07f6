//! The table of settings against a list that Locust itself has printed, against our own command line, and against the page
//! that users read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use clap::CommandFactory;

use crate::cli::command::Cli;
use crate::cli::locust::settings::{Fate, OTHERS, SETTINGS, Setting};
use crate::cli::reference::escaped;

/// A row of `tests/fixtures/locust/flags.tsv`.
fn of_locust() -> Vec<(String, Option<String>, String)> {
    let text = fs::read_to_string("tests/fixtures/locust/flags.tsv").unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let cells: Vec<_> = line.split('\t').collect();
        let [names, variable, _kind] = cells[..] else { panic!("{line}") };
        let name = |start: &str| names.split(' ').find(|name| name.starts_with(start)).map(str::to_owned);
        let short = names.split(' ').find(|name| name.len() == 2).map(str::to_owned);
        // Its only words without a flag are classes; the variable for them is read apart.
        match name("--") {
            Some(long) => (long[2..].to_owned(), short, variable.replace('-', "")),
            None => (names.replace('_', "-"), None, "LOCUST_USER_CLASSES".to_owned()),
        }
    });
    rows.collect()
}

#[test]
fn every_flag_of_locust_is_in_the_table_and_no_other() {
    let ours: BTreeSet<_> = SETTINGS
        .iter()
        .map(|it| (it.name.to_owned(), it.short.map(str::to_owned), it.variable.to_owned()))
        .collect();
    let theirs: BTreeSet<_> = of_locust().into_iter().collect();
    assert!(theirs.len() > 50, "{theirs:?}");
    assert_eq!(ours, theirs);
}

#[test]
fn the_command_line_has_exactly_the_flags_that_the_table_says() {
    let mut program = Cli::command();
    program.build();
    let run = program.find_subcommand("run").unwrap();
    for Setting { name, short, fate, .. } in SETTINGS.iter().chain(OTHERS) {
        let arg = run.get_arguments().find(|arg| arg.get_long() == Some(name));
        let has_it = matches!(fate, Fate::Same | Fate::Like(_));
        // It has another meaning if it has a value.
        assert_eq!(arg.is_some(), has_it || *name == "print-stats", "{name}");
        if let (Some(arg), Some(short)) = (arg, short) {
            assert_eq!(arg.get_short(), short.chars().nth(1), "{name}");
        }
    }
}

/// The page of the table.
fn page() -> String {
    let mut page = "\
# Locust's flags here

Whoever knows Locust can keep the flags, and the settings in `LOCUST_*` variables, `locust.conf` and `[tool.locust]` of
`pyproject.toml`. The table has all flags of Locust 2.47. Those that are refused on the command line say what to do instead.

## From outside the command line

`run`, `plan` and `validate` read settings from these places. A setting of an earlier place counts:

1. the command line;
2. variables of the environment, `LOCUST_USERS` and the others of the table;
3. the file that `--config FILE` names;
4. `[tool.locust]` of `pyproject.toml` in the folder where you are;
5. `locust.conf` there;
6. `~/.locust.conf`.

A run begins with a line that names each such setting with its place. `result.json` and the report have the values among
what the command line changes in the scenario. A warning names each setting that is ignored, with the reason: it is
refused here, or a flag of the command line excludes it. A wrong value is a mistake with its file and line: the exit code
is 2, and nothing starts. `--no-config` leaves all of them out, so that a run is what its command line says.

The files have Locust's syntax: `run-time = 5m`, `run-time: 5m` or `run-time 5m`, a name alone for a switch, `[a, b]` for
a list, and `#` or `;` before a remark. Names are those of the flags, with dashes.

## The table

| flag | variable | here |
|---|---|---|
"
    .to_owned();
    rows(SETTINGS, &mut page);
    page += "
## Plugins and older versions

| flag | variable | here |
|---|---|---|
";
    rows(OTHERS, &mut page);
    page
}

fn rows(settings: &[Setting], page: &mut String) {
    // Reasons that several have in common are said once.
    let mut said: BTreeMap<&str, &str> = BTreeMap::new();
    for Setting { name, short, variable, fate } in settings {
        let flag = match (*name, short) {
            ("user-classes", _) => "`UserClass1 UserClass2`".to_owned(),
            (_, Some(short)) => format!("`{short}`, `--{name}`"),
            (_, None) => format!("`--{name}`"),
        };
        let variable = if variable.is_empty() { String::new() } else { format!("`{variable}`") };
        let here = match fate {
            Fate::Same => "the same".to_owned(),
            Fate::Like(how) => (*how).to_owned(),
            Fate::Accepted(why) => format!("changes nothing: {why}"),
            Fate::Instead(what) => match said.get(what) {
                Some(first) => format!("refused, as `--{first}`"),
                None => format!("refused: {what}"),
            },
        };
        if let Fate::Instead(what) = fate {
            said.entry(what).or_insert(name);
        }
        writeln!(page, "| {flag} | {variable} | {} |", escaped(&here)).unwrap();
    }
}

#[test]
fn the_page_of_flags_is_that_of_the_table() {
    let path = "docs/locust-flags.md";
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write(path, page()).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap();
    assert!(committed == page(), "{path} is old: INSTA_UPDATE=always cargo test locust::tests");
}
