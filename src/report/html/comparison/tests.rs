//! The page of a comparison as a whole: its size, its order, what it says at the edges, and that no text acts in it.

use super::comparison as page;
use crate::report::compare::comparison::Comparison;
use crate::report::compare::{Options, check, verdict};
use crate::report::html::sample;
use crate::report::html::tests::assert_well_formed;
use crate::stats::result::RunResult;

fn compared(a: &[RunResult], b: &[RunResult]) -> Comparison {
    let names = ["out/a", "out/b"].map(|side| (1..=4).map(|number| format!("{side}{number}")).collect());
    let mut comparison = verdict(a, b, &Options { names, ..Options::default() });
    let checks = ["p99 > +10%", "failures > 5"].map(|expression| expression.parse().unwrap());
    check(&mut comparison, a, b, &checks).unwrap();
    comparison
}

fn page_of(a: &[RunResult], b: &[RunResult]) -> String {
    let page = page(&compared(a, b), a, b).unwrap();
    assert_well_formed(&page);
    page
}

/// What is looked at in a browser.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let [a, b] = sample::sides(600, 0.2);
    let [c, d] = sample::sides(30, 0.0);
    let csv = [sample::csv()];
    vec![
        ("comparison", page_of(&a, &b)),
        ("comparison-one-run", page_of(&c[..1], &d[..1])),
        ("comparison-csv", page_of(&csv, &csv)),
    ]
}

/// The page as its headings and the texts of its tables: what a person reads, without the charts.
fn outline(page: &str) -> String {
    let body = page.split("<body>").nth(1).unwrap().split("<section id=\"meaning\"").next().unwrap();
    let mut text = String::new();
    let mut in_svg = 0_usize;
    for piece in body.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').unwrap();
        match tag.split([' ', '\n']).next().unwrap() {
            "svg" if !tag.ends_with('/') => in_svg += 1,
            "/svg" => in_svg -= 1,
            "section" | "h2" | "h3" | "tr" | "p" | "li" | "figure" | "dt" | "summary" | "div" => {
                text.push('\n');
            }
            "td" | "th" => text.push_str(" | "),
            _ => {}
        }
        if in_svg == 0 {
            text.push_str(words.trim());
        }
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_person_reads_of_four_runs_a_side() {
    let [a, b] = sample::sides(60, 0.2);
    let slow = |side: Vec<RunResult>| {
        side.into_iter().map(|mut run| {
            run.rows.truncate(2);
            run
        })
    };
    let [a, b] = [a, b].map(|side| slow(side).collect::<Vec<_>>());
    insta::assert_snapshot!(outline(&page_of(&a, &b)));
}

#[test]
fn ten_rows_with_four_runs_of_ten_minutes_a_side_take_less_than_300_kilobytes() {
    let [a, b] = sample::sides(600, 0.2);
    let page = page_of(&a, &b);
    assert!(page.len() < 300_000, "{} bytes", page.len());
    assert_eq!(page.matches("<figure").count(), 11 * 3);
    for line in ["A1", "A4", "B1", "B4"] {
        assert_eq!(page.matches(&format!("data-name=\"{line}\"")).count(), 11 * 3, "{line}");
    }
}

#[test]
fn the_verdict_comes_first() {
    let [a, b] = sample::sides(60, 0.5);
    let page = page_of(&a, &b);
    let sections = ["verdict", "rows", "charts", "failures", "what-ran", "notes", "meaning"];
    let places: Vec<_> =
        sections.iter().map(|id| page.find(&format!("<section id=\"{id}\"")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("<h2 id=\"verdict-title\">B is worse</h2>"));
}

#[test]
fn no_text_of_a_run_acts_in_the_page() {
    let evil = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&amp;\u{202e}\u{1b}[2J\0";
    let run = [sample::hostile_of(&sample::run(5, &[("MQTT", "publish", 50.0, 1.0)]), evil)];
    let names = [vec![evil.to_owned()], vec![evil.to_owned()]];
    let comparison = verdict(&run, &run, &Options { names, ..Options::default() });
    let page = page(&comparison, &run, &run).unwrap();
    assert_well_formed(&page);
    assert_eq!(page.matches("<script").count(), 1, "our own script");
    assert!(!page.contains("<img"), "a tag of a text");
    assert!(!page.contains(['\u{202e}', '\u{1b}', '\0']), "a text that turns the page around");
    assert!(!page.contains("=\"\"'"), "a text that left its attribute");
}

#[test]
fn sides_without_runs_or_requests_give_a_whole_page() {
    let empty = [sample::empty(10.0)];
    let page = page_of(&empty, &empty);
    assert!(page.contains("There is nothing to draw.") && !page.contains("<figure"));
    let page = page_of(&[], &[]);
    assert!(page.contains("A and B have no row in common.") && page.contains("There were no runs."));
    let run = [sample::run(5, &[("MQTT", "publish", 50.0, 1.0)])];
    let page = page_of(&run, &empty);
    assert!(page.contains("Only in A: MQTT publish."));
}

#[test]
fn runs_of_csv_files_have_no_distribution_and_say_so() {
    let [csv, run] = [[sample::csv()], [sample::run(60, &[("MQTT", "publish:1:a", 50.0, 3.0)])]];
    let page = page_of(&csv, &csv);
    assert!(page.contains("A has no histograms of response times") && page.contains("B has no histograms"));
    assert!(!page.contains("<h4>Distribution"), "a curve from nothing");
    assert!(page.contains("<h4>p99 over time"));
    let page = page_of(&csv, &run);
    assert!(page.contains("<h4>Distribution") && !page.contains("B has no histograms"));
}
