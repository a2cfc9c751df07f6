//! The page as a whole: its size, its order, what it says at the edges, and that no text of a result acts in it.

use std::path::PathBuf;

use super::{page, sample};
use crate::stats::result::RunResult;
use crate::stats::result::series::Series;

/// Opening and closing tags in order, without those that have no end.
fn open_tags(page: &str) -> Vec<&str> {
    let without_texts = page.split("<script>").next().unwrap();
    let mut open = Vec::new();
    for tag in without_texts.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let name = tag.split([' ', '\n']).next().unwrap();
        let alone = ["!doctype", "meta", "br"].contains(&name) || tag.ends_with('/');
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "</{name}> closes another tag"),
            None if !alone => open.push(name),
            None => {}
        }
    }
    open
}

/// Tags close each other, nothing is asked for from elsewhere, and no number is none.
pub(super) fn assert_well_formed(page: &str) {
    assert_eq!(open_tags(page), ["html", "body"], "these stay open until behind the script");
    for foreign in ["http://", "https://", "//cdn", "@import", "url("] {
        let found = page
            .match_indices(foreign)
            .filter(|(at, _)| !page[*at..].starts_with("http://www.w3.org/2000/svg"));
        assert_eq!(found.count(), 0, "{foreign}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf%"), "a number that is none");
}

#[test]
fn ten_rows_and_ten_minutes_take_less_than_300_kilobytes() {
    let page = page(&sample::full()).unwrap();
    assert!(page.len() < 300_000, "{} bytes", page.len());
    assert_well_formed(&page);
}

#[test]
fn the_verdict_comes_first_and_the_sections_follow_in_their_order() {
    let page = page(&sample::full()).unwrap();
    let sections = [
        "verdict",
        "what-ran",
        "figures",
        "charts",
        "rows",
        "stages",
        "failures",
        "deliveries",
        "search",
        "generator",
        "watched",
        "meaning",
    ];
    let places: Vec<_> =
        sections.iter().map(|id| page.find(&format!("<section id=\"{id}\"")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn no_text_of_a_result_acts_in_the_page() {
    let evil = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&amp;\u{202e}\u{1b}[2J\0";
    let hostile = page(&sample::hostile(evil)).unwrap();
    assert_well_formed(&hostile);
    assert_eq!(hostile.matches("<script").count(), 1, "our own script");
    assert!(!hostile.contains("<img"), "a tag of a text");
    assert!(!hostile.contains(['\u{202e}', '\u{1b}', '\0']), "a text that turns the page around");
    assert!(!hostile.contains("=\"\"'"), "a text that left its attribute");
}

#[test]
fn what_brokers_say_stands_beside_what_we_know_of_the_same() {
    let page = page(&sample::full()).unwrap();
    let section = &page[page.find("<section id=\"watched\"").unwrap()..];
    let section = &section[..section.find("</section>").unwrap()];
    let text = regex::Regex::new("<svg.*?</svg>|<[^>]*>").unwrap().replace_all(section, " ");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(words);
}

#[test]
fn a_run_without_requests_says_so() {
    let page = page(&sample::empty(10.0)).unwrap();
    assert_well_formed(&page);
    assert!(page.contains("No request ended in this run"));
    assert!(!page.contains("<svg"), "nothing to draw");
}

#[test]
fn a_run_of_one_second_has_all_charts() {
    let page = page(&sample::run(1, &[("MQTT", "publish", 200.0, 1.0)])).unwrap();
    assert_well_formed(&page);
    assert_eq!(page.matches("<figure").count(), 2 * 4 + 4, "{page}");
    assert!(page.contains(" 0 0\""), "a single point is a dot");
}

#[test]
fn a_series_full_of_holes_gives_a_whole_page() {
    let mut result = sample::run(5, &[("MQTT", "publish", 20.0, 1.0)]);
    for point in &mut result.series.points {
        (point.users_wanted, point.connected, point.connects) = (None, None, None);
        (point.generator_cpu_cores, point.send_lag_p99_ms) = (None, None);
    }
    let series = &mut result.series.all;
    (series.p50_ms, series.p99_ms) = (vec![None; 5], vec![Some(1.0), None]);
    (series.p95_ms, series.requests) = (vec![Some(f64::NAN); 9], Vec::new());
    result.series.rows.clear();
    assert_well_formed(&page(&result).unwrap());
    result.series = Series { points: result.series.points[..1].to_vec(), ..Series::default() };
    assert_well_formed(&page(&result).unwrap());
}

#[test]
fn a_result_of_csv_files_says_what_it_lacks() {
    let page = page(&sample::csv()).unwrap();
    assert_well_formed(&page);
    for sentence in
        ["has no histograms of response times", "about the last 10 s", "do not tell which broker was tested"]
    {
        assert!(page.contains(sentence), "{sentence}");
    }
    assert!(!page.contains("Exit code"), "there was none");
    assert!(page.contains("Response times over time"));
    assert!(page.contains("49 requests failed; this result does not tell why."));
}

#[test]
fn many_rows_have_few_charts_and_all_a_line_in_the_table() {
    let names: Vec<String> = (0..40).map(|number| format!("row {number:02}")).collect();
    let rows: Vec<_> =
        (1..).zip(&names).map(|(rate, name)| ("MQTT", name.as_str(), f64::from(rate), 1.0)).collect();
    let page = page(&sample::run(3, &rows)).unwrap();
    assert_eq!(page.matches("class=\"row-charts\"").count(), 13);
    assert!(page.contains("28 other rows stand in the table only"));
    assert!(page.contains("<h3>MQTT row 39</h3>"), "a row with many requests");
    assert!(!page.contains("<h3>MQTT row 00</h3>"), "a row with few requests");
    assert!(page.contains("MQTT row 00</span></th>"));
}

#[test]
fn a_long_name_is_cut_by_the_page_and_whole_under_the_pointer() {
    let long = "a/long/topic/".repeat(10);
    let page = page(&sample::run(3, &[("MQTT", &long, 5.0, 1.0), ("MQTT", "short", 5.0, 1.0)])).unwrap();
    assert!(page.contains(&format!("<span class=\"cut\" title=\"MQTT {long}\">MQTT {long}</span>")));
    assert!(page.contains("<span class=\"cut\">MQTT short</span>"));
}

/// Writes the pages that a person looks at, and that `tests/peers/report_in_browser.py` opens.
#[test]
#[ignore = "writes files: into target/report-pages, or where MQTT_SCENARIO_REPORT_PAGES says"]
fn sample_pages_are_written() {
    let folder = std::env::var_os("MQTT_SCENARIO_REPORT_PAGES");
    let folder = folder.map_or_else(|| PathBuf::from("target/report-pages"), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    let results: [(&str, RunResult); 6] = [
        ("full", sample::full()),
        ("quiet", sample::run(90, &[("MQTT", "connect", 1.0, 4.0), ("MQTT", "publish:1", 50.0, 0.9)])),
        ("second", sample::run(1, &[("MQTT", "publish", 200.0, 1.0)])),
        ("empty", sample::empty(10.0)),
        ("csv", sample::csv()),
        ("hostile", sample::hostile("<script>alert(1)</script>\"' \u{202e}txt\nnext")),
    ];
    let mut pages: Vec<(&str, String)> =
        results.iter().map(|(name, result)| (*name, page(result).unwrap())).collect();
    pages.extend(super::comparison::tests::pages());
    pages.extend(super::trend::tests::pages());
    for (name, page) in pages {
        std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}
