//! The import table of `src/lib.rs`, held against the sources.
//!
//! Rust keeps crates apart but not the modules of one crate, so a knot can be tied without anyone
//! noticing. This test reads every file under `src/` as text and names each import that the table does
//! not allow; a module that is missing from the table fails it too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module → what it may import. `main` is the binary.
const TABLE: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("mqtt", &[]),
    ("diagnostic", &[]),
    ("stats", &[]),
    ("client", &["mqtt"]),
    ("broker", &["mqtt"]),
    ("template", &["mqtt", "diagnostic"]),
    ("scenario", &["units", "mqtt", "diagnostic"]),
    ("plan", &["template", "mqtt", "stats"]),
    ("compile", &["scenario", "plan", "template", "units", "mqtt", "diagnostic", "stats"]),
    ("describe", &["plan", "template", "units", "mqtt", "stats"]),
    ("engine", &["plan", "template", "client", "stats", "mqtt"]),
    ("report", &["stats", "units"]),
    (
        "cli",
        &[
            "units",
            "mqtt",
            "diagnostic",
            "stats",
            "client",
            "broker",
            "scenario",
            "template",
            "plan",
            "compile",
            "describe",
            "engine",
            "report",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli"]),
];

/// Modules in which the name `rumqttc` may stand.
const RUMQTTC: &[&str] = &["client", "broker"];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The top-level module that a file belongs to: `src/plan/mix.rs` → `plan`, `src/main.rs` → `main`.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix("src").unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The source without comments, so that prose and doc links do not count as imports.
fn code(text: &str) -> String {
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(before, _)| before))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The modules named after `root::` (`crate` or the library's name), grouped imports included.
fn imports(code: &str, root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let prefix = format!("{root}::");
    for (at, _) in code.match_indices(&prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            // `crate::{a::b, c::{d, e}}`: the first word of each part at depth one.
            let mut depth = 1;
            let mut word = String::new();
            let mut first = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 1 && (c.is_alphanumeric() || c == '_') && first {
                    word.push(c);
                } else if !word.is_empty() && first {
                    found.insert(std::mem::take(&mut word));
                    first = false;
                }
                if depth == 1 && c == ',' {
                    first = true;
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            found.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

#[test]
fn grouped_and_single_imports_are_both_seen() {
    let text = "use crate::a::X; use crate::{b::{c, d}, e, f::G};\nfn x() { crate::h::i() } // crate::j";
    let expected = ["a", "b", "e", "f", "h"].map(str::to_owned).into();
    assert_eq!(imports(&code(text), "crate"), expected);
}

#[test]
fn every_module_imports_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    assert!(files.len() > 10, "the sources were not found");
    let mut wrong = Vec::new();
    for file in files {
        let module = module_of(&file);
        let Some(allowed) = table.get(module.as_str()) else {
            wrong.push(format!("{}: module `{module}` is not in the table", file.display()));
            continue;
        };
        let code = code(&fs::read_to_string(&file).unwrap());
        let found = imports(&code, "crate").into_iter().chain(imports(&code, "mqtt_scenario"));
        for import in found.filter(|import| *import != module && table.contains_key(import.as_str())) {
            if !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: `{module}` may not import `{import}`", file.display()));
            }
        }
        if code.contains("rumqttc") && !RUMQTTC.contains(&module.as_str()) {
            wrong.push(format!("{}: only {RUMQTTC:?} may name rumqttc", file.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
