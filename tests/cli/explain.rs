//! `explain` against the code: every code has its words, and every example is what it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mqtt_scenario::cli::explain::{Entry, entries};
use mqtt_scenario::scenario::files::Format;

use crate::support::{TestScenario, listing, run_program};

#[test]
fn every_code_is_explained_and_every_explained_code_exists() {
    let mut known: Vec<(&str, &str)> = [
        mqtt_scenario::scenario::codes::ALL,
        mqtt_scenario::compile::codes::ALL,
        mqtt_scenario::template::codes::ALL,
    ]
    .concat();
    let explained: Vec<(&str, &str)> = entries().map(|entry| (entry.code, entry.meaning)).collect();
    known.sort_unstable();
    assert!(known.is_sorted_by(|a, b| a.0 < b.0) && known.len() > 40);
    assert_eq!(explained, known);
}

#[test]
fn every_code_stands_in_its_table_and_is_used() {
    let sources: Vec<(String, String)> = listing(Path::new("src"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()))
        .collect();
    let (tables, others): (Vec<_>, Vec<_>) =
        sources.into_iter().partition(|(path, _)| path.ends_with("codes.rs"));
    assert_eq!(tables.len(), 3);
    let is_code = |word: &&str| {
        word.len() == 5 && word.starts_with(['E', 'W']) && word[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    for (path, text) in &others {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let quoted = code.split('"').filter(is_code).collect::<Vec<_>>();
        assert!(quoted.is_empty(), "{path}: {quoted:?} belong into codes.rs");
    }
    let names = tables.iter().flat_map(|(_, text)| text.lines()).filter_map(|line| {
        let (name, rest) = line.trim().split_once(" = \"")?;
        is_code(&rest.split('"').next()?).then_some(name)
    });
    let unused: BTreeSet<_> = names
        .filter(|name| {
            !others.iter().any(|(_, text)| {
                text.contains(&format!("codes::{name}")) || text.contains(&format!(" {name}"))
            })
        })
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

/// The files that the examples name.
fn file(path: &str) -> Result<Vec<u8>, String> {
    match path {
        "devices.csv" => Ok(b"id,site\na,oslo\nb,bonn\n".to_vec()),
        "sites.csv" => Ok(b"site,city\nn,oslo\ns,bonn\n".to_vec()),
        "ragged.csv" => Ok(b"id,site\na,oslo\nb\n".to_vec()),
        "lines.txt" => Ok(b"one\ntwo\n".to_vec()),
        "empty.txt" => Ok(Vec::new()),
        "ca.pem" => Ok(fs::read("tests/fixtures/tls/ec.pem").unwrap()),
        _ => Err("there is no such file".to_owned()),
    }
}

/// The codes of everything that is said about a scenario.
fn codes(text: String, format: Format) -> BTreeSet<&'static str> {
    let scenario = TestScenario::text(text, format).files(file);
    let found = scenario.compile().map_or_else(|found| found, |compiled| compiled.warnings);
    scenario.parsed.diagnostics.iter().chain(&found).map(|diagnostic| diagnostic.code).collect()
}

/// An example with what it leaves out.
pub(super) fn whole(example: &str, format: Format) -> String {
    if format == Format::Yaml {
        return format!(
            "{example}brokers: {{ b: {{ url: \"embedded:\" }} }}\nload: {{ run_time: 1m }}\nuser_classes:\n  device:\n    \
             tasks: [{{ name: t, steps: [{{ publish: {{ topic: a }} }}, {{ wait: 1s }}] }}]\n"
        );
    }
    let mut text = if example.contains("version") { String::new() } else { "version = 1\n".to_owned() };
    text.push_str(example);
    for (part, addition) in [
        ("brokers.", "[brokers.local]\nurl = \"embedded:\"\n"),
        ("load", "[load]\nusers = 10\nrun_time = \"1m\"\n"),
        (
            "user_classes.device.tasks",
            "[[user_classes.device.tasks]]\nname = \"t\"\nsteps = [{ publish = { topic = \"a\" } }, { wait = \"1s\" }]\n",
        ),
    ] {
        if !example.contains(part) {
            text.push_str(addition);
        }
    }
    text
}

/// Said of most examples, which show something else: that the run has no end.
pub(super) const BESIDE: &str = "W0203";

#[test]
fn every_wrong_example_gives_its_code_and_every_right_one_none() {
    let (mut tried, mut mistaken) = (0, Vec::new());
    for Entry { code, body, .. } in entries() {
        for fence in body.split("```").skip(1).step_by(2) {
            let (info, example) = fence.split_once('\n').unwrap();
            let format = if info.starts_with("yaml") { Format::Yaml } else { Format::Toml };
            let text = if code == "E0005" { example.to_owned() } else { whole(example, format) };
            let mut found = codes(text.clone(), format);
            found.retain(|found| *found == code || *found != BESIDE);
            let expected = if info.ends_with("wrong") { BTreeSet::from([code]) } else { BTreeSet::new() };
            if found != expected {
                mistaken.push(format!("{code} {info}: {found:?}\n{text}"));
            }
            tried += 1;
        }
        assert_eq!(body.contains("wrong\n"), body.contains("right\n"), "{code}");
    }
    assert!(mistaken.is_empty(), "{}", mistaken.join("\n"));
    assert!(tried > 80, "{tried}");
}

#[test]
fn explain_prints_one_code_or_lists_all() {
    let said: Vec<_> =
        [&["explain", "e0101"][..], &["explain", "[W0206]"], &["explain", "E010"], &["explain", "x"]]
            .into_iter()
            .map(|arguments| {
                let said = run_program(Path::new("."), arguments);
                let code = said.code.unwrap();
                format!(
                    "$ mqtt-scenario {}  # exit code {code}\n{}{}",
                    arguments.join(" "),
                    said.stdout,
                    said.stderr
                )
            })
            .collect();
    insta::assert_snapshot!(said.join("\n"));
    let all = run_program(Path::new("."), &["explain"]).stdout;
    assert_eq!(all.lines().count(), entries().count());
    assert!(all.starts_with("E0001  The text is not valid"), "{all}");
}
