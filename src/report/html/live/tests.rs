use super::*;
use crate::report::html::{page, sample};

/// What stands in a page between the tags of a section.
fn inside<'a>(page: &'a str, id: &str) -> &'a str {
    let from = page.find(&format!("<section id=\"{id}\"")).unwrap();
    let length = page[from..].find("</section>").unwrap();
    &page[from..from + length]
}

#[test]
fn the_sections_are_those_of_the_report_word_for_word() {
    let result = sample::full();
    let page = page(&result).unwrap();
    for Section { id, html } in sections(&result).unwrap() {
        assert_eq!(inside(&html, id), inside(&page, id), "{id}");
    }
}

#[test]
fn charts_are_those_of_the_chosen_row() {
    let result = sample::full();
    let charts = |row: &str| charts_of(&result, row).unwrap();
    let title = result.rows.iter().find(|row| row.requests > 0).unwrap().title();
    assert!(charts("").contains("<option selected>All requests</option>"));
    assert_eq!(charts("no such row"), charts(""));
    let of_row = charts(&title);
    assert!(of_row.contains(&format!("<option selected>{title}</option>")));
    assert!(of_row.contains(&format!("Requests per second: {title}")), "a chart names its row");
    assert!(of_row.len() * 5 < page(&result).unwrap().len(), "{} bytes", of_row.len());
}
