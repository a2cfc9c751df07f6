//! `compare` from files to the printed text: whole outputs, error messages, exit codes.

use std::fs;
use std::path::Path;

use clap::Parser;
use mqtt_scenario::cli::compare::{CompareOptions, Report, report};
use mqtt_scenario::stats::fine::FineTimes;
use serde_json::json;

const FIXTURES: &str = "tests/fixtures/compare";

/// The command line that `compare` will be a part of.
#[derive(Debug, Parser)]
#[command(name = "compare")]
struct Cli {
    #[command(flatten)]
    options: CompareOptions,
}

fn parse(arguments: &[&str]) -> Result<CompareOptions, clap::Error> {
    Cli::try_parse_from([&["compare"], arguments].concat()).map(|cli| cli.options)
}

fn compared(a: &str, b: &str, arguments: &[&str]) -> Report {
    let [a, b] = [a, b].map(|name| format!("{FIXTURES}/{name}"));
    report(&parse(&[&[a.as_str(), &b], arguments].concat()).unwrap()).unwrap()
}

fn without_colours(report: &Report) -> String {
    anstream::adapter::strip_str(&report.text).to_string()
}

/// The text as a pipe gets it: without colours.
fn plain(a: &str, b: &str, arguments: &[&str]) -> String {
    without_colours(&compared(a, b, arguments))
}

/// Folders of made runs, one row with this median each: `DIR/a1` and so on.
fn folders(dir: &Path, side: &str, medians: &[f64]) -> Vec<String> {
    let paths = (1_u32..).zip(medians).map(|(number, median)| {
        let folder = dir.join(format!("{side}{number}"));
        fs::create_dir(&folder).unwrap();
        // Two runs never start at the same moment; it tells equal ones apart.
        let started = f64::from(number * 200) + if side == "a" { 0.0 } else { 100.0 };
        fs::write(folder.join("result.json"), made(*median, started).to_string()).unwrap();
        folder.to_str().unwrap().to_owned()
    });
    paths.collect()
}

/// A `result.json` of 20 requests a second for 60 s, between 0.7 and 1.4 times a median.
fn made(median_ms: f64, started: f64) -> serde_json::Value {
    let times = |of: &dyn Fn(u64) -> bool| {
        let mut times = FineTimes::default();
        for at in (0..1200).filter(|at| of(*at)) {
            let ns = median_ms * 1e6 * (at as f64 / 1200.0 - 0.5).exp2();
            times.record(std::time::Duration::from_secs_f64(ns / 1e9).as_nanos().try_into().unwrap());
        }
        times
    };
    let seconds: Vec<_> = (0..60).map(|second| times(&|at| at % 60 == second)).collect();
    let points: Vec<_> =
        (1..=60).map(|second| json!({ "at_s": f64::from(second), "requests": 20 })).collect();
    let row = json!({
        "type": "MQTT", "name": "publish", "requests": 1200, "requests_per_s": 20.0,
        "median_ms": median_ms, "average_ms": median_ms, "histogram": times(&|_| true),
    });
    let mut aggregated = row.clone();
    (aggregated["type"], aggregated["name"]) = (json!(""), json!("Aggregated"));
    json!({
        "version": 1,
        "run": { "started": started, "ended": started + 60.0, "users": 10, "end": "finished" },
        "verdict": { "outcome": "passed", "exit_code": 0, "sentence": "" },
        "rows": [row],
        "aggregated": aggregated,
        "series": { "interval_s": 1, "points": points, "rows": [{
            "type": "MQTT", "name": "publish", "requests": vec![20; 60], "failures": vec![0; 60],
            "histograms": seconds,
        }] },
    })
}

/// The comparison of made runs with these medians, the directory left out of it.
fn of_folders(a: &[f64], b: &[f64], arguments: &[&str]) -> (String, u8) {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (folders(dir.path(), "a", a), folders(dir.path(), "b", b));
    let mut line: Vec<&str> = arguments.to_vec();
    line.extend(a.iter().map(String::as_str));
    line.push("--");
    line.extend(b.iter().map(String::as_str));
    let report = report(&parse(&line).unwrap()).unwrap();
    (without_colours(&report).replace(dir.path().to_str().unwrap(), "DIR"), report.exit_code)
}

const FOUR: [f64; 4] = [10.0, 10.2, 9.9, 10.1];
const SLOWER: [f64; 4] = [12.0, 12.3, 11.9, 12.2];

#[test]
fn four_runs_a_side_that_are_a_fifth_slower() {
    insta::assert_snapshot!(of_folders(&FOUR, &SLOWER, &[]).0);
}

#[test]
fn four_runs_a_side_as_markdown() {
    insta::assert_snapshot!(of_folders(&FOUR, &SLOWER, &["--format", "markdown"]).0);
}

#[test]
fn four_runs_a_side_as_json() {
    let (text, _) = of_folders(&FOUR, &SLOWER, &["--format", "json", "--fail-on", "p50 > +10%"]);
    insta::assert_snapshot!(text);
}

#[test]
fn three_runs_a_side_are_too_few() {
    insta::assert_snapshot!(of_folders(&FOUR[..3], &SLOWER[..3], &["--all-measures"]).0);
}

#[test]
fn a_run_that_was_cut_short_is_left_out_if_others_of_its_side_were_not() {
    let dir = tempfile::tempdir().unwrap();
    let [a, mut b] = [folders(dir.path(), "a", &FOUR), folders(dir.path(), "b", &SLOWER)];
    let short = dir.path().join("b5");
    fs::create_dir(&short).unwrap();
    let mut result = made(10.0, 5_000.0);
    result["run"]["ended"] = json!(5_012.0);
    (result["run"]["planned_s"], result["run"]["end"]) = (json!(60.0), json!("interrupted"));
    fs::write(short.join("result.json"), result.to_string()).unwrap();
    b.push(short.to_str().unwrap().to_owned());
    let arguments: Vec<&str> =
        a.iter().map(String::as_str).chain(["--"]).chain(b.iter().map(String::as_str)).collect();
    let text = without_colours(&report(&parse(&arguments).unwrap()).unwrap());
    assert!(text.contains("B  4 runs"), "{text}");
    let note =
        "b5 is left out: it was interrupted after 12s of 1m, and a shorter run is another measurement.";
    assert!(text.contains(note), "{text}");
    // Alone on its side it is all that there is.
    let text = without_colours(&report(&parse(&[&a[0], &b[4]]).unwrap()).unwrap());
    assert!(text.contains("B  1 run: ") && text.contains("did not come to its planned end"), "{text}");
}

#[test]
fn exit_code_is_3_if_b_is_worse_and_that_was_asked_for() {
    for (a, b, arguments, code) in [
        (&FOUR[..], &SLOWER[..], &[][..], 0),
        (&FOUR[..], &SLOWER[..], &["--fail-on-worse"][..], 3),
        (&SLOWER[..], &FOUR[..], &["--fail-on-worse"][..], 0),
        (&FOUR[..], &FOUR[..], &["--fail-on-worse"][..], 0),
        // A hint is not enough.
        (&FOUR[..1], &[20.0][..], &["--fail-on-worse"][..], 0),
        (&FOUR[..], &SLOWER[..], &["--fail-on-worse", "--least-effect", "30%"][..], 0),
    ] {
        assert_eq!(of_folders(a, b, arguments).1, code, "{a:?} {b:?} {arguments:?}");
    }
}

#[test]
fn which_runs_are_a_and_which_are_b_must_be_clear() {
    let message = |arguments: &[&str]| report(&parse(arguments).unwrap()).unwrap_err().to_string();
    let cases: [&[&str]; 6] = [
        &[],
        &["a"],
        &["a", "b", "c"],
        &["--", "b"],
        &["a", "--", "b", "--fail-on-worse"],
        &["no/such", "run"],
    ];
    let told = cases.map(|arguments| format!("# compare {}\n{}\n", arguments.join(" "), message(arguments)));
    insta::assert_snapshot!(told.join("\n"));
    let error = parse(&["a", "b", "--least-effect", "0.05"]).unwrap_err().to_string();
    assert!(error.contains("write a percentage"), "{error}");
}

#[test]
fn a_result_and_csv_files_can_be_compared() {
    let dir = tempfile::tempdir().unwrap();
    let a = folders(dir.path(), "a", &[10.0]);
    let b = format!("{FIXTURES}/seed_stats.csv");
    let report = report(&parse(&[&a[0], &b]).unwrap()).unwrap();
    assert!(without_colours(&report).starts_with("No evidence: A and B have no row in common"));
}

/// The message for A being a file with this content, its directory left out.
fn refused(stats: impl AsRef<[u8]>, failures: Option<&str>) -> String {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a_stats.csv"), stats).unwrap();
    if let Some(failures) = failures {
        fs::write(dir.path().join("a_failures.csv"), failures).unwrap();
    }
    message(dir.path(), "a")
}

fn message(dir: &Path, base: &str) -> String {
    let base = dir.join(base);
    let options = parse(&[base.to_str().unwrap(), &format!("{FIXTURES}/seed")]).unwrap();
    report(&options).unwrap_err().to_string().replace(dir.to_str().unwrap(), "DIR")
}

fn fixture(name: &str) -> String {
    fs::read_to_string(format!("{FIXTURES}/{name}")).unwrap()
}

#[test]
fn locust_runs_with_ten_users_and_with_one() {
    insta::assert_snapshot!(plain("persistent", "persistent_u1", &[]));
}

#[test]
fn locust_runs_as_markdown() {
    insta::assert_snapshot!(plain("persistent", "persistent_u1", &["--format", "markdown"]));
}

#[test]
fn a_run_is_not_compared_with_itself() {
    let seed = format!("{FIXTURES}/seed");
    let error = report(&parse(&[&seed, &format!("{seed}_stats.csv")]).unwrap()).unwrap_err();
    insta::assert_snapshot!(error);
}

const CHECKS: &[&str] = &[
    "--fail-on",
    "p95 > +10%",
    "--fail-on",
    "p99[*] > +20ms",
    "--fail-on",
    "failure_ratio > 1%",
    "--fail-on",
    "rps < -50%",
    "--fail-on",
    "max[MQTT unknown] > 1s",
];

#[test]
fn rows_that_came_and_went() {
    insta::assert_snapshot!(plain("made_base", "made_new", CHECKS));
}

#[test]
fn rows_that_came_and_went_as_markdown() {
    let arguments = [CHECKS, &["--format", "markdown"]].concat();
    insta::assert_snapshot!(plain("made_base", "made_new", &arguments));
}

#[test]
fn other_percentiles_and_no_failures_file() {
    insta::assert_snapshot!(plain("made_base", "median_only", &["--fail-on", "p90 > +1s"]));
}

#[test]
fn a_missing_column_is_an_error_only_if_it_is_asked_for() {
    let [base, new] = ["made_base", "median_only"].map(|name| format!("{FIXTURES}/{name}"));
    let error = report(&parse(&[&base, &new, "--fail-on", "p99 > +10%"]).unwrap()).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn worse_is_red_and_better_is_green() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (folders(dir.path(), "a", &FOUR), folders(dir.path(), "b", &SLOWER));
    let colours = |a: &[String], b: &[String], arguments: &[&str]| {
        let mut line = arguments.to_vec();
        line.extend(a.iter().map(String::as_str));
        line.push("--");
        line.extend(b.iter().map(String::as_str));
        let text = report(&parse(&line).unwrap()).unwrap().text;
        (text.contains("\u{1b}[31m"), text.contains("\u{1b}[32m"))
    };
    assert_eq!(colours(&a, &b, &[]), (true, false));
    assert_eq!(colours(&b, &a, &[]), (false, true));
    let equal = folders(dir.path(), "equal", &FOUR);
    assert_eq!(colours(&a, &equal, &[]), (false, false));
    assert_eq!(colours(&a, &b, &["--format", "markdown"]), (false, false));
}

#[test]
fn every_markdown_table_line_has_as_many_cells_as_its_head() {
    let text = plain("made_base", "made_new", &[CHECKS, &["--format", "markdown"]].concat());
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut tables = 0;
    for table in text.split("\n\n").filter(|block| block.starts_with('|')) {
        let lines: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
        assert!(lines.len() > 2 && lines[1].starts_with("|---"), "{table}");
        assert!(lines.iter().all(|line| cells(line) == cells(lines[0])), "{table}");
        tables += 1;
    }
    assert_eq!(tables, 3);
}

#[test]
fn numbers_stay_within_120_columns() {
    let text = plain("made_base", "made_new", &[]);
    let (table, _) = text.split_once("\nfailures, A → B\n").unwrap();
    let numbers: Vec<_> = table.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(numbers.len() > 20);
    assert!(numbers.iter().all(|line| line.chars().count() <= 120), "{table}");
}

#[test]
fn exit_code_is_3_if_a_check_fails() {
    for (checks, code) in [
        (&[][..], 0),
        (&["--fail-on", "p95 > +200%"], 0),
        (&["--fail-on", "p95 > +10%"], 3),
        (&["--fail-on", "p95 > +200%", "--fail-on", "failures > 0"], 3),
        (&["--fail-on", "p95[no such row] > 1h"], 2),
        (&["--fail-on", "p95[no such row] > 1s"], 3),
    ] {
        let [base, new] = ["made_base", "made_new"].map(|name| format!("{FIXTURES}/{name}"));
        let found = match parse(&[&[base.as_str(), &new], checks].concat()) {
            Ok(options) => i32::from(report(&options).unwrap().exit_code),
            Err(error) => error.exit_code(),
        };
        assert_eq!(found, code, "{checks:?}");
    }
}

#[test]
fn any_file_of_a_set_names_the_set() {
    let whole = compared("made_base", "made_new", &[]);
    for (base, new) in [
        ("made_base_stats.csv", "made_new_failures.csv"),
        ("made_base_stats_history.csv", "made_new_exceptions.csv"),
    ] {
        assert_eq!(compared(base, new, &[]), whole);
    }
}

#[test]
fn bad_expressions_show_the_grammar() {
    let message = |expression| {
        let error = parse(&["a", "b", "--fail-on", expression]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    };
    insta::assert_snapshot!(message("averge > +10%"));
    assert!(message("p95 > 10%").contains("a change has a sign: `+10%`"));
}

#[test]
fn the_help_explains_fail_on() {
    let error = parse(&["--help"]).unwrap_err().to_string();
    assert!(error.contains("METRIC[ROW] OP NUMBER") && error.contains("failure_ratio"), "{error}");
}

#[test]
fn broken_missing_and_foreign_files_say_what_to_do() {
    let stats = fixture("seed_stats.csv");
    let lines: Vec<&str> = stats.lines().collect();
    let with = |at: usize, from: &str, to: &str| {
        let mut lines: Vec<String> = lines.iter().map(|line| format!("{line}\r\n")).collect();
        lines[at - 1] = lines[at - 1].replacen(from, to, 1);
        lines.concat()
    };
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("nightly_stats.csv"), &stats).unwrap();
    fs::write(dir.path().join("release_stats.csv"), &stats).unwrap();
    let empty = tempfile::tempdir().unwrap();
    fs::create_dir(empty.path().join("a_stats.csv")).unwrap();

    let cases = [
        ("no such file", message(dir.path(), "nightli")),
        ("a directory", message(dir.path(), "")),
        ("no directory", message(dir.path(), "x/y")),
        ("a directory in the file's place", message(empty.path(), "a")),
        ("empty", refused("", None)),
        ("header only", refused(format!("{}\r\n", lines[0]), None)),
        ("history", refused("Timestamp,User Count,Type,Name,Requests/s\r\n1,2,,Aggregated,0.0\r\n", None)),
        ("failures", refused(fixture("made_new_failures.csv"), None)),
        ("exceptions", refused("Count,Message,Traceback,Nodes\r\n", None)),
        ("html", refused("<!DOCTYPE html>\n<html></html>\n", None)),
        ("json", refused("{\"a\": 1}\n", None)),
        ("jmeter", refused("timeStamp,elapsed,label,responseCode\n1,2,a,200\n", None)),
        ("other csv", refused("city,population\nParis,2\n", None)),
        ("binary", refused([0x89, b'P', b'N', b'G', b'\n', 0xff], None)),
        ("latin-1", refused([lines[0].as_bytes(), b"\r\nMQTT,Ger\xe4t"].concat(), None)),
        ("column missing", refused(with(1, "Requests/s,", "rps,"), None)),
        ("row cut", refused(stats[..stats.len() / 2].trim_end(), None)),
        ("row short", refused(with(3, "MQTT,", ""), None)),
        ("last row gone", refused(with(7, lines[6], "").trim_end().to_owned() + "\r\n", None)),
        ("not a number", refused(with(4, "0.3333333333333333", "fast"), None)),
        ("not finite", refused(with(4, "0.3333333333333333", "nan"), None)),
        ("row twice", refused(with(3, "Device - 2", "Device - 1"), None)),
        ("stats as failures", refused(&stats, Some(&stats))),
        ("failures without a number", refused(&stats, Some("Method,Name,Error,Occurrences\r\nA,b,c,-1\r\n"))),
    ];
    let text: Vec<_> = cases.iter().map(|(case, message)| format!("# {case}\n{message}\n")).collect();
    insta::assert_snapshot!(text.join("\n"));
}
