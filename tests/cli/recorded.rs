//! Recorded results read back: Locust's own files, damaged ones, and what a path means.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use mqtt_scenario::cli::recorded::{Place, read};
use mqtt_scenario::report::read::csv::run::{CsvFile, CsvFiles};
use mqtt_scenario::report::read::document;
use mqtt_scenario::stats::result::RunResult;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::run_program;

const GOLDEN: &str = "tests/fixtures/locust/golden";

/// A folder with the files of a golden case of Locust, called `run`.
fn golden(case: &str, is_full: bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let history = if is_full { "_stats_history_full" } else { "_stats_history" };
    for (from, to) in [
        ("_stats", "_stats"),
        (history, "_stats_history"),
        ("_failures", "_failures"),
        ("_exceptions", "_exceptions"),
    ] {
        let from = format!("{GOLDEN}/{case}/expected{from}.csv");
        fs::copy(from, dir.path().join(format!("run{to}.csv"))).unwrap();
    }
    dir
}

/// What a result says, in few lines.
fn digest(result: &RunResult) -> String {
    let mut out = String::new();
    let run = &result.run;
    writeln!(out, "{} {}..{} users {}", run.scenario, run.started, run.ended, run.users).unwrap();
    writeln!(out, "{:?}: {}", result.verdict.outcome, result.verdict.sentence).unwrap();
    for note in &result.notes {
        writeln!(out, "note: {note}").unwrap();
    }
    for row in result.rows.iter().chain([&result.aggregated]) {
        let p = [50.0, 99.0, 99.9].map(|percent| row.percentile_ms(percent));
        let (min, max, per_s) = (row.min_ms, row.max_ms, row.requests_per_s);
        writeln!(
            out,
            "{} {}/{} {min:.3}..{max:.3} {p:?} {per_s:.3}/s",
            row.title(),
            row.failures,
            row.requests
        )
        .unwrap();
    }
    for failure in &result.failures {
        let seen = [failure.first_seen, failure.last_seen];
        writeln!(out, "{} × {} {}: {seen:?}", failure.occurrences, failure.name, failure.error).unwrap();
    }
    for exception in &result.exceptions {
        writeln!(out, "{} × {:?} {:?}", exception.count, exception.message, exception.traceback).unwrap();
    }
    let series = &result.series;
    writeln!(out, "{} × {} s from {}", series.points.len(), series.interval_s, series.started).unwrap();
    for point in series.points.iter().take(5) {
        writeln!(out, "  {} s: {} users, {} requests", point.at_s, point.users, point.requests).unwrap();
    }
    for row in series.rows.iter().chain([&series.all]) {
        let mean: Vec<_> = row.mean_ms.iter().map(|mean| mean.map(|ms| (ms * 1e3).round() / 1e3)).collect();
        let first = mean.len().min(5);
        let p99 = row.p99_ms.get(..first).unwrap_or_default();
        writeln!(out, "  {}: {:?} mean {:?} p99 {p99:?}", row.name, &row.requests[..first], &mean[..first])
            .unwrap();
    }
    out
}

/// Files by name.
type Files = Vec<(&'static str, Vec<u8>)>;

#[test]
fn files_of_locust_with_a_full_history_are_a_result() {
    let dir = golden("basic", true);
    insta::assert_snapshot!(digest(&read(dir.path()).unwrap().result));
}

#[test]
fn files_of_locust_with_resets_and_exceptions_are_a_result() {
    let dir = golden("ext_reset_exceptions", false);
    insta::assert_snapshot!(digest(&read(&dir.path().join("run")).unwrap().result));
}

#[test]
fn every_golden_case_counts_in_its_series_what_it_counts_in_its_rows() {
    for case in ["all_failures", "basic", "none_and_gaps", "unicode_names", "wide_times", "zero_requests"] {
        for is_full in [false, true] {
            let dir = golden(case, is_full);
            let result = read(dir.path()).unwrap().result;
            let series = &result.series;
            let sum: u64 = series.all.requests.iter().sum();
            assert_eq!(sum, result.aggregated.requests, "{case}");
            assert_eq!(
                series.points.iter().map(|point| point.failures).sum::<u64>(),
                result.aggregated.failures
            );
            for row in &series.rows {
                let total = result
                    .rows
                    .iter()
                    .find(|of| (&of.request_type, &of.name) == (&row.request_type, &row.name));
                assert_eq!(row.requests.iter().sum::<u64>(), total.unwrap().requests, "{case} {}", row.name);
            }
            assert_eq!(series.rows.is_empty(), !is_full || result.rows.is_empty(), "{case}");
        }
    }
}

#[test]
fn any_of_the_files_names_the_run_and_its_folder_too() {
    let dir = golden("basic", false);
    let prefix = Place::Csv(dir.path().join("run"));
    for name in
        ["", "run", "run_stats.csv", "run_stats_history.csv", "run_failures.csv", "run_exceptions.csv"]
    {
        assert_eq!(Place::find(&dir.path().join(name)).unwrap(), prefix, "{name}");
    }
    fs::write(dir.path().join("result.json"), "{}").unwrap();
    let document = Place::find(dir.path()).unwrap();
    assert_eq!(document, Place::Document(dir.path().join("result.json")));
    assert_eq!(document.name(), dir.path().display().to_string());
}

fn whole_lines(text: &[u8], lines: usize) -> Vec<u8> {
    text.split_inclusive(|byte| *byte == b'\n').take(lines).flatten().copied().collect()
}

/// The message for a path in a folder with these files.
fn refused(files: &[(&str, &[u8])], path: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(dir.path().join(name), content).unwrap();
    }
    let message = read(&dir.path().join(path)).unwrap_err().to_string();
    message.replace(dir.path().to_str().unwrap(), "DIR")
}

/// A result with almost everything that cannot be.
fn impossible() -> String {
    let row =
        r#"{"type":"MQTT","name":"a","requests":3,"failures":5,"min_ms":2,"max_ms":1,"average_ms":1e308}"#;
    format!(
        r#"{{"version":1,"run":{{"started":2000,"ended":1000,"seed":18446744073709551615}},
        "verdict":{{"outcome":"passed","exit_code":0,"sentence":""}},
        "rows":[{row},{row}],"aggregated":{{"name":"Aggregated","requests":18446744073709551615,"requests_per_s":-0.5}},
        "failures":[{{"type":"MQTT","name":"a","error":"e","occurrences":1,"first_seen":900,"last_seen":800}}],
        "end_to_end":{{"complete":true,"rows":[{{"expected":1,"lost":{{"total":2}}}}]}}}}"#
    )
}

#[test]
fn what_is_no_result_is_refused_with_its_place_and_its_cure() {
    let stats = fs::read(format!("{GOLDEN}/basic/expected_stats.csv")).unwrap();
    let history = fs::read(format!("{GOLDEN}/basic/expected_stats_history.csv")).unwrap();
    let edited = String::from_utf8(stats.clone()).unwrap().replacen("publish", "publish\",\"", 1);
    let odd = "Timestamp,User Count,Type,Name,Total Request Count,Total Failure Count,Total Average Response Time\r\n\
        99999999999999,1,,Aggregated,0,0,0\r\n";
    let more_failures = odd.replace("99999999999999,1,,Aggregated,0,0,0", "1000,1,,Aggregated,3,4,0");
    let impossible_csv = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
        Min Response Time,Max Response Time,Requests/s,Failures/s,50%\r\n\
        MQTT,a,3,4,1,1.5,2,1,0.5,0.5,1\r\nMQTT,b,18446744073709551615,0,1,NaN,0,1,-0.5,0,1e308\r\n\
        ,Aggregated,3,4,1,1,0,1,0.5,0.5,1\r\n";
    let failures = "Method,Name,Error,Occurrences,First Seen,Last Seen\r\nMQTT,a,\u{1b}[2J,2,yesterday,\r\n";
    let json = r#"{"version":1,"rows":[],"aggregated":{},"run":{},"verdict":{"outcome":"passed","exit_code":0,"sentence":""}"#;
    let with = |more: &str| format!("{json}{more}}}").into_bytes();
    let cases: Vec<(&str, Files, &str)> = vec![
        ("nothing there", vec![], "out/a"),
        ("an empty folder", vec![], ""),
        ("two runs", vec![("a_stats.csv", stats.clone()), ("b_stats.csv", stats.clone())], ""),
        ("a wrong prefix", vec![("a_stats.csv", stats.clone())], "b"),
        ("no stats", vec![("a_stats_history.csv", history.clone())], "a_stats_history.csv"),
        ("empty", vec![("a_stats.csv", Vec::new())], "a"),
        ("cut in a line", vec![("a_stats.csv", stats[..stats.len() - 9].to_vec())], "a"),
        ("cut after a line", vec![("a_stats.csv", whole_lines(&stats, 3))], "a"),
        (
            "a history cut",
            vec![("a_stats.csv", stats.clone()), ("a_stats_history.csv", history[..3000].to_vec())],
            "a",
        ),
        ("files exchanged", vec![("a_stats.csv", history.clone())], "a"),
        ("a field too many", vec![("a_stats.csv", edited.into_bytes())], "a"),
        ("a year beyond", vec![("a_stats.csv", stats.clone()), ("a_stats_history.csv", odd.into())], "a"),
        ("a time", vec![("a_stats.csv", stats.clone()), ("a_failures.csv", failures.into())], "a"),
        ("not text", vec![("a_stats.csv", b"Type,Name\r\n\xff\xfe".to_vec())], "a"),
        ("another JSON", vec![("result.json", b"{\"a\": 1}".to_vec())], ""),
        ("HTML", vec![("report.html", b"<!doctype html>".to_vec())], "report.html"),
        ("JSON cut", vec![("result.json", b"{\n\"version\": 1,\n\"rows\": [".to_vec())], ""),
        ("a wrong type", vec![("result.json", with(r#","notes": 7"#))], ""),
        ("a bad histogram", vec![("result.json", with(r#","series":{"all":{"histograms":["AAAA"]}}"#))], ""),
        (
            "newer",
            vec![("result.json", json.replace(":1,", ":2,").into_bytes().into_iter().chain(*b"}").collect())],
            "",
        ),
        (
            "lists of other lengths",
            vec![(
                "result.json",
                with(r#","series":{"interval_s":1,"points":[{"at_s":1}],"all":{"requests":[1,2]}}"#),
            )],
            "",
        ),
        (
            "version 0",
            vec![("result.json", json.replace(":1,", ":0,").into_bytes().into_iter().chain(*b"}").collect())],
            "",
        ),
        (
            "a request log",
            vec![(
                "log.jsonl",
                b"{\"type\":\"users\",\"t\":1000.5,\"count\":0}\n{\"type\":\"end\",\"t\":1001.0}\n".to_vec(),
            )],
            "log.jsonl",
        ),
        ("numbers that cannot be", vec![("result.json", impossible().into())], ""),
        ("a number below 0", vec![("result.json", with(r#","generator":{"cpu_cores":-0.5}"#))], ""),
        ("NaN", vec![("result.json", with(r#","generator":{"cpu_cores":NaN}"#))], ""),
        ("CSV with numbers that cannot be", vec![("a_stats.csv", impossible_csv.into())], "a"),
        (
            "a history with numbers that cannot be",
            vec![("a_stats.csv", stats.clone()), ("a_stats_history.csv", more_failures.into())],
            "a",
        ),
        (
            "no time passes",
            vec![("result.json", with(r#","series":{"interval_s":1,"points":[{"at_s":0}]}"#))],
            "",
        ),
    ];
    let said = cases.iter().map(|(what, files, path)| {
        let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        format!("{what}\n  {}\n", refused(&files, path))
    });
    insta::assert_snapshot!(said.collect::<Vec<_>>().concat());
}

#[test]
fn keys_of_later_programs_are_passed_over_and_absent_ones_have_a_default() {
    let json = r#"{"version":1,"rows":[{"name":"a","requests":3,"new":1}],"aggregated":{"requests":3},"run":{},
        "verdict":{"outcome":"passed","exit_code":0,"sentence":""},"also_new":{}}"#;
    let result = document::parse("result.json", json.as_bytes()).unwrap();
    assert_eq!((result.rows[0].requests, result.series.points.len()), (3, 0));
    let text = serde_json::to_string(&result).unwrap();
    assert_eq!(document::parse("result.json", text.as_bytes()).unwrap(), result);
}

#[test]
fn the_committed_reference_and_schema_of_results_are_what_the_program_prints() {
    let said = run_program(Path::new("."), &["schema", "result", "--format", "markdown"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    // As with snapshots.
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write("docs/result.md", &said.stdout).unwrap();
    }
    let committed = fs::read_to_string("docs/result.md").unwrap();
    assert!(said.stdout == committed, "docs/result.md is old: run the test with INSTA_UPDATE=always");
    let said = run_program(Path::new("."), &["schema", "result"]);
    assert!(said.stdout == fs::read_to_string("schemas/result.schema.json").unwrap());
}

/// A `result.json` of a short run of one machine.
fn machine(users: u32, requests: u64, started: u32) -> String {
    format!(
        r#"{{"version":1,"run":{{"scenario":"storm","started":{started},"ended":{}.0,"users":{users},"end":"finished"}},
        "verdict":{{"outcome":"passed","exit_code":0,"sentence":""}},
        "rows":[{{"type":"MQTT","name":"publish","requests":{requests}}}],
        "aggregated":{{"name":"Aggregated","requests":{requests}}}}}"#,
        started + 10
    )
}

#[test]
fn results_of_machines_are_merged_into_a_folder_and_mistakes_are_named() {
    let dir = tempfile::tempdir().unwrap();
    for (name, started) in [("a", 1_000), ("b", 1_002), ("later", 9_000)] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("result.json"), machine(3, 1_500, started)).unwrap();
    }
    for file in ["stats", "failures"] {
        fs::copy(format!("{GOLDEN}/basic/expected_{file}.csv"), dir.path().join(format!("c_{file}.csv")))
            .unwrap();
    }
    let mut said = String::new();
    for arguments in [
        "a b --out sum",
        "sum later --out all/of",
        "a a/result.json --out sum",
        "a b --out a",
        "a c --out sum",
        "a --out one",
    ] {
        let arguments: Vec<&str> = ["merge"].into_iter().chain(arguments.split(' ')).collect();
        let ran = run_program(dir.path(), &arguments);
        writeln!(said, "$ {}\n{}{}{:?}\n", arguments.join(" "), ran.stdout, ran.stderr, ran.code).unwrap();
    }
    insta::assert_snapshot!(said);
    let all = read(&dir.path().join("all/of")).unwrap().result;
    assert_eq!((all.aggregated.requests, all.run.users), (4_500, 9));
    assert_eq!(all.run.merged_from, ["a", "b", "later"]);
    let page = fs::read_to_string(dir.path().join("all/of/report.html")).unwrap();
    assert!(page.contains("a, b, later"), "the report of all of them");
}

#[test]
fn one_run_given_twice_is_refused_or_left_out_and_its_paths_are_named() {
    let dir = golden("basic", true);
    for folder in ["a", "b", "copy", "csv", "bare"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    for (folder, started) in [("a", 1_000), ("copy", 1_000), ("b", 1_002)] {
        fs::write(dir.path().join(folder).join("result.json"), machine(3, 1_500, started)).unwrap();
    }
    for file in ["stats", "stats_history", "failures", "exceptions"] {
        let from = dir.path().join(format!("run_{file}.csv"));
        fs::copy(&from, dir.path().join(format!("csv/x_{file}.csv"))).unwrap();
        if file == "stats" {
            fs::copy(&from, dir.path().join("bare/x_stats.csv")).unwrap();
        }
    }
    let mut said = String::new();
    for arguments in [
        "compare a a",
        "compare a copy/result.json",
        "compare a copy -- b a/../a",
        "compare run csv",
        "compare run bare",
        "merge a b copy --out sum",
        "merge a b --out sum",
        "merge sum copy --out again",
        "trend a b copy --metric requests",
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let ran = run_program(dir.path(), &arguments);
        let notes = ran
            .stdout
            .lines()
            .filter(|line| line.contains("copies"))
            .fold(String::new(), |notes, line| notes + line + "\n");
        writeln!(said, "$ {}\n{notes}{}{:?}\n", arguments.join(" "), ran.stderr, ran.code).unwrap();
    }
    insta::assert_snapshot!(said);
}

/// The folder of a run that was killed: it has a plan and CSV files, and no result.
fn killed(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("plan.txt"), "scenario storm").unwrap();
    for file in ["stats", "stats_history", "failures", "exceptions"] {
        let from = format!("{GOLDEN}/all_failures/expected_{file}.csv");
        fs::copy(from, folder.join(format!("run_{file}.csv"))).unwrap();
    }
}

#[test]
fn a_run_that_was_killed_is_no_good_run_in_any_command() {
    let dir = golden("basic", true);
    killed(&dir.path().join("killed"));
    let mut said = String::new();
    for arguments in [
        "report killed",
        "report killed --json killed.json",
        "merge killed run --out sum",
        "compare run killed",
        "trend run killed --row Aggregated --metric requests",
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let ran = run_program(dir.path(), &arguments);
        writeln!(said, "$ {}", arguments.join(" ")).unwrap();
        let is_shown = |line: &&str| arguments[0] != "compare" || line.contains("killed");
        ran.stdout.lines().filter(is_shown).for_each(|line| writeln!(said, "{line}").unwrap());
        writeln!(said, "{}{:?}\n", ran.stderr, ran.code).unwrap();
    }
    insta::assert_snapshot!(said);
    let page = fs::read_to_string(dir.path().join("killed/report.html")).unwrap();
    assert!(page.contains("The run has no result.json"));
    let result = read(&dir.path().join("killed.json")).unwrap().result;
    assert_eq!((result.verdict.exit_code, result.run.end.as_str()), (130, "unfinished"));
}

#[test]
fn a_folder_with_one_run_in_it_stands_for_the_run_and_of_several_they_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let write = |folder: &str, started| {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
        fs::write(dir.path().join(folder).join("result.json"), machine(3, 1_500, started)).unwrap();
    };
    for (folder, started) in [("a/t-my", 1_000), ("b/t-my", 1_002), ("r/t-my/1", 5_000), ("r/t-my/2", 5_020)]
    {
        write(folder, started);
    }
    for number in 1..=6 {
        write(&format!("many/t{number}-my"), 6_000 + number);
    }
    fs::create_dir(dir.path().join("a/notes")).unwrap();
    let mut said = String::new();
    for line in [
        "merge a b --out sum",
        "report a --json a.json",
        "compare a b --format markdown",
        "trend a --format csv",
        "merge r --out sum-of-series",
        "merge a many --out none",
        "report many",
        "report a/notes",
    ] {
        let ran = run_program(dir.path(), &line.split(' ').collect::<Vec<_>>());
        writeln!(said, "$ {line}\n{}{}{:?}\n", ran.stdout, ran.stderr, ran.code).unwrap();
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_folder_of_several_runs_stands_for_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let runs = [("versus", "A", 2), ("versus", "B", 2), ("repeat", "", 11), ("again", "", 2)];
    let mut started = 1_000;
    for (series, side, count) in runs {
        for number in 1..=count {
            let folder = dir.path().join(format!("{series}/{side}{number}"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("result.json"), machine(3, 1_500, started)).unwrap();
            started += 60;
        }
    }
    for file in ["comparison.json", "comparison.md", "comparison.html"] {
        fs::write(dir.path().join("versus").join(file), "{}").unwrap();
    }
    let mut said = String::new();
    for arguments in [
        "report versus",
        "report versus/A1 versus/comparison.html versus/comparison.json",
        "report versus/comparison.json",
        "compare versus",
        "compare repeat again",
        "compare versus again",
        "compare repeat",
        "merge again --out sum",
        "merge versus/A1 versus/B1 versus/comparison.md --out sum",
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let ran = run_program(dir.path(), &arguments);
        let sides = ran.stdout.lines().filter(|line| arguments[0] != "compare" || line.contains(" runs: "));
        let shown: String = sides.fold(String::new(), |shown, line| shown + line + "\n");
        writeln!(said, "$ {}\n{shown}{}{:?}\n", arguments.join(" "), ran.stderr, ran.code).unwrap();
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_report_goes_beside_its_result_or_where_it_is_told_to() {
    let dir = golden("basic", true);
    for name in ["a", "b"] {
        fs::create_dir_all(dir.path().join("out").join(name)).unwrap();
        fs::write(dir.path().join("out").join(name).join("result.json"), machine(3, 1_500, 1_000)).unwrap();
    }
    fs::create_dir(dir.path().join("reports")).unwrap();
    let mut said = String::new();
    for arguments in [
        "run",
        "run_failures.csv --html here.html --json run.json",
        "out/a out/b",
        "out/a out/b --html reports",
        "run.json",
        "out/a out/b --html one.html",
        "out/a out/b --json one.json",
        "out/a out/a",
        "run --html none/here.html",
        "nothing",
    ] {
        let arguments: Vec<&str> = ["report"].into_iter().chain(arguments.split(' ')).collect();
        let ran = run_program(dir.path(), &arguments);
        writeln!(said, "$ {}\n{}{}{:?}\n", arguments.join(" "), ran.stdout, ran.stderr, ran.code).unwrap();
    }
    insta::assert_snapshot!(said);
    for report in
        ["run_report.html", "here.html", "out/a/report.html", "reports/a.html", "reports/b.html", "run.html"]
    {
        let page = fs::read_to_string(dir.path().join(report)).unwrap();
        assert!(page.contains("</html>"), "{report}");
    }
    let again = read(&dir.path().join("run.json")).unwrap().result;
    assert_eq!(again, read(&dir.path().join("run")).unwrap().result);
}

#[test]
fn a_trend_finds_the_runs_in_folders_and_leaves_out_what_is_damaged() {
    let dir = golden("basic", false);
    for (name, requests, started) in
        [("nightly/b", 1_800, 90_000), ("nightly/a", 1_500, 1_000), ("nightly/c", 0, 200_000)]
    {
        fs::create_dir_all(dir.path().join(name)).unwrap();
        let content = if requests > 0 { machine(3, requests, started) } else { "{".to_owned() };
        fs::write(dir.path().join(name).join("result.json"), content).unwrap();
    }
    let mut said = String::new();
    for arguments in [
        "nightly --metric requests --metric failure_ratio",
        ". --row Aggregated --metric requests --format csv",
        "nightly --row none",
        "nightly --metric lost",
        "elsewhere",
    ] {
        let arguments: Vec<&str> = ["trend"].into_iter().chain(arguments.split(' ')).collect();
        let ran = run_program(dir.path(), &arguments);
        writeln!(said, "$ {}\n{}{}{:?}\n", arguments.join(" "), ran.stdout, ran.stderr, ran.code).unwrap();
    }
    insta::assert_snapshot!(said);
}

#[test]
fn pages_of_several_results_go_to_a_file_and_replace_no_result() {
    let dir = golden("basic", false);
    for (name, requests, started) in [("a", 1_800, 90_000), ("b", 1_500, 1_000)] {
        fs::create_dir_all(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("result.json"), machine(3, requests, started)).unwrap();
    }
    let before = fs::read(dir.path().join("a/result.json")).unwrap();
    let mut said = String::new();
    for arguments in [
        "compare a b --html compare.html",
        "trend a b --metric requests --html trend.html",
        "compare a b --html b/../a/result.json",
        "compare run run --html run_stats_history.csv",
        "trend a b --html a/result.json",
        "compare a b --format json --html nowhere/compare.html",
        "trend a b --metric requests --html nowhere/trend.html",
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let ran = run_program(dir.path(), &arguments);
        let outcome = if ran.stdout.is_empty() { "nothing printed" } else { "printed" };
        writeln!(said, "$ {}\n{outcome}\n{}{:?}\n", arguments.join(" "), ran.stderr, ran.code).unwrap();
    }
    insta::assert_snapshot!(said);
    assert_eq!(fs::read(dir.path().join("a/result.json")).unwrap(), before);
    for (page, text) in [("compare.html", "Comparison of load tests"), ("trend.html", "Trend of load tests")]
    {
        let page = fs::read_to_string(dir.path().join(page)).unwrap();
        assert!(page.contains(text) && page.trim_end().ends_with("</html>"), "{text}");
    }
}

/// A file of the golden case with one mutation: bytes replaced, and cut.
fn mutated(mut bytes: Vec<u8>, at: Index, with: &[u8], end: Option<Index>) -> Vec<u8> {
    let at = at.index(bytes.len());
    let until = (at + with.len()).min(bytes.len());
    bytes.splice(at..until, with.iter().copied());
    if let Some(end) = end {
        bytes.truncate(end.index(bytes.len()));
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damaged_files_are_read_or_refused_but_never_stop_the_program(
        file in 0..3_usize,
        at in any::<Index>(),
        with in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..4),
            Just(b"99999999999999999999".to_vec()),
            Just(b",,,\r\n".to_vec()),
            Just(b"18446744073709551615".to_vec()),
            Just(b"-1e308".to_vec()),
        ],
        end in proptest::option::of(any::<Index>()),
    ) {
        let names = ["stats", "stats_history_full", "failures"];
        let mut files = names.map(|name| {
            fs::read(Path::new(GOLDEN).join(format!("basic/expected_{name}.csv"))).unwrap()
        });
        files[file] = mutated(std::mem::take(&mut files[file]), at, &with, end);
        let [stats, history, failures] = files.each_ref().map(|bytes| CsvFile { path: "a.csv", bytes });
        let files = CsvFiles { name: "a", stats, history: Some(history), failures: Some(failures), exceptions: None, written: 0.0 };
        if let Ok(result) = files.parse() {
            let json = serde_json::to_vec(&result).unwrap();
            let again = document::parse("result.json", &json);
            prop_assert!(again.is_ok(), "{:?}", again);
            let _ = document::parse("result.json", &mutated(json, at, &with, end));
        }
    }
}
